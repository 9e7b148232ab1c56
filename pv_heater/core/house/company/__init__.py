"""Who else steers this house, above all Victron's own brains, and what that leaves to go by.

`meanings` is the table of what each thing they do means, and its words; `steered` follows them from reading to reading.
"""
