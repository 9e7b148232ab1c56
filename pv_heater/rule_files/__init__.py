"""Python rule files of the owner: run in a process of their own, asked about a picture of the home.

`home` is what a rule is given, `child` the process, `asking` the words between the two, `runner` the live program's
side of it. Conditions in one line (``when:``) need none of this: `core.rules.rules` decides them.
"""
