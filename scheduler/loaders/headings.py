"""The words that head the columns of a timetable, in every spelling that was met."""

import re
from difflib import get_close_matches
from functools import lru_cache

from scheduler.loaders.fields import NAMES
from scheduler.problem import Problem
from scheduler.spoken.cells import Cell, excerpt, words
from scheduler.vietnamese import fold

HEADINGS = {
    "day": (
        "ngay",
        "thu",
        "thu ngay",
        "thu, ngay",
        "thu/ngay",
        "ngay thu",
        "ngay/thu",
        "ngay phat",
        "ngay phat song",
        "ngay, thang",
        "ngay thang",
        "ngay/thang",
        "thu, ngay, thang",
        "thu, ngay thang",
        "thu - ngay",
        "ngay - thu",
        "ngay thang nam",
        "cac ngay",
        "ngay phat thanh",
        "thu trong tuan",
        "ngay trong tuan",
        "lich phat",
        "day",
        "days",
        "date",
        "weekday",
    ),
    "time": (
        "gio",
        "gio phat",
        "gio phat song",
        "thoi gian",
        "thoi diem",
        "khung gio",
        "gio bat dau",
        "bat dau",
        "tu",
        "tu gio",
        "thoi gian phat",
        "thoi gian phat song",
        "thoi gian phat thanh",
        "gio phat thanh",
        "khung gio phat",
        "khung gio phat song",
        "thoi diem phat",
        "phat lan 1",
        "gio phat lan 1",
        "lan 1",
        "phat lan dau",
        "gio phat lan dau",
        "time",
        "start",
        "start time",
        "begin",
    ),
    "duration": (
        "thoi luong",
        "thoi luong phat",
        "thoi luong phat song",
        "so phut",
        "tl",
        "t/luong",
        "t.luong",
        "t luong",
        "phut",
        "thoi luong phat thanh",
        "thoi luong chuong trinh",
        "duration",
        "length",
        "minutes",
        "min",
    ),
    "title": (
        "chuong trinh",
        "ten chuong trinh",
        "chuong trinh phat thanh",
        "ten ban tin",
        "ban tin",
        "tieu de",
        "programme",
        "program",
        "title",
        "ten tin, bai",
        "ten tin bai",
        "ten tin",
        "ten bai",
        "ten chuyen muc",
        "chuong trinh phat",
        "chuong trinh phat song",
        "ten noi dung",
        "ct",
        "ten ct",
    ),
    "content": (
        "noi dung",
        "noi dung chuong trinh",
        "noi dung phat thanh",
        "noi dung phat song",
        "noi dung phat",
        "noi dung tin",
        "noi dung tuyen truyen",
        "tin bai",
        "tin, bai",
        "noi dung - chuong trinh",
        "noi dung, chuong trinh",
        "content",
        "contents",
        "noi dung/chuong trinh",
        "chuong trinh/noi dung",
        "chuong trinh, noi dung",
        "noi dung ct",
    ),
    "kind": (
        "hinh thuc",
        "loai",
        "loai chuong trinh",
        "hinh thuc phat",
        "ht",
        "h/thuc",
        "type",
        "kind",
    ),
    "often": ("tan suat", "tan suat phat"),  # the days, where nothing else is and it names some
    "topic": ("chuyen muc", "chuyen de", "chu de"),  # the title, or what it is about where another column names it
    "genre": ("the loai",),  # how an item is made, or "Tin", "Bài"
    "again": (
        *("phat lan 2", "gio phat lan 2", "lan 2", "phat lai lan 1", "phat lai trong ngay"),
        *("gio phat lai", "phat lai", "phat lai luc", "thoi gian phat lai", "khung gio phat lai"),
    ),
    "week": ("tuan", "tuan le"),
    "from": ("tu ngay", "ngay bat dau", "hieu luc tu", "ap dung tu", "phat tu ngay", "from", "from date"),
    "until": ("den ngay", "den het ngay", "ngay ket thuc", "phat den ngay", "until", "to date"),
    "except": ("tru", "tru ngay", "tru cac ngay", "ngoai tru", "khong phat ngay", "ngay khong phat", "except"),
    "class": ("muc uu tien", "muc", "uu tien", "muc do", "muc do uu tien"),
    "source": (
        "nguon",
        "ten file",
        "file",
        "ten tep",
        "tep",
        "nguon phat",
        "file phat",
        "tep am thanh",
        "file am thanh",
        "source",
        "file name",
        "ten file am thanh",
    ),
    "origin": (
        "nguon tiep am",
        "tiep am tu",
        "dai tiep am",
        "nguon tiep song",
        "tiep song tu",
        "dai",
        "dai phat",
        "don vi tiep am",
        "tiep am dai",
        "nguon tiep",
        "dai tiep song",
    ),
    "zone": (
        "pham vi",
        "khu vuc",
        "cum loa",
        "cum",
        "pham vi phat",
        "loa",
        "diem loa",
        "vi tri loa",
        "dia ban",
        "zone",
        "area",
    ),
    "end": (
        "ket thuc",
        "gio ket thuc",
        "thoi gian ket thuc",
        "den",
        "den gio",
        "end",
        "end time",
        "den luc",
    ),
    "session": ("buoi", "buoi phat", "phien", "ca", "ca phat"),
    "field": ("linh vuc",),
    "language": ("ngon ngu", "tieng"),
    "author": ("bien tap", "nguoi bien tap", "bien tap vien", "tac gia", "nguoi viet"),
    "approver": ("nguoi duyet", "duyet", "nguoi phe duyet", "nguoi kiem duyet"),
    "end_rule": ("quy tac ket thuc", "cach ket thuc", "khi het gio", "het gio"),
    "after_cut": ("khi bi cat", "bi cat", "khi bi ngat", "sau khi bi cat"),
    "loudness": ("do to", "muc am luong", "lufs"),
    "number": ("stt", "tt", "so tt", "so thu tu", "no", "#"),
    "note": (
        "ghi chu",
        "nguoi thuc hien",
        "nguoi doc",
        "nguoi phat",
        "phat thanh vien",
        "nguoi phu trach",
        "phu trach",
        "nguoi truc",
        "can bo truc",
        "truc",
        "ptv",
        "ky",
        "ky ten",
        "luu y",
        "notes",
        "note",
        "remarks",
        "don vi thuc hien",
        "don vi phoi hop",
    ),
}
PART_OF = {heading: part for part, headings in HEADINGS.items() for heading in headings}
IN_BRACKETS = re.compile(r"\([^)]*\)")
_DOTTED = re.compile(r"\s*(?:\.{2,}|…)\s*")  # "Từ … giờ"
_UNIT = re.compile(r"\(([^)]*)\)")
_MINUTES = (
    "phut",
    "p",
    "ph",
    "'",
    "min",
    "mins",
    "minutes",
    "so phut",
)  # "Thời lượng (phút)"; "(giây)" is another thing


