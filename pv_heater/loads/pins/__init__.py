"""Loads on the Pi's own pins: relays, knobs that a servo or a potentiometer turns, bursts of full waves.

In: the setpoint of each step. Out: levels and pulses, written here and now. What all of them share, above all how a
contact opens (at once for safety, else once its knob is at zero), is in `pin_load`.
"""
