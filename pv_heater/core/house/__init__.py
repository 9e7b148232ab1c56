"""What is known of the house, and what forbids heating.

In: readings of the meters, what the loads were set to, the settings of the site. Out: one picture of a step (`facts`,
made by `observer`), of which every value may be unknown, and the guards that block (`guards`). What is believed here is
heated with, so a value that could only be a fault of the meter is left out, and one that is too old counts as unknown.
"""
