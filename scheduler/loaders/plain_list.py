"""The plain list: one row an item under Vietnamese headings, in any order, below whatever title rows there are."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from scheduler.loaders.grid_columns import is_day
from scheduler.loaders.grid_rows import gone_back
from scheduler.loaders.headings import doubled_column, missing_column, misspelt, part_named, wrong_unit
from scheduler.loaders.items import Frame, Mark, entries_of
from scheduler.loaders.result import SheetPlan
from scheduler.loaders.sequence import MAX_PROBLEMS, Entry, slots_of
from scheduler.loaders.table import Table
from scheduler.loaders.titles import NO_TITLES, Titles, read_titles
from scheduler.problem import Problem
from scheduler.spoken.cells import Cell, excerpt, is_blank, is_ditto, words
from scheduler.spoken.conduct import is_ending
from scheduler.spoken.contents import Piece, is_airings, is_off, read_contents, with_airings
from scheduler.spoken.sessions import Session, read_session
from scheduler.spoken.spans import read_day_cell, together
from scheduler.spoken.times import TimeOfDay, read_time, read_times, shown_clock
from scheduler.timetable import MAX_SLOTS, Dates, Recurrence
from scheduler.vietnamese import Misread

REQUIRED = ("day", "time", "title")
HEADING_WITHIN_ROWS = 50


# --- the headings


@dataclass(frozen=True, slots=True)
class Heading:
    row: int
    columns: Mapping[str, int]  # part → column
    numbers: Sequence[int]  # columns that count the rows
    problems: Sequence[Problem]
    second_day: int | None = None  # a column of dates beside one of weekdays

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
    """How many columns of a list or days of a grid a row names: to tell by which mark a .csv is separated."""
    rows = range(min(len(table.rows), HEADING_WITHIN_ROWS))
    return max((len(_parts(table, row)) + _days_named(table, row) for row in rows), default=0)


def _days_named(table: Table, row: int) -> int:
    return sum(is_day(table.cell(row, column)) for column in table.filled(row))


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
    days = parts.get("day", [])
    second_day = days.pop() if len(days) == 2 else None
    columns = {part: found[0] for part, found in parts.items()}
    unknown = [c for c in table.filled(row) if part_named(table.cell(row, c)) is None]
    asked = [misspelt(table.cell(row, c), table.where(row, c)) for c in unknown]
    asked += [doubled_column(part, table.where(row, c)) for part, found in parts.items() for c in found[1:]]
    if "duration" in columns:
        asked.append(wrong_unit(table.cell(row, columns["duration"]), table.where(row, columns["duration"])))
    return Heading(row, columns, numbers, list(filter(None, asked)), second_day)


# --- the rows


def read(table: Table, heading: Heading, above: Titles = NO_TITLES) -> SheetPlan:
    """The list below its heading; *above*: what earlier tables of the same document said."""
    return _List(table, heading, read_titles(table, range(heading.row)).after(above)).read()


@dataclass(slots=True)
class _Row:
    """An item's row, before it is known what follows it."""

    row: int
    recurrence: Recurrence | None
    has_own_day: bool
    cells: Mapping[str, Cell]
    places: Mapping[str, str]
    session: Session | None
    clocks: Sequence[TimeOfDay] = ()
    is_readable: bool = True
    next_s: int | None = None

    @property
    def zone(self) -> str:
        return words(self.cells.get("zone"))


