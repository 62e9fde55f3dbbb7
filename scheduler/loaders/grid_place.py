"""Where a weekly grid is in a sheet: the rows, or the column, that head its days."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from scheduler.loaders.cell_kinds import is_clock, is_day
from scheduler.loaders.headings import part_named
from scheduler.loaders.table import Table
from scheduler.loaders.titles import read_titles
from scheduler.loaders.view import View
from scheduler.spoken.cells import Cell, is_blank, words
from scheduler.spoken.days import are_bare_days, read_days
from scheduler.spoken.spans import Span
from scheduler.timetable import Dates, Weekdays
from scheduler.vietnamese import Misread, fold

HEADING_WITHIN_ROWS = 60
_NUMBERED_DAYS = {str(number) for number in range(2, 8)}
_SUNDAYS = ("cn", "chu nhat", "thu", "thu/gio", "gio/thu", "thu / gio", "gio / thu")  # or what says that these are days


@dataclass(frozen=True, slots=True)
class Found:
    """A grid in a view: the rows that head it; each begins a part of its own, down to the next."""

    view: View
    headings: Sequence[int]
    day_count: int


def find(table: Table) -> Found | None:
    """The grid of a table, days across or days down; None if there is none."""
    view = View.of(_with_dates_of_month(_with_days_down(_with_named_days(table))))
    counts = {row: len(_day_columns(view, row)) for row in view.rows[:HEADING_WITHIN_ROWS]}
    most = max(counts.values(), default=0)
    if most >= 2:
        later = {row: len(_day_columns(view, row)) for row in view.rows[HEADING_WITHIN_ROWS:]}
        headings = [row for row, count in (counts | later).items() if count >= 2 and count * 2 >= most]
        return Found(view, _without_second_rows(view, headings), most)
    alone = next((row for row, count in counts.items() if count == 1 and _names_a_clock_too(view, row)), None)
    return Found(view, [alone], 1) if alone is not None else _find_turned(view)


def _with_named_days(table: Table) -> Table:
    """The table with "2 | 3 | … | 7 | CN", or "Thu" after "Wed", written as the weekdays that such headings mean."""
    for row, cells in enumerate(table.rows[:HEADING_WITHIN_ROWS]):
        texts = [words(cell) for cell in cells]
        numbers = [text for text in texts if text in _NUMBERED_DAYS]
        if len(numbers) >= 3 and numbers == sorted(set(numbers)) and any(fold(text) in _SUNDAYS for text in texts):
            named = [f"Thứ {text}" if text in _NUMBERED_DAYS else cell for text, cell in zip(texts, cells, strict=True)]
        elif {"wed", "thu"} <= {fold(text) for text in texts}:
            named = ["Thursday" if fold(text) == "thu" else cell for text, cell in zip(texts, cells, strict=True)]
        else:
            continue
        return replace(table, rows=[*table.rows[:row], named, *table.rows[row + 1 :]])
    return table


def _with_days_down(table: Table) -> Table:
    """The table with "Hai", "Ba" under "Thứ" written as the weekdays that they are, where nothing else stands there."""
    for row, cells in enumerate(table.rows[:HEADING_WITHIN_ROWS]):
        columns = [n for n, cell in enumerate(cells) if isinstance(cell, str) and fold(cell).strip(" :.") == "thu"]
        if columns:
            below = range(row + 1, len(table.rows))
            days = [lower for lower in below if are_bare_days(words(table.cell(lower, columns[0])))]
            return _prefixed(table, days, columns[0]) if len(days) > 1 else table
    return table


def _prefixed(table: Table, rows: Collection[int], column: int) -> Table:
    written = [list(cells) for cells in table.rows]
    for row in rows:
        if column < len(written[row]) and not is_blank(written[row][column]):
            written[row][column] = f"Thứ {words(written[row][column])}"
    return replace(table, rows=written)


def _with_dates_of_month(table: Table) -> Table:
    """The table with 1, 2, 3 … under "Ngày" written as dates, and "Hai", 3 beside them as weekdays.

    Only below a title that tells the month, in a column of nothing else.
    """
    for row, cells in enumerate(table.rows[:HEADING_WITHIN_ROWS]):
        headed = {fold(words(cell)).strip(" :."): column for column, cell in enumerate(cells) if isinstance(cell, str)}
        if "ngay" in headed and (span := read_titles(table, range(row)).span) is not None:
            dates = _dates_of_month(table, row + 1, headed["ngay"], span)
            return _written_in(table, dates, headed["ngay"], headed.get("thu")) if dates else table
    return table


def _dates_of_month(table: Table, below: int, column: int, span: Span) -> dict[int, date]:
    """Row → date; nothing if a row that begins with a number is no day of the span, or there are too few."""
    found: dict[int, date] = {}
    for row in range(below, len(table.rows)):
        text = words(table.rows[row][column]) if column < len(table.rows[row]) else ""
        if not text.isdigit() or len(text) > 2:
            continue
        if (day := span.date_of(int(text))) is None:
            return {}
        found[row] = day
    return found if len(found) > 1 else {}


def _written_in(table: Table, dates: Mapping[int, date], column: int, weekdays: int | None) -> Table:
    rows = [list(cells) for cells in table.rows]
    for row, day in dates.items():
        rows[row][column] = day
        if weekdays is not None and weekdays < len(rows[row]) and words(rows[row][weekdays]):
            rows[row][weekdays] = _weekday_beside(rows[row][weekdays])
    return replace(table, rows=rows)


def _weekday_beside(cell: Cell) -> Cell:
    return cell if is_day(cell) else f"Thứ {words(cell)}"


def _names_a_clock_too(view: View, row: int) -> bool:
    """A grid of one day, "Giờ | Thứ 2", has its time beside it."""
    return any(part_named(view.at(row, column)) in ("time", "session") for column in view.seen(row))


def _day_columns(view: View, row: int) -> list[int]:
    """The columns that this row heads with days; none where it is one day, its date beside its weekday."""
    columns = [column for column in view.seen(row) if is_day(view.at(row, column))]
    return columns[:1] if len(columns) == 2 and _is_one_day(*(view.at(row, column) for column in columns)) else columns


def _is_one_day(one: Cell, other: Cell) -> bool:
    try:
        days = {type(read_days(cell)) for cell in (one, other)}
    except Misread:
        return False
    return days == {Weekdays, Dates}


def _without_second_rows(view: View, headings: Sequence[int]) -> list[int]:
    """Dates under the weekdays are the same heading."""
    return [row for n, row in enumerate(headings) if n == 0 or headings[n - 1] != row - 1]


def _find_turned(view: View) -> Found | None:
    """Days down: the column with most days, where the row above the first of them tells times or sessions."""
    first_rows = view.rows[:HEADING_WITHIN_ROWS]
    days = Counter(c for row in first_rows for c in _day_columns(view, row) if view.begins(row, c))
    column, count = max(days.items(), key=lambda pair: pair[1], default=(0, 0))
    if count < 2:
        return None
    rows = [row for row in view.rows if is_day(view.at(row, column))]
    first = _top_of_turned(view, rows[0], column)
    if first is None:
        return None
    return Found(view.part(first, view.area(rows[-1], column)[2] + 1).turn(), [column], count)


def _top_of_turned(view: View, first_day: int, column: int) -> int | None:
    """The first of the rows directly above the days that hold times or sessions."""
    top = None
    for row in range(first_day - 1, max(-1, first_day - 4), -1):
        if any(is_clock(view.at(row, c)) for c in view.seen(row) if c != column):
            top = row
    return top
