"""Blocks of days without a table: ``THỨ HAI 23/11/2026``, ``BUỔI SÁNG``, and a line an item, ``5h30 Thời sự (15')``.

So a province's station publishes its week. A line is a paragraph, a row of cells, or one of several lines in a cell.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise

from scheduler.loaders.cell_kinds import is_clock, is_day
from scheduler.loaders.grid_rows import gone_back
from scheduler.loaders.items import Frame, Mark, entries_of
from scheduler.loaders.remarks import is_remark, is_signature, note_ignored
from scheduler.loaders.result import SheetPlan
from scheduler.loaders.sequence import Entry, slots_of, without_doubles
from scheduler.loaders.table import Table
from scheduler.loaders.titles import NO_TITLES, Titles, read_titles
from scheduler.problem import Problem
from scheduler.spoken.cells import Cell, excerpt, is_blank, words
from scheduler.spoken.contents import Piece, is_off, read_contents
from scheduler.spoken.days import read_days
from scheduler.spoken.durations import read_duration
from scheduler.spoken.sessions import Session, read_session, session_if_any
from scheduler.spoken.times import read_times
from scheduler.timetable import Recurrence
from scheduler.vietnamese import Misread

LEAST_ITEMS = 2
MOST_LINES = 5_000
BEGINS_WITHIN = 100  # lines
_LINES = re.compile(r"[\n\r]+")


@dataclass(frozen=True, slots=True)
class _Line:
    """What stands beside one another: its cells, and their places."""

    cells: tuple[Cell, ...]
    places: tuple[str, ...]
    row: int


@dataclass(slots=True)
class _Item:
    """A line's item before it is known what follows it. ``clock_s``: when its first piece begins, if it says so."""

    marks: list[Mark]
    recurrence: Recurrence | None
    block: int  # the number of its day's heading
    session: Session | None
    opens: bool
    clock_s: int | None
    next_s: int | None = None


def read(table: Table, above: Titles = NO_TITLES) -> SheetPlan | None:
    """What the blocks plan; None if the table holds none."""
    lines = list(islice(_lines(table), MOST_LINES))
    if not any(map(_tells_time, lines[:BEGINS_WITHIN])):
        return None
    first = next((n for n, line in enumerate(lines) if _tells_time(line) or is_day(line.cells[0])), None)
    if first is None or sum(map(_tells_time, lines)) < LEAST_ITEMS:
        return None
    titles = read_titles(table, range(lines[first].row), above)
    return _Blocks(table, titles, lines[first].places[0]).read(lines[first:])


def _lines(table: Table) -> Iterator[_Line]:
    """Rows; a cell of several lines is as many."""
    for row in range(len(table.rows)):
        filled = table.filled(row)
        cells = [table.cell(row, column) for column in filled]
        places = tuple(table.where(row, column) for column in filled)
        if len(cells) > 1 or not cells:
            yield from _spread(cells, places, row)
        else:
            lines = (part for line in _split(cells[0]) for part in _day_apart(line))
            yield from (_Line((line,), places, row) for line in lines)


def _day_apart(line: Cell) -> list[Cell]:
    """ "Thứ 2: 5h00-5h30: Tiếp âm VOV1; 5h30 …" is a day and what airs on it."""
    day, mark, rest = words(line).partition(":")
    return [day, rest.strip()] if mark and is_day(day) and any(p.clock for p in read_contents(rest).pieces) else [line]


def _spread(cells: list[Cell], places: tuple[str, ...], row: int) -> Iterator[_Line]:
    """ "Thứ 2 | 5h30 …⏎17h00 …" is a day and two lines; "5h30 | Bản tin | 15'" is one."""
    if len(cells) > 2 and _is_ordinal(cells[0]) and is_clock(cells[1]):
        cells, places = cells[1:], places[1:]
    while cells and (is_day(cells[0]) or (isinstance(cells[0], str) and session_if_any(cells[0]) is not None)):
        yield _Line((cells[0],), places[:1], row)
        cells, places = cells[1:], places[1:]
    if len(cells) == 1:
        yield from (_Line((line,), places, row) for line in _split(cells[0]))
    elif cells:
        yield _Line(tuple(cells), places, row)


