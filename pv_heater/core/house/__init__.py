"""What is known of the house.

In: readings of the meters, what the loads were set to, the settings of the site. Out: one picture of a step, of which
every value may be unknown and none is assumed. What is believed here is heated with, so a value that could only be
a fault of the meter stays outside.
"""
