"""What each command does: a configuration comes in, a report or an exit code goes out.

`run` and `play` put a home under the loop, `record` writes down what a meter says; `check`, `detect` and `calibrate`
look at a real home; `example` writes the shipped settings; `off` opens every output without the rest of the program.
`off` begins without the configuration library and without any adapter, since it has to work when everything else is
broken: pins first, the network last.
"""
