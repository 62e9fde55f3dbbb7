"""What a file is, by what it begins with, and the words for what cannot be read. A name may say anything."""

import enum
from pathlib import Path

from scheduler.loaders.result import Unloadable
from scheduler.problem import Problem


class Form(enum.StrEnum):
    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"
    DOCX = "docx"
    HTML = "html"
    CSV = "csv"
    TOML = "toml"


OFFICE_HEADS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<")
_REFUSED_HEADS = {
    b"%PDF": "save_as_office",
    b"{\\rtf": "save_as_docx",
    b"<?xml": "save_as_xlsx",
    b"MIME-Version": "save_as_xlsx",
}
_BLANK = b"\xef\xbb\xbf \t\r\n"

_NAMES = {
    Form.XLSX: ("Excel .xlsx", "Excel .xlsx"),
    Form.XLS: ("Excel đời cũ .xls", "old Excel .xls"),
    Form.ODS: ("LibreOffice .ods", "LibreOffice .ods"),
    Form.DOCX: ("Word .docx", "Word .docx"),
    Form.HTML: ("trang web (HTML)", "a web page (HTML)"),
    Form.CSV: ("văn bản CSV", "CSV text"),
}
_REFUSALS = {
    "empty_file": ("tệp rỗng", "the file is empty"),
    "too_big": (
        "bảng quá lớn, không phải là lịch phát sóng; có thể có ô thừa ở rất xa",
        "the sheet is too big to be a timetable; perhaps a stray cell lies far away",
    ),
    "password": ("tệp có mật khẩu; bỏ mật khẩu rồi nạp lại", "the file has a password; remove it and load again"),
    "macros": (
        "tệp có macro, lịch không cần; lưu lại dạng .xlsx (không macro) rồi nạp",
        "the file holds macros, which a timetable does not need; save it as .xlsx without them",
    ),
    "external_links": (
        "tệp lấy số liệu từ tệp khác; trong Excel chọn Dữ liệu → Chỉnh sửa liên kết → Ngắt liên kết, lưu rồi nạp lại",
        "the file takes values from other files; in Excel choose Data → Edit links → Break link, save, load again",
    ),
    "save_as_xlsx": ("chưa đọc được dạng này; lưu lại thành .xlsx", "this form is not read; save it as .xlsx"),
    "save_as_docx": (
        "chưa đọc được Word đời cũ; lưu lại thành .docx",
        "old Word files are not read; save it as .docx",
    ),
    "save_as_office": (
        "không đọc được lịch từ PDF; nạp tệp Word hoặc Excel gốc (.docx, .xlsx)",
        "a timetable is not read from a PDF; load the Word or Excel file it was made of (.docx, .xlsx)",
    ),
    "unreadable_file": ("tệp hỏng hoặc không phải bảng tính", "the file is damaged or no spreadsheet"),
}


def unloadable(path: Path, code: str, detail: str = "") -> Unloadable:
    """The refusal of a whole file. Raises KeyError for a code that has no words."""
    vi, en = _REFUSALS[code]
    beside = f" ({detail})" if detail else ""
    return Unloadable(path.name, code, vi + beside, en + beside)


def is_office(path: Path, raw: bytes) -> bool:
    """Whether the child has to read it. Raises Unloadable for what nobody can read, saying what to save it as."""
    head = raw[:100].lstrip(_BLANK)
    for start, code in _REFUSED_HEADS.items():
        if head.startswith(start):
            raise unloadable(path, code)
    return head.startswith(OFFICE_HEADS)


def misnamed(path: Path, form: Form) -> tuple[Problem, ...]:
    """A warning when the name says another form than the content: programs that export "to Excel" often do so."""
    suffix = path.suffix.lower()
    if suffix == f".{form}" or suffix not in {f".{known}" for known in Form}:
        return ()
    vi, en = _NAMES[form]
    told_vi = f"tên tệp là {suffix} nhưng bên trong là {vi}; máy đọc theo nội dung"
    told_en = f"the name says {suffix}, but inside it is {en}; it is read as that"
    return (Problem(path.name, "misnamed_file", told_vi, told_en),)
