"""The door: `off` goes its own short way, everything else to the command line."""

import os
import sys
from collections.abc import Sequence

SETUP = "Run `. ./env.sh` in the folder of main.py first, in every new shell; docs/install.md has the rest."


def switch_off(words: Sequence[str]) -> int:
    """`off`, in a forgotten environment too: a Python without the libraries hands over to the one in `.venv`.

    3 when neither has them: then nothing was switched.
    """
    try:
        from pv_heater.commands.off import main
    except (ImportError, SyntaxError) as error:
        venv = os.path.join(os.path.dirname(os.path.abspath(__file__)), ".venv")
        python = os.path.join(venv, "bin", "python")
        if os.access(python, os.X_OK) and os.path.realpath(venv) != os.path.realpath(sys.prefix):
            os.execv(python, [python, os.path.abspath(__file__), "off", *words])
        print(f"Nothing was switched off: {error}. {SETUP}", file=sys.stderr)  # noqa: T201
        return 3
    return main(words)


def begin() -> None:
    """Whatever is asked for."""
    if sys.argv[1:2] == ["off"]:
        sys.exit(switch_off(sys.argv[2:]))
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever has no newer one must read a sentence, not a traceback
        print(f"This is Python {sys.version.split()[0]}; 3.11 or newer is needed. {SETUP}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    try:
        from pv_heater.cli.door import main, way

        go = way(sys.argv[1:])
    except ModuleNotFoundError as error:
        if str(error.name).startswith("pv_heater"):
            raise
        print(f"The library {error.name} is not installed for this Python. {SETUP}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    main(go)


if __name__ == "__main__":
    try:
        begin()
    except KeyboardInterrupt:  # Ctrl-C while it still loads, which takes seconds on a small Pi
        sys.exit(130)
