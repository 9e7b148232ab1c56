"""A first settings file: what must be asked, what Victron says by itself, and the lines that come of it."""
