"""The rows of a weekly grid: the time, or the session, that each gives to its cells."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from scheduler.loaders.cell_kinds import is_clock
from scheduler.loaders.fields import told_in_words
from scheduler.loaders.grid_columns import Columns, Day
from scheduler.loaders.headings import part_named
from scheduler.loaders.remarks import is_remark, is_signature, note_ignored
from scheduler.loaders.titles import is_week, read_titles, week_of
from scheduler.loaders.view import View
from scheduler.problem import Problem
from scheduler.spoken.cells import DAY_S, Cell, excerpt, is_blank, is_ditto, words
from scheduler.spoken.contents import read_contents
from scheduler.spoken.sessions import Session, read_session, session_if_any
from scheduler.spoken.times import TimeOfDay, read_time, read_times, shown_clock
from scheduler.vietnamese import Misread

MOST_ROWS = 300  # of a day's times: one every five minutes
_LONGEST_CLOCK = 25  # characters of a cell that is a time, if perhaps a wrong one


@dataclass(slots=True)
class Row:
    """What a person takes for one row: the rows of one time, or one of a session without a time."""

    rows: list[int]
    place: str  # of the cell that tells the time; empty: no column does
    written: Cell = None  # in it
    clocks: Sequence[TimeOfDay] = ()
    session: Session | None = None
    is_readable: bool = True  # False: what is wrong with its time is told
    next_s: int | None = None  # when the next one of its session begins, or the session ends
    opens: bool = False  # the first of its session
    is_alone: bool = False  # the only one of its session


@dataclass(slots=True)
class Rows:
    """Reads the body of a grid: rows *first* … *end* - 1 of its view."""

    columns: Columns
    end: int
    rows: list[Row] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    tail: int = 0  # the first row after the body; 0: not known yet
    session: Session | None = None
    session_area: tuple[int, ...] = ()

    @property
    def view(self) -> View:
        return self.columns.view

    def read(self) -> "Rows":
        self.session = self.columns.session
        self.tail = self.tail or self._end_of_body()
        for row in range(self.columns.below, min(self.tail, self.columns.below + MOST_ROWS)):
            self._read_row(row)
        if self.tail - self.columns.below > MOST_ROWS:
            vi, en = f"lịch tuần dài quá {MOST_ROWS} dòng", f"a weekly grid of more than {MOST_ROWS} rows"
            place = self.view.where(self.columns.below + MOST_ROWS, self.view.columns[0])
            self.errors.append(Problem(place, "too_many", vi, en))
        self._tell_neighbours()
        self._refuse_times_that_go_back()
        self._note_columns()
        self.warnings += notes_below(self.view, range(self.tail, self.end), self.columns.titles.year)
        return self

    # --- what belongs to the body

    def _end_of_body(self) -> int:
        within = range(self.columns.below, min(self.end, self.columns.below + 2 * MOST_ROWS))
        timed = max((row for row in within if self._belongs(row)), default=self.columns.below - 1)
        return max(timed + 1, self._end_of_untimed())

    def _belongs(self, row: int) -> bool:
        """Whether the row tells a time or a session, or holds items that do."""
        clocks = [self.view.at(row, column) for column in self._columns_of_times()]
        if any(is_clock(cell) or _is_nearly_a_clock(cell) for cell in clocks):
            return True
        pieces = (piece for _, cell in self._cells_of(self.columns.whole, row) for piece in read_contents(cell).pieces)
        return any(piece.is_timed for piece in pieces) or self._session_label(row) is not None

    def _end_of_untimed(self) -> int:
        """The row after the first ones without a gap: below a session, an item is one also without a time."""
        row = self.columns.below
        while self.columns.session is not None and row < self.end and self._may_be_untimed(row):
            row += 1
        return row

    def _may_be_untimed(self, row: int) -> bool:
        if any(is_remark(cell) or is_signature(cell) for cell in (self.view.at(row, c) for c in self.view.seen(row))):
            return False
        return any(self._is_of_one_day(row, column) for column in self._filled(self.columns.whole, row))

    def _is_of_one_day(self, row: int, column: int) -> bool:
        _, left, _, right = self._area(row, column)
        return any(group[0] <= left and right <= group[-1] for group in self.columns.groups)

    def _columns_of_times(self) -> list[int]:
        return [*self.columns.clocks, *(day.parts["time"] for day in self.columns.whole if "time" in day.parts)]

    def _cells_of(self, days: Sequence[Day], row: int) -> list[tuple[int, Cell]]:
        return [(column, self.view.at(row, column)) for day in days for column in day.columns]

    def _filled(self, days: Sequence[Day], row: int) -> list[int]:
        return [column for column, cell in self._cells_of(days, row) if not is_blank(cell)]

    # --- one row

    def _read_row(self, row: int) -> None:
        own = self._filled(self.columns.days, row)
        if not own and self._filled(self.columns.whole, row):
            return  # of another session
        filled = [c for c in self.columns.clocks if not is_blank(self.view.at(row, c))]
        times = [c for c in filled if not self._enters(row, c) and part_named(self.view.at(row, c)) is None]
        label = self._session_label(row) if not times else None
        if label is not None:
            self._enter(row, label)
        elif times and not self.columns.is_beside(row, times[0]):
            self._add_timed(row, times)
        elif not all(self.columns.is_beside(row, column) for column in own):
            readable = self.session is None or self.session.is_readable
            self.rows.append(Row([row], self._place_of_time(row), session=self.session, is_readable=readable))
        else:
            self._note_row(row)

    def _enters(self, row: int, column: int) -> bool:
        """Whether the cell is a session's; its first row begins the session."""
        cell = self.view.at(row, column)
        if self._area(row, column) == self.session_area:
            return True
        if column in self.columns.sessions or session_if_any(cell) is not None:
            if not self.columns.is_beside(row, column):
                self._enter(row, column)
            return True
        return False

    def _area(self, row: int, column: int) -> tuple[int, ...]:
        return self.view.area(row, column)

    def _enter(self, row: int, column: int) -> None:
        cell = self.view.at(row, column)
        self.session_area = self._area(row, column)
        try:
            self.session = read_session(cell) or Session(excerpt(cell, 60))
        except Misread as misread:
            self._error(self.view.where(row, column), misread)
            self.session = Session(excerpt(cell, 60), is_readable=False)

    def _session_label(self, row: int) -> int | None:
        """The column of a session's name, if the row has nothing else for the days."""
        for column in self.view.seen(row):
            if session_if_any(self.view.at(row, column)) is not None:
                area = self._area(row, column)
                others = (c for c in self._filled(self.columns.whole, row) if self._area(row, c) != area)
                return column if next(others, None) is None and area[0] == row else None
        return None

    def _add_timed(self, row: int, times: Sequence[int]) -> None:
        column = times[0]
        if self.rows and self._area(row, column)[0] < row and self.rows[-1].rows[-1] == row - 1:
            self.rows[-1].rows.append(row)
            return
        place, written = self.view.where(row, column), self._written(row, times)
        timed = Row([row], place, written, session=self.session)
        self.rows.append(timed)
        if is_ditto(written) and len(self.rows) > 1:
            before = self.rows[-2]
            timed.clocks, timed.is_readable = before.clocks, before.is_readable
            return
        try:
            timed.clocks = read_times(written)
            if self.session is not None:
                for clock in timed.clocks:
                    self.session.refuse(clock.second)
        except Misread as misread:
            timed.is_readable = False
            self._error(place, misread)
        self.warnings += told_in_words(place, written, timed.clocks)

    def _written(self, row: int, times: Sequence[int]) -> Cell:
        """The time; of two columns, from and to, what they say together."""
        cell = self.view.at(row, times[0])
        end = self.columns.shared.get("end", times[1] if len(times) > 1 else None)
        if end is None or is_blank(self.view.at(row, end)):
            return cell
        try:
            begins = read_time(cell)
        except Misread:
            return cell
        try:
            ends = read_time(self.view.at(row, end))
        except Misread as misread:
            if end == self.columns.shared.get("end"):
                self._error(self.view.where(row, end), misread)
            return cell
        if begins.duration_ms is not None or ends == begins:
            return cell  # the same column of times again, at the other side
        return f"{shown_clock(begins.second)}-{shown_clock(ends.second)}"

    def _place_of_time(self, row: int) -> str:
        return self.view.where(row, self.columns.clocks[-1]) if self.columns.clocks else ""

    def _error(self, place: str, misread: Misread) -> None:
        self.errors.append(misread.at(place))

    # --- what rows tell of one another

    def _tell_neighbours(self) -> None:
        for n, timed in enumerate(self.rows):
            before = self.rows[n - 1] if n else None
            after = self.rows[n + 1] if n + 1 < len(self.rows) else None
            timed.opens = before is None or before.session is not timed.session
            ends = after is None or after.session is not timed.session
            timed.is_alone = timed.opens and ends
            if not ends and after is not None:
                timed.next_s = after.clocks[0].second if after.clocks else None
            elif timed.session is not None and timed.session.clock is not None:
                timed.next_s = timed.session.clock.end_s

    def _refuse_times_that_go_back(self) -> None:
        last: Row | None = None
        for timed in self.rows:
            if last is not None and last.session is timed.session and _goes_back(last, timed):
                self._error(timed.place, gone_back(last.clocks[0].second, timed.clocks[0].second))
                timed.is_readable = False
            elif timed.clocks and timed.is_readable:
                last = timed

    # --- what is not carried out

    def _note_row(self, row: int) -> None:
        seen = [c for c in self.view.seen(row) if self._area(row, c)[0] == row]
        if seen:
            self.warnings.append(note(self.view, row, seen[0]))

    def _note_columns(self) -> None:
        for column in self.columns.notes:
            for row in range(self.columns.below, self.tail):
                cell = self.view.at(row, column)
                if self._area(row, column)[0] == row and not is_blank(cell) and part_named(cell) is None:
                    self.warnings.append(note(self.view, row, column))


