"""The language of `when:` and `on_when:`: text comes in, a function of named values goes out.

The text is parsed once, when the settings are read (`parser`). Whatever is not a name of `names`, a number, a word,
arithmetic, a comparison or one of a handful of functions is refused there, so that nothing of it can fail or run long
later. A value that is unknown makes a condition unknown, and then it does not hold.
"""
