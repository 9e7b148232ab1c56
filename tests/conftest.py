"""What holds for all tests."""

from hypothesis import settings

# A test is judged by what it shows, not by how busy the machine is that runs it. The suite tries the same examples at
# every run and keeps none: exploring belongs to `bench invariants` and `bench fuzz`, which print their seed.
settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")
