"""A report as a Word document that the office can edit: A4 across, Times New Roman, headings repeated on each page."""

from pathlib import Path

import docx
from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table as WordTable
from docx.table import _Cell, _Row
from docx.text.paragraph import Paragraph

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

FONT = "Times New Roman"
PAGE_MM = (297, 210)
MARGINS_MM = (15, 15, 20, 15)  # top, bottom, left, right
TEXT_WIDTH_MM = PAGE_MM[0] - MARGINS_MM[2] - MARGINS_MM[3]
WORD_ALIGN = {
    Align.LEFT: WD_ALIGN_PARAGRAPH.LEFT,
    Align.CENTER: WD_ALIGN_PARAGRAPH.CENTER,
    Align.RIGHT: WD_ALIGN_PARAGRAPH.RIGHT,
}
SHADE = "E8EDF2"


def write_docx(document: Document, path: Path) -> None:
    """Raises OSError."""
    word = docx.Document()
    _page(word)
    _head(word, document)
    for table in document.tables:
        _table(word, table, document)
    for note in (*document.notes, document.evidence):
        _line(word.add_paragraph(), note, size=10, italic=True)
    _signatures(word, document)
    word.save(str(path))


def _page(word: WordDocument) -> None:
    section = word.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = (Mm(mm) for mm in PAGE_MM)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = (Mm(m) for m in MARGINS_MM)
    normal = word.styles["Normal"]
    normal.font.name, normal.font.size = FONT, Pt(11)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)  # or Word takes another font for letters with marks
    normal.paragraph_format.space_after = Pt(2)


def _line(
    paragraph: Paragraph,
    text: str,
    size: float = 11,
    bold: bool = False,
    italic: bool = False,
    underline: bool = False,
    align: Align = Align.LEFT,
) -> None:
    run = paragraph.add_run(text)
    run.bold, run.italic, run.underline, run.font.size = bold, italic, underline, Pt(size)
    paragraph.alignment = WORD_ALIGN[align]


def _head(word: WordDocument, document: Document) -> None:
    left, right = word.add_table(1, 2).rows[0].cells
    _line(left.paragraphs[0], document.form.authority.upper(), align=Align.CENTER)
    _line(left.add_paragraph(), document.station.upper(), bold=True, align=Align.CENTER)
    if document.form.lang == "vi":
        _line(right.paragraphs[0], NATION, bold=True, align=Align.CENTER)
        _line(right.add_paragraph(), MOTTO, bold=True, underline=True, align=Align.CENTER)
    title = word.add_paragraph()
    title.paragraph_format.space_before = Pt(14)
    _line(title, document.title, size=15, bold=True, align=Align.CENTER)
    _line(word.add_paragraph(), document.subtitle, italic=True, align=Align.CENTER)
    for text in document.lead:
        _line(word.add_paragraph(), text)


def _table(word: WordDocument, table: Table, document: Document) -> None:
    if table.caption:
        caption = word.add_paragraph()
        caption.paragraph_format.space_before, caption.paragraph_format.keep_with_next = Pt(8), True
        _line(caption, table.caption, size=12, bold=True)
    grid = word.add_table(0, len(table.columns))
    grid.style, grid.alignment, grid.autofit = "Table Grid", WD_TABLE_ALIGNMENT.LEFT, False
    heading = grid.add_row()
    _repeat_on_each_page(heading)
    for cell, column in zip(heading.cells, table.columns, strict=True):
        _line(cell.paragraphs[0], column.heading, size=10, bold=True, align=Align.CENTER)
        _shade(cell)
    for row in table.rows:
        _row(grid, row, table, document)
    _set_widths(grid, table)


def _row(grid: WordTable, row: Row, table: Table, document: Document) -> None:
    cells = grid.add_row().cells  # type: ignore[no-untyped-call]
    if row.spans:
        heading = row.style is Style.HEADING
        merged = cells[0].merge(cells[-1])
        _line(merged.paragraphs[0], one_line(str(row.cells[0])), size=10, bold=heading, italic=not heading)
        return
    for cell, value, column in zip(cells, row.cells, table.columns, strict=True):
        bold = row.style is Style.TOTAL
        _line(cell.paragraphs[0], cell_text(value, document.form), size=10, bold=bold, align=column.align)


def _set_widths(grid: WordTable, table: Table) -> None:
    """Word obeys the widths of the cells, LibreOffice those of the columns."""
    unit = TEXT_WIDTH_MM * table.width / sum(column.width for column in table.columns)
    for n, column in enumerate(table.columns):
        grid.columns[n].width = Mm(column.width * unit)
    for row in grid.rows:
        if len(row._tr.tc_lst) == len(table.columns):
            for cell, column in zip(row.cells, table.columns, strict=True):
                cell.width = Mm(column.width * unit)


def _repeat_on_each_page(row: _Row) -> None:
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _shade(cell: _Cell) -> None:
    shade = OxmlElement("w:shd")
    shade.set(qn("w:val"), "clear")
    shade.set(qn("w:fill"), SHADE)
    cell._tc.get_or_add_tcPr().append(shade)


def _signatures(word: WordDocument, document: Document) -> None:
    signers = document.form.signatures
    if not signers:
        return
    word.add_paragraph()
    for cell, signer in zip(word.add_table(1, len(signers)).rows[0].cells, signers, strict=True):
        _line(cell.paragraphs[0], signer.upper(), bold=True, align=Align.CENTER)
        _line(cell.add_paragraph(), SIGN_HERE[document.form.lang], italic=True, align=Align.CENTER)
