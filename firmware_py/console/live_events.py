"""Live state as server-sent events: whole when it changes, levels five times a second at most, never silent long."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from firmware_py.console.status import page_levels, page_status
from firmware_py.live import look_at_all

PERIOD_S = 0.2
HEARTBEAT_ROUNDS = 10  # levels are repeated after that many rounds without change: 2 s
NS_PER_PERIOD = int(PERIOD_S * 1e9)

Said = tuple[dict[str, Any], dict[str, Any]]  # status, levels


class Looker:
    """Reads the three files at most five times a second, however many pages are open."""

    def __init__(self, run_dir: Path, boottime_ns: Callable[[], int]) -> None:
        self._run_dir, self._boottime_ns = run_dir, boottime_ns
        self._looked_ns = -NS_PER_PERIOD
        self._said: Said = ({}, {})

    def look(self) -> Said:
        now_ns = self._boottime_ns()
        if now_ns - self._looked_ns >= NS_PER_PERIOD // 2:
            lives = look_at_all(self._run_dir, now_ns)
            self._said, self._looked_ns = (page_status(lives), page_levels(lives)), now_ns
        return self._said


async def live_events(look: Callable[[], Said], closing: asyncio.Event) -> AsyncIterator[bytes]:
    """Ends when *closing* is set: an open stream must not hold up the end of the process."""
    yield b"retry: 2000\n\n"
    status: dict[str, Any] | None = None
    levels: dict[str, Any] | None = None
    quiet = 0
    while not closing.is_set():
        now_status, now_levels = look()
        if now_status != status:
            yield _event("status", now_status)
        quiet = quiet + 1 if (now_status, now_levels) == (status, levels) else 0
        if quiet % HEARTBEAT_ROUNDS == 0:
            yield _event("levels", now_levels)
        status, levels = now_status, now_levels
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(closing.wait(), PERIOD_S)


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
