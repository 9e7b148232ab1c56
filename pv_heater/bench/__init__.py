"""Benchmarks: what the program costs, measured on the machine at hand. Not part of the test suite."""
