"""The row (or two) that heads a plain list: which column holds what. Lists may stand beside one another under it."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from scheduler.loaders.cell_kinds import is_clock, is_day
from scheduler.loaders.headings import doubled_column, heading_words, misspelt, part_named, wrong_unit
from scheduler.loaders.table import Table
from scheduler.loaders.view import View
from scheduler.problem import Problem
from scheduler.spoken.cells import Cell, excerpt, is_blank, words
from scheduler.spoken.sessions import Session, read_session
from scheduler.vietnamese import is_kind

REQUIRED = ("day", "time", "title")
WITHIN_ROWS = 50
_ORDINAL = re.compile(r"\(?(?:\d{1,2}|[A-Z])\)?")


@dataclass(frozen=True, slots=True)
class Heading:
    row: int
    top: int  # the first row of headings: the same, or the one above
    below: int  # the first row of the list itself
    columns: Mapping[str, int]  # part → column
    numbers: Sequence[int]  # columns that count the rows
    problems: Sequence[Problem]
    second_day: int | None = None  # a column of dates beside one of weekdays
    clocks: Sequence[tuple[int, Session]] = ()  # columns of times, one for each part of the day
    beside: Sequence["Heading"] = ()  # of the lists on the right, which share what stands left of all of them
    others: frozenset[int] = frozenset()  # the columns of the lists beside this one

    @property
    def is_whole(self) -> bool:
        return all(part in self.columns for part in REQUIRED)


def find_heading(table: Table) -> Heading | None:
    """The row that names the most columns of a plain list; None if no row names a time or a title and one more."""
    view = View.of(table)
    rows = range(min(len(table.rows), WITHIN_ROWS))
    row = max(rows, key=lambda row: len(_parts(view, [row])), default=0)
    parts = set(_parts(view, [row])) if rows else set()
    if len(parts) < 2 or not parts & {"time", "title", "content"}:
        return None
    return _heading(table, view, row)


def heading_score(table: Table) -> int:
    """How many columns of a list or days of a grid a row names: to tell by which mark a .csv is separated."""
    view = View.of(table)
    rows = range(min(len(table.rows), WITHIN_ROWS))
    return max((len(_parts(view, [row])) + _days_named(table, row) for row in rows), default=0)


def names_as_many(table: Table, row: int, heading: Heading) -> bool:
    """Whether a row further down is the heading once more, as on every printed page."""
    named = [part for column in table.filled(row) if (part := part_named(table.cell(row, column)))]
    return len(set(named)) >= len(heading.columns)


def _days_named(table: Table, row: int) -> int:
    return sum(is_day(table.cell(row, column)) for column in table.filled(row))


def _parts(view: View, rows: Sequence[int]) -> dict[str, list[int]]:
    """The columns that heading rows name, by part. The lowest row says it best."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for column in view.columns:
        cells = [view.at(row, column) for row in reversed(rows) if view.area(row, column)[1] == column]
        if part := next((part for cell in cells if (part := part_named(cell))), None):
            found[part].append(column)
    return {part: _seen(columns, view.table) for part, columns in found.items()}


def _seen(columns: list[int], table: Table) -> list[int]:
    """Of several columns of one name those that are shown; "Giờ" of the winter is hidden beside the new one."""
    return [column for column in columns if column not in table.hidden_columns] or columns


def _heading(table: Table, view: View, row: int) -> Heading:
    rows = [row, row + 1] if _goes_on(view, row) else [row]
    below = rows[-1] + 1
    if below in view.rows and _only_numbers_columns(table, below):
        below += 1
    parts = _parts(view, rows)
    groups = _groups(parts)
    if not groups:
        return _of_parts(table, rows, below, parts)
    headings = [_of_parts(table, rows, below, group) for group in groups]
    own = [frozenset(c for found in group.values() for c in found) for group in groups]
    shared = frozenset.intersection(*own)
    headings = [
        replace(heading, others=_between(shared, own, n, view.width) - shared) for n, heading in enumerate(headings)
    ]
    return replace(headings[0], beside=tuple(headings[1:]))


def _between(shared: frozenset[int], own: Sequence[frozenset[int]], n: int, width: int) -> frozenset[int]:
    """Every column that is not of the n-th list: also those without a heading."""
    starts = [min(columns - shared) for columns in own] + [width]
    return frozenset(range(starts[0], width)) - frozenset(range(starts[n], starts[n + 1]))


def _goes_on(view: View, row: int) -> bool:
    """Whether the next row heads columns too: "Thời gian" over "Bắt đầu | Kết thúc"."""
    below = row + 1
    if below not in view.rows:
        return False
    begun = [c for c in view.seen(below) if view.area(below, c)[0] == below]
    return len(begun) > 1 and all(part_named(view.at(below, c)) or _part_of_day(view.at(below, c)) for c in begun)


def _only_numbers_columns(table: Table, row: int) -> bool:
    """ "(1) | (2) | (3)" under the headings, as in the forms of offices."""
    texts = [words(table.cell(row, column)) for column in table.filled(row)]
    numbers = [int(text.strip("()")) for text in texts if text.strip("()").isdigit()]
    return len(numbers) > 2 and all(map(_ORDINAL.fullmatch, texts)) and numbers == sorted(set(numbers))


