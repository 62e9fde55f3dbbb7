"""What single cells of a list's row say of their days, their weeks and their times."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from scheduler.loaders.cell_kinds import is_day
from scheduler.loaders.table import Table
from scheduler.loaders.titles import Titles
from scheduler.spoken.cells import DAY_S, MARKS, Cell, words
from scheduler.spoken.contents import MOMENT
from scheduler.spoken.days import narrowed, perhaps_weekdays
from scheduler.spoken.sessions import Session, session_if_any
from scheduler.spoken.spans import read_span
from scheduler.spoken.times import DAY_ZERO_YEAR, TimeOfDay, read_time, read_times, shown_clock
from scheduler.timetable import Dates, Recurrence
from scheduler.vietnamese import Misread, fold, shadow, tidy

_OF_WHAT = r"(?:ngay|thu|buoi|sang|trua|chieu|toi|tuan|thang|cn|chu nhat)\b.*"
_TOTAL = re.compile(rf"(?:tong(?: cong| so| thoi luong| thoi gian)?|cong)\W*(?:\d.*|{_OF_WHAT})?")
_FOLLOWS = re.compile(r"(?:tiep(?: theo| tuc| den| sau)?|ke tiep|ngay sau(?: do)?|sau do)")


def in_week(days: Recurrence, cell: Cell, titles: Titles) -> Recurrence:
    """The days of "Tuần 48 (23/11-29/11)" only. Raises Misread for a week that nothing dates."""
    text = words(cell)
    if (span := read_span(text, titles.year)) is not None:
        return narrowed(days, cell, span.first, span.last)
    if titles.span is not None and titles.span.last - titles.span.first < timedelta(days=7):
        return days
    vi, en = f"“{text}”: từ ngày nào? Ghi như “{text} (23/11-29/11/2026)”", f"“{text}”: of which dates?"
    raise Misread("week_without_dates", vi, en)


def sure_dates_of(table: Table, below: int, column: int) -> set[date]:
    cells = (table.cell(row, column) for row in range(below, len(table.rows)))
    return {day_of(cell) for cell in cells if isinstance(cell, date) and perhaps_weekdays(cell) is None}


def day_of(cell: date) -> date:
    return cell.date() if isinstance(cell, datetime) else cell


def time_alone(cell: Cell, recurrence: Recurrence | None) -> Cell:
    """The time of a cell that repeats its row's date, as spreadsheets keep a moment."""
    is_moment = isinstance(cell, datetime) and recurrence == Dates(frozenset({cell.date()}))
    return cell.time() if is_moment and isinstance(cell, datetime) else cell


def times_of_part(cell: Cell, session: Session) -> list[TimeOfDay]:
    """The times of a part of the day: "5h30" of the afternoon is 17h30. Raises Misread."""
    return [_of_part(clock, session) for clock in read_times(cell)]


def _of_part(clock: TimeOfDay, session: Session) -> TimeOfDay:
    later = clock.second + DAY_S // 2
    if not session.holds(clock.second) and session.holds(later):
        starts = clock.starts.replace(hour=later // 3_600)
        return TimeOfDay(starts, clock.duration_ms, shown_clock(later))
    session.refuse(clock.second)
    return clock


def day_and_time(cell: Cell) -> tuple[Cell, Cell]:
    """The day and the time of a cell that holds both: a moment, "5h30 (thứ 2 đến thứ 6)"; else no day, and the cell."""
    if isinstance(cell, datetime) and cell.year > DAY_ZERO_YEAR:
        return cell.date(), cell.time()
    text = tidy(cell) if isinstance(cell, str) else ""
    if found := MOMENT.search(shadow(text).translate(MARKS)):
        day = f"{text[: found.start()]} {text[found.end() :]}".strip(" ,;:-()")
        if is_day(day):
            return day, text[slice(*found.span())]
    return None, cell


_BULLET = re.compile(r"\s*(?:[-+*•]|\d{1,2}[.)/])\s*(?=\D)")


def items_by_line(cells: Mapping[str, Cell]) -> list[dict[str, Cell]]:
    """A row whose cells hold several items, a line each: "1. VOV1⏎2. Bản tin" beside "5h00-5h30⏎5h30-5h45".

    The row itself where that is not certain: the lines of a title may as well be one title, that airs twice.
    """
    lines = {part: _lines(cells.get(part)) for part in ("time", "title", "duration", "kind")}
    count = len(lines["time"])
    if count < 2 or len(lines["title"]) != count:
        return [dict(cells)]
    counted = all(map(_BULLET.match, lines["title"])) or len(lines["duration"]) == count
    if not counted and not _follow_one_another(lines["time"]):
        return [dict(cells)]
    split = {part: found for part, found in lines.items() if len(found) == count}
    split["title"] = [_BULLET.sub("", line, 1) for line in lines["title"]]
    return [{**cells, **{part: found[n] for part, found in split.items()}} for n in range(count)]


def _lines(cell: Cell) -> list[str]:
    return [line for line in cell.splitlines() if line.strip()] if isinstance(cell, str) else []


def _follow_one_another(clocks: Sequence[str]) -> bool:
    """Whether each range begins when the one before it ends."""
    try:
        ranges = [read_time(clock) for clock in clocks]
    except Misread:
        return False
    return all(one.end_s == other.second for one, other in pairwise(ranges))


_PART = r"(?:buoi )?(?:sang|trua|chieu|toi)"
_PART_OF_DAY = (  # "Sáng thứ 2", "Thứ 7 (buổi sáng)"
    re.compile(rf"(?P<session>{_PART})\s*[,:-]?\s+(?P<day>.+)"),
    re.compile(rf"(?P<day>.+?)\s*[,:(-]?\s*(?P<session>{_PART})\)?"),
)


@lru_cache(maxsize=5_000, typed=True)
def day_and_session(cell: Cell) -> tuple[Cell, Cell]:
    """The day and the session of a cell that holds both, else the cell and none."""
    text = tidy(cell) if isinstance(cell, str) else ""
    for pattern in _PART_OF_DAY:
        found = pattern.fullmatch(shadow(text))
        if found and is_day(day := text[slice(*found.span("day"))]):
            return day, text[slice(*found.span("session"))]
    return cell, None


def names_session_only(cell: Cell) -> bool:
    """ "Sáng" in the column of times."""
    session = None if any(c.isdigit() for c in words(cell)) else session_if_any(cell)
    return session is not None and session.is_readable


def says_it_follows(cell: Cell) -> bool:
    return isinstance(cell, str) and bool(_FOLLOWS.fullmatch(fold(cell).strip(" .")))


def is_total(cell: Cell) -> bool:
    """Whether a cell begins the row that adds the durations up."""
    return isinstance(cell, str) and bool(_TOTAL.fullmatch(fold(cell)))


def has_hours(cell: Cell) -> bool:
    session = session_if_any(cell)
    return session is not None and session.clock is not None
