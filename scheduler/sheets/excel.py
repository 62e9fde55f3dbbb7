"""The one door to python-calamine: workbooks of Excel (.xlsx, .xls).

A sheet of two cells, A1 and the last one, makes that library ask for gigabytes, and the process is aborted; a crafted
file may panic it. So no process that has anything to lose imports this. Of an .xlsx the sheets are walked through
before, for what the library does not tell: hidden rows, cells with an error, formulas that were never calculated, and
the words that a number's format shows.
"""

import io
import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import python_calamine as calamine

from scheduler.sheets.package import Package, Walker, attribute, count
from scheduler.sheets.sheet import (
    LONGEST_REMARK,
    MAX_CELLS,
    MAX_REMARKS,
    MAX_SHEETS,
    MOST_HIDDEN,
    Refused,
    Sheet,
    Value,
)

_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
_BOOK = "xl/workbook.xml"
_STYLES = "xl/styles.xml"
_STRINGS = "xl/sharedStrings.xml"
_BOOK_RELATIONS = "xl/_rels/workbook.xml.rels"


def read_xlsx(package: Package, raw: bytes) -> list[Sheet]:
    parts = _sheet_parts(package)
    styles, struck_strings = _styles(package), _struck_strings(package)
    seen: dict[str, _SheetWalker] = {}
    for name, part in parts.items():
        if part in package.names:
            seen[name] = _SheetWalker(name, styles.struck, struck_strings, styles.worded)
            package.walk(part, seen[name])
            seen[name].remarks = _remarks(package, part)
    sheets = _visible_sheets(raw)
    for sheet in sheets:
        if sheet.name in seen:
            _add_what_was_seen(sheet, seen[sheet.name])
    return sheets


def read_xls(raw: bytes) -> list[Sheet]:
    """Of this old form hidden rows and errors in cells cannot be told: the rows are read, the errors are empty."""
    return _visible_sheets(raw)


def _visible_sheets(raw: bytes) -> list[Sheet]:
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        shown = [m.name for m in workbook.sheets_metadata if _is_shown(m)]
        if len(shown) > MAX_SHEETS:
            raise Refused("too_big", f"{len(shown)} sheets")
        return [_sheet(workbook.get_sheet_by_name(name)) for name in shown]
    except calamine.PasswordError as error:
        raise Refused("password", str(error)) from None
    except (calamine.CalamineError, OSError, ValueError, OverflowError) as error:
        raise Refused("unreadable_file", str(error)) from None


def _is_shown(sheet: calamine.SheetMetadata) -> bool:
    return sheet.visible is calamine.SheetVisibleEnum.Visible and sheet.typ is calamine.SheetTypeEnum.WorkSheet


def _sheet(sheet: calamine.CalamineSheet) -> Sheet:
    if (sheet.total_height + 1) * (sheet.total_width + 1) > MAX_CELLS:
        raise Refused("too_big", sheet.name)
    rows: list[list[Value]] = [list(row) for row in sheet.to_python(skip_empty_area=False)]
    return Sheet(sheet.name, rows, [(*first, *last) for first, last in sheet.merged_cell_ranges or ()])


def _add_what_was_seen(sheet: Sheet, seen: "_SheetWalker") -> None:
    sheet.hidden = [row for row in seen.hidden if row < len(sheet.rows)]
    sheet.hidden_columns, sheet.struck, sheet.remarks = seen.hidden_columns, seen.struck, seen.remarks
    for (row, column), text in seen.instead.items():
        sheet.put(row, column, text)


# --- what the library does not tell


class _Names(Walker):
    """The sheets of a workbook, or the targets of its relations: {attribute: other attribute} of one element."""

    def __init__(self, element: str, key: str, value: str) -> None:
        self.element, self.key, self.value = element, key, value
        self.found: dict[str, str] = {}

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == self.element:
            key, value = attribute(attributes, self.key), attribute(attributes, self.value)
            if key is not None and value is not None:
                self.found[key] = value


