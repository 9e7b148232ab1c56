"""What the loads were set to, and whether they do it.

In: setpoints with their times, the house's readings, the loads' own meters where they have some. Out: what each load
really draws, the curve between its knob and its watts, and a fault when it cannot be doing what it was set to. The one
idea: every change of a setpoint is an experiment, and the next reading that can have felt it is its result.
"""
