"""How much of the sun that could be caught is caught.

In: recorded days (`days`), and what is varied with them (`variants`). Out: what a day was worth against the best that
perfect foresight could have made of it (`bound`), what was bought for that, closings and moves (`score`). The one idea:
each day is lived by the real loop and controller (`lived`), so nothing is measured that the program does not do.
"""
