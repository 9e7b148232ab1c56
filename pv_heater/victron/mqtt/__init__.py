"""The GX device over its MQTT broker: topics come in, one `Reading` a second goes out.

`session` and `conversation` keep the broker talking, `store` has the newest value of each topic, `reading` makes a
picture of one moment. What a broker repeats from before an outage is not news (`calm`).
"""
