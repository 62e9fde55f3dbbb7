"""A timetable as TOML: the form for technicians and for version control.

::

    title = "Lịch phát sóng tuần 47"
    valid_from = 2026-11-23      # optional, first day
    valid_to = 2026-11-29        # optional, last day
    valid_on = "ngày lễ"         # optional: only on these days (holidays, lunar days, dates)

    [[slot]]
    days = "T2-T7"               # anything that the column Ngày may hold, or a date, or a list of either
    from = 2026-11-23            # these three are optional: first day, last day,
    until = 2026-12-31           # after which it never airs,
    except = "ngày lễ"           # and what is taken out: as days
    start = "5h30"               # or 05:30:00
    duration = 15                # minutes, or "15 phút"
    title = "Bản tin sáng"
    end = "phát hết 60 giây"     # or "cắt", "lấp", "lấp bằng nhac.mp3"
    after_cut = "bỏ"             # or "phát tiếp"
    loudness = -16               # LUFS
    kind = "tự sản xuất"         # these, and origin, class, source, zone, session, field, language, author,
                                 # approver may be left out
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Any

from scheduler.loaders.fields import LIMITS, Reader, read_slot, timetable_title, within_limits
from scheduler.loaders.result import Loaded, Unloadable, nothing_planned
from scheduler.problem import Problem
from scheduler.spoken.cells import Cell, words
from scheduler.spoken.days import read_days
from scheduler.timetable import MAX_SLOTS, MAX_TEXT, NamedDays, Slot, Timetable
from scheduler.vietnamese import Misread

TOP_KEYS = ("title", "valid_from", "valid_to", "valid_on", "slot")
PARTS = {"days": "day", "start": "time", "duration": "duration", "title": "title", "kind": "kind"} | {
    "origin": "origin",
    "class": "class",
    "source": "source",
    "zone": "zone",
    "session": "session",
    "field": "field",
    "language": "language",
    "author": "author",
    "approver": "approver",
    "end": "end_rule",
    "after_cut": "after_cut",
    "loudness": "loudness",
}
_TEXT_PARTS = tuple(part for key, part in PARTS.items() if key not in ("days", "start", "duration", "loudness"))
_SLOT_HEADER = re.compile(r"\s*\[\[\s*slot\s*\]\]")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*=""")
# Python's parser takes minutes for a key of thousands of parts. Looked for where a key may begin; a timetable has none.
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
_ENDLESS_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART}){{9}}", re.MULTILINE)
_SYNTAX_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def read(raw: bytes, stem: str) -> Loaded:
    """The timetable with all its errors. Raises Unloadable on bad syntax or another encoding."""
    text = _decode(raw)
    data, lines = _parse(text), _line_numbers(text)
    errors = list(_unknown_keys(data, TOP_KEYS, lines, 0))
    slots, slot_errors, warnings = _slots(data.get("slot", []), lines)
    first, last = (_day(data, key, lines, errors) for key in ("valid_from", "valid_to"))
    named = _named_days(data, lines, errors)
    title = data.get("title", stem)
    if not isinstance(title, str):
        errors.append(_problem(lines, 0, "title", "wrong_type", "title phải là chữ", "title must be a text"))
        title = stem
    if first and last and last < first:
        vi, en = "valid_to trước valid_from", "valid_to lies before valid_from"
        errors.append(_problem(lines, 0, "valid_to", "bad_validity", vi, en))
    if not slots and not slot_errors:
        warnings.append(nothing_planned(_where(lines, 0, "slot")))
    timetable = Timetable(timetable_title(title), tuple(slots), first, last, named)
    return Loaded(timetable, (*errors, *slot_errors), tuple(warnings))


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unloadable("line 1", "wrong_encoding", "tệp không phải UTF-8", "the file is not UTF-8") from None


