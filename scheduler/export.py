"""A timetable as a file that reads back as the same timetable: the plain list as a workbook, or TOML.

What the form cannot say is found by reading back what would be written, and named.
"""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from pathlib import Path

import xlsxwriter  # type: ignore[import-untyped]

from scheduler.conduct import AfterCut
from scheduler.loaders import forms, toml_form
from scheduler.loaders.fields import LIMITS
from scheduler.loaders.result import Loaded, Unloadable
from scheduler.loaders.table import Table
from scheduler.occurrence import ALL_ZONES, BulletinClass, Kind
from scheduler.problem import Problem
from scheduler.recurrence import Limited, base_of
from scheduler.spoken.cells import Cell, excerpt
from scheduler.spoken.conduct import written_ending
from scheduler.spoken.days import written_days, written_except
from scheduler.template import SHEET, add_list_sheet
from scheduler.timetable import CREDITS, Dates, Recurrence, Slot, Timetable
from scheduler.vietnamese import fold

_KINDS = {Kind.OWN: "Tự sản xuất", Kind.RELAY: "Tiếp âm", Kind.REPEAT: "Phát lại", Kind.LIVE: "Trực tiếp"}
_CLASSES = {
    BulletinClass.NORMAL: "Thông thường",
    BulletinClass.PRIORITY: "Ưu tiên",
    BulletinClass.EMERGENCY: "Khẩn cấp",
}


@dataclass(frozen=True, slots=True)
class _Column:
    """A part of an item: its key in TOML, its heading, whether it is left out when no item has it."""

    key: str
    heading: str
    is_optional: bool = False


_COLUMNS = (
    _Column("days", "Ngày"),
    _Column("from", "Từ ngày", is_optional=True),
    _Column("until", "Đến ngày", is_optional=True),
    _Column("except", "Trừ", is_optional=True),
    _Column("start", "Giờ"),
    _Column("duration", "Thời lượng"),
    _Column("title", "Chương trình"),
    _Column("kind", "Hình thức"),
    _Column("class", "Mức ưu tiên"),
    _Column("source", "Nguồn"),
    _Column("zone", "Phạm vi"),
    _Column("origin", "Nguồn tiếp âm", is_optional=True),
    _Column("session", "Buổi", is_optional=True),
    _Column("field", "Lĩnh vực", is_optional=True),
    _Column("language", "Ngôn ngữ", is_optional=True),
    _Column("author", "Biên tập", is_optional=True),
    _Column("approver", "Người duyệt", is_optional=True),
    _Column("end", "Quy tắc kết thúc", is_optional=True),
    _Column("after_cut", "Khi bị cắt", is_optional=True),
    _Column("loudness", "Độ to", is_optional=True),
)


def write_xlsx(timetable: Timetable, path: Path) -> list[Problem]:
    """Write the workbook, and name what it cannot say. Raises OSError."""
    whole = io.BytesIO()
    columns = _columns_of(timetable)
    headings, rows = [column.heading for column in columns], _rows(timetable, columns)
    with xlsxwriter.Workbook(whole, {"in_memory": True}) as book:
        add_list_sheet(book, _top(timetable), headings, rows)
    path.write_bytes(whole.getvalue())
    return _lost(timetable, _read_rows([*_top(timetable), headings, *rows]))


def to_toml(timetable: Timetable) -> tuple[str, list[Problem]]:
    """The text, and what it cannot say."""
    text = "\n".join(_toml_lines(timetable))
    return text, _lost(timetable, toml_form.read(text.encode(), ""))


# --- cells


def _columns_of(timetable: Timetable) -> list[_Column]:
    used = {key for slot in timetable.slots for key, cell in _cells(slot).items() if cell}
    return [column for column in _COLUMNS if not column.is_optional or column.key in used]


def _rows(timetable: Timetable, columns: Sequence[_Column]) -> list[list[Cell]]:
    return [[_cells(slot)[column.key] for column in columns] for slot in timetable.slots]


def _cells(slot: Slot) -> dict[str, Cell]:
    item = slot.item
    return {
        "days": _days(base_of(slot.recurrence)),
        **_limits(slot.recurrence),
        "start": slot.starts,
        "duration": _minutes(item.duration_ms),
        "title": item.title,
        "kind": _KINDS[item.kind],
        "class": _CLASSES[item.bulletin_class],
        "source": item.source,
        "zone": "" if slot.zone == ALL_ZONES else slot.zone,
        "origin": item.origin or "",
        "session": slot.session,
        "end": written_ending(item.conduct),
        "after_cut": "Bỏ" if item.conduct.after_cut is AfterCut.DROP else "",
        "loudness": "" if item.conduct.target_lufs is None else item.conduct.target_lufs,
    } | {credit: getattr(item, credit) for credit in CREDITS}


