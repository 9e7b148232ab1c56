"""For five minutes after the pump went off, and only then.

As one line: `only_when: pump.since_off_s < 300 and not pump.is_on`.
"""


def rule(home):
    if home.pump.is_on or not home.pump.known("since_off_s"):
        return "off", "the pump runs, or never did"
    if home.pump.since_off_s < 300:
        return "on", f"the pump went off {home.pump.since_off_s:.0f} s ago"
    return "off", "the pump went off more than five minutes ago"
