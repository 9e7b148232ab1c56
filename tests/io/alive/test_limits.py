"""What the running program may take of its machine: each limit tried in a process of its own, which ends with it."""

import subprocess
import sys
from textwrap import dedent

from pv_heater.io.alive.limits import MOST_FILES, MOST_MORE_BYTES
from tests.waiting import WITHIN_S


def said_by(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", dedent(code)], capture_output=True, text=True, timeout=WITHIN_S, check=True
    )
    return done.stdout.strip()


def test_memory_beyond_the_limit_is_an_error_in_this_program() -> None:
    code = """
        from pv_heater.io.alive.limits import MOST_MORE_BYTES, limit_ourselves
        limit_ourselves()
        held = bytearray(MOST_MORE_BYTES // 2)
        try:
            bytearray(MOST_MORE_BYTES)
        except MemoryError:
            print("no more than", len(held))
        """
    assert said_by(code) == f"no more than {MOST_MORE_BYTES // 2}"


def test_what_it_starts_may_take_no_more_either() -> None:
    code = """
        import subprocess, sys
        from pv_heater.io.alive.limits import limit_ourselves
        limit_ourselves()
        child = "import resource; print(*resource.getrlimit(resource.RLIMIT_AS))"
        print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout.strip())
        """
    now, most = map(int, said_by(code).split())
    assert 0 < now == most, "not for them to raise"


def test_who_may_open_fewer_files_or_has_less_memory_keeps_that() -> None:
    code = """
        import resource
        from pv_heater.io.alive.limits import limit_ourselves
        less = 400 << 20
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
        resource.setrlimit(resource.RLIMIT_AS, (less, less))
        limit_ourselves()
        print(resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_AS)[0] == less)
        """
    assert said_by(code) == "(200, 200) True"


def test_so_many_files_and_no_more() -> None:
    code = """
        import resource
        from pv_heater.io.alive.limits import limit_ourselves
        limit_ourselves()
        print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        """
    assert int(said_by(code)) <= MOST_FILES
