"""The GX device over its MQTT broker: topics come in, about one `Reading` a second goes out.

`session` and `conversation` keep the device talking, `store` has the newest value of each topic and makes a picture of
one moment, `reading` makes a `Reading` of that. The one idea: silence of a topic means that its value did not change,
as long as the heartbeat comes. After a silence nothing is believed before the device has caught up (`calm`).
"""
