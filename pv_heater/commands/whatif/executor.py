"""Who lives the days: this process, a pool of processes here, or the machines of a Dask cluster, all the same way."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from pv_heater.errors import PvHeaterError

R = TypeVar("R")
GRACE_S = 5.0
LOOK_S = 2.0


class NoCluster(PvHeaterError):
    """The library is not installed, or nobody answers there."""

    exit_code = 2


@contextmanager
def executor_of(jobs: int, dask: str | None) -> Iterator[Executor]:
    """Where the work is done. What is running when it ends is waited for, the rest is dropped. Raises NoCluster."""
    if dask is not None:
        with _cluster(dask) as executor:
            yield executor
        return
    executor = Here() if jobs == 1 else ProcessPoolExecutor(jobs, initializer=_begin, initargs=(os.getpid(),))
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


class Here(Executor):
    """In this process, at once."""

    def submit(self, fn: Callable[..., R], /, *args: Any, **kwargs: Any) -> Future[R]:
        """Done when it returns."""
        future: Future[R] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it is for whoever asks for the result
            future.set_exception(error)
        return future


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise NoCluster(
            "--dask needs the library distributed: pip install 'distributed', here and on each machine of the cluster"
        ) from None
    try:
        client = Client(address, timeout=GRACE_S)
    except (OSError, ValueError) as error:
        raise NoCluster(f"no Dask scheduler answers at {address} within {GRACE_S:.0f} s: {error}") from None
    try:
        yield client.get_executor(pure=False)
    finally:
        client.close()


def _begin(parent: int) -> None:
    """A process of the pool: Ctrl-C is for the one that it works for, and without that one it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_S)
        os._exit(1)

    threading.Thread(target=look, name="parent", daemon=True).start()
