"""On once the chargers have been in float for a minute and the sun shines, for a water heater.

Before that what is spare decides, as without a rule: `"surplus"`.
As one line: `on_when: held(charger == float, 60) and pv_w > 0`.
"""


def rule(home):
    lasting = home.held("float", home.charger == "float", 60)
    if lasting and home.pv_w > 0:
        return "on", "float for a minute, and there is sun"
    return "surplus"
