"""Peers of the program that behave as real ones do: brokers, a GX device over MQTT and Modbus."""
