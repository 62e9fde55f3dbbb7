"""A report as a PDF for A4 across, with the font that is shipped beside this module.

fpdf2 drops letters that a font lacks and only logs it ("Báo cáo thi lng"); here every text is checked first. A letter
that the font has not (an emoji in a title from a phone) is printed as its code point, so that nothing disappears.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from fpdf import FPDF, FontFace, XPos, YPos
from fpdf.enums import MethodReturnValue, TableBordersLayout
from fpdf.fonts import TTFFont
from fpdf.table import RowLayoutInfo
from fpdf.table import Table as PdfTable

from telemetry.reports.document import (
    MOTTO,
    NATION,
    SIGN_HERE,
    Align,
    Document,
    Row,
    Style,
    Table,
    cell_text,
    one_line,
)

FONTS = Path(__file__).parent / "fonts"
FAMILY = "liberationserif"
FACES = {"": "Regular", "B": "Bold", "I": "Italic"}
LEFT_MM, RIGHT_MM, TOP_MM, BOTTOM_MM = 20.0, 12.0, 13.0, 15.0  # the left margin is for the binding
TABLE_POINTS, TEXT_POINTS = 9.5, 11.0
NOTE_POINTS = 9.5
LINE_MM = 5.2
LINE_SPACING = 0.46  # mm a point
NOTES_GAP_MM = 2.5  # above the notes
SIGNATURES_MM = 42.0
GREY, RULE = (232, 237, 242), (120, 130, 140)
PDF_ALIGN = {Align.LEFT: "LEFT", Align.CENTER: "CENTER", Align.RIGHT: "RIGHT"}
PAGE = {"vi": "Trang", "en": "Page"}


class MissingGlyph(ValueError):
    """The font has no shape for a letter of the text."""


class _Paper(FPDF):
    """An A4 page across, with the station and the page number at its foot."""

    def __init__(self, document: Document) -> None:
        super().__init__(orientation="landscape", format="A4")
        self.document = document
        for style, face in FACES.items():
            self.add_font(FAMILY, style, FONTS / f"LiberationSerif-{face}.ttf")
        faces = [font for font in self.fonts.values() if isinstance(font, TTFFont)]
        self.letters = frozenset.intersection(*(frozenset(face.cmap) for face in faces))
        self.font_files = [face.ttfont for face in faces]
        self.set_margins(LEFT_MM, TOP_MM, RIGHT_MM)
        self.set_auto_page_break(True, BOTTOM_MM)
        self.set_draw_color(*RULE)
        self.set_title(document.title)
        self.set_lang(document.form.lang)

    def footer(self) -> None:
        self.set_y(-BOTTOM_MM + 4)
        self.set_font(FAMILY, "I", 8.5)
        self.cell(self.epw / 2, 4, self.safe(f"{self.document.station} – {self.document.title}"))
        self.cell(self.epw / 2, 4, f"{PAGE[self.document.form.lang]} {self.page_no()}/{{nb}}", align="R")

    def safe(self, text: str) -> str:
        """The text with every letter that the font lacks spelled as <U+1F4E2>."""
        return "".join(c if ord(c) in self.letters else f"<U+{ord(c):04X}>" for c in one_line(text))

    def normalize_text(self, text: str) -> str:
        """The door through which fpdf2 passes every text: refuse what it would drop. Raises MissingGlyph."""
        if missing := sorted({c for c in text if ord(c) not in self.letters}):
            raise MissingGlyph(f"{FAMILY} has no {missing!r} in {text!r}")
        return super().normalize_text(text)


def write_pdf(document: Document, path: Path) -> None:
    """Raises OSError."""
    paper = _Paper(document)
    with contextlib.ExitStack() as stack:
        for font in paper.font_files:
            stack.callback(font.close)
        _print(paper, document)
        paper.output(str(path))


def _print(paper: _Paper, document: Document) -> None:
    paper.add_page()
    _head(paper, document)
    for table in document.tables:
        _table(paper, table, document)
    if document.form.signatures:
        _keep_room(paper, _notes_mm(paper, document) + SIGNATURES_MM)  # no page has nothing but signatures
    _notes(paper, document)
    _signatures(paper, document)


def _centred(paper: _Paper, text: str, style: str, points: float, x: float, width: float) -> None:
    paper.set_font(FAMILY, style, points)
    paper.set_x(x)
    paper.cell(width, LINE_MM, paper.safe(text), align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _head(paper: _Paper, document: Document) -> None:
    """Station at the left; nation and motto at the right, as Nghị định 30/2020/NĐ-CP asks of official papers."""
    top, half = paper.get_y(), paper.epw / 2
    if document.form.authority:
        _centred(paper, document.form.authority.upper(), "", 11.5, LEFT_MM, half)
    _centred(paper, document.station.upper(), "B", 11.5, LEFT_MM, half)
    bottom = _rule(paper, LEFT_MM + half / 2, 28)
    if document.form.lang == "vi":
        paper.set_y(top)
        _centred(paper, NATION, "B", 11.5, LEFT_MM + half, half)
        _centred(paper, MOTTO, "B", 12, LEFT_MM + half, half)
        bottom = max(bottom, _rule(paper, LEFT_MM + half * 1.5, 52))
    paper.set_y(bottom + 6)
    _centred(paper, document.title, "B", 15, LEFT_MM, paper.epw)
    _centred(paper, document.subtitle, "I", TEXT_POINTS, LEFT_MM, paper.epw)
    paper.ln(2.5)
    for text, style in zip(document.lead, ("B", *[""] * len(document.lead)), strict=False):
        _paragraph(paper, text, style, TEXT_POINTS)


def _rule(paper: _Paper, middle: float, width: float) -> float:
    """A short line under what was just written; returns its height on the page."""
    y = paper.get_y() + 0.8
    paper.line(middle - width / 2, y, middle + width / 2, y)
    return y


def _paragraph(paper: _Paper, text: str, style: str, points: float) -> None:
    paper.set_font(FAMILY, style, points)
    paper.multi_cell(paper.epw, points * LINE_SPACING, paper.safe(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _table(paper: _Paper, table: Table, document: Document) -> None:
    paper.ln(2.5)
    if table.caption:
        _keep_room(paper, 30)
        _paragraph(paper, table.caption, "B", 12)
        paper.ln(1)
    paper.set_font(FAMILY, "", TABLE_POINTS)
    with _grid(paper, table) as grid:
        heading = grid.row(style=FontFace(emphasis="BOLD", fill_color=GREY))
        for column in table.columns:
            heading.cell(paper.safe(column.heading), align="CENTER")
        for row, after in zip(table.rows, (*table.rows[1:], None), strict=True):
            if row.style is Style.HEADING or (after and after.style is Style.TOTAL):
                grid.kept_with_next.append(len(grid.rows))
            _row(paper, grid, row, table, document)


class _Grid(PdfTable):
    """A table that never leaves a day's heading alone at the foot of a page, nor a sum at the head of one.

    fpdf2 asks ``pagebreak_height`` before each row whether it still fits; it has no public way to keep rows together.
    """

    def __init__(self, paper: _Paper, **options: Any) -> None:
        super().__init__(paper, **options)
        self.kept_with_next: list[int] = []  # indices of rows
        self._most_mm = paper.eph / 2  # rows so high that they would not fit together are not kept together

    def _compute_rows_info(self) -> Iterator[RowLayoutInfo]:
        known = list(super()._compute_rows_info())
        for n in reversed(self.kept_with_next):
            both = known[n].pagebreak_height + known[n + 1].pagebreak_height
            if both < self._most_mm:
                known[n] = replace(known[n], pagebreak_height=both)
        yield from known


@contextlib.contextmanager
def _grid(paper: _Paper, table: Table) -> Iterator[_Grid]:
    grid = _Grid(
        paper,
        col_widths=tuple(column.width for column in table.columns),
        borders_layout=TableBordersLayout.ALL,
        line_height=4.4,
        padding=(0.7, 1.3),
        width=paper.epw * table.width,
        align="LEFT",
        text_align=tuple(PDF_ALIGN[column.align] for column in table.columns),
        headings_style=FontFace(emphasis="BOLD", fill_color=GREY),
    )
    yield grid
    grid.render()


def _row(paper: _Paper, grid: PdfTable, row: Row, table: Table, document: Document) -> None:
    if row.spans:
        emphasis, fill = ("BOLD", (245, 247, 249)) if row.style is Style.HEADING else ("ITALICS", None)
        line = grid.row(style=FontFace(emphasis=emphasis, fill_color=fill))
        line.cell(paper.safe(str(row.cells[0])), colspan=len(table.columns), align="LEFT")
        return
    line = grid.row(style=FontFace(emphasis="BOLD") if row.style is Style.TOTAL else None)
    for cell in row.cells:
        line.cell(paper.safe(cell_text(cell, document.form)))


def _notes(paper: _Paper, document: Document) -> None:
    paper.ln(NOTES_GAP_MM)
    for note in (*document.notes, document.evidence):
        _paragraph(paper, note, "I", NOTE_POINTS)


def _signatures(paper: _Paper, document: Document) -> None:
    """Kept whole on one page, with room to sign."""
    signers = document.form.signatures
    if not signers:
        return
    _keep_room(paper, SIGNATURES_MM)
    paper.ln(4)
    top, width = paper.get_y(), paper.epw / len(signers)
    if document.form.lang == "vi":
        place = f"{document.form.place or '…' * 8}, ngày …… tháng …… năm ………"
        _centred(paper, place, "I", TEXT_POINTS, LEFT_MM + paper.epw - width, width)
        top = paper.get_y()
    for n, signer in enumerate(signers):
        paper.set_y(top)
        _centred(paper, signer.upper(), "B", TEXT_POINTS, LEFT_MM + n * width, width)
        _centred(paper, SIGN_HERE[document.form.lang], "I", TEXT_POINTS - 1, LEFT_MM + n * width, width)


def _notes_mm(paper: _Paper, document: Document) -> float:
    """The height of the notes."""
    paper.set_font(FAMILY, "I", NOTE_POINTS)
    height_mm = NOTES_GAP_MM
    for note in (*document.notes, document.evidence):
        lines = paper.multi_cell(paper.epw, text=paper.safe(note), dry_run=True, output=MethodReturnValue.LINES)
        assert isinstance(lines, list)
        height_mm += len(lines) * NOTE_POINTS * LINE_SPACING
    return height_mm


def _keep_room(paper: _Paper, height_mm: float) -> None:
    if paper.will_page_break(height_mm):
        paper.add_page()
