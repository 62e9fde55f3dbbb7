"""The plain list: one row an item under Vietnamese headings, in any order, below whatever title rows there are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

from scheduler.loaders.cell_kinds import is_day
from scheduler.loaders.fields import LIMITS, Reader, told_in_words, within_limits
from scheduler.loaders.grid_rows import gone_back
from scheduler.loaders.headings import missing_column
from scheduler.loaders.list_cells import (
    day_and_time,
    day_of,
    has_hours,
    in_week,
    is_total,
    items_by_line,
    names_session_only,
    says_it_follows,
    sure_dates_of,
    time_alone,
    times_of_part,
)
from scheduler.loaders.list_entries import Entries, airings_of
from scheduler.loaders.list_heading import REQUIRED, Heading, names_as_many
from scheduler.loaders.list_rows import Columns, Row
from scheduler.loaders.remarks import note_ignored
from scheduler.loaders.result import SheetPlan
from scheduler.loaders.sequence import MAX_PROBLEMS, slots_of
from scheduler.loaders.table import Table
from scheduler.loaders.titles import NO_TITLES, Titles, read_titles
from scheduler.loaders.view import View
from scheduler.problem import Problem
from scheduler.recurrence import EVERY_DAY
from scheduler.spoken.cells import Cell, excerpt, is_blank, is_ditto, words
from scheduler.spoken.conduct import is_ending
from scheduler.spoken.contents import is_off, read_contents
from scheduler.spoken.days import are_bare_days, perhaps_weekdays, read_days, together
from scheduler.spoken.sessions import Session, read_session, session_if_any
from scheduler.spoken.times import read_time, read_times, shown_clock
from scheduler.spoken.written import written_days
from scheduler.timetable import MAX_SLOTS, Recurrence
from scheduler.vietnamese import Misread, fold


def read(table: Table, heading: Heading, above: Titles = NO_TITLES) -> SheetPlan:
    """The list below its heading; *above*: what earlier tables of the same document said."""
    titles = read_titles(table, range(heading.top), above)
    columns = Columns(_alone(table, heading), heading)
    return _List(columns, titles, session=_session_above(table, heading)).read()


def _alone(table: Table, heading: Heading) -> Table:
    """The table without the lists beside this one."""
    if not heading.others:
        return table
    rows = [
        row if n < heading.top else [None if c in heading.others else cell for c, cell in enumerate(row)]
        for n, row in enumerate(table.rows)
    ]
    return replace(table, rows=rows)


def _session_above(table: Table, heading: Heading) -> Session | None:
    """The session that stands right over the headings: each of several lists may have its own."""
    first = heading.row if heading.others else heading.top
    row = next((row for row in range(first - 1, -1, -1) if table.filled(row)), None)
    if row is None:
        return None
    column = heading.columns["title"] if heading.others else table.filled(row)[0]
    return session_if_any(View.of(table).at(row, column))


@dataclass(slots=True)
class _List:
    """Reads the rows below a heading from top to bottom; an empty day is that of the row above."""

    columns: Columns
    titles: Titles
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    day: Recurrence | None = None
    day_was_given: bool = False  # a day that could not be read was given too: that is told once
    day_heads: bool = False  # it stands in a row of its own, above the items
    session: Session | None = None
    week: Cell = None
    sure_dates: dict[int, set[date]] = field(default_factory=dict)  # by column: those that can be nothing else
    above: dict[str, Cell] = field(default_factory=dict)  # what "nt" repeats, by part
    only_first_is_timed: bool = False  # what has no time follows the item above

    @property
    def table(self) -> Table:
        return self.columns.table

    @property
    def heading(self) -> Heading:
        return self.columns.heading

    def read(self) -> SheetPlan:
        where = self.table.where(self.heading.row, 0)
        self.errors += self.heading.problems
        if not self._is_whole():
            return SheetPlan(where, errors=tuple(self.errors))
        self._read_rows()
        self._tell_neighbours()
        reading = Entries(self.columns, self.titles, self.rows)
        entries = reading.read()
        slots = slots_of(entries)
        self.warnings += reading.warnings
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
        for row in range(self.heading.top):
            for column in self.table.filled(row):
                if is_day(self.table.cell(row, column)):
                    self._is_named(row, column)
        if self.day is None and is_day(self.table.name):
            self.day, self.day_was_given = read_days(self.table.name, self.titles.span, self.titles.year), True
        rows = range(self.heading.below, len(self.table.rows))
        filled = [(row, self.table.filled(row)) for row in rows]
        if self.day_was_given or any(len(f) == 1 and is_day(self.table.cell(row, f[0])) for row, f in filled):
            return True
        return self._days_in_times() or self._day_in_title() or self._days_between()

    def _days_in_times(self) -> bool:
        """Days beside the times, in one cell with them."""
        rows = range(self.heading.below, len(self.table.rows))
        cells = [cell for row in rows if not is_blank(cell := self.columns.cell(row, "time"))]
        self.columns.days_are_in_times = 2 * sum(day_and_time(cell)[0] is not None for cell in cells) > len(cells)
        return self.columns.days_are_in_times

    def _day_in_title(self) -> bool:
        """ "LỊCH PHÁT THANH HẰNG NGÀY", "(từ thứ 2 đến thứ 7)": said once, for all items."""
        if self.titles.days is None:
            return False
        self.day, self.day_was_given = self.titles.days, True
        shown = written_days(self.titles.days)
        vi, en = f"không có cột ngày: hiểu là {shown}, theo tên lịch", f"no column of days: {shown}, as the title says"
        self.warnings.append(Problem(self.titles.days_place, "day_from_title", vi, en))
        return True

    def _days_between(self) -> bool:
        """Every day from a first one until a last one, where columns give those."""
        if not {"from", "until"} <= set(self.heading.columns):
            return False
        self.day, self.day_was_given = EVERY_DAY, True
        return True

    def _time_elsewhere(self) -> bool:
        """Times among the words of the items, or of a session from which they follow one another."""
        rows = range(self.heading.below, len(self.table.rows))
        cells = [self.table.cell(row, column) for row in rows for column in self.table.filled(row)]
        if self.session is not None and self.session.clock is not None:
            return True
        return any(piece.clock for cell in cells for piece in read_contents(cell).pieces) or any(map(has_hours, cells))

    def _read_rows(self) -> None:
        rows = [row for row in range(self.heading.below, len(self.table.rows)) if self.table.filled(row)]
        last_timed = max((row for row in rows if self._has_time(row)), default=-1)
        self._look_for_times(rows)
        for row in rows:
            if not self._is_label(row, last_timed):
                self._read_row(row)
            if len(self.errors) > MAX_PROBLEMS or len(self.rows) > MAX_SLOTS:
                vi, en = "quá nhiều lỗi hoặc quá nhiều dòng; dừng ở đây", "too many errors or rows; stopped here"
                self.errors.append(Problem(self.table.where(row, 0), "too_many", vi, en))
                break

    def _look_for_times(self, rows: Sequence[int]) -> None:
        """Where half of what has its minutes has no time, only the first of each session is given one."""
        items = [
            row
            for row in rows
            if not is_blank(self.columns.cell(row, "title")) and not is_blank(self.columns.cell(row, "duration"))
        ]
        untimed = [row for row in items if not self._has_time(row)]
        self.only_first_is_timed = 1 < len(untimed) < len(items) <= 2 * len(untimed)
        if self.only_first_is_timed:
            vi, en = "không ghi giờ: phát ngay sau mục trên", "no time given: it follows the item above"
            self._problem(self.warnings, untimed[0], "time", "follows_above", vi, en)

    def _has_time(self, row: int) -> bool:
        if self.heading.clocks:
            return any(not is_blank(self.table.cell(row, column)) for column, _ in self.heading.clocks)
        return not is_blank(self.columns.cell(row, "time" if "time" in self.heading.columns else "title"))

    def _read_row(self, row: int) -> None:
        own_day = not self.columns.is_merged(row, "day") and not is_blank(self.columns.cell(row, "day"))
        day = self._day_of(row)
        if self._is_off(row):
            return
        cells = {part: self._meant(row, part) for part in self.heading.columns}
        if "session" not in cells and (beside := self.columns.session_beside(row)) is not None:
            cells["session"] = beside
        elif "session" not in cells and names_session_only(cells.get("time")):
            cells["session"], cells["time"] = cells["time"], None
        places = {part: self.columns.where(row, part) for part in ("time", *self.heading.columns)}
        if self.columns.days_are_in_times:
            places["day"] = places["time"]
        if is_ending(cells.get("end")):  # "Kết thúc" heads a column of times, or of rules
            cells["end_rule"], places["end_rule"] = cells.pop("end"), places["end"]
        self.session = self._session_of(row, cells.get("session"))
        days = self._limited(day, cells, places)
        for n, one in enumerate(items_by_line(cells)):
            item = Row(row, days, own_day and n == 0, one, places, self.session)
            self._read_clock(item)
            self.rows.append(item)
        self.warnings += self._notes(row)

    def _is_off(self, row: int) -> bool:
        """ "Nghỉ" in place of a programme, or of a time and a programme."""
        title, time = self.columns.cell(row, "title"), self.columns.cell(row, "time")
        says_off = is_off(time) and any(map(str.isalpha, words(time)))
        if says_off and not (is_blank(title) or is_off(title)):
            text = excerpt(title)
            vi, en = f"dòng ghi nghỉ, không phát “{text}”", f"the row says that nothing airs: “{text}” does not"
            self._problem(self.warnings, row, "title", "row_ignored", vi, en)
        return (is_off(title) and not self._has_time(row)) or says_off or (is_off(time) and is_blank(title))

    def _limited(
        self, day: Recurrence | None, cells: Mapping[str, Cell], places: Mapping[str, str]
    ) -> Recurrence | None:
        """The row's days within what its columns Từ ngày, Đến ngày and Trừ leave of them."""
        given = {part: cells.get(part) for part in LIMITS} | {"week": self._week(cells.get("week"))}
        reader = Reader(given, {"day": places["title"], **places}, places["title"])
        days = within_limits(reader, day, self.titles.span, self.titles.year)
        if days is not None and not is_blank(given["week"]):
            days = reader.attempt("week", lambda cell, days=days: in_week(days, cell, self.titles))  # type: ignore[misc]
        self.errors += reader.errors
        return None if reader.errors else days

    def _week(self, cell: Cell) -> Cell:
        """The row's week; an empty cell is that of the row above."""
        self.week = self.week if is_blank(cell) else cell
        return self.week

    # --- as before

    def _meant(self, row: int, part: str) -> Cell:
        """The cell; for "nt" what it repeats from above."""
        column = self.heading.columns.get(part, self.heading.columns["title"])
        return self._as_above(self.columns.cell(row, part), part, row, column)

    def _as_above(self, cell: Cell, key: str, row: int, column: int) -> Cell:
        if not is_ditto(cell):
            self.above[key] = cell
        elif key not in self.above:
            vi, en = f"“{excerpt(cell)}” không có dòng nào ở trên", f"nothing stands above “{excerpt(cell)}”"
            self.errors.append(Problem(self.columns.place(row, column), "ditto_of_nothing", vi, en))
        return self.above.get(key)

    # --- the day

    def _day_of(self, row: int) -> Recurrence | None:
        """The row's day; None if it could not be read, which is told at the row where it stands."""
        cell = self.columns.cell(row, "day")
        if self.day_was_given and (self.columns.is_merged(row, "day") or is_ditto(cell)):
            return self.day
        if not is_blank(cell) or self._second_day(row) is not None:
            self.day = self._try_day(row)
        elif self.day_was_given and (self.day_heads or "day" not in self.heading.columns):
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
        self.day_was_given, self.day_heads = True, False
        column = self.heading.columns.get("day", self.heading.columns.get("time", 0))
        cells = [(column, self.columns.cell(row, "day"))]
        if self.heading.second_day is not None:
            cells.append((self.heading.second_day, self._second_day(row)))
        found: Recurrence | None = None
        for column, cell in cells:
            if is_blank(cell):
                continue
            try:
                self._refuse_perhaps_weekdays(column, cell)
                day = read_days(self._as_weekdays(column, cell), self.titles.span, self.titles.year)
                found = day if found is None else together(found, day, cell)
            except Misread as misread:
                self.errors.append(misread.at(self.columns.place(row, column)))
                return None
        return found

    def _refuse_perhaps_weekdays(self, column: int, cell: Cell) -> None:
        """A date that may have been "2-6" is one where the title, or a date near it in its column, says so."""
        question, span = perhaps_weekdays(cell), self.titles.span
        if question is None or not isinstance(cell, date) or (span and span.first <= day_of(cell) <= span.last):
            return
        if column not in self.sure_dates:
            self.sure_dates[column] = sure_dates_of(self.table, self.heading.below, column)
        if not any(day_of(cell) + timedelta(days=n) in self.sure_dates[column] for n in range(-7, 8)):
            raise question

    def _as_weekdays(self, column: int, cell: Cell) -> Cell:
        """ "2, 4, 6" under the heading Thứ can be nothing else; under Ngày it has to be asked about."""
        of_weekdays = fold(words(self.table.cell(self.heading.row, column))).strip(" :.") == "thu"
        return f"Thứ {words(cell)}" if of_weekdays and are_bare_days(words(cell)) else cell

    def _problem(self, problems: list[Problem], row: int, part: str, code: str, vi: str, en: str) -> None:
        problems.append(Problem(self.columns.where(row, part), code, vi, en))

    # --- the session and the time

    def _session_of(self, row: int, cell: Cell) -> Session | None:
        """The session's column; where there is none, the last row that named a session."""
        if is_blank(cell):
            return self.session
        if self.session is not None and (
            self.session.name == excerpt(cell, 60) or self.session == session_if_any(cell)
        ):
            return self.session
        return self._named_session(
            cell, self.columns.where(row, "session" if "session" in self.heading.columns else "time")
        )

    def _named_session(self, cell: Cell, place: str) -> Session:
        try:
            return read_session(cell) or Session(excerpt(cell, 60))
        except Misread as misread:
            self.errors.append(misread.at(place))
            return Session(excerpt(cell, 60), is_readable=False)

    def _read_clock(self, item: Row) -> None:
        if self.heading.clocks:
            self._read_clocks(item)
            return
        written = time_alone(self._written(item), item.recurrence)
        item.follows = says_it_follows(written) or (
            self.only_first_is_timed and is_blank(written) and not item.has_own_day
        )
        if self.columns.is_merged(item.row, "time") and self.rows:
            item.limit_s = self.rows[-1].limit_s
        if item.follows or is_blank(written) or self.columns.is_merged(item.row, "time"):
            item.is_readable = item.session is None or item.session.is_readable
            return
        try:
            clocks = read_times(written)
            for clock in clocks if item.session is not None else ():
                item.session.refuse(clock.second)  # type: ignore[union-attr]
            item.clocks, item.limit_s = clocks, clocks[0].end_s if len(clocks) == 1 else None
        except Misread as misread:
            item.is_readable = False
            self.errors.append(misread.at(item.places["time"]))
        self.warnings += told_in_words(item.places["time"], item.cells.get("time"), item.clocks)

    def _read_clocks(self, item: Row) -> None:
        """The times of columns for parts of the day, "Giờ sáng | Giờ chiều"; 5h30 in the afternoon's is 17h30."""
        for column, session in self.heading.clocks:
            place = self.columns.place(item.row, column)
            cell = self._as_above(self.table.cell(item.row, column), f"time {session.part}", item.row, column)
            if is_blank(cell) or is_off(cell) or self.table.is_merged_into(item.row, column):
                continue
            try:
                clocks = times_of_part(cell, session)
            except Misread as misread:
                item.is_readable = False
                self.errors.append(misread.at(place))
                continue
            item.clocks = [*item.clocks, *clocks]
            item.columns = [*item.columns, *((column, session) for _ in clocks)]
            self.warnings += told_in_words(place, cell, clocks)

    def _written(self, item: Row) -> Cell:
        """The time; of two columns, from and to, what they say together."""
        written, end = item.cells.get("time"), item.cells.get("end")
        if is_blank(end):
            return written
        try:
            begins = read_time(written)
        except Misread:
            return written
        try:
            ends = read_time(end)
            if begins.duration_ms is None:
                read_time(f"{shown_clock(begins.second)}-{shown_clock(ends.second)}")
        except Misread as misread:
            self.errors.append(misread.at(item.places["end"]))
            item.is_readable = False
            return written
        return f"{shown_clock(begins.second)}-{shown_clock(ends.second)}" if begins.duration_ms is None else written

    # --- rows that are no items

    def _is_label(self, row: int, last_timed: int) -> bool:
        """Whether the row is no item: a repeated heading, a day's or session's name, a signature below the list."""
        filled = self.table.filled(row)
        named = filled if len(filled) == 1 else [column for column in filled if column not in self.heading.numbers]
        if not named or (len(named) == 1 and self._is_named(row, named[0])):
            return True
        if not any(is_total(self.table.cell(row, column)) for column in filled[:2]):
            if self._has_time(row) or is_off(self.columns.cell(row, "title")):
                return names_as_many(self.table, row, self.heading)
            if self._is_untimed_item(row, filled, last_timed):
                return False
        text = excerpt(self.table.cell(row, filled[0]))
        vi, en = f"dòng không có giờ, bỏ qua: “{text}”", f"a row without a time is passed over: “{text}”"
        self.warnings.append(Problem(self.table.where(row, filled[0]), "row_ignored", vi, en))
        return True

    def _is_untimed_item(self, row: int, filled: Sequence[int], last_timed: int) -> bool:
        if self.only_first_is_timed and not is_blank(self.columns.cell(row, "duration")):
            return True
        if row < last_timed and (len(filled) > 1 or filled == [self.heading.columns["title"]]):
            return True
        return self.session is not None and self.heading.columns["title"] in filled and len(filled) > 1

    def _is_named(self, row: int, column: int) -> bool:
        """Whether the row's one cell names a day or a session, which then hold for the rows below."""
        cell = self.table.cell(row, column)
        if is_day(cell):
            self.day_was_given = self.day_heads = True
            self.session = None if row > self.heading.row else self.session
            self.day = self._try_label(row, column)
            return True
        if session_if_any(cell) is not None:
            self.session = self._named_session(cell, self.columns.place(row, column))
            return True
        return False

    def _try_label(self, row: int, column: int) -> Recurrence | None:
        try:
            return read_days(self.table.cell(row, column), self.titles.span, self.titles.year)
        except Misread as misread:
            self.errors.append(misread.at(self.columns.place(row, column)))
            return None

    def _notes(self, row: int) -> Iterator[Problem]:
        """What the sheet says beside the list is not carried out, and that is said."""
        clocks = (column for column, _ in self.heading.clocks)
        known = {*self.heading.columns.values(), *self.heading.numbers, self.heading.second_day, *clocks}
        for column in self.table.filled(row):
            if column not in known and words(self.table.cell(row, column)) != airings_of(self.columns, row):
                yield note_ignored(self.table.where(row, column), excerpt(self.table.cell(row, column)))

    # --- what rows tell of one another

    def _tell_neighbours(self) -> None:
        for item, after in pairwise(self.rows if not self.heading.clocks else ()):
            if after.recurrence != item.recurrence or after.session is not item.session or after.zone != item.zone:
                continue
            if after.clocks:
                item.next_s = after.clocks[0].second
            if (
                item.clocks
                and after.clocks
                and not after.has_own_day
                and after.clocks[0].second < item.clocks[0].second
            ):
                misread = gone_back(item.clocks[0].second, after.clocks[0].second)
                after.is_readable = False
                self.errors.append(misread.at(after.places["time"]))