def _days(recurrence: Recurrence) -> Cell:
    """One date is Excel's own; the rest in words."""
    if isinstance(recurrence, Dates) and len(recurrence.dates) == 1:
        return next(iter(recurrence.dates))
    return written_days(recurrence)


def _limits(recurrence: Recurrence) -> dict[str, Cell]:
    """First and last day and exceptions, each in a cell of its own."""
    if not isinstance(recurrence, Limited):
        return dict.fromkeys(LIMITS, "")
    return {"from": recurrence.first or "", "until": recurrence.last or "", "except": written_except(recurrence)}


def _minutes(duration_ms: int) -> Cell:
    minutes, rest_ms = divmod(duration_ms, 60_000)
    hours, seconds = minutes // 60, rest_ms // 1_000
    if rest_ms == 0:
        return minutes
    if rest_ms % 1_000:
        return duration_ms / 60_000
    if hours:
        return f"{hours}:{minutes % 60:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}" if minutes else f"{seconds} giây"


def _top(timetable: Timetable) -> list[list[Cell]]:
    """The rows above the list: a title that says Lịch is known for one, another is told to be one."""
    named = "lich" in fold(timetable.title)
    rows: list[list[Cell]] = [[timetable.title] if named else ["Tên lịch", timetable.title]]
    first, last = timetable.valid_from, timetable.valid_to
    if first and last:
        rows.append([f"Từ ngày {first:%d/%m/%Y} đến ngày {last:%d/%m/%Y}"])
    elif first or last:
        rows.append([f"Áp dụng từ ngày {first:%d/%m/%Y}" if first else f"Áp dụng đến hết ngày {last:%d/%m/%Y}"])
    if timetable.valid_on:
        rows.append([f"Áp dụng cho: {written_days(timetable.valid_on)}"])
    return rows


# --- TOML


def _toml_lines(timetable: Timetable) -> Iterator[str]:
    yield f"title = {_toml(timetable.title)}"
    for key, day in (("valid_from", timetable.valid_from), ("valid_to", timetable.valid_to)):
        if day:
            yield f"{key} = {_toml(day)}"
    if timetable.valid_on:
        yield f"valid_on = {_toml(_days(timetable.valid_on))}"
    for slot in timetable.slots:
        yield "\n[[slot]]"
        yield from (f"{key} = {_toml(cell)}" for key, cell in _cells(slot).items() if cell != "")
    yield ""


def _toml(cell: Cell) -> str:
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return json.dumps(cell, ensure_ascii=False)


# --- what does not come back


def _read_rows(rows: Sequence[Sequence[Cell]]) -> Loaded:
    try:
        return forms.read([Table(SHEET, rows)], "")
    except Unloadable as refusal:  # no item at all
        return Loaded(None, (refusal.problem,))


def _lost(timetable: Timetable, back: Loaded) -> list[Problem]:
    """What reads back as something else, or not at all."""
    read = back.readable or Timetable("", ())
    kept = list(read.slots)
    problems = list(_lost_frame(timetable, read))
    for slot in timetable.slots:
        if slot in kept:
            kept.remove(slot)
        else:
            title, begins = excerpt(slot.item.title), f"{slot.starts:%Hh%M}"
            vi = f"“{title}” ({begins}): dạng tệp này không ghi được đủ mục này; nạp lại sẽ khác"
            en = f"“{title}” ({begins}): this form cannot say all of this item; loaded again it will differ"
            problems.append(Problem("", "not_written_whole", vi, en))
    return problems


def _lost_frame(timetable: Timetable, read: Timetable) -> Iterator[Problem]:
    if read.title != timetable.title:
        title = excerpt(timetable.title)
        vi, en = f"tên lịch “{title}” không ghi được đủ", f"the title “{title}” cannot be written whole"
        yield Problem("", "not_written_whole", vi, en)
    if replace(read, title="", slots=()) != replace(timetable, title="", slots=()):
        vi = "thời gian hiệu lực không ghi được đủ"
        yield Problem("", "not_written_whole", vi, "the validity cannot be written whole")
