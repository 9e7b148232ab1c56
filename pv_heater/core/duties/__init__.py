"""What must run, sun or not: a guaranteed temperature, legionella protection, a boost.

In: the tank's state, the hours until the duty is due, sun expected until then, prices. Out: for each load the least
power it needs now, and why. The one idea: a duty waits for free energy as long as it can still be met with certainty,
then buys the cheapest quarter hours that are left.
"""
