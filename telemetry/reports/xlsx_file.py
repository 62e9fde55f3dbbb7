"""A report as an Excel workbook: the form on the first sheet, the exact milliseconds on the second."""

import io
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.format import Format  # type: ignore[import-untyped]
from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from telemetry.reports.document import (
    MOTTO,
    NATION,
    SIGN_HERE,
    Align,
    Amount,
    Cell,
    Document,
    Row,
    Style,
    Table,
    one_line,
)
from telemetry.reports.words import sentence

FONT = {"font_name": "Times New Roman", "font_size": 11, "valign": "vcenter", "text_wrap": True}
A4 = 9
SHEETS = {"vi": ("Báo cáo", "Số liệu gốc (ms)"), "en": ("Report", "Exact (ms)")}
WIDTH_CHARS = 3.6  # of one unit of Column.width
SHADE = "#E8EDF2"
LINE_POINTS = 15.0  # height of a line; Excel finds the height of a row by itself, but not of merged cells


def write_xlsx(document: Document, path: Path) -> None:
    """Raises OSError, which the library would hide behind errors of its own: it writes to memory."""
    whole = io.BytesIO()
    book = xlsxwriter.Workbook(whole, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    try:
        form_sheet, exact_sheet = (book.add_worksheet(name) for name in SHEETS[document.form.lang])
        _FormSheet(book, form_sheet, document).write()
        _write_exact(book, exact_sheet, document.exact)
    finally:
        book.close()
    path.write_bytes(whole.getvalue())


def spread_columns(widths: Sequence[float], sheet_widths: Sequence[float], share: float) -> list[tuple[int, int]]:
    """The (first, last) columns of the sheet for each column of a table that takes *share* of the sheet's width.

    A sheet has one set of column widths for all its tables; a narrower table merges cells to come near its own.
    """
    ends = list(accumulate(sheet_widths))
    spans, first = [], 0
    for n, reached in enumerate(accumulate(widths)):
        wanted = reached / sum(widths) * ends[-1] * share
        still_needed = len(widths) - n - 1
        last = min(range(first, len(ends) - still_needed), key=lambda i: abs(ends[i] - wanted))
        spans.append((first, last))
        first = last + 1
    return spans


class _FormSheet:
    """The printed form. The sheet's columns are those of the widest table, which stands last."""

    def __init__(self, book: Workbook, sheet: Worksheet, document: Document) -> None:
        self.book, self.sheet, self.document = book, sheet, document
        self.columns = document.tables[-1].columns
        self.last = len(self.columns) - 1
        self.line = 0
        self.formats: dict[tuple[object, ...], Format] = {}

    def write(self) -> None:
        self._page()
        self._head()
        for table in self.document.tables:
            self._table(table)
        for note in (*self.document.notes, self.document.evidence):
            self._spread(note, self._style(italic=True, font_size=10), lines=1 + len(note) // self._line_chars())
        self._signatures()

    def _page(self) -> None:
        self.sheet.set_landscape()
        self.sheet.set_paper(A4)
        self.sheet.set_margins(left=0.6, right=0.5, top=0.6, bottom=0.6)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.set_footer("&C&8&P/&N")
        self.sheet.hide_gridlines(2)
        for n, column in enumerate(self.columns):
            self.sheet.set_column(n, n, column.width * WIDTH_CHARS + 1)

    def _style(self, **properties: object) -> Format:
        key = tuple(sorted(properties.items(), key=lambda item: item[0]))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({**FONT, **properties})
        return self.formats[key]

    def _line_chars(self) -> int:
        return round(sum(column.width for column in self.columns) * WIDTH_CHARS)

    def _spread(self, text: str, style: Format, first: int = 0, last: int | None = None, lines: int = 1) -> None:
        self._merge(text, style, first, self.last if last is None else last)
        if lines > 1:
            self.sheet.set_row(self.line, lines * LINE_POINTS)
        self.line += 1

    def _merge(self, text: str, style: Format, first: int, last: int) -> None:
        if first == last:
            self.sheet.write_string(self.line, first, text, style)
        else:
            self.sheet.merge_range(self.line, first, self.line, last, "", style)
            self.sheet.write_string(self.line, first, text, style)

    def _head(self) -> None:
        form, middle = self.document.form, (self.last + 1) // 2 - 1
        bold = self._style(bold=True, align="center")
        if form.lang == "vi":
            self._merge(form.authority.upper(), self._style(align="center"), 0, middle)
            self._spread(NATION, bold, middle + 1)
            self._merge(self.document.station.upper(), bold, 0, middle)
            self._spread(MOTTO, self._style(bold=True, align="center", underline=1), middle + 1)
        else:
            self._spread(f"{form.authority} {self.document.station}".strip(), bold)
        self.line += 1
        self._spread(self.document.title, self._style(bold=True, align="center", font_size=15))
        self._spread(self.document.subtitle, self._style(italic=True, align="center"))
        self.line += 1
        for text in self.document.lead:
            self._spread(text, self._style())

    def _table(self, table: Table) -> None:
        self.line += 1
        if table.caption:
            self._spread(table.caption, self._style(bold=True, font_size=12))
        heading = self._style(bold=True, align="center", border=1, bg_color=SHADE)
        spans = spread_columns([c.width for c in table.columns], [c.width for c in self.columns], table.width)
        for span, column in zip(spans, table.columns, strict=True):
            self._merge(column.heading, heading, *span)
        self.sheet.set_row(self.line, 2 * LINE_POINTS)
        if table is self.document.tables[-1]:
            self.sheet.repeat_rows(self.line)
        self.line += 1
        first = self.line
        for row in table.rows:
            self._row(table, row, spans, first)

    def _row(self, table: Table, row: Row, spans: Sequence[tuple[int, int]], first: int) -> None:
        if row.spans:
            heading = row.style is Style.HEADING
            style = self._style(border=1, bold=heading, italic=not heading)
            self._spread(one_line(str(row.cells[0])), style, 0, spans[-1][1])
            return
        summed = row.style is Style.TOTAL and all(other.style is Style.PLAIN for other in table.rows[:-1])
        for span, cell, column in zip(spans, row.cells, table.columns, strict=True):
            self._cell(span, cell, column.align, row.style is Style.TOTAL, first if summed else None)
        self.line += 1

    def _cell(self, span: tuple[int, int], cell: Cell, align: Align, bold: bool, sum_from: int | None) -> None:
        plain = self._style(border=1, align=align.value, bold=bold)
        self._merge(one_line(cell) if isinstance(cell, str) else "", plain, *span)
        if not isinstance(cell, str):
            self._number(span[0], cell, align, bold, sum_from)

    def _number(self, n: int, cell: float | Amount, align: Align, bold: bool, sum_from: int | None) -> None:
        decimals = cell.decimals if isinstance(cell, Amount) else 0
        value = cell.value if isinstance(cell, Amount) else cell
        digits = "#,##0" + ("." + "0" * decimals if decimals else "")
        style = self._style(border=1, align=align.value, bold=bold, num_format=digits)
        if sum_from is None or sum_from == self.line:
            self.sheet.write_number(self.line, n, value, style)
        else:  # a formula, with its value for readers that do not calculate
            letter = xlsxwriter.utility.xl_col_to_name(n)
            self.sheet.write_formula(self.line, n, f"=SUM({letter}{sum_from + 1}:{letter}{self.line})", style, value)

    def _signatures(self) -> None:
        signers = self.document.form.signatures
        if not signers:
            return
        self.line += 1
        bold, small = self._style(bold=True, align="center"), self._style(italic=True, align="center")
        width = (self.last + 1) // len(signers)
        for style, texts in ((bold, signers), (small, [SIGN_HERE[self.document.form.lang]] * len(signers))):
            for n, text in enumerate(texts):
                self._merge(sentence(text), style, n * width, (n + 1) * width - 1)
            self.line += 1


def _write_exact(book: Workbook, sheet: Worksheet, table: Table) -> None:
    bold = book.add_format({**FONT, "bold": True, "text_wrap": False, "bg_color": SHADE})
    for n, column in enumerate(table.columns):
        sheet.write_string(0, n, column.heading, bold)
    for line, row in enumerate(table.rows, 1):
        for n, cell in enumerate(row.cells):
            if isinstance(cell, (int, float)):
                sheet.write_number(line, n, cell)
            else:
                sheet.write_string(line, n, one_line(str(cell)))
    sheet.freeze_panes(1, 0)
    sheet.autofit()
