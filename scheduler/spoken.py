"""Times, durations and days as people write them (``5h30``, ``15'``, ``Thứ 2, 4, 6``), or as a spreadsheet stores them.

A *cell* is what a loader found: None, str, float, int, bool, time, datetime, date or timedelta. Every reader raises
``Misread`` with the likely meaning when a cell can be read in more than one way, or in none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scheduler.timetable import EVERY_DAY, Dates, Recurrence, Weekdays
from scheduler.vietnamese import Misread, fold, tidy

Cell = None | str | float | bool | time | datetime | date | timedelta

_MARKS = str.maketrans("’‘´`′ʹ“”″–—−‑→", "''''''\"\"\"-----")
_MINUTE = r"(?:'|p|ph|phut)"
_HOUR = r"(?:h|g|gio)"
_DAY_S = 86_400
MOST_MINUTES = 10_000  # longer is no slip in a plan but no number of minutes
LONGEST_CELL = 1_000  # characters
LONGEST_WRAP_S = 6 * 3_600  # 23h30-0h15 crosses midnight; 17h30-5h45 is more likely a slip


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    starts: time
    duration_ms: int | None = None  # of a range such as 5h30-5h45


def words(cell: Cell) -> str:
    """A cell as the text a person sees: 5.0 is "5", None is ""."""
    if isinstance(cell, str):
        return tidy(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    return "" if cell is None else str(cell)


def excerpt(cell: Cell, longest: int = 80) -> str:
    """A cell's words for a message."""
    text = words(cell)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not tidy(cell))


def _plain(text: str) -> str:
    """Folded, with one kind of quote and of dash; nothing of what is too long to be a time or a list of days."""
    return fold(text).translate(_MARKS).replace("''", '"') if len(text) <= LONGEST_CELL else ""


# --- times of day


def read_time(cell: Cell) -> TimeOfDay:
    """Giờ: 5h, 5h30, 5g30, 17h00, 05:30, 05:30:15, 5 giờ 30 phút, 5h30-5h45, an Excel time. To the second."""
    seconds = _excel_second_of_day(cell)
    if seconds is not None:
        return TimeOfDay(_clock(seconds))
    if not isinstance(cell, str):
        raise _bad_time(cell)
    ends = re.split(r"\s*(?:->|-|~|\bden\b|\btoi\b)\s*", _plain(cell).removeprefix("tu ").removeprefix("luc "))
    if len(ends) > 2:
        raise _bad_time(cell)
    moments = [_second_of_day(end, cell) for end in ends]
    if moments[0] >= _DAY_S:
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
        return round(cell.hour * 3_600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6) % _DAY_S
    if isinstance(cell, timedelta) and timedelta(0) <= cell < timedelta(days=1):
        return round(cell.total_seconds()) % _DAY_S
    if isinstance(cell, float) and 0 < cell < 1:
        return round(cell * _DAY_S) % _DAY_S
    return None


_CLOCKS = (
    re.compile(r"(\d{1,2})\s*:\s*(\d{2})(?:\s*:\s*(\d{2}))?"),
    re.compile(rf"(\d{{1,2}})\s*{_HOUR}\s*(?:(\d{{2}})\s*{_MINUTE}?)?()"),
    re.compile(rf"(\d{{1,2}})\s*{_HOUR}\s*(\d{{1,2}})\s*{_MINUTE}()"),
    re.compile(rf"(\d{{1,2}})\s*{_HOUR}\s*(\d{{1,2}})\s*(?:{_MINUTE}|:)\s*(\d{{1,2}})\s*(?:\"|s|giay)?"),
)


def _second_of_day(text: str, cell: str) -> int:
    for pattern in _CLOCKS:
        if found := pattern.fullmatch(text.strip()):
            hour, minute, second = (int(part or 0) for part in found.groups())
            if minute < 60 and second < 60 and hour * 3_600 + minute * 60 + second <= _DAY_S:
                return hour * 3_600 + minute * 60 + second
    raise _bad_time(cell)


def _range_ms(begin: int, end: int, cell: str) -> int:
    lasts_s = end - begin if end >= begin else end + _DAY_S - begin
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
    if found := re.fullmatch(rf"(\d{{1,2}})\s*{_HOUR}\s*(\d)", text):
        return f"{found[1]}h0{found[2]}"
    if found := re.fullmatch(rf"(\d{{1,2}})\s*(?:{_HOUR}\s*(\d\d)?)?\s*(sang|trua|chieu|toi)", text):
        hour = int(found[1]) % 12 + _PART_OF_DAY[found[3]] if int(found[1]) < 12 else int(found[1])
        return f"{hour}h{found[2] or '00'}"
    return None


