"""Pins of the Pi: relays, servo, buses, and who may have them.

`pins` has what loads use, over any board that `board` finds (`lgpio`, `rpigpio`) or `mock`. Each pin is locked for one
program (`locks`); each contact can be opened by `trip` from any thread at once, and is held open until `reset`.
"""
