"""All that knows a GX device or the VRM portal: values come in, `Reading`s, forecasts and relay states go out.

`mqtt`, `modbus` and `vrm` are three ways to the same house; signs, units and what Victron means by a missing value are
settled here. A device that is lost, hung or contradicts the others is found out before its number is believed. Nothing
is ever written but the relay that a load was given. A VE.Direct cable is a serial meter, and lies in `meters`.
"""
