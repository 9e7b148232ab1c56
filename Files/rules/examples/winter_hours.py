"""Only from eleven, until seven in winter and nine otherwise, with a full battery, and while the pump is on.

As one line, `when:` and not `on_when:`, since it forbids and does not ask for anything:
`when: soc >= 95 and pump.is_on and (between("11:00", "19:00") or season != winter and between("19:00", "21:00"))`.
"""


def rule(home):
    if not home.between("11:00", "19:00" if home.season == "winter" else "21:00"):
        return "off", "outside its hours"
    if home.soc < 95 or not home.pump.is_on:
        return "off", "it waits for 95 % and the pump"
    return "surplus"