def _is_ordinal(cell: Cell) -> bool:
    return words(cell).strip(" .)").isdigit()


def _split(cell: Cell) -> list[Cell]:
    return [line for line in _LINES.split(cell) if line.strip()] if isinstance(cell, str) else [cell]


def _is_item(line: _Line) -> bool:
    """Whether the line begins with its time."""
    if len(line.cells) > 1:
        return _is_time(line.cells[0])
    return any(piece.clock and piece.title for piece in read_contents(line.cells[0]).pieces[:1])


def _tells_time(line: _Line) -> bool:
    """Whether the line begins with a time, or is a session with its hours, whose items follow one another."""
    session = session_if_any(line.cells[0])
    return _is_item(line) or (session is not None and session.clock is not None)


def _is_time(cell: Cell) -> bool:
    """Also 5.30, which has to be asked about."""
    return (is_clock(cell) and session_if_any(cell) is None) or bool(re.fullmatch(r"\d{1,2}[.,;]\d{1,2}", words(cell)))


@dataclass(slots=True)
class _Blocks:
    table: Table
    titles: Titles
    where: str
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    items: list[_Item] = field(default_factory=list)
    recurrence: Recurrence | None = None
    block: int = 0
    session: Session | None = None
    opens: bool = True
    signed: bool = False

    def read(self, lines: list[_Line]) -> SheetPlan:
        if is_day(self.table.name):
            self._begin_day(self.table.name, self.where)
        last = max((n for n, line in enumerate(lines) if _tells_time(line)), default=-1)
        for n, line in enumerate(lines):
            self._read_line(line, is_tail=n > last)
        if len(lines) + lines[0].row >= MOST_LINES:
            vi, en = "quá nhiều dòng; dừng ở đây", "too many lines; stopped here"
            self.errors.append(Problem(lines[-1].places[0], "too_many", vi, en))
        self._tell_neighbours()
        entries = [entry for item in self.items for entry in self._entries(item)]
        slots = slots_of(entries)
        errors = without_doubles([*self.errors, *(problem for entry in entries for problem in entry.reader.errors)])
        warnings = without_doubles(
            [*self.warnings, *(problem for entry in entries for problem in entry.reader.warnings)]
        )
        return SheetPlan(self.where, self.titles, tuple(slots), errors, warnings)

    def _read_line(self, line: _Line, *, is_tail: bool) -> None:
        cell, place = line.cells[0], line.places[0]
        if is_day(cell):
            self._begin_day(cell, place)
        elif (day_off := _day_off(cell)) is not None:
            self._begin_day(day_off, place)
        elif session_if_any(cell) is not None:
            self._begin_session(cell, place)
        elif is_tail and not self._is_sequel(line):
            self._note(cell, place)
        elif not is_off(cell):
            self._add(line)

    def _begin_day(self, cell: Cell, place: str) -> None:
        self.block, self.session, self.opens, self.recurrence = self.block + 1, None, True, None
        try:
            self.recurrence = read_days(cell, self.titles.span, self.titles.year)
        except Misread as misread:
            if misread.code != "date_without_year" or misread.code not in {error.code for error in self.errors}:
                self._error(place, misread)

    def _begin_session(self, cell: Cell, place: str) -> None:
        self.opens = True
        try:
            self.session = read_session(cell)
        except Misread as misread:
            self._error(place, misread)
            self.session = Session(excerpt(cell, 60), is_readable=False)

    def _is_sequel(self, line: _Line) -> bool:
        """Whether a line after the last time goes on with minutes of its own."""
        return any(piece.lasts for piece in read_contents(line.cells[0]).pieces)

    def _note(self, cell: Cell, place: str) -> None:
        self.signed = self.signed or is_signature(cell)
        if not self.signed or is_remark(cell):
            self.warnings.append(note_ignored(place, excerpt(cell)))

    def _error(self, place: str, misread: Misread) -> None:
        self.errors.append(misread.at(place))

    # --- items

    def _add(self, line: _Line) -> None:
        marks = self._marks(line)
        if not any(mark.has_clock or mark.piece.lasts for mark in marks) and not self._begins_session_alone():
            self._note(line.cells[0], line.places[0])
            return
        if self.block == 0:
            self.block = 1
            vi, en = "thiếu ngày; ghi như “THỨ HAI 23/11/2026” ở trên", "the day is missing above"
            self.errors.append(Problem(line.places[0], "missing_day", vi, en))
        clock_s = self._clock_s(marks)
        self.items.append(_Item(marks, self.recurrence, self.block, self.session, self.opens, clock_s))
        self.opens = False

    def _begins_session_alone(self) -> bool:
        return self.opens and self.session is not None and self.session.clock is not None

    def _marks(self, line: _Line) -> list[Mark]:
        """The items of a line; of cells beside one another the first is the time, the next the title."""
        if len(line.cells) == 1:
            return [Mark(piece, line.places[0]) for piece in read_contents(line.cells[0]).pieces]
        clock, rest = line.cells[0], list(zip(line.cells[1:], line.places[1:], strict=True))
        if not _is_time(clock):
            return [Mark(piece, line.places[0]) for piece in read_contents(" ".join(map(words, line.cells))).pieces]
        lasts = next(((cell, place) for cell, place in rest[1:] if _is_duration(cell)), None)
        cells: dict[str, Cell] = {"time": clock}
        places = {"time": line.places[0]}
        if lasts is not None:
            cells["duration"], places["duration"] = lasts
        for cell, place in rest[1:]:
            if lasts is None or place != lasts[1]:
                self._note(cell, place)
        pieces = read_contents(rest[0][0]).pieces or [Piece("")]
        later = {part: cell for part, cell in cells.items() if part != "time"}
        return [Mark(piece, rest[0][1], later if n else cells, places) for n, piece in enumerate(pieces)]

    def _clock_s(self, marks: list[Mark]) -> int | None:
        written = marks[0].piece.clock or marks[0].cells.get("time")
        if is_blank(written):
            return None
        try:
            return read_times(written)[0].second
        except Misread:
            return None  # told by its reader

    def _tell_neighbours(self) -> None:
        """Items of one session follow one another: when the next begins, and that time does not go back."""
        for item, after in pairwise(self.items):
            if (item.block, item.session) != (after.block, after.session) or after.clock_s is None:
                continue
            item.next_s = after.clock_s
            if item.clock_s is not None and after.clock_s < item.clock_s:
                misread = gone_back(item.clock_s, after.clock_s)
                self._error(after.marks[0].places.get("time", after.marks[0].place), misread)

    def _entries(self, item: _Item) -> Iterator[Entry]:
        clock = item.session.clock if item.session is not None else None
        end_s = clock.end_s if clock is not None else None
        begins_s = clock.second if clock is not None and item.opens else None
        place = item.marks[0].place
        next_s = item.next_s if item.next_s is not None else end_s
        readable = item.session is None or item.session.is_readable
        frame = Frame(
            place, None, begins_s, None, end_s, next_s, item.session, ends_with_next=True, is_readable=readable
        )
        yield from entries_of(frame, item.marks, item.recurrence, (item.block, item.session), self.titles.span)


def _day_off(cell: Cell) -> Cell:
    """The day of "Thứ ba (24/11): Nghỉ"; None if the line is no such one."""
    day, mark, rest = words(cell).partition(":")
    return day if mark and is_off(rest) and is_day(day) else None


def _is_duration(cell: Cell) -> bool:
    try:
        return not is_blank(cell) and read_duration(cell) > 0
    except Misread:
        return False
