"""Makers of timetable files for the tests: real workbooks, written by other libraries than the one that reads them."""

import zipfile
from pathlib import Path

import openpyxl

HEADINGS = ["Ngày", "Giờ", "Thời lượng", "Chương trình", "Hình thức", "Mức ưu tiên", "Nguồn", "Phạm vi"]
TIN = ["T2-T7", "5h30", 15, "Bản tin sáng", "TSX", "", "tin.mp3", ""]


def write_xlsx(path: Path, rows, merged=(), sheet="Lịch", more_sheets=()) -> Path:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    for name, more_rows, state in more_sheets:
        other = book.create_sheet(name)
        other.sheet_state = state
        for row in more_rows:
            other.append(row)
    book.save(path)
    return path


def write_csv(path: Path, rows, mark=",", encoding="utf-8", end="\n") -> Path:
    text = end.join(mark.join(str(cell) for cell in row) for row in rows) + end
    path.write_bytes(text.encode(encoding))
    return path


_ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 office:version="1.2"><office:body><office:spreadsheet><table:table table:name="Lịch">{rows}</table:table>
</office:spreadsheet></office:body></office:document-content>"""
_TYPE = "application/vnd.oasis.opendocument.spreadsheet"


def ods_cell(value, repeat=1) -> str:
    repeated = f' table:number-columns-repeated="{repeat}"' if repeat > 1 else ""
    if value is None:
        return f"<table:table-cell{repeated}/>"
    if isinstance(value, str) and value.startswith("PT"):
        return f'<table:table-cell office:value-type="time" office:time-value="{value}"{repeated}/>'
    if isinstance(value, (int, float)):
        return f'<table:table-cell office:value-type="float" office:value="{value}"{repeated}/>'
    return f'<table:table-cell office:value-type="string"{repeated}><text:p>{value}</text:p></table:table-cell>'


def write_ods(path: Path, rows, tail="") -> Path:
    body = "".join(f"<table:table-row>{''.join(map(ods_cell, row))}</table:table-row>" for row in rows)
    entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_TYPE}"/>'
    manifest = f'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">{entry}'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", _TYPE)
        archive.writestr("META-INF/manifest.xml", manifest + "</manifest:manifest>")
        archive.writestr("content.xml", _ODS.format(rows=body + tail))
    return path


# --- Word

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_WORD_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
DOCX_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def word_paragraph(text: str) -> str:
    """A paragraph; a \\n in it is a line break."""
    runs = "<w:br/>".join(f'<w:t xml:space="preserve">{line}</w:t>' for line in text.split("\n"))
    return f'<w:p><w:pPr><w:tabs><w:tab w:val="left" w:pos="720"/></w:tabs></w:pPr><w:r>{runs}</w:r></w:p>'


def word_cell(content: object, properties: str = "") -> str:
    """A cell of text, or of ready XML."""
    text = "" if content is None else str(content)
    inside = text if text.startswith("<w:") else word_paragraph(text)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inside}</w:tc>"


def word_row(cells, properties: str = "") -> str:
    ready = (cell if str(cell).startswith("<w:tc>") else word_cell(cell) for cell in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(ready)}</w:tr>"


def word_table(rows) -> str:
    ready = (row if isinstance(row, str) else word_row(row) for row in rows)
    return f"<w:tbl><w:tblPr/>{''.join(ready)}</w:tbl>"


def write_docx(path: Path, *body: str, strict: bool = False) -> Path:
    """A document of paragraphs and tables as XML (see above), such as Word writes."""
    namespace = _WORD_STRICT if strict else _WORD
    document = f'<w:document xmlns:w="{namespace}"><w:body>{"".join(body)}<w:p/></w:body></w:document>'
    types = f'<Override PartName="/word/document.xml" ContentType="{DOCX_MAIN}"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", f"<Types>{types}</Types>")
        archive.writestr("word/document.xml", document)
    return path


def repacked(path: Path, target: Path, change) -> Path:
    """A copy of a zipped file with *change(name, content)* → content (None: left out), and added parts if a dict."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = change(name, old.read(name)) if callable(change) else old.read(name)
            if content is not None:
                new.writestr(name, content)
        for name, content in () if callable(change) else change.items():
            new.writestr(name, content)
    return target
