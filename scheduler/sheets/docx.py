"""Tables of a Word document (.docx), as they read when every tracked change is accepted. ECMA-376 part 1, 17.4.

python-docx gives neither inserted text nor the place of a merged cell, so the document is walked through here.
"""

from dataclasses import dataclass, field

from scheduler.sheets.package import Package, Walker, attribute, count
from scheduler.sheets.sheet import LONGEST_REMARK, MAX_CELLS, MAX_REMARKS, MAX_SHEETS, Refused, Sheet

_DOCUMENT = "word/document.xml"
_COMMENTS = "word/comments.xml"
# Deleted, moved away, said a second time; codes; properties (in which "tab" and "del" mean something else).
_GONE = {"del", "delText", "moveFrom", "Fallback", "instrText", "pPr", "rPr"}
_MOST_ABOVE = 50  # paragraphs
_MOST_COLUMNS = 1_000


def read_docx(package: Package) -> list[Sheet]:
    comments = _Comments()
    if _COMMENTS in package.names:
        package.walk(_COMMENTS, comments)
    document = _Document(comments.texts)
    package.walk(_DOCUMENT, document)
    if not document.sheets:
        return [Sheet("Văn bản", [[line] for line in document.above])]
    document.sheets[-1].below = document.above[:_MOST_ABOVE]
    return document.sheets


@dataclass(slots=True)
class _Table:
    """One that is being read. ``open``: in which row the vertically merged range over a column began."""

    sheet: Sheet
    row: int = -1
    column: int = 0
    cells: int = 0
    span: int = 1
    merge: str | None = None  # of this cell, vertically: "restart", "continue"
    row_is_deleted: bool = False
    lines: list[str] = field(default_factory=list)  # of this cell
    is_struck: bool = False  # some of its text is struck through
    first_range: int = 0  # in sheet.merged, of this row
    open: dict[int, int] = field(default_factory=dict)  # column → the index of its range in sheet.merged


@dataclass(slots=True)
class _Comments(Walker):
    """What the comments of a document say, by their number."""

    texts: dict[str, str] = field(default_factory=dict)
    number: str = ""

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "comment":
            self.number = attribute(attributes, "id") or ""
            self.texts[self.number] = ""

    def data(self, text: str) -> None:
        if self.number in self.texts and len(self.texts[self.number]) < LONGEST_REMARK:
            self.texts[self.number] += text[:LONGEST_REMARK]


@dataclass(slots=True)
class _Document(Walker):
    comments: dict[str, str] = field(default_factory=dict)
    sheets: list[Sheet] = field(default_factory=list)
    tables: list[_Table] = field(default_factory=list)  # the open ones, a nested one behind its outer one
    above: list[str] = field(default_factory=list)  # paragraphs since the last table
    paragraph: list[list[str]] = field(default_factory=list)  # the open ones: a text box has paragraphs in a paragraph
    gone: int = 0
    row_properties: bool = False
    run_is_struck: bool = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if self.row_properties and name == "del":
            self.tables[-1].row_is_deleted = True
        if self.gone == 1 and name in ("strike", "dstrike"):  # directly in the properties of a run
            self.run_is_struck = attribute(attributes, "val") not in ("0", "false", "off")
        if self.gone or name in _GONE:
            self.gone += 1
        elif name == "p":
            self.paragraph.append([])
        elif name == "r":
            self.run_is_struck = False
        elif name in ("br", "cr", "tab", "noBreakHyphen") and self.paragraph:
            self.paragraph[-1].append({"tab": "\t", "noBreakHyphen": "-"}.get(name, "\n"))
        elif name == "tbl":
            self._begin_table()
        elif self.tables:
            self._in_table(self.tables[-1], name, attributes)

    def _begin_table(self) -> None:
        if len(self.sheets) >= MAX_SHEETS:
            raise Refused("too_big", f"{MAX_SHEETS} tables")
        sheet = Sheet(f"Bảng {len(self.sheets) + 1}", above=[] if self.tables else self.above[-_MOST_ABOVE:])
        self.sheets.append(sheet)
        self.tables.append(_Table(sheet))
        self.above = []

    def _in_table(self, table: _Table, name: str, attributes: dict[str, str]) -> None:
        if name == "tr":
            _begin_row(table)
        elif name == "trPr":
            self.row_properties = True
        elif name == "gridBefore":
            table.column += count(attributes, "val", 0)
        elif name == "tc":
            table.span, table.merge, table.lines, table.is_struck = 1, None, [], False
        elif name == "gridSpan":
            table.span = max(1, count(attributes, "val"))
        elif name == "commentReference":
            text = self.comments.get(attribute(attributes, "id") or "", "").strip()
            if text and len(table.sheet.remarks) < MAX_REMARKS:
                table.sheet.remarks.append((table.row, table.column, text))
        elif name == "vMerge":
            table.merge = attribute(attributes, "val") or "continue"

    def data(self, text: str) -> None:
        if self.paragraph and not self.gone:
            self.paragraph[-1].append(text)
            if self.tables and self.run_is_struck and text.strip():
                self.tables[-1].is_struck = True

    def finish(self, name: str) -> None:
        if self.gone:
            self.gone -= 1
        elif name == "p" and self.paragraph:
            self._finish_paragraph("".join(self.paragraph.pop()))
        elif name == "trPr":
            self.row_properties = False
        elif self.tables and name == "tc":
            _finish_cell(self.tables[-1])
        elif self.tables and name == "tr":
            _finish_row(self.tables[-1])
        elif self.tables and name == "tbl":
            self._finish_table(self.tables.pop())

    def _finish_paragraph(self, text: str) -> None:
        if self.tables:
            self.tables[-1].lines.append(text)
        elif text.strip():
            self.above.append(text)

    def _finish_table(self, table: _Table) -> None:
        """What stands in a nested table is also read as text of the cell around it: nothing is passed over."""
        if self.tables:
            texts = (" ".join(str(cell) for cell in row if cell) for row in table.sheet.rows)
            self.tables[-1].lines += [text for text in texts if text]


def _begin_row(table: _Table) -> None:
    table.row, table.column, table.row_is_deleted = table.row + 1, 0, False
    table.first_range = len(table.sheet.merged)
    table.sheet.rows.append([])


def _finish_cell(table: _Table) -> None:
    table.cells += 1
    last = table.column + table.span - 1
    if table.cells > MAX_CELLS or last >= _MOST_COLUMNS:
        raise Refused("too_big", table.sheet.name)
    if table.merge == "continue" and table.column in table.open:
        top, left, _, right = table.sheet.merged[table.open[table.column]]
        table.sheet.merged[table.open[table.column]] = (top, left, table.row, right)
    else:
        _put(table, last)
    table.column = last + 1


def _put(table: _Table, last: int) -> None:
    """The cell's text, and the range that begins with it; a range over one cell is dropped at the end of the row."""
    text = "\n".join(table.lines).strip()
    if text:
        table.sheet.put(table.row, table.column, text)
        if table.is_struck:
            table.sheet.struck.append((table.row, table.column))
    table.open.pop(table.column, None)
    if table.merge or last > table.column:
        if table.merge:
            table.open[table.column] = len(table.sheet.merged)
        table.sheet.merged.append((table.row, table.column, table.row, last))


def _finish_row(table: _Table) -> None:
    if table.row_is_deleted:
        merged = table.sheet.merged
        for n in {*table.open.values(), *range(table.first_range, len(merged))}:
            top, left, bottom, right = merged[n]
            merged[n] = (top, left, min(bottom, table.row - 1), right)
        table.sheet.rows.pop()
        table.row -= 1
