"""What must run, sun or not: a guaranteed temperature or energy, legionella protection, a boost.

In: the tank's state, the hours until the duty is due, sun expected until then, prices. Out: for each load a power that
it must have now, and why. The one idea: a duty waits for free energy as long as it can still be met, then buys the
cheapest quarter hours that are left; only a boost does not wait.
"""
