"""From a timetable to the occurrences of a year, and of one day ten years on, beside python-dateutil's rrule.

A real station's week: forty slots, of which a few recur by holiday, lunar day, day of the month or n-th weekday, some
are repeats, and a holiday timetable stands beside. The peer expands rules of the same weekdays from the same first day;
it gives bare instants, no occurrences, and knows neither moon nor holidays: those slots are weekly ones for it.
Checking such a timetable, all clashes of two years, is told as well, and one of 5,000 slots, the most that load.
"""

import statistics
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as clock

from dateutil.rrule import WEEKLY, rrule

from bench.rows import Row, progress, row
from scheduler.book import TimetableBook
from scheduler.check import Rules, check
from scheduler.occurrence import Kind
from scheduler.plan import plan_days
from scheduler.recurrence import (
    EVERY_DAY,
    LAST,
    Holidays,
    LunarDays,
    MonthDays,
    NthWeekdays,
    Recurrence,
    Weekdays,
    base_of,
    calendar_day,
    limited,
)
from scheduler.timetable import Item, Slot, Timetable

FIRST = date(2027, 1, 1)
TEN_YEARS_ON = date(2036, 11, 24)
YEAR = timedelta(days=365)
DAY = timedelta(days=1)
MONDAY_TO_SATURDAY = Weekdays(frozenset(range(6)))
RECURRENCES: tuple[Recurrence, ...] = (
    EVERY_DAY,
    *[MONDAY_TO_SATURDAY] * 4,
    Weekdays(frozenset({0, 2, 4})),
    limited(MONDAY_TO_SATURDAY, excludes=(Holidays(),)),
    NthWeekdays(frozenset({6}), frozenset({LAST})),
    LunarDays(frozenset({(0, 1), (0, 15)})),
    MonthDays(frozenset({1, 15})),
)


def rows(quick: bool) -> list[Row]:
    runs = 3 if quick else 30
    year_ms, day_ms, today_ms = (
        _median_ms(lambda first=first, days=days: plan_days(station(), first, first + days), runs)
        for first, days in ((FIRST, YEAR), (TEN_YEARS_ON, DAY), (FIRST, DAY))
    )
    progress("the peer")
    peer_year_ms = _median_ms(lambda: _by_rrule(FIRST, YEAR), max(1, runs // 5))
    peer_day_ms = _median_ms(lambda: _by_rrule(TEN_YEARS_ON, DAY), max(1, runs // 5))
    count = len(plan_days(station(), FIRST, FIRST + YEAR))
    return [
        row(
            "expansion",
            f"a year of 40 slots ({count} occurrences), median",
            year_ms,
            "ms",
            peer=("rrule", peer_year_ms),
            runs=runs,
        ),
        row("expansion", "a day ten years on, median", day_ms, "ms", peer=("rrule", peer_day_ms), runs=runs),
        row("expansion", "a day of this year, median", today_ms, "ms", runs=runs),
        row("expansion", "check of 40 slots, two years, median", _check_ms(40, runs), "ms", runs=runs),
        row("expansion", "check of 5,000 slots, two years", _check_ms(5_000, 1), "ms"),
    ]


def station(slots: int = 40) -> TimetableBook:
    """A weekly timetable and a holiday's beside it."""
    holiday = Timetable("Ngày lễ", week(8), valid_on=Holidays())
    return TimetableBook((Timetable("Lịch tuần", week(slots)), holiday))


def week(slots: int) -> tuple[Slot, ...]:
    """One after the other from 5h on, without a clash; each zone is its own where there are more than a day holds."""
    return tuple(_slot(n) for n in range(slots))


def _slot(n: int) -> Slot:
    minutes = 5 * 60 + n % 64 * 15
    kind, title = (Kind.REPEAT, f"Bản tin {n - 1} (PL)") if n % 5 == 4 else (Kind.OWN, f"Bản tin {n}")
    item = Item(title, 600_000, kind, source=f"tin-{n}.mp3", approver="Phó Chủ tịch")
    zone = "all" if n < 64 else f"Thôn {n // 64}"
    return Slot(RECURRENCES[n % len(RECURRENCES)], clock(minutes // 60, minutes % 60), item, zone)


def _check_ms(slots: int, runs: int) -> float:
    timetable = station(slots).timetables[0]
    return _median_ms(lambda: check(timetable, Rules(today=FIRST)), runs)


def _by_rrule(first: date, days: timedelta) -> int:
    """How many instants python-dateutil finds."""
    begin = datetime.combine(first, clock())
    return sum(len(_rule(slot).between(begin, begin + days)) for slot in week(40))


def _rule(slot: Slot) -> rrule:
    base = base_of(slot.recurrence)
    days = sorted(base.days) if isinstance(base, Weekdays) else [0]
    return rrule(WEEKLY, dtstart=datetime.combine(FIRST, slot.starts), byweekday=days)


def _median_ms(work: Callable[[], object], runs: int) -> float:
    """CPU time of one thread: what others do on this computer is not ours."""
    took = []
    for n in range(runs):
        progress(f"run {n + 1} of {runs}")
        calendar_day.cache_clear()
        began_ns = time.thread_time_ns()
        work()
        took.append((time.thread_time_ns() - began_ns) / 1e6)
    return statistics.median(took)
