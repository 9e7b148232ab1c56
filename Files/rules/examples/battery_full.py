"""On while the battery is full. As one line: `on_when: soc > 98`, with `min_on_s: 300` against bouncing."""


def rule(home):
    if home.soc > 98:
        return "on", f"the battery holds {home.soc:.0f} %"
    return None
