"""A long life in a short time: hours of trouble on one running process, and what it leaves behind.

`day` is a GX device whose day is compressed, `hurried_clock` the clock that goes with it, `watch` looks on from inside
the loop, `measure` says whether anything grew and how long the heater was on without a reading.
"""
