"""The plain list: one row an item under Vietnamese headings, in any order, below whatever title rows there are."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scheduler.loaders.fields import NAMES, Reader, read_slot
from scheduler.loaders.headings import missing_column, misspelt, part_named, wrong_unit
from scheduler.loaders.result import SheetPlan
from scheduler.loaders.table import Table
from scheduler.loaders.titles import read_titles
from scheduler.problem import Problem
from scheduler.spoken.cells import Cell, excerpt, is_blank
from scheduler.spoken.days import read_days
from scheduler.timetable import MAX_SLOTS, Recurrence, Slot
from scheduler.vietnamese import Misread

REQUIRED = ("day", "time", "title")
HEADING_WITHIN_ROWS = 50
MAX_PROBLEMS = 1_000


def read(table: Table, heading: "Heading") -> SheetPlan:
    """The list below its heading."""
    return _List(table, heading).read()


@dataclass(frozen=True, slots=True)
class Heading:
    row: int
    columns: Mapping[str, int]  # part → column
    numbers: Sequence[int]  # columns that count the rows
    problems: Sequence[Problem]

    @property
    def is_whole(self) -> bool:
        return all(part in self.columns for part in REQUIRED)


def find_heading(table: Table) -> Heading | None:
    """The row that names the most columns of a plain list; None if no row names a time or a title and one more."""
    rows = range(min(len(table.rows), HEADING_WITHIN_ROWS))
    row = max(rows, key=lambda row: len(_parts(table, row)), default=0)
    parts = set(_parts(table, row)) if rows else set()
    if len(parts) < 2 or not parts & {"time", "title", "content"}:
        return None
    return _heading(table, row)


def heading_score(table: Table) -> int:
    """How many columns of a plain list a table names: to tell by which mark a .csv is separated."""
    rows = range(min(len(table.rows), HEADING_WITHIN_ROWS))
    return max((len(_parts(table, row)) for row in rows), default=0)


def _parts(table: Table, row: int) -> dict[str, list[int]]:
    """The columns that a row names, by part."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for column in table.filled(row):
        if part := part_named(table.cell(row, column)):
            found[part].append(column)
    return dict(found)


def _heading(table: Table, row: int) -> Heading:
    parts = _parts(table, row)
    contents, numbers, _ = parts.pop("content", []), parts.pop("number", []), parts.pop("note", [])
    if contents:
        parts.setdefault("title", contents)  # Nội dung is the title only where there is no Chương trình
    columns = {part: found[0] for part, found in parts.items()}
    unknown = [c for c in table.filled(row) if part_named(table.cell(row, c)) is None]
    asked = [misspelt(table.cell(row, c), table.where(row, c)) for c in unknown]
    asked += [missing_column(part, table.where(row, 0)) for part in REQUIRED if part not in columns]
    if "duration" in columns:
        asked.append(wrong_unit(table.cell(row, columns["duration"]), table.where(row, columns["duration"])))
    return Heading(row, columns, numbers, [*_doubled(table, row, parts), *filter(None, asked)])


def _doubled(table: Table, row: int, parts: Mapping[str, Sequence[int]]) -> Iterator[Problem]:
    for part, columns in parts.items():
        for column in columns[1:]:
            vi, en = f"có hai cột {NAMES[part][0]}", f"there are two columns for the {NAMES[part][1]}"
            yield Problem(table.where(row, column), "doubled_column", vi, en)


