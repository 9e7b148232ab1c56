"""Strange days in strange homes: does every promise hold in every step?

`promises` and `forbidden` say what must hold, judged from outside the controller. `strange_homes`, `real_homes` and
`strange_faults` make up homes and troubles by a seed, `strange_days` lives them. `planted` puts bugs into the core on
purpose: a promise that finds none of them proves nothing.
"""
