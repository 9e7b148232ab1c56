"""Input and output: the only modules that import third-party I/O libraries or read a clock."""
