"""Changes that no test can notice, and why: they make no difference, or none that matters to a heater.

By module and by `Mutation.name`, which has no number of a line. A test sees to it that each can still be made.
"""

from __future__ import annotations

from collections.abc import Mapping

EXPLAINED: Mapping[str, Mapping[str, str]] = {}
