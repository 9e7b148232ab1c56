"""Input and output: the only modules that import third-party I/O libraries or read a clock.

`system` is this machine (time, files, threads, sockets of its own), `net` other machines, `gpio` the pins. The one
idea: whatever the other side does, a call ends after a known time and takes a bounded amount of memory.
"""
