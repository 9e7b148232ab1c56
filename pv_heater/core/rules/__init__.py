"""What the owner's own conditions and rule files say about each load in this step.

In: the picture of the home that rules may see (`scene`), answers of rule files. Out: for each load a yes, a no, or
nothing. A rule that cannot be answered decides nothing; guards stand above every rule.
"""
