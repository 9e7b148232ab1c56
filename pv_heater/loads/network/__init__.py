"""Loads on a network: dimmers and switches behind HTTP or MQTT.

In: the setpoint of each step. Out: a command, sent by a thread of its own (`networked`), repeated before the device
forgets it, and believed once the device confirms it. The control thread never waits for a network.
"""
