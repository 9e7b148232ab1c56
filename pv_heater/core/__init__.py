"""The pure core: values in, values out; no I/O and no clock.

Rooms import downward only: commands, decision > duties, rules > loads > house > actuators > settings > conditions >
model. Time comes in as `now` and as monotonic `tick_s`, so that the same calls give the same decisions at any speed.
"""
