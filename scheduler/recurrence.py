"""When something recurs: weekdays, dates, days of the month, lunar days, holidays, and their bounds. Frozen and pure.

Each kind answers ``falls_on`` for a ``CalendarDay``: a date with what the calendars say of it, looked up once a day.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from scheduler.holidays import VIETNAM, HolidayCalendar
from scheduler.lunar import FIRST_DAY, LAST_DAY, LunarDate, days_in_month, lunar_of

DAY_CODES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAST = -1  # of a month: its last day, its last Monday
MAX_DATES = 1_000  # in one recurrence
MAX_NAME = 100  # characters of a holiday's name


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A local day with its places in the week, the month and the lunar month, and its holidays."""

    date: date
    weekday: int  # 0 is Monday
    nth: int  # of its weekday in the month: 1 … 5
    left: int  # days of the month after it
    lunar: LunarDate | None  # None where the lunar calendar is not known
    lunar_last: bool  # the lunar month's last day
    holidays: frozenset[str]


@lru_cache(maxsize=4_096)
def calendar_day(day: date, holidays: HolidayCalendar = VIETNAM) -> CalendarDay:
    lunar = lunar_of(day) if FIRST_DAY <= day <= LAST_DAY else None
    lunar_last = lunar is not None and lunar.day >= 29 and lunar.day == days_in_month(lunar)
    nth, left = (day.day - 1) // 7 + 1, monthrange(day.year, day.month)[1] - day.day
    return CalendarDay(day, day.weekday(), nth, left, lunar, lunar_last, holidays.on(day))


@dataclass(frozen=True, slots=True)
class Weekdays:
    """On these days of every week; 0 is Monday (Thứ 2), 6 Sunday (CN)."""

    days: frozenset[int]

    def falls_on(self, day: CalendarDay) -> bool:
        return day.weekday in self.days


@dataclass(frozen=True, slots=True)
class Dates:
    """On these dates only."""

    dates: frozenset[date]

    def falls_on(self, day: CalendarDay) -> bool:
        return day.date in self.dates


@dataclass(frozen=True, slots=True)
class NthWeekdays:
    """On the first … fifth or the last (-1) of these weekdays in every month."""

    days: frozenset[int]
    nths: frozenset[int]

    def falls_on(self, day: CalendarDay) -> bool:
        return day.weekday in self.days and (day.nth in self.nths or (LAST in self.nths and day.left < 7))


@dataclass(frozen=True, slots=True)
class MonthDays:
    """On these days of every month: 1 … 31, or the last (-1). A month without a 31st has none."""

    days: frozenset[int]

    def falls_on(self, day: CalendarDay) -> bool:
        return day.date.day in self.days or (LAST in self.days and day.left == 0)


@dataclass(frozen=True, slots=True)
class YearDays:
    """On these days of every year, as (month, day). The 29th of February only in leap years."""

    days: frozenset[tuple[int, int]]

    def falls_on(self, day: CalendarDay) -> bool:
        return (day.date.month, day.date.day) in self.days


EVERY_MONTH = 0


@dataclass(frozen=True, slots=True)
class LunarDays:
    """On these days of the lunar calendar, as (month, day); the day may be the last (-1).

    Month 0 is every month, a leap month too (rằm, mùng một). A day of one month is not repeated in its leap month.
    """

    days: frozenset[tuple[int, int]]

    def falls_on(self, day: CalendarDay) -> bool:
        if day.lunar is None:
            return False
        return self._holds(day.lunar, day.lunar.day) or (day.lunar_last and self._holds(day.lunar, LAST))

    def _holds(self, lunar: LunarDate, day: int) -> bool:
        return (EVERY_MONTH, day) in self.days or (not lunar.leap and (lunar.month, day) in self.days)


@dataclass(frozen=True, slots=True)
class Holidays:
    """On the holidays of these names; without names on every holiday."""

    names: frozenset[str] = frozenset()

    def falls_on(self, day: CalendarDay) -> bool:
        return bool(day.holidays & self.names if self.names else day.holidays)


Unlimited = Weekdays | Dates | NthWeekdays | MonthDays | YearDays | LunarDays | Holidays


