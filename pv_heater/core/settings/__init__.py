"""What an owner may set: declared once, with unit, range, default and meaning.

`setting(...)` of `core.model.setting` carries all of that, so that the check of a file, the shipped example and the
page about configuration read the same declaration.
"""
