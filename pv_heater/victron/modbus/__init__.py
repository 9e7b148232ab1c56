"""The GX device over Modbus TCP: registers come in, one `Reading` a poll goes out.

`devices` finds which unit is which meter and finds it again when it moves, `registers` says what the numbers mean,
`plausibility` holds the system's sums against the meters they are made of.
"""