def _bad_time(cell: Cell) -> Misread:
    return _misread("bad_time", "giờ", "time", cell, _likely_time(_plain(words(cell))), "5h30, 17h00, 05:30")


def _misread(code: str, what_vi: str, what_en: str, cell: Cell, likely: str | None, examples: str) -> Misread:
    vi, en = f"không hiểu {what_vi} “{excerpt(cell)}”", f"cannot read the {what_en} “{excerpt(cell)}”"
    if likely:
        return Misread(code, f"{vi}; nếu là {likely} thì ghi “{likely}”", f"{en}; write “{likely}” if that is meant")
    return Misread(code, f"{vi}; ghi như: {examples}", f"{en}; write it like: {examples}")


# --- durations


def read_duration(cell: Cell) -> int:
    """Thời lượng in ms: minutes as a number, 15', 15 phút, 15p, 1h30, 90 giây, mm:ss, h:mm:ss, an Excel time < 1 h."""
    if isinstance(cell, bool) or cell is None:
        raise _bad_duration(cell)
    if isinstance(cell, (int, float)):
        return _minutes_ms(cell, cell)
    if isinstance(cell, str):
        return _written_ms(_plain(cell), cell)
    return _excel_ms(cell)


def _minutes_ms(minutes: float, cell: Cell) -> int:
    if not 0 <= minutes <= MOST_MINUTES:  # nan is neither
        raise _bad_duration(cell)
    if 0 < minutes < 1:  # an Excel duration without its format, or half a minute?
        raise _bad_duration(cell, f"{round(minutes * 1_440)} phút" if round(minutes * 1_440) else None)
    return round(minutes * 60_000)


def _excel_ms(cell: Cell) -> int:
    """Excel turns "15:00" into 15 o'clock; only below one hour is its answer the duration that was meant."""
    if isinstance(cell, time):
        cell = timedelta(hours=cell.hour, minutes=cell.minute, seconds=cell.second, microseconds=cell.microsecond)
    if not isinstance(cell, timedelta):
        raise _bad_duration(cell)
    minutes, seconds = divmod(round(cell.total_seconds()), 60)
    if minutes >= 60 and seconds == 0:
        raise _bad_duration(
            cell, f"{minutes // 60} phút" if minutes % 60 == 0 else f"{minutes // 60}'{minutes % 60:02}"
        )
    if minutes < 0:
        raise _bad_duration(cell)
    return (minutes * 60 + seconds) * 1_000


_DURATIONS = (  # each gives hours, minutes, seconds
    re.compile(rf"()(\d{{1,4}}(?:[.,]\d{{1,2}})?)\s*(?:{_MINUTE}|min)?()"),
    re.compile(rf"()(\d{{1,4}})\s*{_MINUTE}\s*([0-5]?\d)\s*(?:\"|s|giay)?"),
    re.compile(r"()(\d{1,3}):([0-5]\d)"),
    re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)"),
    re.compile(rf"(\d{{1,2}})\s*(?:{_HOUR}|tieng)\s*(?:([0-5]?\d)\s*{_MINUTE}?)?()"),
    re.compile(r"()()(\d{1,5})\s*(?:\"|s|giay)"),
)


def _written_ms(text: str, cell: str) -> int:
    for pattern in _DURATIONS:
        if found := pattern.fullmatch(text):
            hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in found.groups())
            return round((hours * 3_600 + minutes * 60 + seconds) * 1_000)
    raise _bad_duration(cell)


def _bad_duration(cell: Cell, likely: str | None = None) -> Misread:
    return _misread(
        "bad_duration", "thời lượng", "duration", cell, likely, "15 (phút), 15', 15 phút, 07:30 (phút:giây)"
    )


# --- days


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
    text = _plain(cell)
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
    return [_date_of(found, text) for found in _FULL_DATE.finditer(_plain(text))]


def _date_of(found: re.Match[str], cell: Cell) -> date:
    day, month, year = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        likely = f"{int(month)}/{int(day)}/{year}" if int(month) > 12 >= int(day) else None
        raise _misread("bad_date", "ngày", "date", cell, likely, "23/11/2026") from None


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
    return _misread("bad_days", "ngày", "day", cell, _likely_days(_plain(words(cell))), examples)


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
