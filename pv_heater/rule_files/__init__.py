"""Python rule files of the owner: run in a process of their own, asked about a picture of the home.

`files` are those that are there, `home` is what a rule is given, `child` is the process, `process` asks it, and
`runner` is the live program's side of it, which never waits. Conditions in one line (``when:``) need none of this:
`core.rules.rules` answers them.
"""
