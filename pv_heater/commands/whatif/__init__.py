"""The same days again with other settings: `whatif` compares two, `tune` sweeps some; nothing is changed by either."""
