"""Home Assistant finds the home by itself: what it is told of each value and button, over MQTT. The values are those
that `telemetry.mqtt` publishes anyway; nothing here sends anything."""
