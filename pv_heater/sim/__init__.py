"""The one software home and its simulated clock: demo, recordings, tests and bench all use it."""
