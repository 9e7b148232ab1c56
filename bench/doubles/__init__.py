"""Peers of the program that behave as real ones do: MQTT brokers, a GX device over MQTT and over Modbus.

Benches and tests talk to them on loopback. The GX devices do what Victron's own software was observed to do.
"""
