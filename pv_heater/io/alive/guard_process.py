"""The guard: a process of its own, as small as Python can be, that switches off when the program no longer can.

It hears the program's watchdog thread through a pipe. When the pipe ends without a word of leave, the program is gone:
killed, out of memory, crashed. When nothing comes for `SILENT_LOOKS` looks on end, it hangs or was stopped; then it is
killed, which takes its pins from it. Either way this process becomes `main.py off`.

It is run as a file, by ``python -I -S``, and imports nothing of the package: with it comes a tenth of the memory.
"""

import os
import select
import sys

LOOK_MS = 2500
SILENT_LOOKS = 8
"""Looks, not seconds: where the whole machine slept, or both were stopped, nothing is missed."""
DISMISSED = b"q"
GONE_MS = 10_000
"""So long a killed program may take to be gone; one that waits for a disk takes its time."""


def main(program: int, config: str, log: str) -> None:
    """Watch the process `program`, our parent, which speaks at our standard input; return when it says so."""
    os.set_blocking(0, False)
    poll, nothing = select.poll(), select.poll()
    poll.register(0, 0)  # woken by the end of the pipe alone, not by every word
    silent = 0
    while silent < SILENT_LOOKS:
        gone = poll.poll(LOOK_MS)
        said = _said()
        if DISMISSED in said:
            return
        silent = 0 if said else silent + 1
        if gone:
            break
    else:
        if os.getppid() == program:
            os.kill(program, 9)
    for _ in range(GONE_MS // 10):
        if os.getppid() != program:  # from now on its locks are free
            break
        nothing.poll(10)
    why = "was killed or has crashed" if silent < SILENT_LOOKS else "hung and was killed"
    _switch_off(f"the program (process {program}) {why}; `main.py off` follows", config, log)


def _said() -> bytes:
    words = b""
    try:
        while more := os.read(0, 4096):
            words += more
    except BlockingIOError:
        pass
    return words


def _switch_off(why: str, config: str, log: str) -> None:
    import time

    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    try:
        file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK)
        if os.fstat(file).st_uid not in (os.geteuid(), 0):
            file = null
        os.write(file, f"{time.strftime('%Y-%m-%d %H:%M:%S')} CRITICAL guard: {why}\n".encode())
    except OSError:
        file = null
    for output in (1, 2):
        os.dup2(file, output)
    door = os.path.abspath(__file__)
    for _ in range(4):
        door = os.path.dirname(door)
    os.execv(sys.executable, [sys.executable, os.path.join(door, "main.py"), "off", "--unheld", "--config", config])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
