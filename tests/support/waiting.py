"""Waiting for what happens, never for a time to pass."""

import time
from collections.abc import Callable


def wait_for(happened: Callable[[], object], what: str = "it did not happen", timeout_s: float = 20.0) -> None:
    """Ask fifty times a second; fails with *what* when it takes too long."""
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