def _groups(parts: Mapping[str, Sequence[int]]) -> list[dict[str, list[int]]]:
    """The columns of each of several lists beside one another; none if it is one list."""
    repeated = {part: columns for part, columns in parts.items() if len(columns) > 1 and part not in ("day", "note")}
    counts = {len(columns) for columns in repeated.values()}
    if len(counts) != 1 or not {"title", "content"} & set(repeated) or "time" not in repeated:
        return []
    (count,) = counts
    groups = [{part: [columns[n]] for part, columns in repeated.items()} for n in range(count)]
    ends = [(min(c for (c,) in group.values()), max(c for (c,) in group.values())) for group in groups]
    if any(earlier[1] >= later[0] for earlier, later in pairwise(ends)):
        return []
    shared = {
        part: list(columns) for part, columns in parts.items() if part not in repeated and columns[0] < ends[0][0]
    }
    days = parts.get("day", [])
    if len(days) == count:
        return [group | shared | {"day": [day]} for group, day in zip(groups, days, strict=True)]
    return [shared | group for group in groups]


def _of_parts(table: Table, rows: Sequence[int], below: int, given: Mapping[str, Sequence[int]]) -> Heading:
    parts = {part: list(columns) for part, columns in given.items()}
    row, view = rows[-1], View.of(table)
    contents, topics, genres, often = (parts.pop(part, []) for part in ("content", "topic", "genre", "often"))
    numbers, _ = parts.pop("number", []), parts.pop("note", [])
    for loose in (contents, topics):  # Nội dung is the title only where there is no Chương trình
        if loose:
            parts.setdefault("title", loose)
    if topics and parts["title"] is not topics:
        parts.setdefault("field", topics)
    if genres:
        parts.setdefault("kind" if _holds_kinds(table, below, genres[0]) else "field", genres)
    if often and _mostly(is_day, view, below, often[0]):
        parts.setdefault("day", often)
    days = parts.get("day", [])
    second_day = days.pop() if len(days) == 2 else None
    columns = {part: found[0] for part, found in parts.items()}
    clocks = _clocks(view, rows, below, columns)
    if clocks:
        columns["time"] = clocks[0][0]
    problems = [doubled_column(part, table.where(row, c)) for part, found in parts.items() for c in found[1:]]
    asked = [*_misspelt(table, row, [column for column, _ in clocks]), *problems]
    if "duration" in columns:
        asked += _unit(table, rows, columns["duration"])
    top = min(rows[0], *(view.area(row, column)[0] for column in columns.values()))
    return Heading(row, top, below, columns, numbers, asked, second_day, clocks)


_CLOCK_OF_PART = re.compile(
    r"(?P<says>(?:gio|thoi gian|khung gio)(?: phat(?: thanh| song)?)?)?\s*(?:buoi |ca )?(?P<part>sang|trua|chieu|toi)"
)


def _part_of_day(cell: Cell) -> re.Match[str] | None:
    """Whether a cell heads a part of the day: "Giờ sáng", which says that times stand below, or "Sáng"."""
    return _CLOCK_OF_PART.fullmatch(heading_words(cell))


def _clocks(view: View, rows: Sequence[int], below: int, columns: Mapping[str, int]) -> Sequence[tuple[int, Session]]:
    """The columns of "Giờ sáng | Giờ chiều", or of "Sáng | Chiều" over nothing but times."""
    if "time" in columns and _part_of_day(view.at(rows[-1], columns["time"])) is None:
        return ()
    found = []
    for column in sorted(set(view.columns) - (set(columns.values()) - {columns.get("time")})):
        named = _part_of_day(view.at(rows[-1], column))
        session = read_session(named["part"]) if named else None
        if named and session and (named["says"] or _mostly(is_clock, view, below, column)):
            found.append((column, session))
    return found


def _mostly(is_one: Callable[[Cell], bool], view: View, below: int, column: int) -> bool:
    """Whether most of what stands there is one: a time; a day, as "Thứ 2, 4", but not "2 lần/ngày"."""
    cells = [cell for row in view.rows[below:] if not is_blank(cell := view.at(row, column))]
    return 2 * sum(map(is_one, cells)) > len(cells)


def _misspelt(table: Table, row: int, known: Collection[int]) -> list[Problem]:
    unknown = [c for c in table.filled(row) if c not in known and part_named(table.cell(row, c)) is None]
    asked = [misspelt(table.cell(row, c), table.where(row, c)) for c in unknown]
    return [problem for problem in asked if problem is not None]


def _unit(table: Table, rows: Sequence[int], column: int) -> list[Problem]:
    asked = [wrong_unit(table.cell(row, column), table.where(row, column)) for row in rows]
    return [problem for problem in asked if problem is not None]


def _holds_kinds(table: Table, below: int, column: int) -> bool:
    """Whether "Thể loại" says how items are made; in other sheets it says "Tin", "Bài", "Phóng sự"."""
    texts = (excerpt(table.cell(row, column)) for row in range(below, len(table.rows)))
    return any(is_kind(text) for text in texts)
