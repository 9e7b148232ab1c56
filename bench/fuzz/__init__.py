"""Damaged payloads for every parser: each either answers within its bounds or raises what it promises."""
