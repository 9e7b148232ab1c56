"""The language of `when:` and `on_when:`: text comes in, a function of named values goes out.

The text is parsed once, when the settings are read. Whatever is not a name of `names`, a number, a comparison or one
of a handful of functions is refused there, so that nothing of it can fail or run long later.
"""