@lru_cache(maxsize=4096, typed=True)
def heading_words(cell: Cell) -> str:
    """A heading folded, without its unit and ornaments: "Thời lượng (phút):" → "thoi luong"."""
    return _DOTTED.sub(" ", fold(IN_BRACKETS.sub("", words(cell)))).strip(" :*.")


def part_named(cell: Cell) -> str | None:
    """The part of an item that a column of this heading holds. "Thời gian (phút)" is no time of day."""
    part = None if words(cell).casefold() == "tư" else PART_OF.get(heading_words(cell))  # Wednesday is not "Từ"
    unit = _UNIT.search(fold(words(cell))) if part == "time" else None
    return "duration" if unit and unit[1].strip() in _MINUTES else part


def misspelt(cell: Cell, place: str) -> Problem | None:
    """The question to ask about a heading that is almost a known one."""
    near = get_close_matches(heading_words(cell), PART_OF, 1, cutoff=0.85)
    if not near:
        return None
    written = excerpt(cell)
    meant_vi, meant = NAMES.get(PART_OF[near[0]], (near[0], near[0]))
    vi, en = f"tiêu đề “{written}”: có phải cột {meant_vi}?", f"heading “{written}”: did you mean the {meant}?"
    return Problem(place, "unknown_column", vi, en)


def wrong_unit(cell: Cell, place: str) -> Problem | None:
    """Minutes are the only unit of a duration's heading."""
    if (unit := _UNIT.search(fold(words(cell)))) is None or unit[1].strip() in _MINUTES:
        return None
    vi = f"“{excerpt(cell)}”: thời lượng phải ghi bằng phút"
    return Problem(place, "bad_unit", vi, f"“{excerpt(cell)}”: durations are given in minutes")


def doubled_column(part: str, place: str) -> Problem:
    vi, en = f"có hai cột {NAMES[part][0]}", f"there are two columns for the {NAMES[part][1]}"
    return Problem(place, "doubled_column", vi, en)


def missing_column(part: str, place: str) -> Problem:
    vi, en = f"thiếu cột {NAMES[part][0]}", f"there is no column for the {NAMES[part][1]}"
    if part == "day":
        vi, en = f"{vi}; hoặc ghi ở tên lịch: “hằng ngày”, “từ thứ 2 đến thứ 7”", f"{en}, nor days in the title"
    return Problem(place, "missing_column", vi, en)
