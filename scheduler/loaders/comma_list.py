"""A .csv as a table: UTF-8 with or without BOM, fields separated by comma, semicolon or tab."""

import csv
import io

from scheduler.loaders.plain_list import heading_score
from scheduler.loaders.result import Unloadable
from scheduler.loaders.table import Table
from scheduler.vietnamese import fold

MAX_ROWS = 20_000
MAX_CELLS = 200_000
_FORBIDDEN = "\0"


def tables(raw: bytes) -> list[Table]:
    """One table. Raises Unloadable for another encoding or something that is no text."""
    text = _decode(raw)
    return [max((_split(text, mark) for mark in ",;\t"), key=heading_score)]


def _decode(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _wrong_encoding("UTF-16")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong_encoding("Windows-1258" if _reads_as_windows_1258(raw) else None) from None
    if _FORBIDDEN in text:
        raise Unloadable("line 1", "unreadable_file", "tệp không phải là văn bản CSV", "the file is not CSV text")
    return text


def _reads_as_windows_1258(raw: bytes) -> bool:
    text = fold(raw.decode("cp1258", errors="replace"))
    return any(word in text for word in ("chuong trinh", "noi dung", "thoi luong", "ngay", "gio"))


def _wrong_encoding(name: str | None) -> Unloadable:
    seems_vi, seems_en = (f" (có vẻ là {name})", f" (it seems to be {name})") if name else ("", "")
    vi = f"tệp không phải UTF-8{seems_vi}; trong Excel chọn Lưu dưới dạng “CSV UTF-8” hoặc dùng .xlsx"
    en = f"the file is not UTF-8{seems_en}; in Excel choose Save as “CSV UTF-8”, or use .xlsx"
    return Unloadable("line 1", "wrong_encoding", vi, en)


def _split(text: str, mark: str) -> Table:
    """Rows with the number of the line on which each begins (a quoted cell may go over several)."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    rows, lines, cells, begins = [], [], 0, 1
    try:
        for row in reader:
            rows.append(row)
            lines.append(begins)
            begins, cells = reader.line_num + 1, cells + len(row)
            if len(rows) > MAX_ROWS or cells > MAX_CELLS:
                raise Unloadable(f"line {begins}", "too_big", "bảng quá lớn", "the table is too big")
    except csv.Error as error:
        where = f"line {reader.line_num}"
        raise Unloadable(where, "unreadable_file", f"CSV sai cú pháp: {error}", f"bad CSV: {error}") from None
    return Table("csv", rows, lines=lines)
