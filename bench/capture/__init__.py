"""How much of the sun that could be caught is caught.

In: recorded days (`days`), homes, forecasts and strategies (`variants`). Out: heat and money's worth gained against the
best that perfect foresight could have made (`bound`), what was bought for it, closings and moves (`score`). The one
idea: each day is lived by the real loop and controller (`lived`), so nothing is measured that the program does not do.
"""
