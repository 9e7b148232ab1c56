"""On while a computer answers. As one line: `on_when: ping("192.168.1.20")`."""

HOST = "192.168.1.20"


def rule(home):
    return ("on", f"{HOST} answers") if home.ping(HOST) else None
