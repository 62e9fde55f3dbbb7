"""A sheet as rows of cells, with the name that a person has for each place in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scheduler.spoken.cells import Cell, is_blank

MergedRange = tuple[int, int, int, int]  # first row, first column, last row, last column; counted from 0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows may differ in length. ``lines`` are the rows' line numbers if this is a text file and not a spreadsheet.

    ``tops`` tells of the lower cells in the first column of a merged range in which row the range begins; ``merged``
    are the ranges themselves. ``above`` rows at the top are no rows of it: paragraphs over a text document's table.
    """

    name: str
    rows: Sequence[Sequence[Cell]]
    tops: Mapping[tuple[int, int], int] = field(default_factory=dict)
    lines: Sequence[int] | None = None
    merged: Sequence[MergedRange] = ()
    hidden: frozenset[int] = frozenset()  # rows that nobody sees
    above: int = 0
    hidden_columns: frozenset[int] = frozenset()
    struck: Sequence[tuple[int, int]] = ()  # cells whose text is struck through
    remarks: Sequence[tuple[int, int, str]] = ()  # comments pinned to cells: row, column, text
    below: Sequence[str] = ()  # paragraphs under a text document's last table

    def cell(self, row: int, column: int) -> Cell:
        """The cell; in the first column of a merged range the range's content, in every row of it."""
        cells = self.rows[self.tops.get((row, column), row)]
        return cells[column] if column < len(cells) else None

    def is_merged_into(self, row: int, column: int) -> bool:
        """Whether the cell is a lower part of a merged range."""
        return (row, column) in self.tops

    def filled(self, row: int) -> list[int]:
        """Columns in which the row itself holds something."""
        return [column for column, cell in enumerate(self.rows[row]) if not is_blank(cell)]

    def where(self, row: int, column: int, heading: str = "") -> str:
        """``Sheet!B7``, or ``line 12, column "Giờ"``."""
        if self.lines is None and row < self.above:
            return self.name
        if self.lines is None:
            return f"{self.name}!{column_letters(column)}{row + 1 - self.above}"
        return f"line {self.lines[row]}" + (f', column "{heading}"' if heading else "")


def tops_of(merged: Iterable[MergedRange], row_count: int) -> dict[tuple[int, int], int]:
    """``Table.tops``. A range that begins inside another one is not a real one; so the work ends with the cells."""
    tops: dict[tuple[int, int], int] = {}
    for top, left, bottom, _ in merged:
        if (top + 1, left) not in tops:
            tops.update({(row, left): top for row in range(top + 1, min(bottom + 1, row_count))})
    return tops


def column_letters(column: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
