"""Tables of a web page. Many programs that "export to Excel" write one and call it .xls.

Python's own HTML parser takes minutes for a page of open comments, so the page is cut into tags here, in one pass.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from scheduler.sheets.package import MAX_ELEMENTS
from scheduler.sheets.sheet import MAX_CELLS, MAX_SHEETS, Refused, Sheet

_TOKEN = re.compile(r"<(?P<end>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9]{0,20})(?P<attributes>[^<>]*)>|(?P<text>[^<]+)|<")
_SPAN = re.compile(r"""(?i)\b(rowspan|colspan)\s{0,9}=\s{0,9}["']?(\d{1,9})""")
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_UNSEEN = [
    (re.compile(begin, re.IGNORECASE), re.compile(end, re.IGNORECASE))
    for begin, end in (("<!--", "-->"), ("<script", "</script>"), ("<style", "</style>"), ("<title", "</title>"))
]
_NEW_LINE = {"br", "p", "div", "li"}
_MOST_SPANNED = 1_000


def read_html(text: str) -> list[Sheet]:
    page = _Page()
    for begin, end in _UNSEEN:
        text = "".join(_without(text, begin, end))
    for number, token in enumerate(_TOKEN.finditer(text)):
        if number > MAX_ELEMENTS:
            raise Refused("too_big", f"{MAX_ELEMENTS} HTML tags")
        if token["tag"] is None:
            page.text(token["text"] or "")
        elif token["end"]:
            page.end(token["tag"].lower())
        else:
            page.begin(token["tag"].lower(), token["attributes"])
    return page.sheets


def _without(text: str, begin: re.Pattern[str], end: re.Pattern[str]) -> Iterator[str]:
    """What stands outside *begin* … *end*; what is never ended lasts to the end of the page."""
    done = 0
    while start := begin.search(text, done):
        yield text[done : start.start()]
        stop = end.search(text, start.end())
        done = stop.end() if stop else len(text)
    yield text[done:]


@dataclass(slots=True)
class _Table:
    sheet: Sheet
    row: int = -1
    column: int = 0  # where the next cell may stand
    cells: int = 0
    taken: set[tuple[int, int]] = field(default_factory=set)  # places that a spanning cell covers
    open: tuple[int, int] | None = None  # the place of the cell that is being read
    text: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Page:
    """Rows and cells end where the next ones begin: closing tags are often left out."""

    sheets: list[Sheet] = field(default_factory=list)
    tables: list[_Table] = field(default_factory=list)  # the open ones, a nested one behind its outer one

    def begin(self, tag: str, attributes: str) -> None:
        if tag == "table":
            self._begin_table()
        elif self.tables and tag == "tr":
            _begin_row(self.tables[-1])
        elif self.tables and tag in ("td", "th"):
            _begin_cell(self.tables[-1], {name.lower(): number for name, number in _SPAN.findall(attributes)})
        elif self.tables and tag in _NEW_LINE:
            self.tables[-1].text.append("\n")

    def end(self, tag: str) -> None:
        if self.tables and tag in ("td", "th", "tr", "table"):
            _finish_cell(self.tables[-1])
            if tag == "table":
                self.tables.pop()

    def text(self, text: str) -> None:
        if self.tables and self.tables[-1].open:
            self.tables[-1].text.append(_BLANKS.sub(" ", _unescaped(text)))

    def _begin_table(self) -> None:
        if len(self.sheets) >= MAX_SHEETS:
            raise Refused("too_big", f"{MAX_SHEETS} tables")
        self.sheets.append(Sheet(f"Bảng {len(self.sheets) + 1}"))
        self.tables.append(_Table(self.sheets[-1]))


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a number of thousands of digits
        return text


def _begin_row(table: _Table) -> None:
    _finish_cell(table)
    table.row, table.column = table.row + 1, 0


def _begin_cell(table: _Table, spans: dict[str, str]) -> None:
    _finish_cell(table)
    row = table.row = max(table.row, 0)
    while (row, table.column) in table.taken:
        table.column += 1
    column = table.column
    high, wide = (min(max(1, int(spans.get(name, 1))), _MOST_SPANNED) for name in ("rowspan", "colspan"))
    table.cells += high * wide
    if table.cells > MAX_CELLS:
        raise Refused("too_big", table.sheet.name)
    table.taken |= {(row + down, column + along) for down in range(high) for along in range(wide)}
    if high > 1 or wide > 1:
        table.sheet.merged.append((row, column, row + high - 1, column + wide - 1))
    table.open, table.text = (row, column), []


def _finish_cell(table: _Table) -> None:
    if table.open:
        lines = (line.strip() for line in "".join(table.text).split("\n"))
        table.sheet.put(*table.open, "\n".join(lines).strip())
        table.open = None
