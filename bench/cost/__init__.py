"""What the program costs on a small Pi.

`speed` is the time of a step and of simulated days, `latency` the way from a message to a setpoint, `footprint` start,
memory and processor of the real process, with real peers on loopback (`footprint_homes`).
"""
