"""What a login takes for a moment is given back."""

import subprocess
import sys

SCRIPT = """
import threading
from pathlib import Path
from pv_heater.web.access.passwords import Cost, StoredPassword

def resident_mib():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if "VmRSS" in line).split()[1]) / 1024

stored, before = StoredPassword.of("warm", Cost(n=2)), resident_mib()
barrier = threading.Barrier(4)

def look():
    barrier.wait()
    for _ in range(3):
        StoredPassword.of("wrong", Cost(n=2**14, p=1))

threads = [threading.Thread(target=look) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(resident_mib() - before)
"""


def test_what_password_hashes_take_does_not_stay_with_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 8
