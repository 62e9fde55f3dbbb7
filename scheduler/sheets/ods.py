"""LibreOffice's .ods: OpenDocument 1.2, part 1, chapter 9. Read here because merged cells and hidden rows matter."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from scheduler.sheets.package import Package, Walker, count
from scheduler.sheets.sheet import LONGEST_REMARK, MAX_CELLS, MAX_SHEETS, MOST_HIDDEN, Refused, Sheet, Value

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_CALCEXT = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_DURATION = re.compile(r"PT(\d{1,6})H(\d{1,2})M(\d{1,2})(?:[.,](\d+))?S")
_CONTENT = "content.xml"
_BESIDE = {"annotation", "shapes", "frame", "custom-shape", "tracked-changes", "dde-links", "change-track-table-cell"}


def read_ods(package: Package) -> list[Sheet]:
    if "META-INF/manifest.xml" in package.names and b"encryption-data" in package.read("META-INF/manifest.xml"):
        raise Refused("password", "ODF")
    document = _Document()
    package.walk(_CONTENT, document)
    return document.sheets


@dataclass(slots=True)
class _Document(Walker):
    """Walks through content.xml. Repeated rows and cells are counted, and laid out only where they hold something."""

    sheets: list[Sheet] = field(default_factory=list)
    hidden_styles: set[str] = field(default_factory=set)
    style: str = ""
    sheet: Sheet | None = None
    is_hidden: bool = False  # the sheet
    row: int = 0
    row_repeats: int = 1
    row_is_hidden: bool = False
    cells: list[tuple[int, int, Value]] = field(default_factory=list)  # of this row: column, how many, value
    column: int = 0
    cell: dict[str, str] | None = None  # attributes of the one that is open
    paragraphs: list[list[str]] = field(default_factory=list)
    is_struck: bool = False  # that cell, or a part of its text
    beside: int = 0  # how deep in what is no part of the cell's text
    struck_styles: set[str] = field(default_factory=set)
    sheet_column: int = 0  # of the columns that the sheet describes before its rows
    remark: list[str] | None = None  # the comment that is being read

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "annotation":
            self.remark = []
        if self.beside or name in _BESIDE:
            self.beside += 1
        elif self.cell is not None:
            self._in_cell(name, attributes)
        elif name == "style":
            self.style = attributes.get(f"{_STYLE}name", "")
        elif name == "table-properties" and attributes.get(f"{_TABLE}display") == "false":
            self.hidden_styles.add(self.style)
        elif name == "text-properties" and attributes.get(f"{_STYLE}text-line-through-style", "none") != "none":
            self.struck_styles.add(self.style)
        elif name == "table-column":
            self._describe_columns(attributes)
        elif name == "table":
            self._begin_table(attributes)
        elif name == "table-row":
            self._begin_row(attributes)
        elif name in ("table-cell", "covered-table-cell"):
            self.cell, self.paragraphs = attributes, []
            self.is_struck = attributes.get(f"{_TABLE}style-name") in self.struck_styles

    def _in_cell(self, name: str, attributes: dict[str, str]) -> None:
        if name == "p":
            self.paragraphs.append([])
        elif name == "span" and attributes.get(f"{_TEXT}style-name") in self.struck_styles:
            self.is_struck = True
        elif name == "s" and self.paragraphs:
            self.paragraphs[-1].append(" " * min(count(attributes, "c"), 100))
        elif name in ("tab", "line-break") and self.paragraphs:
            self.paragraphs[-1].append("\t" if name == "tab" else "\n")

    def _describe_columns(self, attributes: dict[str, str]) -> None:
        first, repeats = self.sheet_column, count(attributes, "number-columns-repeated")
        self.sheet_column += repeats
        if self.sheet is not None and attributes.get(f"{_TABLE}visibility", "visible") != "visible":
            self.sheet.hidden_columns += range(first, first + min(repeats, MOST_HIDDEN))

    def data(self, text: str) -> None:
        if self.remark is not None:
            self.remark.append(text)
        if self.cell is not None and not self.beside and self.paragraphs:
            self.paragraphs[-1].append(re.sub(r"\s+", " ", text))

    def finish(self, name: str) -> None:
        if name == "annotation":
            self._finish_remark()
        if self.beside:
            self.beside -= 1
        elif self.cell is not None and name in ("table-cell", "covered-table-cell"):
            self._finish_cell(self.cell)
        elif name == "table-row":
            self._finish_row()
        elif name == "table":
            self._finish_table()

    def _finish_remark(self) -> None:
        """Its author and date stand before its text, without a mark between them that would matter to a reader."""
        text = re.sub(r"\s+", " ", " ".join(self.remark or ())).strip()[:LONGEST_REMARK]
        if self.sheet is not None and text:
            self.sheet.remarks.append((self.row, self.column, text))
        self.remark = None

    def _begin_table(self, attributes: dict[str, str]) -> None:
        self.sheet = Sheet(attributes.get(f"{_TABLE}name", ""))
        self.is_hidden = attributes.get(f"{_TABLE}style-name") in self.hidden_styles
        self.row, self.sheet_column = 0, 0

    def _finish_table(self) -> None:
        if self.sheet is not None and not self.is_hidden:
            self.sheets.append(self.sheet)
        if len(self.sheets) > MAX_SHEETS:
            raise Refused("too_big", f"{len(self.sheets)} sheets")
        self.sheet = None

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self.row_repeats = count(attributes, "number-rows-repeated")
        self.row_is_hidden = attributes.get(f"{_TABLE}visibility", "visible") != "visible"
        self.cells, self.column = [], 0

    def _finish_cell(self, attributes: dict[str, str]) -> None:
        repeats = count(attributes, "number-columns-repeated")
        value = _value(attributes, "\n".join("".join(parts) for parts in self.paragraphs))
        if value is not None:
            self.cells.append((self.column, repeats, value))
            if self.sheet is not None and self.is_struck:
                self.sheet.struck.append((self.row, self.column))
        self._note_merged(attributes)
        self.column += repeats
        self.cell = None

    def _note_merged(self, attributes: dict[str, str]) -> None:
        rows, columns = count(attributes, "number-rows-spanned"), count(attributes, "number-columns-spanned")
        if self.sheet is not None and (rows > 1 or columns > 1):
            self.sheet.merged.append((self.row, self.column, self.row + rows - 1, self.column + columns - 1))

    def _finish_row(self) -> None:
        if self.sheet is not None and self.cells:
            wide = self.cells[-1][0] + self.cells[-1][1]
            if (self.row + self.row_repeats) * wide > MAX_CELLS:
                raise Refused("too_big", self.sheet.name)
            for row in range(self.row, self.row + self.row_repeats):
                self._lay_out(self.sheet, row)
        self.row += self.row_repeats

    def _lay_out(self, sheet: Sheet, row: int) -> None:
        if self.row_is_hidden:
            sheet.hidden.append(row)
        for first, repeats, value in self.cells:
            for column in range(first, first + repeats):
                sheet.put(row, column, value)


def _value(attributes: dict[str, str], text: str) -> Value:
    """A cell's value by its type; None of an empty one. What cannot be read as its type is its text."""
    if attributes.get(f"{_CALCEXT}value-type") == "error":
        return text or "#N/A"
    try:
        match attributes.get(f"{_OFFICE}value-type"):
            case "float" | "percentage" | "currency":
                return float(attributes[f"{_OFFICE}value"])
            case "boolean":
                return attributes[f"{_OFFICE}boolean-value"] == "true"
            case "date":
                return _date(attributes[f"{_OFFICE}date-value"])
            case "time":
                return _time(attributes[f"{_OFFICE}time-value"])
    except (KeyError, ValueError, OverflowError):
        pass
    formula = attributes.get(f"{_TABLE}formula", "")
    return text or attributes.get(f"{_OFFICE}string-value") or (f"={formula}" if formula else None)


def _date(text: str) -> date:
    day = datetime.fromisoformat(text)
    return day if "T" in text else day.date()


def _time(text: str) -> time | timedelta:
    """A time of day as a spreadsheet gives it; what lasts a day or longer is a duration."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError(text)
    hours, minutes, seconds = (int(part) for part in found.groups()[:3])
    fraction = int((found[4] or "0")[:6].ljust(6, "0"))
    lasts = timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=fraction)
    return (datetime.min + lasts).time() if lasts < timedelta(days=1) else lasts
