"""Pins of the Pi: relays, servo, buses, and who may have them.

`pins` has what loads use, over any board that `board` finds (`lgpio`, `rpigpio`, `mock`). Each line is locked for one
program (`locks`), and each can be opened by `trip` from any thread at once.
"""
