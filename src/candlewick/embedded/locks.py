"""Locks between processes that the kernel drops when their holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

POLL_SECONDS = 0.05


class FileLock:
    """One open file that can be locked, shared with others or alone. Closing it gives the lock up."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def try_shared(self) -> bool:
        return self._try(fcntl.LOCK_SH)

    def try_alone(self) -> bool:
        return self._try(fcntl.LOCK_EX)

    def close(self) -> None:
        os.close(self.fd)

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self.fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def held_alone(path: Path, deadline: float) -> Iterator[bool]:
    """Whether the lock could be had before the deadline (of the monotonic clock); it is held inside the block."""
    with FileLock(path) as lock:
        yield wait_until(lock.try_alone, deadline)


def is_held_alone(path: Path) -> bool:
    """Whether some process holds the lock for itself."""
    with FileLock(path) as lock:
        return not lock.try_shared()


def wait_until(condition: Callable[[], bool], deadline: float) -> bool:
    """Ask again and again; False when it has not become true by the deadline (of the monotonic clock)."""
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
