"""Domoticz: its devices are told figures, and its selectors set modes, over its JSON API or over MQTT."""
