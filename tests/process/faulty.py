"""A door to the real program with one more strategy: one that breaks. Run in place of main.py."""

import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pv_heater.core.house.ahead.quarters import Stretch
from pv_heater.core.house.surplus import Budget, Foresight, View
from pv_heater.core.model.lean import dataclass
from pv_heater.strategies.balance import Balance


class Faulty:
    """Heats, then raises or hangs, as $FAULT says."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Settings:
        pass

    def __init__(self, settings: Settings) -> None:
        self._calls = 0

    def budget(self, view: View) -> Budget:
        self._calls += 1
        if self._calls > 5:
            if os.environ["FAULT"] == "raise":
                raise RuntimeError("a bug in a strategy")
            logging.getLogger(__name__).warning("the strategy hangs")
            time.sleep(3600)
        return Budget(power_w=1000.0, rule="faulty", because="so far so good")

    def foresee(self, view: View, today: Sequence[Stretch], tomorrow: Sequence[Stretch]) -> Foresight:
        return Balance(Balance.Settings()).foresee(view, today, tomorrow)

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        pass


if __name__ == "__main__":
    from pv_heater.cli.door import main
    from pv_heater.strategies import STRATEGIES

    STRATEGIES["faulty"] = "tests.process.faulty:Faulty"
    sys.argv[0] = "main.py"
    main()
