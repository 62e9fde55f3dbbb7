"""What ``schedule show`` prints: the plan of some days, as JSON values or as lines for eyes."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from scheduler.clock import STATION_TZ
from scheduler.occurrence import ALL_ZONES, Occurrence
from scheduler.plan import ContentOf, nothing_known, plan_days
from scheduler.timetable import Timetable

_DAYS = {
    "vi": ("Thứ 2", "Thứ 3", "Thứ 4", "Thứ 5", "Thứ 6", "Thứ 7", "CN"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def rows(timetable: Timetable, first: date, end: date, content_of: ContentOf = nothing_known) -> list[dict[str, Any]]:
    """``Occurrence.to_json`` of the local days from *first* until before *end*, sorted by start."""
    return [occurrence.to_json() for occurrence in plan_days(timetable, first, end, content_of)]


def lines(occurrences: Iterable[Occurrence], lang: str = "vi") -> list[str]:
    """One line an occurrence: ``Thứ 2 23/11/2026  05:00–05:15  Bản tin sáng``."""
    return [_line(occurrence, _DAYS["vi" if lang == "vi" else "en"]) for occurrence in occurrences]


def _line(occurrence: Occurrence, days: tuple[str, ...]) -> str:
    starts, ends = occurrence.starts_at.astimezone(STATION_TZ), occurrence.ends_at.astimezone(STATION_TZ)
    zone = "" if occurrence.zone == ALL_ZONES else f"  [{occurrence.zone}]"
    return f"{days[starts.weekday()]:<5} {starts:%d/%m/%Y}  {starts:%H:%M}–{ends:%H:%M}  {occurrence.programme}{zone}"
