"""The clock as a value: boottime for durations, wall time as a label with a stated quality.

Nothing below a process's outermost shell asks the system for the time; it is handed a ``Reading``. Durations are
differences of ``boottime_ns`` of one boot (CLOCK_BOOTTIME: never stepped, counts suspend), never of wall times.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

STATION_TZ = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")  # UTC+7 all year: Vietnam has no daylight saving time
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)  # what can be the date of a broadcast; others are mistyped
NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


class ClockQuality(enum.StrEnum):
    """Who vouches for the wall clock."""

    NONE = "none"  # earlier than what was already recorded: nothing scheduled plays
    SAVED = "saved"  # plausible, nobody vouches: plays, with a warning
    OPERATOR = "operator"
    COLLECTOR = "collector"
    RDS = "rds"
    MODEM = "modem"
    RTC = "rtc"
    NTP = "ntp"

    @property
    def plays(self) -> bool:
        """Whether scheduled programmes may start by this clock."""
        return self is not ClockQuality.NONE


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clocks: which boot, nanoseconds since it, wall time as nanoseconds since 1970 (UTC)."""

    boot: int  # ordinal, persisted: grows by one with every boot of the box
    boottime_ns: int
    wall_ns: int
    quality: ClockQuality

    @property
    def offset_ns(self) -> int:
        """Wall minus boottime: constant but for steps and slewing of the wall clock."""
        return self.wall_ns - self.boottime_ns

    @property
    def wall(self) -> datetime:
        return datetime_of(self.wall_ns)

    def boottime_of(self, when: datetime) -> int:
        """The boottime (ns) at which the wall clock, going on as now, will show *when*."""
        return wall_ns_of(when) - self.offset_ns


@dataclass(frozen=True, slots=True)
class ClockMapRow:
    """From *boottime_ns* on (until the next row of the same boot) wall = boottime + *offset_ns*."""

    boot: int
    boottime_ns: int
    offset_ns: int
    quality: ClockQuality


def wall_ns_of(when: datetime) -> int:
    """Exact integer nanoseconds since 1970 of an aware datetime (floats would lose microseconds)."""
    delta = when.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1_000


def datetime_of(wall_ns: int) -> datetime:
    """Aware UTC datetime of nanoseconds since 1970, cut to microseconds."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=wall_ns // 1_000)


def local_day(when: datetime) -> date:
    """The day of the station's zone that an instant belongs to."""
    return when.astimezone(STATION_TZ).date()


def local_iso(when: datetime, timespec: str = "seconds") -> str:
    """ISO 8601 in the station's zone, to the second: ``2026-11-23T05:00:00+07:00``."""
    return when.astimezone(STATION_TZ).isoformat(timespec=timespec)


def wall_at(rows: Sequence[ClockMapRow], boot: int, boottime_ns: int) -> datetime | None:
    """The wall time that the clock map gives an instant of a boot; None if the map knows nothing of that boot.

    Instants before the boot's first row are read with that row (its wall clock was the same until it moved).
    """
    mine = [row for row in rows if row.boot == boot]
    if not mine:
        return None
    earlier = [row for row in mine if row.boottime_ns <= boottime_ns]
    row = max(earlier, key=lambda r: r.boottime_ns) if earlier else min(mine, key=lambda r: r.boottime_ns)
    return datetime_of(boottime_ns + row.offset_ns)
