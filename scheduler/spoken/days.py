"""Days as people write them (``Thứ 2, 4, 6``, ``T2-T7``, ``23/11/2026``), or as a spreadsheet stores them."""

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from scheduler.spoken.cells import Cell, excerpt, misread, plain, words
from scheduler.timetable import EVERY_DAY, Dates, Recurrence, Weekdays
from scheduler.vietnamese import Misread

_FULL_DATE = re.compile(r"(?<!\d)(?:(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})|(\d{4})-(\d{2})-(\d{2}))(?!\d)")
_EVERY_DAY = {"hang ngay", "moi ngay", "ca tuan", "tat ca cac ngay", "cac ngay", "every day", "daily"}
_DAY_WORDS = {"hai": 0, "ba": 1, "tu": 2, "nam": 3, "sau": 4, "bay": 5} | {str(n): n - 2 for n in range(2, 8)}
_DAY = re.compile(r"(?:(?P<prefix>thu|t)\s*\.?\s*)?(?P<day>[2-7]|hai|ba|tu|nam|sau|bay)|(?P<sunday>cn|chu nhat)")
_WRITTEN_DAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
MOST_DAYS_IN_A_RANGE = 92


def read_days(cell: Cell) -> Recurrence:
    """Ngày: Thứ 2 … Thứ 7, CN, T2-T7, "Thứ 2, 4, 6", Hằng ngày, 23/11/2026, 2026-11-23, an Excel date."""
    if isinstance(cell, datetime) and cell.time() == time(0):
        cell = cell.date()
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return Dates(frozenset({cell}))
    if not isinstance(cell, str):
        raise _bad_days(cell)
    text = plain(cell)
    if text in _EVERY_DAY:
        return EVERY_DAY
    dates = [_date_of(found, cell) for found in _FULL_DATE.finditer(text)]
    return _dated(dates, _FULL_DATE.sub(" ", text), cell) if dates else Weekdays(frozenset(_weekdays(text, cell)))


def read_date(cell: Cell) -> date:
    """One date. Raises Misread."""
    recurrence = read_days(cell)
    if isinstance(recurrence, Dates) and len(recurrence.dates) == 1:
        return next(iter(recurrence.dates))
    raise _bad_days(cell)


def dates_in(text: str) -> list[date]:
    """Every full date written in *text*, in order. Raises Misread on one that does not exist."""
    return [_date_of(found, text) for found in _FULL_DATE.finditer(plain(text))]


def _date_of(found: re.Match[str], cell: Cell) -> date:
    day, month, year = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        likely = f"{int(month)}/{int(day)}/{year}" if int(month) > 12 >= int(day) else None
        raise misread("bad_date", "ngày", "date", cell, likely, "23/11/2026") from None


def _dated(dates: list[date], rest: str, cell: str) -> Dates:
    """Dates alone, two dates as a range, or one date beside its weekday, which must agree."""
    rest = re.sub(r"\bngay\b|\btu\b(?=\s*(?:-|den\b))|\bva\b|[,;()&]", " ", rest).strip(" :.")
    if not rest:
        return Dates(frozenset(dates))
    if rest in ("-", "den") and len(dates) == 2 and timedelta(0) < dates[1] - dates[0]:
        count = (dates[1] - dates[0]).days + 1
        if count <= MOST_DAYS_IN_A_RANGE:
            return Dates(frozenset(dates[0] + timedelta(days=n) for n in range(count)))
    if len(dates) != 1 or _weekdays(rest.strip(" -"), cell) != {dates[0].weekday()}:
        actual = ", ".join(f"{day:%d/%m/%Y} là {_WRITTEN_DAYS[day.weekday()]}" for day in dates[:3])
        vi, en = (
            f"“{excerpt(cell)}” mâu thuẫn hoặc không rõ: {actual}",
            f"“{excerpt(cell)}” contradicts itself or is unclear",
        )
        raise Misread("day_contradicts_date", vi, f"{en}: {actual.replace(' là ', ' is ')}")
    return Dates(frozenset(dates))


def _weekdays(text: str, cell: Cell) -> set[int]:
    """The days of "thu 2, 4, 6" or "t2-t6, cn". A bare number counts only after a "thứ"."""
    days: set[int] = set()
    named = False
    text = re.sub(r"^tu (?=t(?:hu)?\b|t\d)", "", text).removesuffix("hang tuan").strip()
    for part in re.split(r"\s*(?:[,;/&+]|\bva\b)\s*", text):
        ends = [_DAY.fullmatch(end) for end in re.split(r"\s*(?:-|\bden\b|\btoi\b)\s*", part)]
        named = named or bool(ends[0] and (ends[0]["prefix"] or ends[0]["sunday"]))
        if not named or not all(ends):
            raise _bad_days(cell)
        days |= _span([_day_number(end) for end in ends if end], cell)
    return days


def _day_number(found: re.Match[str]) -> int:
    return 6 if found["sunday"] else _DAY_WORDS[found["day"]]


def _span(ends: list[int], cell: Cell) -> set[int]:
    if len(ends) > 2 or ends[0] > ends[-1] or (len(ends) == 2 and ends[0] == ends[1]):
        raise _bad_days(cell)
    return set(range(ends[0], ends[-1] + 1))


def _bad_days(cell: Cell) -> Misread:
    examples = "Thứ 2, T2-T7, “Thứ 2, 4, 6”, CN, Hằng ngày, 23/11/2026"
    return misread("bad_days", "ngày", "day", cell, _likely_days(plain(words(cell))), examples)


def _likely_days(text: str) -> str | None:
    if found := re.fullmatch(r"([2-7])\s*-\s*([2-7])", text):
        return f"T{found[1]}-T{found[2]}"
    if re.fullmatch(r"[2-7](?:\s*[,;-]\s*[2-7])*", text):
        return "Thứ " + ", ".join(re.findall(r"\d", text))
    if found := re.fullmatch(r"(\d{1,2})[/-](\d{1,2})[/-](\d\d)", text):
        return f"{found[1]}/{found[2]}/20{found[3]}"
    if re.fullmatch(r"t[2-7]\s*-\s*t[2-7]", text):
        return _day_list(int(text[1]) - 2, int(text[-1]) - 2)
    return None


def _day_list(first: int, last: int) -> str:
    """T7-T2 → "T7, CN, T2"."""
    count = (last - first) % 7 + 1
    return ", ".join(_WRITTEN_DAYS[(first + n) % 7] for n in range(count))


def written_days(days: Iterable[int]) -> str:
    """Weekday numbers as an operator writes them: "T2, T4"."""
    return ", ".join(_WRITTEN_DAYS[day] for day in sorted(days))
