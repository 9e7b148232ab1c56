"""Values that cross borders, and the few pure functions on them that everybody needs.

Missing is None and never 0; powers are in watts with the sign of the house (import and charging are positive);
instants are aware; monotonic seconds are called `tick_s`. Nothing here imports anything of the project but this room.
"""
