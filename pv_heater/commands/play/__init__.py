"""Days on a time of their own: recordings, the demo, simulated weather; through the real loop, and what came of it."""
