"""Input and output: the only modules that import third-party I/O libraries or read a clock.

`system` is this machine (time, files, threads, sockets of its own), `net` other machines, `gpio` the pins. Everything
here has a limit in time and in size, whatever the other side does.
"""