def note(view: View, row: int, column: int) -> Problem:
    return note_ignored(view.where(row, column), view.text(row, column))


def notes_below(view: View, rows: Iterable[int], year: int | None = None) -> Iterator[Problem]:
    """Notes are told, a row each; names and offices of those who sign are not, nor the title of what follows."""
    signed = False
    for row in rows:
        seen = [column for column in view.seen(row) if view.area(row, column)[0] == row]
        signed = signed or any(is_signature(view.at(row, column)) for column in seen)
        remarks = [c for c in seen if not signed or is_remark(view.at(row, c))]
        if view.turned:
            yield from (note(view, row, column) for column in remarks[1:])  # below the heading of their column
        elif remarks and not _heads_what_follows(view, row, year):
            yield note(view, row, remarks[0])


def _heads_what_follows(view: View, row: int, year: int | None) -> bool:
    """Whether a row below a grid names the days of the next one."""
    weeks = (week_of(view.text(row, column), year) for column in view.seen(row))
    return read_titles(view.table, [row]).span is not None or any(weeks)


def _is_nearly_a_clock(cell: Cell) -> bool:
    text = words(cell)
    return any(c.isdigit() for c in text) and len(text) <= _LONGEST_CLOCK and not is_week(text)


def _goes_back(last: Row, timed: Row) -> bool:
    return bool(timed.clocks) and timed.is_readable and timed.clocks[0].second < last.clocks[0].second


def gone_back(before: int, now: int) -> Misread:
    """The question about a time that stands after a later one (both in seconds of the day)."""
    shown, above, later = shown_clock(now), shown_clock(before), now + 12 * 3_600
    meant = shown_clock(later) if before < later < DAY_S else ""
    vi, en = (f"; nếu là {meant} thì ghi “{meant}”", f"; write “{meant}” if that is meant") if meant else ("", "")
    vi = f"{shown} đứng sau {above}, giờ đi lùi{vi}"
    return Misread("time_goes_back", vi, f"{shown} stands after {above}: time goes back{en}")
