"""All timetables that a station holds. On each day one of them is in force: the one made for the fewest days. Pure.

A change for one day wins over a timetable for named days (holidays, rằm), that over any span of days, a week's over one
that is valid for ever. Of two for the same days the later one replaces the earlier.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from scheduler.holidays import VIETNAM, HolidayCalendar
from scheduler.recurrence import CalendarDay, Dates, calendar_day
from scheduler.timetable import Timetable, canonical_bytes

VERSION = 1
MAX_TIMETABLES = 100
_FOR_EVER = 10**7  # days
_SOME_YEAR = date(2025, 1, 1)  # of twelve lunar months


@dataclass(frozen=True, slots=True)
class TimetableBook:
    """Timetables in the order in which they were loaded."""

    timetables: tuple[Timetable, ...] = ()

    def with_timetable(self, new: Timetable, today: date | None) -> "TimetableBook":
        """Take *new* in place of one for the same days. What is wholly past by *today* goes (None: not known), and
        the earliest loaded where there are too many.
        """
        others = [old for old in self.timetables if _days_of(old) != _days_of(new)]
        kept = [old for old in others if today is None or not _is_past(old, today)]
        return TimetableBook((*kept[-(MAX_TIMETABLES - 1) :], new))

    def without(self, timetable_id: str) -> "TimetableBook":
        """The others, all of them if there is none of this id (any more)."""
        return TimetableBook(tuple(one for one in self.timetables if id_of(one) != timetable_id))

    def narrowest_first(self, holidays: HolidayCalendar = VIETNAM) -> list[Timetable]:
        """The first of these that is in force on a day is that day's timetable."""
        latest_first = self.timetables[::-1]  # and so they stay where they are equally narrow
        return sorted(latest_first, key=lambda one: _breadth(one, holidays))

    def on(self, day: date, holidays: HolidayCalendar = VIETNAM) -> Timetable | None:
        """The timetable of a day."""
        return first_in_force(self.narrowest_first(holidays), calendar_day(day, holidays))

    def to_json(self) -> dict[str, Any]:
        return {"version": VERSION, "timetables": [timetable.to_json() for timetable in self.timetables]}

    @classmethod
    def from_json(cls, data: object) -> "TimetableBook":
        """Inverse of ``to_json``; a lone timetable, as older journals hold it, is a book of one. Raises ValueError."""
        if not isinstance(data, dict):
            raise ValueError("not a book of timetables")
        if "slots" in data:
            return cls((Timetable.from_json(data),))
        if data.keys() != {"version", "timetables"} or data["version"] != VERSION:
            raise ValueError("not a book of timetables of this version")
        return cls(tuple(Timetable.from_json(one) for one in data["timetables"]))


NO_TIMETABLES = TimetableBook()


def first_in_force(timetables: Iterable[Timetable], day: CalendarDay) -> Timetable | None:
    return next((one for one in timetables if one.in_force(day)), None)


def id_of(timetable: Timetable) -> str:
    """A short name of a timetable that depends on its content alone."""
    return hashlib.sha256(canonical_bytes(timetable)).hexdigest()[:12]


def _days_of(timetable: Timetable) -> tuple[object, ...]:
    return timetable.valid_from, timetable.valid_to, timetable.valid_on


def _is_past(timetable: Timetable, today: date) -> bool:
    last = timetable.valid_to or date.max
    if isinstance(timetable.valid_on, Dates):
        last = min(last, max(timetable.valid_on.dates))
    return last < today


def _breadth(timetable: Timetable, holidays: HolidayCalendar) -> tuple[bool, int, int]:
    """For how many days it was made: one day first, then named days, then spans."""
    span = _FOR_EVER
    if timetable.valid_from and timetable.valid_to:
        span = (timetable.valid_to - timetable.valid_from).days + 1
    if timetable.valid_on is None:
        return span > 1, span, span
    if isinstance(timetable.valid_on, Dates):
        return False, len(timetable.valid_on.dates), span
    year = (calendar_day(_SOME_YEAR + timedelta(days=n), holidays) for n in range(365))
    return False, sum(map(timetable.valid_on.falls_on, year)), span
