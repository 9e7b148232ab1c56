"""Peers of the program that behave as real ones do: MQTT brokers, a GX device over MQTT and over Modbus.

Benches and tests both talk to them, on loopback; what they do was seen on real devices, and each says where.
"""
