"""The rows of a plain list as its columns tell them: what stands where, and what is known of each item's row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduler.loaders.list_cells import day_and_session, day_and_time
from scheduler.loaders.list_heading import Heading
from scheduler.loaders.table import Table
from scheduler.spoken.cells import Cell, excerpt, words
from scheduler.spoken.sessions import Session
from scheduler.spoken.times import TimeOfDay
from scheduler.timetable import Recurrence


@dataclass(slots=True)
class Columns:
    """The cells of a list by the part of an item that their column holds."""

    table: Table
    heading: Heading
    days_are_in_times: bool = False  # "5h30 (thứ 2 đến thứ 6)" in the column of times

    def where(self, row: int, part: str) -> str:
        return self.place(row, self.heading.columns.get(part, self.heading.columns["title"]))

    def place(self, row: int, column: int) -> str:
        return self.table.where(row, column, excerpt(self.table.cell(self.heading.row, column)))

    def cell(self, row: int, part: str) -> Cell:
        if self.days_are_in_times and part in ("day", "time", "end"):
            day, time = day_and_time(self._in_column(row, "end" if part == "end" else "time"))
            return day if part == "day" else time
        cell = self._in_column(row, part)
        return day_and_session(cell)[0] if part == "day" else cell

    def session_beside(self, row: int) -> Cell:
        """That of "Sáng thứ 2" in the column of days."""
        return day_and_session(self._in_column(row, "day"))[1]

    def _in_column(self, row: int, part: str) -> Cell:
        column = self.heading.columns.get(part)
        return None if column is None else self.table.cell(row, column)

    def is_merged(self, row: int, part: str) -> bool:
        column = self.heading.columns.get(part)
        return column is not None and self.table.is_merged_into(row, column)


@dataclass(slots=True)
class Row:
    """An item's row, before it is known what follows it."""

    row: int
    recurrence: Recurrence | None
    has_own_day: bool
    cells: Mapping[str, Cell]
    places: Mapping[str, str]
    session: Session | None
    clocks: Sequence[TimeOfDay] = ()
    columns: Sequence[tuple[int, Session]] = ()  # of each of the clocks, where parts of the day have columns of times
    is_readable: bool = True
    follows: bool = False  # "tiếp theo": when the one above ends
    limit_s: int | None = None  # the end of the range in which the row's cell of times is merged
    next_s: int | None = None

    @property
    def zone(self) -> str:
        return words(self.cells.get("zone"))
