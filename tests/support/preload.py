"""Parts of the world that a process cannot tell from the real ones: a wall clock that is set, a card slow or full.

Each is a few lines of C put before libc (LD_PRELOAD) in the environment of the station's processes, and a small mapped
file by which a test moves it while they run.
"""

import mmap
import shutil
import subprocess
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from scheduler.clock import NS_PER_S, STATION_TZ, datetime_of, wall_ns_of

SOURCES = Path(__file__).parent / "preload"
PLENTY_BYTES = 1 << 40


class _Preloaded:
    """A compiled source of preload/ and the numbers it reads."""

    def __init__(self, folder: Path, name: str, numbers: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.library = folder / f"{name}.so"
        self.numbers_file = folder / f"{name}.numbers"
        self.numbers_file.write_bytes(bytes(8 * numbers))
        with self.numbers_file.open("r+b") as file:
            self._numbers = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")
        compiler = shutil.which("cc") or shutil.which("gcc") or "cc"
        source = SOURCES / f"{name}.c"
        flags = ("-shared", "-fPIC", "-O1", "-Wall", "-Werror")
        subprocess.run([compiler, *flags, "-o", str(self.library), str(source), "-ldl"], check=True)


class WallClock(_Preloaded):
    """The wall clock of the processes that get ``environment``; what else they ask the time of stays true."""

    def __init__(self, folder: Path, shows: datetime) -> None:
        super().__init__(folder, "wall_clock", 1)
        self.set(shows)

    @property
    def environment(self) -> Mapping[str, str]:
        return {"LD_PRELOAD": str(self.library), "WALL_CLOCK_FILE": str(self.numbers_file)}

    def now(self) -> datetime:
        return datetime_of(time.time_ns() + self._numbers[0]).astimezone(STATION_TZ)

    def set(self, shows: datetime) -> None:
        self._numbers[0] = wall_ns_of(shows) - time.time_ns()

    def step(self, by: timedelta) -> None:
        self._numbers[0] += round(by.total_seconds()) * NS_PER_S


class Card(_Preloaded):
    """The memory card under *state_dir* for the processes that get ``environment``."""

    def __init__(self, folder: Path, state_dir: Path) -> None:
        super().__init__(folder, "disk", 2)
        self._state_dir = state_dir
        self.free()
        self.slow(0)

    @property
    def environment(self) -> Mapping[str, str]:
        variables = {"DISK_FILE": str(self.numbers_file), "DISK_FOLDER": str(self._state_dir)}
        return {"LD_PRELOAD": str(self.library), **variables}

    def slow(self, sync_ms: int) -> None:
        """Every fsync takes this much longer."""
        self._numbers[1] = sync_ms

    def fill(self) -> None:
        """Somebody copied films onto it."""
        self._numbers[0] = 0

    def free(self) -> None:
        self._numbers[0] = PLENTY_BYTES
