"""What happened, kept: samples, quarter hours, days and transitions in one file, and how they are read.

`recorder` gets every tick on the control thread and only remembers it; `sampler` makes rows of them; `writer` puts the
rows into the file, on a thread of its own; `reader` answers, on anybody's thread.
"""
