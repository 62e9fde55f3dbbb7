"""The plain list: one row an item under Vietnamese headings, in any order, below whatever title rows there are."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from scheduler.loaders.fields import LONGEST_TITLE, NAMES, Reader, read_slot, timetable_title
from scheduler.loaders.result import Loaded, Unloadable
from scheduler.loaders.table import Table
from scheduler.problem import Problem
from scheduler.spoken.cells import Cell, excerpt, is_blank, words
from scheduler.spoken.days import dates_in, read_days
from scheduler.timetable import MAX_SLOTS, Recurrence, Slot, Timetable
from scheduler.vietnamese import Misread, fold

HEADINGS = {
    "day": ("ngay", "thu", "thu ngay", "thu, ngay", "thu/ngay", "ngay thu", "ngay/thu", "ngay phat", "ngay phat song"),
    "time": ("gio", "gio phat", "gio phat song", "thoi gian", "thoi diem", "khung gio", "gio bat dau", "bat dau"),
    "duration": ("thoi luong", "thoi luong phat", "thoi luong phat song", "so phut", "tl"),
    "title": ("chuong trinh", "ten chuong trinh", "chuong trinh phat thanh", "ten ban tin", "ban tin", "tieu de"),
    "content": ("noi dung", "noi dung chuong trinh", "noi dung phat thanh", "noi dung phat song"),
    "kind": ("hinh thuc", "loai", "loai chuong trinh", "hinh thuc phat", "the loai"),
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
    ),
    "zone": ("pham vi", "khu vuc", "cum loa", "cum", "pham vi phat", "dia ban"),
    "session": ("buoi", "buoi phat", "phien"),
    "field": ("linh vuc",),
    "language": ("ngon ngu", "tieng"),
    "author": ("bien tap", "nguoi bien tap", "bien tap vien", "tac gia", "nguoi viet"),
    "approver": ("nguoi duyet", "duyet", "nguoi phe duyet", "nguoi kiem duyet"),
    "number": ("stt", "tt", "so tt", "so thu tu"),
    "note": (
        "ghi chu",
        "nguoi thuc hien",
        "nguoi doc",
        "nguoi phat",
        "phat thanh vien",
    ),
}
_PART_OF = {heading: part for part, headings in HEADINGS.items() for heading in headings}
_SHOWN = "Ngày, Giờ, Thời lượng, Chương trình, Hình thức, Mức ưu tiên, Nguồn, Phạm vi"
REQUIRED = ("day", "time", "title")
HEADING_WITHIN_ROWS = 50
MAX_PROBLEMS = 1_000
_IN_BRACKETS = re.compile(r"\(([^)]*)\)")
_MINUTES = ("phut", "p", "ph", "'")  # "Thời lượng (phút)"; "(giây)" is another thing
_VALIDITY = re.compile(r"\btu\b.*\d{4}.*\bden\b.*\d{4}")


def read(tables: Sequence[Table], stem: str) -> Loaded:
    """The one table that has headings. Raises Unloadable if there is none, or more than one."""
    lists = [(table, heading) for table in tables if (heading := find_heading(table)) is not None]
    if not lists:
        where = tables[0].where(0, 0) if tables and tables[0].rows else "A1"
        vi, en = f"không thấy dòng tiêu đề cột; cần: {_SHOWN}", f"no row of headings found; needed: {_SHOWN}"
        raise Unloadable(where, "no_heading", vi, en)
    if len(lists) > 1:
        names = ", ".join(f"“{table.name}”" for table, _ in lists)
        vi, en = f"có nhiều trang lịch: {names}; giữ lại một trang", f"several sheets hold a list: {names}; keep one"
        raise Unloadable(lists[1][0].where(lists[1][1].row, 0), "several_sheets", vi, en)
    return _List(*lists[0]).read(stem)


@dataclass(frozen=True, slots=True)
class Heading:
    row: int
    columns: Mapping[str, int]  # part → column
    numbers: Sequence[int]  # columns that count the rows
    problems: Sequence[Problem]


def find_heading(table: Table) -> Heading | None:
    """The row that names the most columns of a plain list; None if no row names a time or a title and one more."""
    rows = range(min(len(table.rows), HEADING_WITHIN_ROWS))
    row = max(rows, key=lambda row: len(_parts(table, row)), default=0)
    parts = set(_parts(table, row)) if rows else set()
    if len(parts) < 2 or not parts & {"time", "title", "content"}:
        return None
    return _heading(table, row)


def heading_score(table: Table) -> int:
    """How many columns of a plain list a table names: to tell by which mark a .csv is separated."""
    rows = range(min(len(table.rows), HEADING_WITHIN_ROWS))
    return max((len(_parts(table, row)) for row in rows), default=0)


def _name(table: Table, row: int, column: int) -> str:
    return fold(_IN_BRACKETS.sub("", words(table.cell(row, column)))).strip(" :*.")


def _parts(table: Table, row: int) -> dict[str, list[int]]:
    """The columns that a row names, by part."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for column in table.filled(row):
        if part := _PART_OF.get(_name(table, row, column)):
            found[part].append(column)
    return dict(found)


