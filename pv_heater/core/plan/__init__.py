"""The planned day: what sun, house, battery and loads will do by tomorrow's sunset if all comes as expected.

In come the quarters ahead (`core.house.ahead`), what each load may and must do, and how the strategy will share the
sun; out comes a `DayPlan`. Nothing decides by it but the owner's rules: it says what the program itself would do.
"""