def _sheet_parts(package: Package) -> dict[str, str]:
    """The part in which each sheet lies."""
    sheets, targets = _Names("sheet", "name", "id"), _Names("Relationship", "Id", "Target")
    for part, walker in ((_BOOK, sheets), (_BOOK_RELATIONS, targets)):
        if part in package.names:
            package.walk(part, walker)
    found = {name: targets.found.get(key, "") for name, key in sheets.found.items()}
    return {name: posixpath.normpath(posixpath.join("/xl", target))[1:] for name, target in found.items()}


@dataclass(slots=True)
class _Styles(Walker):
    """Which of a workbook's cell styles strike their text through, and which write words around numbers."""

    formats: dict[str, str] = field(default_factory=dict)  # number → code
    worded: dict[str, str] = field(default_factory=dict)  # style → code
    fonts: list[bool] = field(default_factory=list)
    struck: set[str] = field(default_factory=set)
    cells: int = 0
    inside: str = ""

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name in ("fonts", "cellXfs"):
            self.inside = name
        elif name == "numFmt" and _WORDED.fullmatch(code := attributes.get("formatCode", "")[:LONGEST_FORMAT]):
            self.formats[attributes.get("numFmtId", "")] = code
        elif self.inside == "fonts" and name == "font":
            self.fonts.append(False)
        elif self.inside == "fonts" and name == "strike" and self.fonts:
            self.fonts[-1] = _is_on(attributes)
        elif self.inside == "cellXfs" and name == "xf":
            font = count(attributes, "fontId", 0)
            if font < len(self.fonts) and self.fonts[font]:
                self.struck.add(str(self.cells))
            if (number := attributes.get("numFmtId", "")) in self.formats:
                self.worded[str(self.cells)] = self.formats[number]
            self.cells += 1

    def finish(self, name: str) -> None:
        if name == self.inside:
            self.inside = ""


def _styles(package: Package) -> _Styles:
    styles = _Styles()
    if _STYLES in package.names:
        package.walk(_STYLES, styles)
    return styles


LONGEST_FORMAT = 100
_WORDS = r"(?:\"[^\"]*\"|\\.)"
_WORDED = re.compile(rf"(?P<before>{_WORDS}*)(?:General|0|#|#,##0)(?P<after>{_WORDS}*)(?P<minutes>00)?")


def shown_number(value: str, code: str) -> str | None:
    """What a person sees of a number in a format of words, 1 in ``0" giờ"`` or 530 in ``0"h"00``; None if it has none.

    Only that of a whole number: words around others would be worse than the number itself.
    """
    found = _WORDED.fullmatch(code)
    if found is None or not re.fullmatch(r"\d{1,6}(?:\.0+)?", value) or not (found["before"] or found["after"]):
        return None
    number = int(float(value))
    before, after = (re.sub(r'"|\\', "", found[part]) for part in ("before", "after"))
    if found["minutes"]:
        return f"{before}{number // 100}{after}{number % 100:02}"
    return f"{before}{number}{after}"


def _is_on(attributes: dict[str, str]) -> bool:
    return attributes.get("val", "1") not in ("0", "false")


@dataclass(slots=True)
class _Strings(Walker):
    """Which of the strings that cells share are struck through, if only in part."""

    struck: set[str] = field(default_factory=set)
    strings: int = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "strike" and _is_on(attributes):
            self.struck.add(str(self.strings))

    def finish(self, name: str) -> None:
        if name == "si":
            self.strings += 1


def _struck_strings(package: Package) -> frozenset[str]:
    strings = _Strings()
    if _STRINGS in package.names:
        package.walk(_STRINGS, strings)
    return frozenset(strings.struck)


@dataclass(slots=True)
class _Comments(Walker):
    """The comments pinned to a sheet's cells."""

    found: list[tuple[int, int, str]] = field(default_factory=list)
    place: tuple[int, int] | None = None
    text: list[str] = field(default_factory=list)
    in_text: bool = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "comment":
            place = _REFERENCE.fullmatch(attributes.get("ref", ""))
            self.place = (int(place[2]) - 1, _column_number(place[1])) if place else None
            self.text = []
        self.in_text = name == "t"

    def data(self, text: str) -> None:
        if self.in_text:
            self.text.append(text)

    def finish(self, name: str) -> None:
        self.in_text = False
        if name == "comment" and self.place is not None and len(self.found) < MAX_REMARKS:
            self.found.append((*self.place, "".join(self.text)[:LONGEST_REMARK]))


