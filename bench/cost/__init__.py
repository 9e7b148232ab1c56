"""What the program costs on a small Pi: time of a step, latency to a load, memory, start."""
