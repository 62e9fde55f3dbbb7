"""The one place that asks the system for the time: boottime, wall, and who vouches for the wall clock."""

import ctypes
import fcntl
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scheduler.clock import NS_PER_S, ClockQuality, Reading

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
BOOT_ID_VARIABLE = "SMARTRADIO_BOOT_ID"  # stands in for the kernel's boot id where a reboot is rehearsed
RELEASED_NS = 1_795_000_000 * NS_PER_S  # 2026-11: no station lives before its software was made
TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
TIMESYNC_FLAG = Path("/run/systemd/timesync/synchronized")


def boottime_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def boot_ordinal(state_dir: Path) -> int:
    """Number of this boot of the box, from 1, counted in ``state_dir/boots`` (the kernel's own id has no order).

    Every process may ask first; a lock keeps two of them from counting the same boot twice.
    """
    boot_id = os.environ.get(BOOT_ID_VARIABLE) or BOOT_ID.read_text(encoding="ascii").strip()
    with open(state_dir / "boots", "a+", encoding="ascii", errors="replace") as file:  # a damaged line still counts
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        seen = file.read().split()
        if boot_id not in seen:
            file.write(boot_id + "\n")
            file.flush()
            os.fsync(file.fileno())
            seen.append(boot_id)
        return seen.index(boot_id) + 1


def kernel_says_synchronised() -> bool:
    """Whether the kernel's clock discipline (NTP) is in force: adjtimex(2) does not answer TIME_ERROR."""
    buffer = ctypes.create_string_buffer(512)  # struct timex is 208 bytes; modes = 0 only reads
    state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    return 0 <= state < TIME_ERROR or TIMESYNC_FLAG.exists()


def has_hardware_clock() -> bool:
    return Path("/dev/rtc0").exists()


@dataclass
class StationClock:
    """Gives Readings. ``not_before_ns``: wall time of the newest record at start.

    A clock that nobody vouches for is not believed when it is behind the newest record. One that NTP or the operator
    vouches for is, or a single step far ahead would silence the station until the world has caught up with it.
    """

    boot: int
    trust: str  # "auto" | "host", see the configuration
    not_before_ns: int = RELEASED_NS
    synchronised: Callable[[], bool] = kernel_says_synchronised

    def read(self) -> Reading:
        wall_ns = time.time_ns()
        return Reading(self.boot, boottime_ns(), wall_ns, self._quality(wall_ns))

    def _quality(self, wall_ns: int) -> ClockQuality:
        if wall_ns < RELEASED_NS:
            return ClockQuality.NONE
        if self.trust == "host":
            return ClockQuality.OPERATOR
        if self.synchronised():
            return ClockQuality.NTP
        if wall_ns < self.not_before_ns:
            return ClockQuality.NONE
        return ClockQuality.RTC if has_hardware_clock() else ClockQuality.SAVED
