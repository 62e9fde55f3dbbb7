"""Vietnamese public holidays, and the days a station adds or moves. Pure: a calendar is a value.

By law (Bộ luật Lao động 2019, điều 112): 1/1; Tết, five days; Giỗ Tổ, 10/3 of the lunar calendar; 30/4; 1/5; Quốc
khánh, 2/9 and the day before or after. Which days of Tết and which side of 2/9 the state announces each autumn: what
stands here is its habit, and a station writes the announced days in its configuration. So it does with days of its own
and with làm bù (a day on which one works). A day of the law on a weekly day off is made up for on the next working day
(điều 111: nghỉ bù); days that the station announced are taken as they are, and so is its own "Nghỉ bù".
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from scheduler.lunar import FIRST_DAY, LAST_DAY, LunarDate, days_in_month, solar_of
from scheduler.vietnamese import fold

TET = "Tết"
NATIONAL_DAY = "Quốc khánh"
IN_LIEU = "Nghỉ bù"
_SATURDAY = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OwnHoliday:
    """Days that a station names: certain dates, or a day of the lunar calendar every year.

    A name of the law's with dates takes the place of the days we guessed for it, in the years of those dates.
    """

    name: str
    dates: frozenset[date] = frozenset()
    lunar: tuple[int, int] | None = None  # (month, day)
    working: bool = False  # làm bù: no holiday, whatever else is said of that day

    def in_year(self, year: int) -> Iterator[date]:
        yield from (day for day in self.dates if day.year == year)
        if self.lunar is not None:
            yield from _lunar_in(year, *self.lunar)


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """The holidays of one station."""

    own: tuple[OwnHoliday, ...] = ()

    def on(self, day: date) -> frozenset[str]:
        """The names of what is celebrated on a day; empty on any other day."""
        return _of_year(self.own, day.year).get(day, frozenset())

    def names(self) -> tuple[str, ...]:
        """Every name there is, in the order of the year, the station's own last."""
        return tuple(dict.fromkeys([*_BY_LAW, IN_LIEU, *(one.name for one in self.own if not one.working)]))


def _of_law(year: int) -> dict[str, list[date]]:
    return {name: list(days(year)) for name, days in _BY_LAW.items()}


@lru_cache(maxsize=256)
def _of_year(own: tuple[OwnHoliday, ...], year: int) -> Mapping[date, frozenset[str]]:
    named = _of_law(year)
    working = {day for one in own if one.working for day in one.in_year(year)}
    announced = {one.name for one in own if not one.working and any(one.in_year(year))}
    named[IN_LIEU] = _in_lieu({name: days for name, days in named.items() if name not in announced}, named, working)
    for name in {one.name for one in own if not one.working}:
        days = [day for one in own if one.name == name and not one.working for day in one.in_year(year)]
        if days or name not in named:
            named[name] = days
    return _by_day((day, name) for name, days in named.items() for day in days if day not in working)


def _in_lieu(
    guessed: Mapping[str, Iterable[date]], named: Mapping[str, Iterable[date]], working: Iterable[date]
) -> list[date]:
    """For each day of *guessed* on a Saturday or Sunday, when offices rest, the next day on which they would not."""
    taken = {day for days in named.values() for day in days}
    worked = set(working)
    found = []
    for day in sorted({day for days in guessed.values() for day in days if day.weekday() >= _SATURDAY} - worked):
        instead = day + _DAY
        while instead in taken or (instead.weekday() >= _SATURDAY and instead not in worked):
            instead += _DAY
        taken.add(instead)
        found.append(instead)
    return found


def _by_day(pairs: Iterable[tuple[date, str]]) -> Mapping[date, frozenset[str]]:
    found: defaultdict[date, set[str]] = defaultdict(set)
    for day, name in pairs:
        found[day].add(name)
    return {day: frozenset(names) for day, names in found.items()}


# --- the days of the law


def _fixed(month: int, day: int) -> Callable[[int], Iterator[date]]:
    return lambda year: iter([date(year, month, day)])


def _lunar_in(year: int, month: int, day: int) -> Iterator[date]:
    """A day of the lunar calendar in a solar year: once, seldom twice or not at all. Day -1 is the month's last."""
    for lunar_year in (year - 1, year):
        try:
            last = days_in_month(LunarDate(lunar_year, month, False, 1))
            found = solar_of(LunarDate(lunar_year, month, False, last if day == -1 else day))
        except ValueError:  # a month of 29 days, or a year that the calendar does not know
            continue
        if found.year == year and FIRST_DAY <= found <= LAST_DAY:
            yield found


def _tet(year: int) -> Iterator[date]:
    """The last day of the old year and four of the new one: what was announced most often."""
    for first in _lunar_in(year, 1, 1):
        yield from (first + n * _DAY for n in (-1, 0, 1, 2, 3))


_BESIDE_NATIONAL_DAY = (1, -1, -1, 1, -1, -1, 1)  # by weekday of 2/9: what makes the longest rest, as the state does


def _national_day(year: int) -> Iterator[date]:
    day = date(year, 9, 2)
    yield from (day, day + _BESIDE_NATIONAL_DAY[day.weekday()] * _DAY)


_BY_LAW: Mapping[str, Callable[[int], Iterator[date]]] = {
    "Tết Dương lịch": _fixed(1, 1),
    TET: _tet,
    "Giỗ Tổ": lambda year: _lunar_in(year, 3, 10),
    "30/4": _fixed(4, 30),
    "1/5": _fixed(5, 1),
    NATIONAL_DAY: _national_day,
    "2/9": _fixed(9, 2),
}
_OTHER_NAMES = {
    "1/1": "Tết Dương lịch",
    "nam moi": "Tết Dương lịch",
    "tet tay": "Tết Dương lịch",
    "tet nguyen dan": TET,
    "tet am lich": TET,
    "nghi tet": TET,
    "gio to hung vuong": "Giỗ Tổ",
    "giai phong mien nam": "30/4",
    "ngay giai phong": "30/4",
    "ngay chien thang": "30/4",
    "ngay thong nhat": "30/4",
    "quoc te lao dong": "1/5",
    "ngay lao dong": "1/5",
    "ngay quoc khanh": NATIONAL_DAY,
}
_NAMED = {fold(name): name for name in (*_BY_LAW, IN_LIEU)} | _OTHER_NAMES
VIETNAM = HolidayCalendar()


def holiday_named(text: str) -> str | None:
    """The name by which the calendar knows what people call so ("Giỗ tổ Hùng Vương"); None if the law has none such."""
    words = fold(text).replace("/0", "/").removeprefix("0")
    for name in (words, words.removeprefix("ngay "), words.removeprefix("le ")):
        if name in _NAMED:
            return _NAMED[name]
    return None
