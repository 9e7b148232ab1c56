"""How good, how fast, how safe: what is measured of the program, and printed with its seed.

Beside the package, because no Pi needs it. Tests use the `doubles`; nothing in the package but `cli.bench` knows it.
"""