def _heading(table: Table, row: int) -> Heading:
    parts = _parts(table, row)
    contents, numbers, _ = parts.pop("content", []), parts.pop("number", []), parts.pop("note", [])
    if contents:
        parts.setdefault("title", contents)  # Nội dung is the title only where there is no Chương trình
    columns = {part: found[0] for part, found in parts.items()}
    unknown = [c for c in table.filled(row) if _name(table, row, c) not in _PART_OF]
    problems = [*_doubled(table, row, parts), *_misspelt(table, row, unknown), *_missing(table, row, columns)]
    return Heading(row, columns, numbers, [*problems, *_wrong_unit(table, row, columns)])


def _doubled(table: Table, row: int, parts: Mapping[str, Sequence[int]]) -> Iterator[Problem]:
    for part, columns in parts.items():
        for column in columns[1:]:
            vi, en = f"có hai cột {NAMES[part][0]}", f"there are two columns for the {NAMES[part][1]}"
            yield Problem(table.where(row, column), "doubled_column", vi, en)


def _misspelt(table: Table, row: int, unknown: Sequence[int]) -> Iterator[Problem]:
    for column in unknown:
        if near := get_close_matches(_name(table, row, column), _PART_OF, 1, cutoff=0.85):
            written, likely = excerpt(table.cell(row, column)), near[0]
            vi, en = f"tiêu đề “{written}”: có phải “{likely}”?", f"heading “{written}”: did you mean “{likely}”?"
            yield Problem(table.where(row, column), "unknown_column", vi, en)


def _wrong_unit(table: Table, row: int, columns: Mapping[str, int]) -> Iterator[Problem]:
    if "duration" not in columns:
        return
    written = excerpt(table.cell(row, columns["duration"]))
    if (unit := _IN_BRACKETS.search(fold(written))) and unit[1].strip() not in _MINUTES:
        vi, en = f"“{written}”: thời lượng phải ghi bằng phút", f"“{written}”: durations are given in minutes"
        yield Problem(table.where(row, columns["duration"]), "bad_unit", vi, en)


def _missing(table: Table, row: int, columns: Mapping[str, int]) -> Iterator[Problem]:
    for part in REQUIRED:
        if part not in columns:
            vi, en = f"thiếu cột {NAMES[part][0]}", f"there is no column for the {NAMES[part][1]}"
            yield Problem(table.where(row, 0), "missing_column", vi, en)


