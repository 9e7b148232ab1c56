"""Damaged payloads for every parser: each either answers within its bounds or raises what it promises.

`table` has all parsers, `seeds` and the presets give good examples, `mutations` damages them, `measure` tries them and
shrinks what it finds.
"""
