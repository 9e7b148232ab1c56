"""What an owner may set of home, limits, loads and pins: declared once, with unit, range, default and meaning.

`setting(...)` of `core.model.setting` carries all of that, so that the check of a file, the shipped example and the
page about configuration read the same declaration. Adapters and strategies declare theirs in the same way beside
themselves.
"""
