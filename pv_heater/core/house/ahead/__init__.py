"""What lies ahead of the house: sun and use by quarter hour, today and tomorrow, as this home has shown them.

In come every reading and the forecast; out come expectations, corrected by the day so far and by the days before.
One `HouseAhead` learns for the whole program: strategies aim by it, and `core.plan` makes the plan of the day of it.
"""
