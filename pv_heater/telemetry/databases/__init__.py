"""Databases that keep figures of the home: which figures there are, and how each wants to be told."""
