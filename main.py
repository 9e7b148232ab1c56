"""The door: `off` goes its own short way, everything else to the command line."""

import sys

SETUP = "Run `. ./env.sh` in the folder of main.py first, in every new shell; docs/install.md has the rest."

if __name__ == "__main__":
    if sys.argv[1:2] == ["off"]:
        from pv_heater.off import main as switch_off

        sys.exit(switch_off(sys.argv[2:]))
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever has no newer one must read a sentence, not a traceback
        print(f"This is Python {sys.version.split()[0]}; 3.11 or newer is needed. {SETUP}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    try:
        from pv_heater.cli import main
    except ModuleNotFoundError as error:
        if str(error.name).startswith("pv_heater"):
            raise
        print(f"The library {error.name} is not installed for this Python. {SETUP}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    main()
