"""On while a file is there, and only then. As one line: `only_when: file_exists("/run/pump.on")`.

Any script may ask for the load so: `touch /run/pump.on`.
"""

PATH = "/run/pump.on"


def rule(home):
    return ("on", f"{PATH} is there") if home.file_exists(PATH) else ("off", f"no {PATH}")
