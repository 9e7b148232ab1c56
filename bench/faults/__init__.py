"""Every fault that could leave a heater on, tried on the real program: how long it takes until the contact is open.

`fault` is what a fault is, `groups` has one module of them a group, `homes` the homes they happen in and `rig` the
program there; `door` starts it with a clock or a bug of the bench's own, `measure` tries them side by side, and `page`
writes the table of docs/safety.md.
"""
