"""The home at an MQTT broker: its state for whoever listens, and commands from whoever may give them."""
