"""Laws that users know, beside this program: the same days, the same home, the same forecasts.

Each law is written here from what its system's documentation, settings and users say of it; none is that system, and
nothing of its code is used. What had to be assumed stands in the docstring of its class, which `bench compare` prints
(`table`). They are lived by `measure` in the software home of `bench.capture`, and drawn by `picture`.
"""
