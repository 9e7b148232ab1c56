"""Five minutes a day, as soon as the battery holds enough, for a pump that must move now and then.

No more than that, however much sun there is. As one line: `only_when: soc > 80 and this.on_today_s < 300`.
"""


def rule(home):
    if home.soc > 80 and home.this.on_today_s < 300:
        return "on", f"{home.this.on_today_s:.0f} s of today's five minutes are over"
    return "off", "the battery comes first, and five minutes a day are enough"
