"""Chờ nội dung: which programmes that come soon have no content yet. Pure."""

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta

from scheduler.address import is_address
from scheduler.clock import STATION_TZ
from scheduler.occurrence import Kind, Occurrence

EVENING = time(18)  # from then on a person is reminded of the day to come


def reminded_until(now: datetime) -> datetime:
    """Until when plans are looked at: the end of the day, from the evening on that of the next."""
    local = now.astimezone(STATION_TZ)
    days = 1 if local.time() < EVENING else 2
    return datetime.combine(local.date() + timedelta(days=days), time(), STATION_TZ)


def awaiting(plan: Iterable[Occurrence], now: datetime, has_source: Callable[[str], bool]) -> dict[str, Occurrence]:
    """What still waits for its file: the file's name, or the programme's where none was named → its next occurrence."""
    until, found = reminded_until(now), dict[str, Occurrence]()
    for occurrence in sorted(plan, key=lambda o: o.starts_at):
        needs_file = occurrence.kind not in (Kind.LIVE, Kind.FILLER) and not is_address(occurrence.source)
        if (
            needs_file
            and now < occurrence.ends_at
            and occurrence.starts_at < until
            and not has_source(occurrence.source)
        ):
            found.setdefault(occurrence.source or occurrence.programme, occurrence)
    return found