@dataclass(slots=True)
class _List:
    """Reads the rows below a heading from top to bottom; an empty day is that of the row above."""

    table: Table
    heading: Heading
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    day: Recurrence | None = None
    day_was_given: bool = False  # a day that could not be read was given too: that is told once

    def read(self, stem: str) -> Loaded:
        self.errors += self.heading.problems
        if not all(part in self.heading.columns for part in REQUIRED):
            return Loaded(None, tuple(self.errors))
        first, last = self._validity()
        last_timed = max((row for row in self._rows() if self._has_time(row)), default=-1)
        for row in self._rows():
            if not self._is_label(row, last_timed):
                self._read_item(row)
            if len(self.errors) > MAX_PROBLEMS or len(self.slots) > MAX_SLOTS:
                vi, en = "quá nhiều lỗi hoặc quá nhiều dòng; dừng ở đây", "too many errors or rows; stopped here"
                self.errors.append(Problem(self.table.where(row, 0), "too_many", vi, en))
                break
        timetable = Timetable(self._title(stem), tuple(self.slots), first, last)
        return Loaded(timetable, tuple(self.errors), tuple(self.warnings[:MAX_PROBLEMS]))

    def _rows(self) -> Iterator[int]:
        return (row for row in range(self.heading.row + 1, len(self.table.rows)) if self.table.filled(row))

    def _where(self, row: int, part: str) -> str:
        column = self.heading.columns[part]
        return self.table.where(row, column, excerpt(self.table.cell(self.heading.row, column)))

    def _cell(self, row: int, part: str) -> Cell:
        return self.table.cell(row, self.heading.columns[part])

    def _has_time(self, row: int) -> bool:
        return not is_blank(self._cell(row, "time"))

    def _read_item(self, row: int) -> None:
        day = self._day_of(row)
        places = {part: self._where(row, part) for part in self.heading.columns}
        cells = {part: self._cell(row, part) for part in self.heading.columns}
        reader = Reader(cells, places, places["time"])
        slot = read_slot(reader, day)
        self.errors += reader.errors
        self.warnings += [*reader.warnings, *self._notes(row)]
        if slot is not None and not reader.errors:
            self.slots.append(slot)

    def _day_of(self, row: int) -> Recurrence | None:
        """The row's day; None if it could not be read, which is told at the row where it stands."""
        merged = self.table.is_merged_into(row, self.heading.columns["day"])
        if merged and self.day_was_given:
            return self.day
        if not is_blank(self._cell(row, "day")):
            self.day = self._try_day(row)
        elif not self.day_was_given:
            self._problem(self.errors, row, "day", "missing_day", "thiếu ngày", "the day is missing")
        else:
            vi, en = "ô ngày trống: hiểu là như dòng trên", "no day given: taken as in the row above"
            self._problem(self.warnings, row, "day", "day_inherited", vi, en)
        return self.day

    def _try_day(self, row: int) -> Recurrence | None:
        self.day_was_given = True
        try:
            return read_days(self._cell(row, "day"))
        except Misread as misread:
            self._problem(self.errors, row, "day", misread.code, misread.vi, misread.en)
            return None

    def _problem(self, problems: list[Problem], row: int, part: str, code: str, vi: str, en: str) -> None:
        problems.append(Problem(self._where(row, part), code, vi, en))

    def _is_label(self, row: int, last_timed: int) -> bool:
        """Whether the row is no item: a repeated heading, a day's or session's name, a signature below the list."""
        if self._has_time(row):
            return len(_parts(self.table, row)) >= len(self.heading.columns)
        filled = self.table.filled(row)
        if filled == [self.heading.columns["day"]] and self._names_a_day(row):
            self.day, self.day_was_given = read_days(self._cell(row, "day")), True
            return True
        if row < last_timed and (len(filled) > 1 or filled == [self.heading.columns["title"]]):
            return False
        text = excerpt(self.table.cell(row, filled[0]))
        vi, en = f"dòng không có giờ, bỏ qua: “{text}”", f"a row without a time is passed over: “{text}”"
        self.warnings.append(Problem(self.table.where(row, filled[0]), "row_ignored", vi, en))
        return True

    def _names_a_day(self, row: int) -> bool:
        try:
            read_days(self._cell(row, "day"))
        except Misread:
            return False
        return True

    def _notes(self, row: int) -> Iterator[Problem]:
        """What the sheet says beside the list is not carried out, and that is said."""
        for column in self.table.filled(row):
            if column not in self.heading.columns.values() and column not in self.heading.numbers:
                text = excerpt(self.table.cell(row, column))
                vi, en = f"“{text}” chỉ là ghi chú, máy không làm theo", f"“{text}” is a note; it is not carried out"
                yield Problem(self.table.where(row, column), "note_ignored", vi, en)

    def _above(self) -> Iterator[tuple[int, int, str]]:
        for row in range(self.heading.row):
            for column in self.table.filled(row):
                yield row, column, excerpt(self.table.cell(row, column), LONGEST_TITLE)

    def _title(self, stem: str) -> str:
        titles = [text for _, _, text in self._above() if "lich" in fold(text)]
        return timetable_title(titles[0] if titles else stem)

    def _validity(self) -> tuple[date | None, date | None]:
        """ "Từ ngày 23/11/2026 đến ngày 29/11/2026" in a title row; else the timetable has no end."""
        for row, column, text in self._above():
            if _VALIDITY.search(fold(text)):
                place = self.table.where(row, column)
                try:
                    first, last = dates_in(text)
                except ValueError as error:  # a Misread, or not just two dates
                    vi, en = f"không hiểu thời gian hiệu lực “{text}”", f"cannot read the validity “{text}”: {error}"
                    self.errors.append(Problem(place, "bad_validity", vi, en))
                    return None, None
                return self._noted_validity(place, first, last)
        return None, None

    def _noted_validity(self, place: str, first: date, last: date) -> tuple[date, date]:
        span = f"{first:%d/%m/%Y} – {last:%d/%m/%Y}"
        if last < first:
            vi, en = (
                f"thời gian hiệu lực {span} kết thúc trước khi bắt đầu",
                f"the validity {span} ends before it begins",
            )
            self.errors.append(Problem(place, "bad_validity", vi, en))
        else:
            vi, en = f"lịch chỉ có hiệu lực {span}", f"the timetable is valid {span} only"
            self.warnings.append(Problem(place, "validity_from_title", vi, en))
        return first, last
