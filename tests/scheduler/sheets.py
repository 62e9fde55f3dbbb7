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
