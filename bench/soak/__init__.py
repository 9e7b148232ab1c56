"""A long life in a short time: hours of trouble on one running process, and what it leaves behind.

`day` is a GX device whose day is compressed, `stage` runs it in a process of its own and restarts its broker,
`hurried_clock` is the clock that goes with it, `watch` looks on from inside the loop, `measure` says whether anything
grew and how long the heater was on without a reading.
"""
