"""One long life of the real program among faults of `bench faults`, drawn by a seed, hours compressed.

`home` is where it lives, `live` what befalls it, `witness` notes what it was told and what its pins did, `judge` holds
that against the promises, and `planted` breaks the program on purpose to see whether the judge notices.
"""
