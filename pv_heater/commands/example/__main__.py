"""Writes Files/config.yaml to standard output."""

import sys

from pv_heater.commands.example.text import documented_example

if __name__ == "__main__":
    sys.stdout.write(documented_example())
