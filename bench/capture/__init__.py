"""How much of the sun that could be caught is caught.

In: recorded days, a home, a strategy. Out: energy gained against the best that perfect foresight could (`bound`), what
was bought for it, closings and moves.
"""
