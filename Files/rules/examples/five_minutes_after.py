"""For five minutes after the pump went off. As one line: `on_when: pump.since_off_s < 300 and not pump.is_on`."""


def rule(home):
    if home.pump.is_on or not home.pump.known("since_off_s"):
        return None
    if home.pump.since_off_s < 300:
        return "on", f"the pump went off {home.pump.since_off_s:.0f} s ago"
    return None
