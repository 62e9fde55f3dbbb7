"""Tables of a web page. Many programs that "export to Excel" write one and call it .xls."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from scheduler.sheets.sheet import MAX_CELLS, MAX_SHEETS, Refused, Sheet

_NEW_LINE = {"br", "p", "div", "li"}
_UNSEEN = {"script", "style", "title"}
_MOST_SPANNED = 1_000
_BLANKS = re.compile(r"[ \t\r\n\f]+")


def read_html(text: str) -> list[Sheet]:
    page = _Page()
    page.feed(text)
    page.close()
    return page.sheets


@dataclass(slots=True)
class _Table:
    sheet: Sheet
    row: int = -1
    column: int = 0  # where the next cell may stand
    cells: int = 0
    taken: set[tuple[int, int]] = field(default_factory=set)  # places that a spanning cell covers
    open: tuple[int, int] | None = None  # the place of the cell that is being read
    text: list[str] = field(default_factory=list)


class _Page(HTMLParser):
    """Rows and cells end where the next ones begin: closing tags are often left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sheets: list[Sheet] = []
        self.tables: list[_Table] = []
        self.unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self.unseen += 1
        elif tag == "table":
            self._begin_table()
        elif self.tables and tag == "tr":
            self._finish_cell(self.tables[-1])
            self.tables[-1].row, self.tables[-1].column = self.tables[-1].row + 1, 0
        elif self.tables and tag in ("td", "th"):
            self._begin_cell(self.tables[-1], dict(attrs))
        elif self.tables and tag in _NEW_LINE:
            self.tables[-1].text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif self.tables and tag in ("td", "th", "tr"):
            self._finish_cell(self.tables[-1])
        elif self.tables and tag == "table":
            self._finish_cell(self.tables[-1])
            self.tables.pop()

    def handle_data(self, data: str) -> None:
        if self.tables and self.tables[-1].open and not self.unseen:
            self.tables[-1].text.append(_BLANKS.sub(" ", data))

    def _begin_table(self) -> None:
        if len(self.sheets) >= MAX_SHEETS:
            raise Refused("too_big", f"{MAX_SHEETS} tables")
        self.sheets.append(Sheet(f"Bảng {len(self.sheets) + 1}"))
        self.tables.append(_Table(self.sheets[-1]))

    def _begin_cell(self, table: _Table, attributes: dict[str, str | None]) -> None:
        self._finish_cell(table)
        row = table.row = max(table.row, 0)
        while (row, table.column) in table.taken:
            table.column += 1
        column = table.column
        high, wide = _span(attributes.get("rowspan")), _span(attributes.get("colspan"))
        table.cells += high * wide
        if table.cells > MAX_CELLS:
            raise Refused("too_big", table.sheet.name)
        table.taken |= {(row + down, column + along) for down in range(high) for along in range(wide)}
        if high > 1 or wide > 1:
            table.sheet.merged.append((row, column, row + high - 1, column + wide - 1))
        table.open, table.text = (row, column), []

    def _finish_cell(self, table: _Table) -> None:
        if table.open:
            table.sheet.put(*table.open, "\n".join(line.strip() for line in "".join(table.text).split("\n")).strip())
            table.open = None


def _span(text: str | None) -> int:
    return min(int(text), _MOST_SPANNED) if text and text.isascii() and text.isdigit() and text != "0" else 1
