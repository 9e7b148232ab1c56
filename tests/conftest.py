"""What holds for all tests."""

from hypothesis import settings

# A test is judged by what it shows, not by how busy the machine is that runs it.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
