"""What every reader of office files gives, and the limits that all of them keep."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

MAX_CELLS = 100_000  # of one sheet: 5,000 items of twenty columns
MAX_SHEETS = 50
MAX_TEXT = 2_000_000  # characters of one sheet: one shared text may stand in every cell
MAX_MERGED = 20_000
MAX_REMARKS = 500
LONGEST_REMARK = 500  # characters

Value = None | str | float | bool | time | datetime | date | timedelta
MergedRange = tuple[int, int, int, int]  # first row, first column, last row, last column; counted from 0


class Refused(Exception):
    """The file cannot or may not be read. ``code`` is one of those that scheduler.loaders.office has words for."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


@dataclass(slots=True)
class Sheet:
    """Cells as a reader finds them. Rows may differ in length."""

    name: str
    rows: list[list[Value]] = field(default_factory=list)
    merged: list[MergedRange] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)  # rows that nobody sees
    hidden_columns: list[int] = field(default_factory=list)
    struck: list[tuple[int, int]] = field(default_factory=list)  # cells whose text is struck through
    remarks: list[tuple[int, int, str]] = field(default_factory=list)  # comments pinned to cells
    above: list[str] = field(default_factory=list)  # paragraphs above a table in a text document
    below: list[str] = field(default_factory=list)  # and below the last one

    def put(self, row: int, column: int, value: Value) -> None:
        """Set one cell, making room for it."""
        while len(self.rows) <= row:
            self.rows.append([])
        cells = self.rows[row]
        cells.extend([None] * (column + 1 - len(cells)))
        cells[column] = value

    def holds(self, row: int, column: int) -> bool:
        """Whether the cell holds anything."""
        return row < len(self.rows) and column < len(self.rows[row]) and self.rows[row][column] not in (None, "")

    def to_json(self) -> dict[str, Any]:
        """A typed cell is {type: ISO text}. Raises Refused if the sheet is too big to be a timetable."""
        texts = (cell for row in self.rows for cell in row if isinstance(cell, str))
        too_wide = sum(map(len, self.rows)) > MAX_CELLS or len(self.merged) > MAX_MERGED
        if too_wide or sum(map(len, (*texts, *self.above, *self.below))) > MAX_TEXT:
            raise Refused("too_big", self.name)
        return {
            "name": self.name,
            "rows": [[_as_json(cell) for cell in row] for row in self.rows],
            "merged": [cells for cells in self.merged if cells[0] < cells[2] or cells[1] < cells[3]],
            "hidden": self.hidden,
            "hidden_columns": self.hidden_columns,
            "struck": [cell for cell in self.struck if self.holds(*cell)],
            "remarks": self.remarks[:MAX_REMARKS],
            "above": self.above,
            "below": self.below,
        }


def _as_json(cell: Value) -> Any:
    """A cell as JSON keeps it. Text, numbers and booleans stay; an empty cell is null."""
    if isinstance(cell, (datetime, date, time)):
        return {type(cell).__name__: cell.isoformat()}
    if isinstance(cell, timedelta):
        return {"timedelta": cell / timedelta(microseconds=1)}
    return None if cell == "" else cell