def _remarks(package: Package, part: str) -> list[tuple[int, int, str]]:
    folder, name = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{name}.rels")
    targets, comments = _Names("Relationship", "Id", "Target"), _Comments()
    if relations in package.names:
        package.walk(relations, targets)
    for target in targets.found.values():
        place = posixpath.normpath(posixpath.join("/", folder, target))[1:]
        if posixpath.basename(place).startswith("comment") and place in package.names:
            package.walk(place, comments)
    return comments.found


@dataclass(slots=True)
class _SheetWalker(Walker):
    """Walks through one sheet. ``instead``: the cells whose stored value is none, with the text to show for it."""

    sheet: str
    struck_styles: Collection[str]
    struck_strings: frozenset[str]
    worded_styles: Mapping[str, str]
    hidden: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    struck: list[tuple[int, int]] = field(default_factory=list)
    remarks: list[tuple[int, int, str]] = field(default_factory=list)
    instead: dict[tuple[int, int], str] = field(default_factory=dict)
    cells: int = 0
    bottom: int = -1
    right: int = -1
    row: int = -1
    column: int = -1
    is_error: bool = False
    is_shared: bool = False  # its value is the number of a shared string
    is_struck: bool = False
    is_number: bool = False
    format: str = ""
    text: list[str] | None = None  # of the element f or v that is being read
    formula: str | None = None
    value: str = ""

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "row":
            self._begin_row(attributes)
        elif name == "col":
            self._column(attributes)
        elif name == "c":
            self._begin_cell(attributes)
        elif name in ("f", "v", "is"):
            self.text = []
        elif name == "strike":  # in a part of the cell's own text
            self.is_struck = self.is_struck or _is_on(attributes)

    def data(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def finish(self, name: str) -> None:
        if name == "f":
            self.formula, self.text = "".join(self.text or ()), None
        elif name in ("v", "is"):
            self.value, self.text = "".join(self.text or ()), None
        elif name == "c":
            self._finish_cell()

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r", "")
        self.row = int(number) - 1 if re.fullmatch(r"[1-9]\d{0,6}", number) else self.row + 1
        self.column = -1
        if attributes.get("hidden") in ("1", "true"):
            self.hidden.append(self.row)

    def _column(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in ("1", "true"):
            first, last = count(attributes, "min", 0), count(attributes, "max", 0)
            self.hidden_columns += range(max(0, first - 1), min(last, first + MOST_HIDDEN))

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self.cells += 1
        if self.cells > MAX_CELLS:
            raise Refused("too_big", self.sheet)
        self.column += 1
        if place := _REFERENCE.fullmatch(attributes.get("r", "")):
            self.row, self.column = int(place[2]) - 1, _column_number(place[1])
        self.is_error, self.is_shared = attributes.get("t") == "e", attributes.get("t") == "s"
        self.formula, self.value = None, ""
        self.is_number = attributes.get("t", "n") == "n"
        self.is_struck = attributes.get("s") in self.struck_styles
        self.format = self.worded_styles.get(attributes.get("s", ""), "")

    def _finish_cell(self) -> None:
        if self.is_struck or (self.is_shared and self.value in self.struck_strings):
            self.struck.append((self.row, self.column))
        if self.is_error:
            self.instead[self.row, self.column] = self.value
        elif self.formula is not None and not self.value:
            self.instead[self.row, self.column] = "=" + self.formula
        elif self.is_number and self.format and (shown := shown_number(self.value, self.format)):
            self.instead[self.row, self.column] = shown
        if self.value or self.formula is not None:
            self.bottom, self.right = max(self.bottom, self.row), max(self.right, self.column)
            if (self.bottom + 1) * (self.right + 1) > MAX_CELLS:
                raise Refused("too_big", self.sheet)


def _column_number(letters: str) -> int:
    """A → 0, Z → 25, AA → 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
