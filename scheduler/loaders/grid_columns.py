"""What the headings of a weekly grid say: which column is which day, which tells the time."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from scheduler.loaders.cell_kinds import is_clock, is_day, is_time
from scheduler.loaders.grid_sessions import Sessions, heads_sessions
from scheduler.loaders.headings import PART_OF, heading_words, misspelt, part_named, wrong_unit
from scheduler.loaders.titles import Titles
from scheduler.loaders.view import View
from scheduler.problem import Problem
from scheduler.spoken.cells import MINUTE, Cell, is_blank, plain, words
from scheduler.spoken.days import read_days, together
from scheduler.spoken.sessions import Session
from scheduler.timetable import Dates, Recurrence, Weekdays
from scheduler.vietnamese import Misread, fold


@dataclass(frozen=True, slots=True)
class Day:
    """The columns under one day: those of its contents, and others of its own (parts → column)."""

    recurrence: Recurrence | None
    columns: Sequence[int]
    parts: Mapping[str, int]
    heading: str


@dataclass(slots=True)
class Columns:
    """Reads the heading rows from *row* on."""

    view: View
    row: int
    titles: Titles
    below: int = 0  # the first row of the body
    groups: list[list[int]] = field(default_factory=list)  # the columns under each day
    days: list[Day] = field(default_factory=list)
    session: Session | None = None  # of all its columns; None: the rows tell theirs, or there is none
    session_rows: list[int] = field(default_factory=list)  # of the headings: those that name sessions under the days
    whole: Sequence[Day] = ()  # the days' columns of all sessions
    shared: dict[str, int] = field(default_factory=dict)  # part → column, for all days of a row
    clocks: list[int] = field(default_factory=list)  # columns of times and sessions
    sessions: set[int] = field(default_factory=set)  # those of them that are headed Buổi
    notes: list[int] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)

    def read(self) -> "Columns":
        self.groups = self._day_groups()
        self.below = self._end_of_headings()
        headings = range(self.row + 1, self.below)
        self.session_rows = [row for row in headings if heads_sessions(self.view, row, self.groups)]
        for group in self.groups:
            self.days.append(self._day(group))
        self.whole = self.days
        self._refuse_doubled_days()
        for column in self.view.columns:
            if not self._is_under_a_day(column):
                self._other_column(column)
        return self

    def by_session(self) -> list["Columns"]:
        """As many grids as there are sessions under the days, each with columns of its own; else this one."""
        if not self.session_rows:
            return [self]
        sessions = Sessions.read(self.view, self.session_rows, self.groups)
        self.errors += sessions.errors
        if not sessions.named:
            return [replace(self, days=[])]
        days = {session: self._days_of(session, sessions) for session in sessions.named}
        alike = replace(
            self,
            clocks=[column for column in self.clocks if column not in self.sessions],
            sessions=set(),  # what is headed Buổi beside them names no other one
            whole=[day for under in days.values() for day in under],
        )
        return [replace(alike, session=session, days=under) for session, under in days.items()]

    def _days_of(self, session: Session, sessions: Sessions) -> list[Day]:
        days = []
        for day, group in zip(self.days, self.groups, strict=True):
            own = [column for column in group if sessions.by_column[column] in (session, None)]
            if any(sessions.by_column[column] == session for column in own):
                contents, parts = self._under(own)
                days.append(replace(day, columns=contents or own[:1], parts=parts))
        return days

    def _day_groups(self) -> list[list[int]]:
        """The columns of each day: as far as its heading is merged, or goes on without another one over parts."""
        groups: list[list[int]] = []
        for column in self.view.columns:
            if groups and self._goes_on(groups[-1][-1], column):
                groups[-1].append(column)
            elif _heads_a_day(self.view.at(self.row, column)) and self._begins(column):
                groups.append([column])
        return groups

    def _begins(self, column: int) -> bool:
        return column in (self.view.area(self.row, column)[1], self.view.columns[0])

    def _goes_on(self, last: int, column: int) -> bool:
        if last != column - 1 or self.view.area(self.row, last) == self.view.area(self.row, column):
            return last == column - 1
        cell, below = self.view.at(self.row, column), self.row + 1
        if below not in self.view.rows or is_blank(self.view.at(below, column)):
            return False
        is_no_other = is_blank(cell) or words(cell) == words(self.view.at(self.row, last))
        return is_no_other and self._heads_parts(below, last, column)

    def _heads_parts(self, row: int, last: int, column: int) -> bool:
        """Whether a row names nothing but parts and days, or two sessions: "Bản tin" beside "5h30" is an item."""
        cells = [self.view.at(row, c) for c in self.view.seen(row) if self.view.area(row, c)[0] == row]
        others = [cell for cell in cells if part_named(cell) is None and not is_day(cell)]
        differ = words(self.view.at(row, last)) != words(self.view.at(row, column))
        return all(map(is_clock, others)) and (differ or not others)

    def _end_of_headings(self) -> int:
        """The row after the headings: dates, parts or sessions may stand in further rows, cells be merged downwards."""
        row = self.row + 1
        while row in self.view.rows and self._is_heading_row(row):
            row += 1
        return row

    def _is_heading_row(self, row: int) -> bool:
        cells = [(c, self.view.at(row, c)) for group in self.groups for c in group]
        merged = [self.view.area(row, c)[0] == self.row for c, cell in cells]
        if all(merged):
            return True
        filled = [cell for (_, cell), goes_on in zip(cells, merged, strict=True) if not goes_on and not is_blank(cell)]
        beside = [
            self.view.at(row, c)
            for c in self.view.columns
            if self.view.area(row, c)[0] == row and not self._is_under_a_day(c)
        ]
        if any(not is_blank(cell) and part_named(cell) is None for cell in beside):
            return False  # "5h30 | Bản tin" is no heading
        if heads_sessions(self.view, row, self.groups):
            return True
        return bool(filled) and all(is_day(cell) or part_named(cell) is not None for cell in filled)

    def _is_under_a_day(self, column: int) -> bool:
        return any(column in group for group in self.groups)

    def _day(self, group: Sequence[int]) -> Day:
        first = group[0]
        contents, parts = self._under(group)
        self.notes += [column for column in group if self._part_below(column) == "note"]
        return Day(self._recurrence(first), contents or [first], parts, self.view.text(self.row, first))

    def _under(self, columns: Sequence[int]) -> tuple[list[int], dict[str, int]]:
        """Which of a day's columns hold its contents, and which another part."""
        parts: dict[str, int] = {}
        contents = []
        for column in columns:
            part = self._part_below(column)
            if part in (None, "title", "content"):
                contents.append(column)
            elif part not in ("number", "note"):
                parts.setdefault(part or "", column)
        return contents, parts

    def _part_below(self, column: int) -> str | None:
        rows = range(self.row + 1, self.below)
        return next((part for row in rows if (part := part_named(self.view.at(row, column)))), None)

    def _recurrence(self, column: int) -> Recurrence | None:
        """What the heading rows say of a day together."""
        found: Recurrence | None = None
        for row in range(self.row, self.below):
            cell = self.view.at(row, column)
            if row in self.session_rows or self.view.area(row, column)[0] != row:
                continue
            if is_blank(cell) or part_named(cell) is not None:
                continue
            try:
                read = read_days(cell, self.titles.span, self.titles.year)
                found = read if found is None else together(found, read, cell)
            except Misread as misread:
                self._error(row, column, misread)
                return None
        return self._in_span(found, column)

    def _in_span(self, day: Recurrence | None, column: int) -> Recurrence | None:
        span = self.titles.span
        if span is None or not isinstance(day, Dates):
            return day
        outside = [date for date in day.dates if not span.first <= date <= span.last]
        if outside:
            shown = f"{min(outside):%d/%m/%Y}"
            vi = f"ngày {shown} nằm ngoài thời gian của lịch ({span.first:%d/%m/%Y} – {span.last:%d/%m/%Y})"
            en = f"{shown} is outside the timetable's days ({span.first} – {span.last})"
            place = self.view.where(self._last_day_row(column), column)
            self.errors.append(Problem(place, "outside_validity", vi, en))
            return None
        return day

    def _last_day_row(self, column: int) -> int:
        rows = [row for row in range(self.row, self.below) if is_day(self.view.at(row, column))]
        return max(rows, default=self.row)

    def _error(self, row: int, column: int, misread: Misread) -> None:
        if misread.code == "date_without_year" and "date_without_year" in {error.code for error in self.errors}:
            return  # one year in the title mends them all
        self.errors.append(misread.at(self.view.where(row, column)))

    def _refuse_doubled_days(self) -> None:
        for n, later in enumerate(self.days):
            for earlier in self.days[:n]:
                if later.recurrence is not None and _overlap(earlier.recurrence, later.recurrence):
                    place = self.view.where(self.row, self.groups[n][0])
                    vi, en = f"có hai cột “{later.heading}”", f"there are two columns for “{later.heading}”"
                    self.errors.append(Problem(place, "doubled_day", vi, en))
                    break

    def is_beside(self, row: int, column: int) -> bool:
        """Whether what is seen there is merged over days and other columns: a session's name or a note, no item."""
        _, left, _, right = self.view.area(row, column)
        covered = set(range(left, right + 1))
        days = {c for day in self.whole for c in (*day.columns, *day.parts.values())}
        return bool(covered & days) and bool(covered - days)

    # --- columns beside the days

    def _other_column(self, column: int) -> None:
        rows = range(self.row, self.below)
        cells = [(row, self.view.at(row, column)) for row in rows]
        named = next(((row, part) for row, cell in cells if (part := part_named(cell))), None)
        body = [self.view.at(row, column) for row in self.view.rows if row >= self.below]
        if named and named[1] == "content" and _hold_titles(body):
            self._named_column(column, "title", named[0])
        elif named and named[1] not in ("time", "session", "day", "content"):
            self._named_column(column, named[1], named[0])
        elif named or any(map(is_clock, body)) or any(_names_a_clock(cell) for _, cell in cells):
            self.clocks.append(column)
            if named and named[1] == "session" and not any(map(is_time, body)):
                self.sessions.add(column)
        elif any(not is_blank(cell) for cell in body) and not _counts(body):
            self._unknown_column(column)

    def _named_column(self, column: int, part: str, row: int) -> None:
        if part == "note":
            self.notes.append(column)
        elif part != "number":
            self.shared.setdefault(part, column)
        if part == "duration" and (problem := wrong_unit(self.view.at(row, column), self.view.where(row, column))):
            self.errors.append(problem)

    def _is_between_days(self, column: int) -> bool:
        days = [c for day in self.days for c in day.columns]
        return bool(days) and min(days) < column < max(days)

    def _unknown_column(self, column: int) -> None:
        cell, place = self.view.at(self.row, column), self.view.where(self.row, column)
        problem = misspelt(cell, place) if isinstance(cell, str) else None
        body = [self.view.at(row, column) for row in self.view.rows if row >= self.below]
        if is_blank(cell) and self._is_between_days(column):
            vi, en = "cột này chưa ghi là ngày nào", "this column does not say of which day it is"
            self.errors.append(Problem(place, "missing_day", vi, en))
        elif all(is_blank(cell) or _is_minutes(cell) for cell in body):
            self.shared.setdefault("duration", column)
        elif problem:
            self.errors.append(problem)
        else:
            self.notes.append(column)


