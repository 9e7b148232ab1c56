"""On while the battery is full, and only then.

As one line: `only_when: soc > 98`, with `min_on_s: 300` against bouncing.
"""


def rule(home):
    if home.soc > 98:
        return "on", f"the battery holds {home.soc:.0f} %"
    return "off", f"the battery holds {home.soc:.0f} %, it waits for 98"