@dataclass(slots=True)
class _List:
    """Reads the rows below a heading from top to bottom; an empty day is that of the row above."""

    table: Table
    heading: Heading
    titles: Titles
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)
    day: Recurrence | None = None
    day_was_given: bool = False  # a day that could not be read was given too: that is told once
    session: Session | None = None
    above: dict[str, Cell] = field(default_factory=dict)  # what "nt" repeats, by part

    def read(self) -> SheetPlan:
        where = self.table.where(self.heading.row, 0)
        self.errors += self.heading.problems
        if not self._is_whole():
            return SheetPlan(where, errors=tuple(self.errors))
        self._read_rows()
        self._tell_neighbours()
        entries = [entry for row in self.rows for entry in self._entries(row)]
        slots = slots_of(entries)
        self.errors += [problem for entry in entries for problem in entry.reader.errors]
        self.warnings += [problem for entry in entries for problem in entry.reader.warnings]
        problems = tuple(self.errors), tuple(self.warnings[:MAX_PROBLEMS])
        return SheetPlan(where, self.titles, tuple(slots), *problems)

    def _is_whole(self) -> bool:
        """Whether every item can have a day, a time and a title, from a column or from rows and cells that say it."""
        elsewhere = {"day": self._day_elsewhere, "time": self._time_elsewhere}
        missing = [part for part in REQUIRED if part not in self.heading.columns]
        missing = [part for part in missing if part not in elsewhere or not elsewhere[part]()]
        self.errors += [missing_column(part, self.table.where(self.heading.row, 0)) for part in missing]
        return not missing

    def _day_elsewhere(self) -> bool:
        """A row above or within the list that is nothing but a day, or the sheet's name."""
        for row in range(self.heading.row):
            for column in self.table.filled(row):
                self._is_named(row, column)
        if self.day is None and is_day(self.table.name):
            self.day, self.day_was_given = read_day_cell(self.table.name, self.titles.span, self.titles.year), True
        rows = range(self.heading.row + 1, len(self.table.rows))
        filled = [(row, self.table.filled(row)) for row in rows]
        return self.day_was_given or any(len(f) == 1 and is_day(self.table.cell(row, f[0])) for row, f in filled)

    def _time_elsewhere(self) -> bool:
        """Times among the words of the items, or of a session from which they follow one another."""
        rows = range(self.heading.row + 1, len(self.table.rows))
        cells = [self.table.cell(row, column) for row in rows for column in self.table.filled(row)]
        return any(piece.clock for cell in cells for piece in read_contents(cell).pieces) or any(map(_has_hours, cells))

    def _read_rows(self) -> None:
        rows = [row for row in range(self.heading.row + 1, len(self.table.rows)) if self.table.filled(row)]
        last_timed = max((row for row in rows if self._has_time(row)), default=-1)
        for row in rows:
            if not self._is_label(row, last_timed):
                self._read_row(row)
            if len(self.errors) > MAX_PROBLEMS or len(self.rows) > MAX_SLOTS:
                vi, en = "quá nhiều lỗi hoặc quá nhiều dòng; dừng ở đây", "too many errors or rows; stopped here"
                self.errors.append(Problem(self.table.where(row, 0), "too_many", vi, en))
                break

    def _where(self, row: int, part: str) -> str:
        return self._place(row, self.heading.columns.get(part, self.heading.columns["title"]))

    def _place(self, row: int, column: int) -> str:
        return self.table.where(row, column, excerpt(self.table.cell(self.heading.row, column)))

    def _cell(self, row: int, part: str) -> Cell:
        column = self.heading.columns.get(part)
        return None if column is None else self.table.cell(row, column)

    def _is_merged(self, row: int, part: str) -> bool:
        column = self.heading.columns.get(part)
        return column is not None and self.table.is_merged_into(row, column)

    def _has_time(self, row: int) -> bool:
        return not is_blank(self._cell(row, "time" if "time" in self.heading.columns else "title"))

    def _read_row(self, row: int) -> None:
        own_day = not self._is_merged(row, "day") and not is_blank(self._cell(row, "day"))
        day = self._day_of(row)
        if is_off(self._cell(row, "title")) and not self._has_time(row):
            return
        cells = {part: self._meant(row, part) for part in self.heading.columns}
        places = {part: self._where(row, part) for part in ("time", *self.heading.columns)}
        if is_ending(cells.get("end")):  # "Kết thúc" heads a column of times, or of rules
            cells["end_rule"], places["end_rule"] = cells.pop("end"), places["end"]
        self.session = self._session_of(row, cells.get("session"))
        item = _Row(row, day, own_day, cells, places, self.session)
        self._read_clock(item)
        self.rows.append(item)
        self.warnings += self._notes(row)

    # --- as before

    def _meant(self, row: int, part: str) -> Cell:
        """The cell; for "nt" what it repeats from above."""
        cell = self._cell(row, part)
        if not is_ditto(cell):
            self.above[part] = cell
        elif part not in self.above:
            vi, en = f"“{excerpt(cell)}” không có dòng nào ở trên", f"nothing stands above “{excerpt(cell)}”"
            self.errors.append(Problem(self._where(row, part), "ditto_of_nothing", vi, en))
        return self.above.get(part)

    # --- the day

    def _day_of(self, row: int) -> Recurrence | None:
        """The row's day; None if it could not be read, which is told at the row where it stands."""
        cell = self._cell(row, "day")
        if self.day_was_given and (self._is_merged(row, "day") or is_ditto(cell)):
            return self.day
        if not is_blank(cell) or self._second_day(row) is not None:
            self.day = self._try_day(row)
        elif self.day_was_given and "day" not in self.heading.columns:
            pass  # the row above that names it
        elif not self.day_was_given:
            self._problem(self.errors, row, "day", "missing_day", "thiếu ngày", "the day is missing")
        else:
            vi, en = "ô ngày trống: hiểu là như dòng trên", "no day given: taken as in the row above"
            self._problem(self.warnings, row, "day", "day_inherited", vi, en)
        return self.day

    def _second_day(self, row: int) -> Cell:
        """The date in a column of its own; None if there is none."""
        column = self.heading.second_day
        cell = self.table.cell(row, column) if column is not None else None
        return None if is_blank(cell) or is_ditto(cell) else cell

    def _try_day(self, row: int) -> Recurrence | None:
        self.day_was_given = True
        cells = [(self.heading.columns.get("day", 0), self._cell(row, "day"))]
        if self.heading.second_day is not None:
            cells.append((self.heading.second_day, self._second_day(row)))
        found: Recurrence | None = None
        for column, cell in cells:
            if is_blank(cell):
                continue
            try:
                day = read_day_cell(cell, self.titles.span, self.titles.year)
                found = day if found is None else _both(found, day, cell)
            except Misread as misread:
                self.errors.append(Problem(self._place(row, column), misread.code, misread.vi, misread.en))
                return None
        return found

    def _problem(self, problems: list[Problem], row: int, part: str, code: str, vi: str, en: str) -> None:
        problems.append(Problem(self._where(row, part), code, vi, en))

    # --- the session and the time

    def _session_of(self, row: int, cell: Cell) -> Session | None:
        """The session's column; where there is none, the last row that named a session."""
        if "session" not in self.heading.columns or is_blank(cell):
            return self.session
        if self.session is not None and (
            self.session.name == excerpt(cell, 60) or self.session == _session_if_any(cell)
        ):
            return self.session
        return self._named_session(cell, self._where(row, "session"))

    def _named_session(self, cell: Cell, place: str) -> Session:
        try:
            return read_session(cell) or Session(excerpt(cell, 60))
        except Misread as misread:
            self.errors.append(Problem(place, misread.code, misread.vi, misread.en))
            return Session(excerpt(cell, 60), is_readable=False)

    def _read_clock(self, item: _Row) -> None:
        written = self._written(item)
        if is_blank(written) or self._is_merged(item.row, "time"):
            item.is_readable = item.session is None or item.session.is_readable
            return
        try:
            item.clocks = read_times(written)
            for clock in item.clocks if item.session is not None else ():
                item.session.refuse(clock.second)  # type: ignore[union-attr]
        except Misread as misread:
            item.is_readable = False
            self.errors.append(Problem(item.places["time"], misread.code, misread.vi, misread.en))
        self._warn_of_words(item)

    def _written(self, item: _Row) -> Cell:
        """The time; of two columns, from and to, what they say together."""
        written, end = item.cells.get("time"), item.cells.get("end")
        if is_blank(end):
            return written
        try:
            begins, ends = read_time(written), read_time(end)
        except Misread:
            return written
        return f"{shown_clock(begins.second)}-{shown_clock(ends.second)}" if begins.duration_ms is None else written

    def _warn_of_words(self, item: _Row) -> None:
        for clock in item.clocks:
            if clock.in_words:
                written = excerpt(item.cells.get("time"))
                vi, en = f"“{written}”: hiểu là {clock.in_words}", f"“{written}” is taken as {clock.in_words}"
                self.warnings.append(Problem(item.places["time"], "time_in_words", vi, en))

    # --- rows that are no items

    def _is_label(self, row: int, last_timed: int) -> bool:
        """Whether the row is no item: a repeated heading, a day's or session's name, a signature below the list."""
        filled = self.table.filled(row)
        if len(filled) == 1 and self._is_named(row, filled[0]):
            return True
        if self._has_time(row) or is_off(self._cell(row, "title")):
            return len(_parts(self.table, row)) >= len(self.heading.columns)
        if row < last_timed and (len(filled) > 1 or filled == [self.heading.columns["title"]]):
            return False
        if self.session is not None and self.heading.columns["title"] in filled and len(filled) > 1:
            return False
        text = excerpt(self.table.cell(row, filled[0]))
        vi, en = f"dòng không có giờ, bỏ qua: “{text}”", f"a row without a time is passed over: “{text}”"
        self.warnings.append(Problem(self.table.where(row, filled[0]), "row_ignored", vi, en))
        return True

    def _is_named(self, row: int, column: int) -> bool:
        """Whether the row's one cell names a day or a session, which then hold for the rows below."""
        cell = self.table.cell(row, column)
        if is_day(cell):
            self.day_was_given, self.session = True, None
            self.day = self._try_label(row, column)
            return True
        if _session_if_any(cell) is not None:
            self.session = self._named_session(cell, self._place(row, column))
            return True
        return False

    def _try_label(self, row: int, column: int) -> Recurrence | None:
        try:
            return read_day_cell(self.table.cell(row, column), self.titles.span, self.titles.year)
        except Misread as misread:
            self.errors.append(Problem(self._place(row, column), misread.code, misread.vi, misread.en))
            return None

    def _notes(self, row: int) -> Iterator[Problem]:
        """What the sheet says beside the list is not carried out, and that is said."""
        known = {*self.heading.columns.values(), *self.heading.numbers, self.heading.second_day}
        for column in self.table.filled(row):
            if column not in known and words(self.table.cell(row, column)) != self._airings(row):
                text = excerpt(self.table.cell(row, column))
                vi, en = f"“{text}” chỉ là ghi chú, máy không làm theo", f"“{text}” is a note; it is not carried out"
                yield Problem(self.table.where(row, column), "note_ignored", vi, en)

    # --- what rows tell of one another

    def _tell_neighbours(self) -> None:
        for item, after in pairwise(self.rows):
            if after.recurrence != item.recurrence or after.session is not item.session or after.zone != item.zone:
                continue
            if after.clocks and "duration" not in self.heading.columns:
                item.next_s = after.clocks[0].second
            if (
                item.clocks
                and after.clocks
                and not after.has_own_day
                and after.clocks[0].second < item.clocks[0].second
            ):
                misread = gone_back(item.clocks[0].second, after.clocks[0].second)
                after.is_readable = False
                self.errors.append(Problem(after.places["time"], misread.code, misread.vi, misread.en))

    # --- entries

    def _entries(self, item: _Row) -> Iterator[Entry]:
        title = item.cells["title"]
        if is_off(title):
            return
        contents = read_contents(title)
        for note in contents.notes:
            vi, en = f"“{note}” chỉ là ghi chú, máy không làm theo", f"“{note}” is a note; it is not carried out"
            self.warnings.append(Problem(item.places["title"], "note_ignored", vi, en))
        beside = {part: cell for part, cell in item.cells.items() if part not in ("time", "title", "day", "end")}
        places = {part: place for part, place in item.places.items() if part != "title"}
        said = self._airings(item.row)
        pieces = [with_airings(piece, said) for piece in contents.pieces] if said else contents.pieces
        marks = [Mark(piece, item.places["title"], beside, places, item.places["time"]) for piece in pieces]
        for n, frame in enumerate(self._frames(item)):
            follows = item.clocks or item.session is not None or self._is_merged(item.row, "time")
            line = (item.recurrence, id(item.session), item.zone, n if follows else -item.row)
            yield from entries_of(frame, marks, item.recurrence, line, self.titles.span)

    def _airings(self, row: int) -> str | None:
        """What a note beside the row's items says of repeats. Times of its own it can give to one item only."""
        texts = [words(self.table.cell(row, column)) for column in self.table.filled(row)]
        said = next((text for text in texts if is_airings(text)), None)
        is_one = len(read_contents(self._cell(row, "title")).pieces) == 1
        return said if said is None or is_one or not with_airings(Piece(""), said).times else None

    def _frames(self, item: _Row) -> list[Frame]:
        session = item.session.clock if item.session is not None else None
        limit_s = session.end_s if session is not None else None
        frame = Frame(
            item.places["time"],
            item.cells.get("time"),
            limit_s=limit_s,
            next_s=item.next_s,
            session=item.session,
            is_readable=item.is_readable,
        )
        if item.clocks:
            return [replace(frame, begins_s=clock.second, ends_s=clock.end_s) for clock in item.clocks]
        return [replace(frame, begins_s=session.second if session is not None and self._opens(item) else None)]

    def _opens(self, item: _Row) -> bool:
        """Whether the item is the first of its session on its day."""
        alike = (row for row in self.rows if row.session is item.session and row.recurrence == item.recurrence)
        return next(alike) is item


def _both(one: Recurrence, other: Recurrence, cell: Cell) -> Recurrence:
    return together(other, one, cell) if isinstance(one, Dates) else together(one, other, cell)


def _has_hours(cell: Cell) -> bool:
    session = _session_if_any(cell)
    return session is not None and session.clock is not None


def _session_if_any(cell: Cell) -> Session | None:
    try:
        return read_session(cell)
    except Misread:
        return Session(excerpt(cell, 60))