def _heads_a_day(cell: Cell) -> bool:
    """Also "Thứ 8", which is none: it has to be asked about."""
    return is_day(cell) or (isinstance(cell, str) and bool(re.fullmatch(r"\W*(?:thu|t)\W*\d.{0,20}", fold(cell))))


def _overlap(one: Recurrence | None, other: Recurrence) -> bool:
    if isinstance(one, Weekdays) and isinstance(other, Weekdays):
        return bool(one.days & other.days)
    if isinstance(one, Dates) and isinstance(other, Dates):
        return bool(one.dates & other.dates)
    return one == other


def _hold_titles(cells: Sequence[Cell]) -> bool:
    """Whether what stands beside the days, under "Nội dung", can be programmes: no times, nor the heading itself."""
    filled = [cell for cell in cells if not is_blank(cell)]
    return bool(filled) and not any(is_clock(cell) or part_named(cell) == "content" for cell in filled)


def _is_minutes(cell: Cell) -> bool:
    """Whether a cell is nothing but a duration with its unit."""
    return isinstance(cell, str) and bool(re.fullmatch(rf"\d{{1,3}}\s*{MINUTE}", plain(cell)))


def _names_a_clock(cell: Cell) -> bool:
    """Corners such as "Thứ/Giờ", "Buổi - Ngày"."""
    return any(word in PART_OF and PART_OF[word] in ("time", "session") for word in _words_of_corner(cell))


def _words_of_corner(cell: Cell) -> list[str]:
    return [word.strip() for word in re.split(r"[/\\\n-]", heading_words(cell))] if isinstance(cell, str) else []


def _counts(cells: Sequence[Cell]) -> bool:
    """Whether a column only numbers the rows."""
    filled = [cell for cell in cells if not is_blank(cell)]
    return all(isinstance(cell, (int, float)) or str(cell).strip(" .").isdigit() for cell in filled)