def _parse(text: str) -> dict[str, Any]:
    if endless := _ENDLESS_KEY.search(text):
        where = f"line {text.count(chr(10), 0, endless.start()) + 1}"
        raise Unloadable(where, "bad_syntax", "khoá có quá nhiều dấu chấm", "a key of too many parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise Unloadable("line 1", "bad_syntax", "TOML lồng quá sâu", "TOML nested too deep") from None
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        found = _SYNTAX_LINE.search(str(error))
        where = f"line {found[1]}" if found else f"line {text.count(chr(10)) + 1}"
        raise Unloadable(where, "bad_syntax", f"sai cú pháp TOML: {error}", f"bad TOML: {error}") from None


_Lines = Mapping[tuple[int, str], int]


def _line_numbers(text: str) -> _Lines:
    """On which line each key of the top (0) and of each slot (1, 2 …) stands; "" is the slot's own line."""
    found: dict[tuple[int, str], int] = {}
    slot = 0
    for number, line in enumerate(text.splitlines(), 1):
        if _SLOT_HEADER.match(line):
            slot += 1
            found[slot, ""] = number
        elif key := _KEY.match(line):
            found.setdefault((slot, key[1]), number)
    return found


def _where(lines: _Lines, slot: int, key: str) -> str:
    """ "line 7, slot 2.start": the slot's own line if the key is missing."""
    path = f"slot {slot}" + (f".{key}" if key else "") if slot else key
    line = lines.get((slot, key), lines.get((slot, "")))
    return path if line is None else f"line {line}, {path}"


def _problem(lines: _Lines, slot: int, key: str, code: str, vi: str, en: str) -> Problem:
    return Problem(_where(lines, slot, key), code, vi, en)


def _unknown_keys(given: Iterable[str], known: Iterable[str], lines: _Lines, slot: int) -> Iterator[Problem]:
    known = list(known)
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint_vi, hint_en = (f"có phải “{near[0]}”?", f"did you mean “{near[0]}”?") if near else ("", "")
            vi = f"không có mục “{key[:MAX_TEXT]}”; {hint_vi or 'các mục: ' + ', '.join(known)}"
            en = f"there is no setting “{key[:MAX_TEXT]}”; {hint_en or 'it knows ' + ', '.join(known)}"
            yield _problem(lines, slot, key, "unknown_key", vi, en)


def _day(data: Mapping[str, Any], key: str, lines: _Lines, errors: list[Problem]) -> date | None:
    value = data.get(key)
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    vi, en = (
        f"{key} phải là ngày, ví dụ 2026-11-23 (không có nháy)",
        f"{key} must be a date such as 2026-11-23, unquoted",
    )
    errors.append(_problem(lines, 0, key, "bad_date", vi, en))
    return None


def _named_days(data: Mapping[str, Any], lines: _Lines, errors: list[Problem]) -> NamedDays | None:
    if "valid_on" not in data:
        return None
    try:
        days = read_days(_cell(data["valid_on"], "day"))
    except Misread as misread:
        errors.append(_problem(lines, 0, "valid_on", misread.code, misread.vi, misread.en))
        return None
    if isinstance(days, NamedDays):
        return days
    vi = "valid_on chỉ nhận ngày lễ, ngày âm lịch hoặc ngày cụ thể; thời gian hiệu lực ghi ở valid_from, valid_to"
    en = "valid_on takes holidays, lunar days or dates only; a span of days goes into valid_from and valid_to"
    errors.append(_problem(lines, 0, "valid_on", "bad_validity", vi, en))
    return None


def _slots(items: object, lines: _Lines) -> tuple[list[Slot], list[Problem], list[Problem]]:
    if not isinstance(items, list) or len(items) > MAX_SLOTS or not all(isinstance(item, dict) for item in items):
        vi, en = (
            f"slot phải viết thành [[slot]], nhiều nhất {MAX_SLOTS}",
            f"write [[slot]], at most {MAX_SLOTS} of them",
        )
        return [], [_problem(lines, 0, "slot", "wrong_type", vi, en)], []
    slots, errors, warnings = [], [], []
    for number, item in enumerate(items, 1):
        reader = _reader(item, number, lines)
        slot = read_slot(reader, within_limits(reader, reader.required("day", read_days)))
        found = [*_unknown_keys(item, (*PARTS, *LIMITS), lines, number), *reader.errors]
        if slot is not None and not found:
            slots.append(slot)
        errors += found
        warnings += reader.warnings
    return slots, errors, warnings


def _reader(item: Mapping[str, Any], number: int, lines: _Lines) -> Reader:
    keys = PARTS | {key: key for key in LIMITS}
    places = {part: _where(lines, number, key) for key, part in keys.items()}
    cells = {part: _cell(item.get(key), part) for key, part in keys.items()}
    reader = Reader(cells, places, _where(lines, number, ""))
    for key, part in PARTS.items():
        if part in _TEXT_PARTS and not isinstance(item.get(key, ""), str):
            reader.error(part, "wrong_type", f"{key} phải là chữ trong nháy", f"{key} must be a quoted text")
    return reader


def _cell(value: Any, part: str) -> Cell:
    """A TOML value as a cell; a list of days is their text with commas."""
    if isinstance(value, list) and part in ("day", "except"):
        return ", ".join(_cell_text(day) for day in value)
    if value is None or isinstance(value, (str, int, float, time, date)):
        cell: Cell = value
        return cell
    return _cell_text(value)


def _cell_text(value: Any) -> str:
    return words(value) if isinstance(value, (str, date)) else repr(value)[:MAX_TEXT]
