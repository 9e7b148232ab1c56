"""What one recorded day came to: caught, possible, lost, and what it was lost to.

Values in, values out: no clock, no I/O. `bench/capture/bound.py` solves the same question with a library; a test
compares both.
"""
