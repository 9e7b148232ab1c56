"""The door: `off` goes its own short way, everything else to the command line."""

import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["off"]:
        from pv_heater.off import main as switch_off

        sys.exit(switch_off(sys.argv[2:]))
    from pv_heater.cli import main

    main()
