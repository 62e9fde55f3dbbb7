"""Quiet hours: local windows of every day in which only an emergency may sound. They may wrap midnight.

A window is (from, to), from included, to excluded. Equal times make an empty window; a configuration should refuse it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta

from scheduler.clock import STATION_TZ, local_day

Window = tuple[time, time]
_DAY = timedelta(days=1)


def stretches(windows: Sequence[Window], begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Every quiet stretch of real time that touches [begin, end)."""
    day, last = local_day(begin) - _DAY, local_day(end)
    while day <= last:
        for opens, closes in windows:
            start = datetime.combine(day, opens, STATION_TZ)
            stop = datetime.combine(day if opens <= closes else day + _DAY, closes, STATION_TZ)
            if max(start, begin) < min(stop, end):
                yield start, stop
        day += _DAY
