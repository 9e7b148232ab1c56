"""Pictures as SVG, for README, docs and users.

The flow chart and the wiring are drawn from the program's own tables, so that they cannot say anything else than the
program does; a curve and a day show what was measured or played; only the overview is drawn by hand.
"""