@dataclass(frozen=True, slots=True)
class Limited:
    """Another recurrence from a first day until a last one, after which it never falls, but for what is taken out."""

    base: Unlimited
    first: date | None = None
    last: date | None = None  # included
    skipped: frozenset[date] = frozenset()
    excludes: tuple[Unlimited, ...] = ()  # as "trừ ngày lễ"

    def falls_on(self, day: CalendarDay) -> bool:
        return (
            (self.first is None or self.first <= day.date)
            and (self.last is None or day.date <= self.last)
            and day.date not in self.skipped
            and self.base.falls_on(day)
            and not any(taken.falls_on(day) for taken in self.excludes)
        )


Recurrence = Unlimited | Limited
EVERY_DAY = Weekdays(frozenset(range(7)))


def base_of(recurrence: Recurrence) -> Unlimited:
    """What recurs, without its limits."""
    return recurrence.base if isinstance(recurrence, Limited) else recurrence


def limited(
    recurrence: Recurrence,
    first: date | None = None,
    last: date | None = None,
    excludes: tuple[Unlimited, ...] = (),
) -> Recurrence:
    """*recurrence* within these bounds as well, without what *excludes* fall on. Raises ValueError if nothing is left.

    Explicit dates come or go one by one; weekdays without some weekdays are the other weekdays.
    """
    base = base_of(recurrence)
    old = recurrence if isinstance(recurrence, Limited) else Limited(base)
    first, last = max(filter(None, (old.first, first)), default=None), min(filter(None, (old.last, last)), default=None)
    skipped = old.skipped.union(*(taken.dates for taken in excludes if isinstance(taken, Dates)))
    others = (*old.excludes, *(taken for taken in excludes if not isinstance(taken, Dates)))
    if isinstance(base, Weekdays):
        free = base.days.difference(*(taken.days for taken in others if isinstance(taken, Weekdays)))
        base, others = Weekdays(free), tuple(taken for taken in others if not isinstance(taken, Weekdays))
    if isinstance(base, Dates):
        base = Dates(frozenset(day for day in base.dates - skipped if (first or day) <= day <= (last or day)))
        first, last, skipped = None, None, frozenset()
    return _simplest(Limited(base, first, last, skipped, tuple(dict.fromkeys(others))))


def _simplest(one: Limited) -> Recurrence:
    if one.base in (Weekdays(frozenset()), Dates(frozenset())) or (one.first and one.last and one.last < one.first):
        raise ValueError("no day is left")
    return one.base if one == Limited(one.base) else one


def explicit_dates(recurrence: Recurrence) -> frozenset[date]:
    """The dates it falls on, where they are written one by one; else none."""
    base = base_of(recurrence)
    return base.dates if isinstance(base, Dates) else frozenset()


def named_holidays(recurrence: Recurrence) -> frozenset[str]:
    """The names of the holidays on which it falls, or which it leaves out."""
    parts = (recurrence.base, *recurrence.excludes) if isinstance(recurrence, Limited) else (recurrence,)
    return frozenset(name for part in parts if isinstance(part, Holidays) for name in part.names)


# --- JSON


def to_json(recurrence: Recurrence) -> dict[str, Any]:
    """One key names the kind; the limits stand beside it where there are any."""
    if not isinstance(recurrence, Limited):
        return _unlimited_to_json(recurrence)
    limits = {
        "first": recurrence.first and recurrence.first.isoformat(),
        "last": recurrence.last and recurrence.last.isoformat(),
        "skipped": _dates_to_json(recurrence.skipped),
        "except": [_unlimited_to_json(taken) for taken in recurrence.excludes],
    }
    return _unlimited_to_json(recurrence.base) | {key: value for key, value in limits.items() if value}


def _unlimited_to_json(recurrence: Unlimited) -> dict[str, Any]:
    match recurrence:
        case Weekdays(days):
            return {"weekdays": _codes(days)}
        case Dates(dates):
            return {"dates": _dates_to_json(dates)}
        case NthWeekdays(days, nths):
            return {"nth_weekdays": [sorted(nths), _codes(days)]}
        case MonthDays(days):
            return {"month_days": sorted(days)}
        case YearDays(pairs):
            return {"year_days": [list(pair) for pair in sorted(pairs)]}
        case LunarDays(pairs):
            return {"lunar_days": [list(pair) for pair in sorted(pairs)]}
        case Holidays(names):
            return {"holidays": sorted(names)}


