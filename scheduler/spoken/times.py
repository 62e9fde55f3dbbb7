"""Times of day as people write them (``5h30``, ``17h00-17h30``), or as a spreadsheet stores them."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from scheduler.spoken.cells import DAY_S, HOUR, MINUTE, Cell, excerpt, misread, plain, words
from scheduler.vietnamese import Misread

LONGEST_WRAP_S = 6 * 3_600  # 23h30-0h15 crosses midnight; 17h30-5h45 is more likely a slip


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    starts: time
    duration_ms: int | None = None  # of a range such as 5h30-5h45


def read_time(cell: Cell) -> TimeOfDay:
    """Giờ: 5h, 5h30, 5g30, 17h00, 05:30, 05:30:15, 5 giờ 30 phút, 5h30-5h45, an Excel time. To the second."""
    seconds = _excel_second_of_day(cell)
    if seconds is not None:
        return TimeOfDay(_clock(seconds))
    if not isinstance(cell, str):
        raise _bad_time(cell)
    ends = re.split(r"\s*(?:->|-|~|\bden\b|\btoi\b)\s*", plain(cell).removeprefix("tu ").removeprefix("luc "))
    if len(ends) > 2:
        raise _bad_time(cell)
    moments = [_second_of_day(end, cell) for end in ends]
    if moments[0] >= DAY_S:
        raise Misread("bad_time", "24h là 0h của ngày hôm sau; ghi 0h và ngày hôm sau", "24h is 0h of the next day")
    return TimeOfDay(_clock(moments[0]), _range_ms(moments[0], moments[1], cell) if len(moments) == 2 else None)


def _excel_second_of_day(cell: Cell) -> int | None:
    """The time in a typed cell; None if it is text or a number that is no part of a day."""
    if isinstance(cell, datetime):
        if cell.year > 1904:  # dragged cells bring Excel's day zero or one along, not a day of today
            vi = f"ô giờ có cả ngày ({excerpt(cell)}); chỉ ghi giờ, ví dụ {cell:%Hh%M}"
            raise Misread(
                "time_with_date", vi, f"a date stands beside the time ({excerpt(cell)}); write {cell:%Hh%M} only"
            )
        cell = cell.time()
    if isinstance(cell, time):
        return round(cell.hour * 3_600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6) % DAY_S
    if isinstance(cell, timedelta) and timedelta(0) <= cell < timedelta(days=1):
        return round(cell.total_seconds()) % DAY_S
    if isinstance(cell, float) and 0 < cell < 1:
        return round(cell * DAY_S) % DAY_S
    return None


_CLOCKS = (
    re.compile(r"(\d{1,2})\s*:\s*(\d{2})(?:\s*:\s*(\d{2}))?"),
    re.compile(rf"(\d{{1,2}})\s*{HOUR}\s*(?:(\d{{2}})\s*{MINUTE}?)?()"),
    re.compile(rf"(\d{{1,2}})\s*{HOUR}\s*(\d{{1,2}})\s*{MINUTE}()"),
    re.compile(rf"(\d{{1,2}})\s*{HOUR}\s*(\d{{1,2}})\s*(?:{MINUTE}|:)\s*(\d{{1,2}})\s*(?:\"|s|giay)?"),
)


def _second_of_day(text: str, cell: str) -> int:
    for pattern in _CLOCKS:
        if found := pattern.fullmatch(text.strip()):
            hour, minute, second = (int(part or 0) for part in found.groups())
            if minute < 60 and second < 60 and hour * 3_600 + minute * 60 + second <= DAY_S:
                return hour * 3_600 + minute * 60 + second
    raise _bad_time(cell)


def _range_ms(begin: int, end: int, cell: str) -> int:
    lasts_s = end - begin if end >= begin else end + DAY_S - begin
    if lasts_s == 0 or (end < begin and lasts_s > LONGEST_WRAP_S):
        vi = f"khung giờ “{excerpt(cell)}” kết thúc trước hoặc ngay lúc bắt đầu"
        raise Misread("bad_range", vi, f"the range “{excerpt(cell)}” ends before or when it begins")
    return lasts_s * 1_000


def _clock(second_of_day: int) -> time:
    return time(second_of_day // 3_600, second_of_day // 60 % 60, second_of_day % 60)


_PART_OF_DAY = {"sang": 0, "trua": 0, "chieu": 12, "toi": 12}


def _likely_time(text: str) -> str | None:
    """What was probably meant by a time that is not written as one."""
    if found := re.fullmatch(r"(\d{1,2})[.,](\d{2})", text):
        return f"{found[1]}h{found[2]}"
    if found := re.fullmatch(r"(\d{1,2})", text):
        return f"{found[1]}h"
    if found := re.fullmatch(r"(\d{1,2})(\d{2})", text):
        return f"{found[1]}h{found[2]}"
    if found := re.fullmatch(rf"(\d{{1,2}})\s*{HOUR}\s*(\d)", text):
        return f"{found[1]}h0{found[2]}"
    if found := re.fullmatch(rf"(\d{{1,2}})\s*(?:{HOUR}\s*(\d\d)?)?\s*(sang|trua|chieu|toi)", text):
        hour = int(found[1]) % 12 + _PART_OF_DAY[found[3]] if int(found[1]) < 12 else int(found[1])
        return f"{hour}h{found[2] or '00'}"
    return None


def _bad_time(cell: Cell) -> Misread:
    return misread("bad_time", "giờ", "time", cell, _likely_time(plain(words(cell))), "5h30, 17h00, 05:30")
