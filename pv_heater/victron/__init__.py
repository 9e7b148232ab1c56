"""All that knows Victron: its devices' values come in, `Reading`s and relay states go out.

`mqtt`, `modbus` and `vrm` are the three ways to the same house; signs, units and what Victron means by a missing
value are settled here and nowhere else. A device that is lost, hung or contradicts the others is found out before its
number is believed. Nothing is ever written but the relay that a load was given.
"""
