"""Days of the moon as people write them: ``Rằm``, ``mùng 1``, ``mùng 1, 2, 3 Tết``, ``10/3 âm lịch``."""

import re

from scheduler.holidays import holiday_named
from scheduler.recurrence import EVERY_MONTH, LAST, LunarDays
from scheduler.spoken.cells import misread
from scheduler.vietnamese import Misread

PARTS = re.compile(r"\s*(?:[,;&+]|\bva\b)\s*")  # between days in one cell
_NUMBERS = ("mot", "hai", "ba", "tu", "nam", "sau", "bay", "tam", "chin", "muoi")
_MONTH_NAMES = {"gieng": 1, "chap": 12} | {name: n for n, name in enumerate(_NUMBERS, 1) if n > 1}
_MONTH = r"(?: thang (\d{1,2}|gieng|chap|hai|ba|tu|nam|sau|bay|tam|chin|muoi))?"
_FULL_MOON = re.compile(rf"(?:ngay )?ram{_MONTH}")
_FIRST_DAYS = re.compile(rf"(?:ngay )?(?:mung|mong) (\d{{1,2}}|{'|'.join(_NUMBERS)})(?:{_MONTH}|( tet))")
_FIRST_DAY = re.compile(rf"(?:(?:mung|mong) )?(\d{{1,2}}|{'|'.join(_NUMBERS)})")
_BEFORE_TET = re.compile(r"(?:ngay )?(2\d) tet")
_EVE = re.compile(r"(?:ngay |dem )?(?:30 tet|giao thua)(?: tet)?")
_LUNAR_DATE = re.compile(r"(?:ngay )?(\d{1,2})\s*/\s*(\d{1,2})")
_LUNAR_DAY = re.compile(rf"(?:ngay )?(\d{{1,2}}|cuoi){_MONTH}")
_NAMED_MONTH = re.compile(r"(?:ngay )?(\d{1,2}) thang (gieng|chap)")
_SAYS_LUNAR = re.compile(r"\s*\b(?:am lich|am|al)\b")
_EVERY_ONE = re.compile(r" (?:hang|moi) (?:thang|nam)\b")
_ONE_MONTH = re.compile(r"\b(?:thang|tet)\b")
_TET_DAYS = re.compile(r"(?:tu )?(?:ngay )?((?:mung|mong) .+) tet")


def read_lunar_days(text: str, cell: str) -> LunarDays | None:
    """Of folded *text*; None where it speaks of no moon. Raises Misread, for *cell*, where that is in doubt."""
    if days := _tet_days(text):
        return LunarDays(days)
    said = _SAYS_LUNAR.search(text) is not None
    parts = PARTS.split(text)
    pairs = [_lunar_day(_EVERY_ONE.sub("", _SAYS_LUNAR.sub("", part)).strip(), said, cell) for part in parts]
    if all(pairs) and not _doubtful(parts, said):
        return LunarDays(frozenset(pair for pair in pairs if pair is not None))
    if said or all(pairs):
        raise _bad(cell)
    return None


def _tet_days(text: str) -> frozenset[tuple[int, int]]:
    """Of "mùng 1, 2, 3 Tết", "mùng 1 đến mùng 3 Tết": "Tết" says the month of all of them."""
    days: set[int] = set()
    for part in PARTS.split(found[1]) if (found := _TET_DAYS.fullmatch(text)) else []:
        ends = [_FIRST_DAY.fullmatch(end) for end in re.split(r"\s*(?:-|\bden\b|\btoi\b)\s*", part)]
        numbers = [_number(end[1]) for end in ends if end]
        if len(numbers) != len(ends) or len(ends) > 2 or not 1 <= numbers[0] <= numbers[-1] <= 10:
            return frozenset()
        days |= set(range(numbers[0], numbers[-1] + 1))
    return frozenset((1, day) for day in days)


def _doubtful(parts: list[str], said: bool) -> bool:
    """ "1/5, 10/3 âm lịch": is the first one lunar too? "mùng 1, mùng 2 tháng 7": is the first one of July too?"""
    bare = [part for part in parts if "/" not in part and not re.search(r"\b(?:thang|nam|tet)\b", part)]
    of_one_month = [part for part in parts if _ONE_MONTH.search(_EVERY_ONE.sub("", part))]
    return bool(bare and of_one_month) or (said and any(holiday_named(part) for part in parts))


def _lunar_day(part: str, said: bool, cell: str) -> tuple[int, int] | None:
    """(month, day) of one day; None if it is none. *said*: "âm lịch" stands beside it."""
    if found := _FULL_MOON.fullmatch(part):
        return _pair(found[1], 15, cell)
    if found := _FIRST_DAYS.fullmatch(part):
        return _first_days(found, said, cell)
    if _EVE.fullmatch(part):
        return 12, LAST
    if found := _BEFORE_TET.fullmatch(part):
        return 12, int(found[1])
    if found := _NAMED_MONTH.fullmatch(part):
        return _pair(found[2], int(found[1]), cell)
    if said and (found := _LUNAR_DATE.fullmatch(part)):
        return _pair(found[2], int(found[1]), cell)
    if said and (found := _LUNAR_DAY.fullmatch(part)):
        return _pair(found[2], LAST if found[1] == "cuoi" else int(found[1]), cell)
    return None


def _first_days(found: re.Match[str], said: bool, cell: str) -> tuple[int, int]:
    """Mùng 1 … 10. Mùng một is the moon's; another one without its month may be the sun's, and is asked."""
    number, month, tet = found.groups()
    day = _number(number)
    if not 1 <= day <= 10 or (day > 1 and not (said or month or tet)):
        raise misread("bad_days", "ngày", "day", cell, f"mùng {day} âm lịch" if day <= 10 else None, "mùng 1, rằm")
    return _pair("1" if tet else month, day, cell)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS.index(text) + 1


def _pair(month: str | None, day: int, cell: str) -> tuple[int, int]:
    number = _MONTH_NAMES.get(month, 0) or int(month) if month else EVERY_MONTH
    if not (day == LAST or 1 <= day <= 30) or not 0 <= number <= 12 or (month and not number):
        raise _bad(cell)
    return number, day


def _bad(cell: str) -> Misread:
    return misread("bad_days", "ngày", "day", cell, None, "mùng 1, rằm, 10/3 âm lịch")
