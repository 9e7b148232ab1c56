"""Displays: what do people see, and press? One file and one row here add another.

A row names a class with a `Settings` dataclass, built as ``Class(settings, tools)``, that satisfies
`ports.Display`. `Settings.names` tells the pins it uses; no load may have them as well.
"""

DISPLAYS: dict[str, str] = {
    "tm1638": "pv_heater.displays.tm1638:Tm1638",
    "ssd1306": "pv_heater.displays.ssd1306:Ssd1306",
}
