"""Five minutes a day, as soon as the battery holds enough, for a pump that must move now and then.

As one line: `on_when: soc > 80 and this.on_today_s < 300`.
"""


def rule(home):
    if home.soc > 80 and home.this.on_today_s < 300:
        return "on", f"{home.this.on_today_s:.0f} s of today's five minutes are over"
    return None
