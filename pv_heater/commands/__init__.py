"""What each command does: a configuration comes in, a report or an exit code goes out.

`run` and `play` put a home under the loop; `check`, `detect` and `calibrate` look at a real one; `off` opens every
output without the rest of the program. `off`, `off_asking` and `running` import no configuration library and no
adapter: they have to work when everything else is broken, and within a second on the smallest Pi.
"""