def _codes(days: frozenset[int]) -> list[str]:
    return [DAY_CODES[day] for day in sorted(days)]


def _dates_to_json(dates: frozenset[date]) -> list[str]:
    return [day.isoformat() for day in sorted(dates)]


def from_json(data: object) -> Recurrence:
    """Inverse of ``to_json``. Raises ValueError on whatever it would not write."""
    if not isinstance(data, dict):
        raise ValueError(f"a recurrence is an object, not {type(data).__name__}")
    limits = {key: value for key, value in data.items() if key in ("first", "last", "skipped", "except")}
    base = _unlimited_from_json({key: value for key, value in data.items() if key not in limits})
    if not limits:
        return base
    return Limited(
        base,
        iso_date(limits["first"]) if "first" in limits else None,
        iso_date(limits["last"]) if "last" in limits else None,
        _dates(limits["skipped"]) if "skipped" in limits else frozenset(),
        tuple(_unlimited_from_json(taken) for taken in _list(limits.get("except", []), 20)),
    )


def _unlimited_from_json(data: object) -> Unlimited:
    if isinstance(data, dict) and len(data) == 1:
        ((kind, value),) = data.items()
        if kind in _READERS:
            return _READERS[kind](value)
    raise ValueError(f"a recurrence is one of {', '.join(_READERS)}")


def _nth_weekdays(value: object) -> NthWeekdays:
    nths, codes = _list(value, 2)
    return NthWeekdays(_weekdays(codes).days, _numbers(nths, (LAST, 1, 2, 3, 4, 5)))


def _weekdays(value: object) -> Weekdays:
    return Weekdays(frozenset(DAY_CODES.index(code) for code in _filled(value, len(DAY_CODES))))


def _month_days(value: object) -> MonthDays:
    return MonthDays(_numbers(value, (LAST, *range(1, 32))))


def _year_days(value: object) -> YearDays:
    pairs = _pairs(value)
    for month, day in pairs:
        _numbers([month], range(1, 13))
        _numbers([day], range(1, longest_month(month) + 1))
    return YearDays(frozenset((month, day) for month, day in pairs))


def longest_month(month: int) -> int:
    """Its days, in a leap year."""
    return monthrange(2024, month)[1]


def _lunar_days(value: object) -> LunarDays:
    pairs = _pairs(value)
    for month, day in pairs:
        _numbers([month], range(13))
        _numbers([day], (LAST, *range(1, 31)))
    return LunarDays(frozenset((month, day) for month, day in pairs))


def _holidays(value: object) -> Holidays:
    names = _list(value, 100)
    for name in names:
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable() or name != name.strip():
            raise ValueError("a holiday's name is a short text")
    return Holidays(frozenset(names))


_READERS: Mapping[str, Callable[[object], Unlimited]] = {
    "weekdays": _weekdays,
    "dates": lambda value: Dates(_dates(value)),
    "nth_weekdays": _nth_weekdays,
    "month_days": _month_days,
    "year_days": _year_days,
    "lunar_days": _lunar_days,
    "holidays": _holidays,
}


def _list(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"not a list of at most {most}")
    return value


def _filled(value: object, most: int) -> list[Any]:
    if not _list(value, most):
        raise ValueError("an empty list")
    assert isinstance(value, list)
    return value


def _pairs(value: object) -> list[list[Any]]:
    pairs = [_list(pair, 2) for pair in _filled(value, MAX_DATES)]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("not a month and a day")
    return pairs


def _numbers(value: object, known: tuple[int, ...] | range) -> frozenset[int]:
    numbers = _filled(value, len(known))
    if any(type(number) is not int or number not in known for number in numbers):
        raise ValueError("a number that is no such day")
    return frozenset(numbers)


def _dates(value: object) -> frozenset[date]:
    return frozenset(iso_date(text) for text in _filled(value, MAX_DATES))


def iso_date(text: object) -> date:
    """A date in its one spelling, 2026-11-23. Raises ValueError."""
    if not isinstance(text, str) or (day := date.fromisoformat(text)).isoformat() != text:
        raise ValueError(f"{text!r} is no ISO date")
    return day
