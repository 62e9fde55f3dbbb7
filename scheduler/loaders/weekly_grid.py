"""The weekly grid: days across and times down, or turned. A cell names one item, several, or none (Nghỉ).

Found by ``grid_place``, it is read in three steps: the headings tell which column is which day (``grid_columns``), and
which session (``grid_sessions``); each row's time, or its session, is the frame of its cells (``grid_rows``); what the
cells name becomes entries in their frames (``items``), to which ``sequence`` gives start and length.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from scheduler.loaders.cell_kinds import is_day
from scheduler.loaders.grid_columns import Columns, Day
from scheduler.loaders.grid_place import Found
from scheduler.loaders.grid_rows import Row, Rows, note, notes_below
from scheduler.loaders.items import Frame, Mark, entries_of
from scheduler.loaders.remarks import note_ignored
from scheduler.loaders.result import SheetPlan
from scheduler.loaders.sequence import Entry, slots_of, without_doubles
from scheduler.loaders.titles import NO_TITLES, Titles, read_titles
from scheduler.loaders.view import View
from scheduler.problem import Problem
from scheduler.spoken.cells import Cell, excerpt, is_blank, is_ditto, words
from scheduler.spoken.contents import Piece, is_off, is_tick, read_contents
from scheduler.spoken.days import read_days
from scheduler.timetable import MAX_SLOTS, Dates, Recurrence, Weekdays
from scheduler.vietnamese import fold


def read(found: Found, above: Titles = NO_TITLES) -> list[SheetPlan]:
    """The grids of a table, one below the other, each under its own title; one without goes on with that *above* it."""
    view = found.view
    below = range(view.first) if view.turned else range(found.headings[0])
    plans, notes = [], []
    for row, end in pairwise([*found.headings, view.rows[-1] + 1]):
        titles = read_titles(view.table, below, above)
        if len(found.headings) > 1 and _is_roster(view, row, below):
            notes.append(note(view, row, view.seen(row)[0]))
            below = range(end, end)
            continue
        first, *others = Columns(view, row, titles).read().by_session()
        rows = Rows(first, end).read()
        beside = [Rows(one, end, tail=rows.tail).read() for one in others]
        plans.append(_plan([_Body(one) for one in (rows, *beside)], titles))
        above, below = titles, range(rows.tail, end)
    if view.turned:
        whole = View.of(view.table)
        notes += notes_below(whole, range(view.end, whole.end))
    return [replace(plan, warnings=(*plan.warnings, *notes)) for plan in plans]


_ROSTER = re.compile(r"\b(?:ca truc|nguoi truc|can bo truc|lich truc|phan cong|truc (?:dai|ban|co quan))\b")


def _is_roster(view: View, row: int, above: Iterable[int]) -> bool:
    """Whether days head a table of who is on duty, as its corner or its title says."""
    title = [view.text(line, column) for line in above for column in view.seen(line)]
    said = [fold(text) for text in (view.text(row, view.columns[0]), *title)]
    return any(map(_ROSTER.search, said)) and not any(re.search(r"\bphat (?:thanh|song)\b", text) for text in said)


def _plan(bodies: Sequence["_Body"], titles: Titles) -> SheetPlan:
    entries = [entry for body in bodies for entry in body.entries()]
    slots = slots_of(entries)
    errors = [p for body in bodies for p in (*body.columns.errors, *body.reading.errors, *body.errors)]
    warnings = [p for body in bodies for p in (*body.reading.warnings, *body.warnings)]
    columns = bodies[0].columns
    return SheetPlan(
        columns.view.where(columns.row, columns.view.columns[0]),
        titles,
        tuple(slots[: MAX_SLOTS + 1]),
        without_doubles([*errors, *(problem for entry in entries for problem in entry.reader.errors)]),
        without_doubles([*warnings, *(problem for entry in entries for problem in entry.reader.warnings)]),
    )


@dataclass(slots=True)
class _Body:
    """What the cells of a grid name."""

    reading: Rows
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def columns(self) -> Columns:
        return self.reading.columns

    @property
    def rows(self) -> Sequence[Row]:
        return self.reading.rows

    @property
    def view(self) -> View:
        return self.columns.view

    def entries(self) -> Iterator[Entry]:
        for n, day in enumerate(self.columns.days):
            for m in range(len(self.rows)):
                yield from self._day_in_row(n, day, m)

    def _day_in_row(self, n: int, day: Day, m: int) -> Iterator[Entry]:
        """What a day has in a row; what is merged over more rows is one long item, or the same in each of them."""
        marks = [
            mark for row in self.rows[m].rows for column in day.columns for mark in self._marks(n, day, row, column)
        ]
        if not marks:
            return
        last = self._last_row(day, m)
        if _follow_closely(self.rows[m : last + 1]):
            frames = [replace(self._frames(m)[0], ends_s=self._end_s(last), next_s=self.rows[last].next_s)]
            frames = frames if last > m else self._frames(m)
        else:
            frames = [frame for k in range(m, last + 1) for frame in self._frames(k)]
        for k, frame in enumerate(frames):
            line = (id(day), id(frame.session)) if k == 0 else (id(day), id(frame.session), k)
            yield from entries_of(frame, marks, day.recurrence, line, self.columns.titles.span)

    def _last_row(self, day: Day, m: int) -> int:
        bottom = max(self.view.area(row, column)[2] for row in self.rows[m].rows for column in day.columns)
        return max(k for k in range(m, len(self.rows)) if k == m or self.rows[k].rows[0] <= bottom)

    def _end_s(self, m: int) -> int | None:
        return self._frames(m)[0].ends_s

    def _frames(self, m: int) -> list[Frame]:
        """The frames of a row: one for each time that it names."""
        row = self.rows[m]
        clock = row.session.clock if row.session is not None else None
        end_s = clock.end_s if clock is not None else None
        frame = Frame(
            row.place, row.written, session=row.session, limit_s=end_s, next_s=row.next_s, is_readable=row.is_readable
        )
        if row.clocks:
            return [replace(frame, begins_s=clock.second, ends_s=clock.end_s) for clock in row.clocks]
        begins_s = clock.second if clock is not None and row.opens else None
        return [replace(frame, begins_s=begins_s, ends_s=end_s if row.is_alone else None)]

    # --- one cell

    def _marks(self, n: int, day: Day, row: int, column: int) -> Iterator[Mark]:
        if self.view.area(row, column)[0] != row or self.columns.is_beside(row, column):
            return
        cell = self._meant(n, row, column)
        if is_blank(cell) or is_off(cell):
            return
        place = self.view.where(row, column, day.heading)
        if is_tick(cell) and "title" not in self.columns.shared:
            vi, en = f"“{excerpt(cell)}”: phát chương trình gì?", f"“{excerpt(cell)}”: which programme airs?"
            self.errors.append(Problem(place, "missing_title", vi, en))
            return
        contents = read_contents(cell)
        self.warnings += [note_ignored(place, remark) for remark in contents.notes]
        cells, places = self._beside(day, row)
        for k, piece in enumerate(self._titled(contents.pieces, cell, row)):
            yield Mark(piece, place, cells if k == 0 else {**cells, "time": None}, places)

    def _beside(self, day: Day, row: int) -> tuple[dict[str, Cell], dict[str, str]]:
        """What other columns say of the items of a day in a row."""
        columns = {
            part: column
            for part, column in {**self.columns.shared, **day.parts}.items()
            if part not in ("title", "end")
        }
        cells = {part: self.view.at(row, column) for part, column in columns.items()}
        filled = {part: cell for part, cell in cells.items() if not is_blank(cell)}
        return filled, {part: self.view.where(row, columns[part]) for part in filled}

    def _titled(self, pieces: Sequence[Piece], cell: Cell, row: int) -> Sequence[Piece]:
        """Where a column of its own names the programmes, a day's cell only says yes, or when, or how long."""
        column = self.columns.shared.get("title")
        if column is None:
            return pieces
        titled = read_contents(self.view.at(row, column)).pieces
        if is_tick(cell):
            return titled
        if len(pieces) == len(titled) == 1 and not pieces[0].title and pieces[0].is_timed:
            return [
                replace(titled[0], clock=pieces[0].clock or titled[0].clock, lasts=pieces[0].lasts or titled[0].lasts)
            ]
        return pieces

    # --- as before

    def _meant(self, n: int, row: int, column: int) -> Cell:
        """The cell; for "nt" what it repeats: the day before at this time, or above where the whole row says nt."""
        cell = self.view.at(row, column)
        if (named := self._day_named(cell)) is not None:
            return self.view.at(row, named.columns[0])
        if not is_ditto(cell):
            return cell
        before, above = self._day_before(n, row), self._above(row, column)
        by_row = is_ditto(self.view.at(row, self.columns.days[0].columns[0]))
        meant, other = (above, before) if by_row or before is None else (before, above)
        place, written = self.view.where(row, column), excerpt(cell)
        if meant is None:
            vi, en = f"“{written}” không có ô nào ở trước", f"nothing stands before “{written}”"
            self.errors.append(Problem(place, "ditto_of_nothing", vi, en))
        elif other is not None and fold(excerpt(other)) != fold(excerpt(meant)):
            vi, en = f"“{written}”: hiểu là “{excerpt(meant)}”", f"“{written}” is taken as “{excerpt(meant)}”"
            self.warnings.append(Problem(place, "ditto", vi, en))
        return meant

    def _day_named(self, cell: Cell) -> Day | None:
        """The day of "như thứ 2"."""
        found = re.fullmatch(r"(?:nhu|giong)(?: ngay)? (.{2,12})", fold(words(cell))) if isinstance(cell, str) else None
        if found is None or not is_day(found[1]):
            return None
        named = read_days(found[1], self.columns.titles.span, self.columns.titles.year)
        return next((day for day in self.columns.days if _is_on(day.recurrence, named)), None)

    def _day_before(self, n: int, row: int) -> Cell:
        cells = (self.view.at(row, self.columns.days[k].columns[0]) for k in range(n - 1, -1, -1))
        return next((cell for cell in cells if not is_ditto(cell)), None)

    def _above(self, row: int, column: int) -> Cell:
        cells = (self.view.at(r, column) for timed in reversed(self.rows) for r in reversed(timed.rows) if r < row)
        return next((cell for cell in cells if not is_ditto(cell)), None)


def _is_on(day: Recurrence | None, named: Recurrence) -> bool:
    if isinstance(day, Dates) and isinstance(named, Weekdays):
        return {date.weekday() for date in day.dates} == named.days
    return day == named


def _follow_closely(rows: Sequence[Row]) -> bool:
    """Whether rows follow one another without a pause: then what is merged over them is one item."""
    return all(_touch(earlier, later) for earlier, later in pairwise(rows))


def _touch(earlier: Row, later: Row) -> bool:
    if earlier.session is not later.session or not (len(earlier.clocks) == len(later.clocks) == 1):
        return False
    return earlier.clocks[0].end_s in (None, later.clocks[0].second)
