"""A .csv as a table: fields separated by comma, semicolon or tab; UTF-8, UTF-16, Windows-1258 or older."""

import csv
import io
import re
import unicodedata
from pathlib import Path

from scheduler.charsets import read_bytes
from scheduler.loaders.list_heading import heading_score
from scheduler.loaders.result import Unloadable
from scheduler.loaders.table import Table
from scheduler.problem import Problem

MAX_BYTES = 2_000_000
MAX_ROWS = 20_000
MAX_CELLS = 200_000
MARKS = ",;\t"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_EXCELS_MARK = re.compile(r'"?sep=([,;\t|])"?\s*')  # the line by which Excel is told the mark


def read(path: Path, raw: bytes) -> tuple[Table, tuple[Problem, ...]]:
    """The table, and a warning if the encoding had to be found out. Raises Unloadable for what is no such text."""
    if len(raw) > MAX_BYTES:
        raise _too_big("line 1")
    if b"\0" in raw and not raw.startswith(_UTF_16):
        raise Unloadable("line 1", "unreadable_file", "tệp không phải là văn bản CSV", "the file is not CSV text")
    text, warnings = _decode(path, raw)
    first_line = text.partition("\n")[0].strip("\r")
    if told := _EXCELS_MARK.fullmatch(first_line):
        return _split(text.replace(first_line, "", 1), told[1]), warnings
    return max((_split(text, mark) for mark in MARKS), key=_likeliness), warnings


def _likeliness(table: Table) -> tuple[int, int]:
    """Of the right mark: the headings it shows; where they are in an old character set, the cells it makes."""
    return heading_score(table), sum(map(len, table.rows))


def _decode(path: Path, raw: bytes) -> tuple[str, tuple[Problem, ...]]:
    """Text in NFC: Windows-1258 writes a tone behind its letter. Text of an older set stays as it is."""
    try:
        return raw.decode("utf-16" if raw.startswith(_UTF_16) else "utf-8-sig"), ()
    except UnicodeDecodeError:
        found = read_bytes(raw)
    if found is None:
        vi = "tệp không phải UTF-8; trong Excel chọn Lưu dưới dạng “CSV UTF-8” hoặc dùng .xlsx"
        en = "the file is not UTF-8; in Excel choose Save as “CSV UTF-8”, or use .xlsx"
        raise Unloadable("line 1", "wrong_encoding", vi, en)
    text, name = found
    if name != "Windows-1258":
        return text, ()  # told where it is asked about
    vi, en = f"tệp không phải UTF-8: đọc theo {name}", f"the file is not UTF-8: read as {name}"
    return unicodedata.normalize("NFC", text), (Problem(path.name, "old_encoding", vi, en),)


def _split(text: str, mark: str) -> Table:
    """Rows with the number of the line on which each begins (a quoted cell may go over several)."""
    if text.count(mark) > MAX_CELLS:
        raise _too_big("line 1")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    rows, lines, cells, begins = [], [], 0, 1
    try:
        for row in reader:
            rows.append(row)
            lines.append(begins)
            begins, cells = reader.line_num + 1, cells + len(row)
            if len(rows) > MAX_ROWS or cells > MAX_CELLS:
                raise _too_big(f"line {begins}")
    except csv.Error as error:
        where = f"line {reader.line_num}"
        raise Unloadable(where, "unreadable_file", f"CSV sai cú pháp: {error}", f"bad CSV: {error}") from None
    return Table("csv", rows, lines=lines)


def _too_big(where: str) -> Unloadable:
    return Unloadable(where, "too_big", "bảng quá lớn", "the table is too big")
