"""A table as a person sees it: a merged range shows its content in all its cells. May be turned, rows for columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from scheduler.loaders.table import MergedRange, Table
from scheduler.spoken.cells import Cell, excerpt, is_blank


@dataclass(frozen=True, slots=True)
class View:
    """Rows *first* … *end* - 1 of a table. ``areas`` tells of every merged cell the range in which it lies."""

    table: Table
    areas: Mapping[tuple[int, int], MergedRange]
    width: int
    first: int
    end: int
    turned: bool = False

    @classmethod
    def of(cls, table: Table) -> "View":
        width = max(map(len, table.rows), default=0)
        return cls(table, areas_of(table.merged, len(table.rows), width), width, 0, len(table.rows))

    def part(self, first: int, end: int) -> "View":
        """The same with other first and last rows; of a turned view its columns, which are the table's rows."""
        return replace(self, first=first, end=end)

    def turn(self) -> "View":
        return replace(self, turned=not self.turned)

    @property
    def rows(self) -> Sequence[int]:
        return range(self.width) if self.turned else range(self.first, self.end)

    @property
    def columns(self) -> Sequence[int]:
        return range(self.first, self.end) if self.turned else range(self.width)

    def area(self, row: int, column: int) -> MergedRange:
        """First row, first column, last row, last column of what a person takes for one cell."""
        if self.turned:
            top, left, bottom, right = self._area(column, row)
            return left, top, right, bottom
        return self._area(row, column)

    def _area(self, row: int, column: int) -> MergedRange:
        return self.areas.get((row, column), (row, column, row, column))

    def at(self, row: int, column: int) -> Cell:
        """What is seen there."""
        top, left, _, _ = self.area(row, column)
        top, left = (left, top) if self.turned else (top, left)
        cells = self.table.rows[top]
        return cells[left] if left < len(cells) else None

    def begins(self, row: int, column: int) -> bool:
        """Whether the cell is no lower or further part of a merged range."""
        return self.area(row, column)[:2] == (row, column)

    def seen(self, row: int) -> list[int]:
        """Columns in which something is seen; a merged range once, in its first column here."""
        filled = [column for column in self.columns if not is_blank(self.at(row, column))]
        return [c for c in filled if self.area(row, c)[1] == c or c == self.columns[0]]

    def text(self, row: int, column: int, longest: int = 80) -> str:
        return excerpt(self.at(row, column), longest)

    def where(self, row: int, column: int, heading: str = "") -> str:
        """The place of what is seen: of a merged range its first cell."""
        top, left, _, _ = self.area(row, column)
        return self.table.where(left, top, heading) if self.turned else self.table.where(top, left, heading)


def areas_of(merged: Iterable[MergedRange], height: int, width: int) -> dict[tuple[int, int], MergedRange]:
    """``View.areas``. Real ranges do not overlap: where they would be more cells than the sheet has, the work ends."""
    areas: dict[tuple[int, int], MergedRange] = {}
    left_to_cover = height * width
    for top, left, bottom, right in merged:
        area = (top, left, min(bottom, height - 1), min(right, width - 1))
        left_to_cover -= max(0, area[2] - top + 1) * max(0, area[3] - left + 1)
        if left_to_cover < 0:
            break
        if (top, left) not in areas:
            areas |= {(r, c): area for r in range(top, area[2] + 1) for c in range(left, area[3] + 1)}
    return areas
