"""On while the chargers are past bulk, and only then. As one line: `only_when: charger in (absorption, float)`.

With `min_on_s: 1200` against bouncing.
"""


def rule(home):
    if home.charger in ("absorption", "float"):
        return "on", f"the chargers are in {home.charger}"
    return "off", f"the chargers are in {home.charger}"
