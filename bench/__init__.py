"""How good, how fast, how safe: what is measured of the program, and printed with its seed.

Beside the package, because no Pi needs it. Tests use `doubles` and a few homes and seeds; nothing in the package but
`cli.bench` knows it.
"""
