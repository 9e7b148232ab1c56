"""What holds for all tests."""

import gc

from hypothesis import settings

# A test is judged by what it shows, not by how busy the machine is that runs it. The suite tries the same examples at
# every run and keeps none: exploring belongs to `bench invariants` and `bench fuzz`, which print their seed.
settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")

# A lived day is hundreds of thousands of small objects that stay until its test ends: at Python's usual pace a tenth of
# the suite's time is the collector looking at them again and again. What asks how much is left collects by itself.
gc.set_threshold(50_000, 20, 50)
