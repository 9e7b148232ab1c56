"""The GX device over Modbus TCP: registers come in, one `Reading` a poll goes out.

`devices` finds which unit is which meter and misses it when it is lost, `registers` says what the words mean. The one
idea: a value that the GX device does not have reads as 0, so `plausibility` asks for a second witness for a lone 0.
"""
