"""Other machines: HTTP, MQTT, Modbus and serial lines, each within a limit of time and size.

The one idea: a time-out of a library begins anew with each byte, so `deadline` shuts the socket from outside when the
whole exchange has lasted too long. Names are looked up under the same limit (`names`).
"""
