"""On while the chargers are past bulk. As one line: `on_when: charger in (absorption, float)`.

With `min_on_s: 1200` against bouncing.
"""


def rule(home):
    if home.charger in ("absorption", "float"):
        return "on", f"the chargers are in {home.charger}"
    return None