@dataclass(slots=True)
class _List:
    """Reads the rows below a heading from top to bottom; an empty day is that of the row above."""

    table: Table
    heading: Heading
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    day: Recurrence | None = None
    day_was_given: bool = False  # a day that could not be read was given too: that is told once

    def read(self) -> SheetPlan:
        where = self.table.where(self.heading.row, 0)
        self.errors += self.heading.problems
        if not self.heading.is_whole:
            return SheetPlan(where, errors=tuple(self.errors))
        titles = read_titles(self.table, range(self.heading.row))
        self.errors += titles.errors
        self.warnings += titles.warnings
        last_timed = max((row for row in self._rows() if self._has_time(row)), default=-1)
        for row in self._rows():
            if not self._is_label(row, last_timed):
                self._read_item(row)
            if len(self.errors) > MAX_PROBLEMS or len(self.slots) > MAX_SLOTS:
                vi, en = "quá nhiều lỗi hoặc quá nhiều dòng; dừng ở đây", "too many errors or rows; stopped here"
                self.errors.append(Problem(self.table.where(row, 0), "too_many", vi, en))
                break
        problems = tuple(self.errors), tuple(self.warnings[:MAX_PROBLEMS])
        return SheetPlan(where, titles.name, titles.span, tuple(self.slots), *problems)

    def _rows(self) -> Iterator[int]:
        return (row for row in range(self.heading.row + 1, len(self.table.rows)) if self.table.filled(row))

    def _where(self, row: int, part: str) -> str:
        column = self.heading.columns[part]
        return self.table.where(row, column, excerpt(self.table.cell(self.heading.row, column)))

    def _cell(self, row: int, part: str) -> Cell:
        return self.table.cell(row, self.heading.columns[part])

    def _has_time(self, row: int) -> bool:
        return not is_blank(self._cell(row, "time"))

    def _read_item(self, row: int) -> None:
        day = self._day_of(row)
        places = {part: self._where(row, part) for part in self.heading.columns}
        cells = {part: self._cell(row, part) for part in self.heading.columns}
        reader = Reader(cells, places, places["time"])
        slot = read_slot(reader, day)
        self.errors += reader.errors
        self.warnings += [*reader.warnings, *self._notes(row)]
        if slot is not None and not reader.errors:
            self.slots.append(slot)

    def _day_of(self, row: int) -> Recurrence | None:
        """The row's day; None if it could not be read, which is told at the row where it stands."""
        merged = self.table.is_merged_into(row, self.heading.columns["day"])
        if merged and self.day_was_given:
            return self.day
        if not is_blank(self._cell(row, "day")):
            self.day = self._try_day(row)
        elif not self.day_was_given:
            self._problem(self.errors, row, "day", "missing_day", "thiếu ngày", "the day is missing")
        else:
            vi, en = "ô ngày trống: hiểu là như dòng trên", "no day given: taken as in the row above"
            self._problem(self.warnings, row, "day", "day_inherited", vi, en)
        return self.day

    def _try_day(self, row: int) -> Recurrence | None:
        self.day_was_given = True
        try:
            return read_days(self._cell(row, "day"))
        except Misread as misread:
            self._problem(self.errors, row, "day", misread.code, misread.vi, misread.en)
            return None

    def _problem(self, problems: list[Problem], row: int, part: str, code: str, vi: str, en: str) -> None:
        problems.append(Problem(self._where(row, part), code, vi, en))

    def _is_label(self, row: int, last_timed: int) -> bool:
        """Whether the row is no item: a repeated heading, a day's or session's name, a signature below the list."""
        if self._has_time(row):
            return len(_parts(self.table, row)) >= len(self.heading.columns)
        filled = self.table.filled(row)
        if filled == [self.heading.columns["day"]] and self._names_a_day(row):
            self.day, self.day_was_given = read_days(self._cell(row, "day")), True
            return True
        if row < last_timed and (len(filled) > 1 or filled == [self.heading.columns["title"]]):
            return False
        text = excerpt(self.table.cell(row, filled[0]))
        vi, en = f"dòng không có giờ, bỏ qua: “{text}”", f"a row without a time is passed over: “{text}”"
        self.warnings.append(Problem(self.table.where(row, filled[0]), "row_ignored", vi, en))
        return True

    def _names_a_day(self, row: int) -> bool:
        try:
            read_days(self._cell(row, "day"))
        except Misread:
            return False
        return True

    def _notes(self, row: int) -> Iterator[Problem]:
        """What the sheet says beside the list is not carried out, and that is said."""
        for column in self.table.filled(row):
            if column not in self.heading.columns.values() and column not in self.heading.numbers:
                text = excerpt(self.table.cell(row, column))
                vi, en = f"“{text}” chỉ là ghi chú, máy không làm theo", f"“{text}” is a note; it is not carried out"
                yield Problem(self.table.where(row, column), "note_ignored", vi, en)
