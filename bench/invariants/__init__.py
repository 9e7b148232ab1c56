"""Strange days in strange homes: does every promise hold in every step?

`promises` says what must hold, `strange_days` and `strange_homes` make up days by a seed, `planted` puts bugs into the
core on purpose: a promise that finds none of them proves nothing.
"""
