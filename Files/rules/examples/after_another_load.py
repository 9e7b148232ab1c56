"""Once a day after the pump has been on and off again.

As one line: `only_when: pump.runs_today >= 1 and not pump.is_on`.
This one also runs for ten minutes and no longer.
"""


def rule(home):
    ran_before = home.pump.runs_today >= 1 and not home.pump.is_on
    if ran_before and home.this.on_today_s < 600:
        return "on", "the pump has had its turn"
    return "off", "the pump comes first, and ten minutes are enough"
