"""On while a computer answers, and only then. As one line: `only_when: ping("192.168.1.20")`."""

HOST = "192.168.1.20"


def rule(home):
    return ("on", f"{HOST} answers") if home.ping(HOST) else ("off", f"{HOST} does not answer")
