"""Times of day as people write them (``5h30``, ``17h00-17h30``), or as a spreadsheet stores them."""

import re
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from scheduler.spoken.cells import DAY_S, HOUR, MINUTE, Cell, excerpt, misread, plain, words
from scheduler.spoken.durations import read_duration
from scheduler.vietnamese import Misread, tidy

_AROUND = re.compile(r"^(?:tu|vao|luc|vao luc|bat dau)\s+|^\((?=[^()]*\)$)|\)$")
_LASTING = (  # "5h30 (15')", "5h00, 30'", "5h00 - 30 phút", "45 phút (từ 5h00 đến 5h45)"; "5h15-45'" may be a range
    re.compile(r"(?P<clock>.*\d.*?)\s*\((?P<lasts>\d.*)\)"),
    re.compile(rf"(?P<clock>.*\d\d)\s*[,/]\s*(?P<lasts>\d{{1,3}}\s*{MINUTE})"),
    re.compile(r"(?P<clock>.*\d\d)\s*-\s*(?P<lasts>\d{1,3}\s*phut)"),
    re.compile(rf"(?P<lasts>\d{{1,3}}\s*{MINUTE})\s*\((?P<clock>[^()]*\d[^()]*)\)"),
)
LONGEST_WRAP_S = 6 * 3_600  # 23h30-0h15 crosses midnight; 17h30-5h45 is more likely a slip
LONGEST_RANGE_S = 8 * 3_600  # 5h-17h is a morning and an evening, not a programme
LONGEST_TIME = 120  # characters
DAY_ZERO_YEAR = 1904  # the latest: dragged cells bring Excel's day zero or one along, not a day of today
MOST_TIMES = 24  # of one item a day


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """``in_words``: what was understood of "5h chiều"; empty where the figures say it all."""

    starts: time
    duration_ms: int | None = None  # of a range such as 5h30-5h45
    in_words: str = field(default="", compare=False)

    @property
    def second(self) -> int:
        return self.starts.hour * 3_600 + self.starts.minute * 60 + self.starts.second

    @property
    def end_s(self) -> int | None:
        """Where a range ends; beyond midnight more than a day."""
        return None if self.duration_ms is None else self.second + self.duration_ms // 1_000


def read_time(cell: Cell) -> TimeOfDay:
    """Giờ: 5h, 5h30, 5g30, 17h00, 05:30, 05:30:15, 5 giờ 30 phút, 5h chiều, 5h30-5h45, an Excel time. To the second."""
    seconds = _excel_second_of_day(cell)
    if seconds is not None:
        return TimeOfDay(_clock(seconds))
    if not isinstance(cell, str) or len(cell) > LONGEST_TIME:
        raise _bad_time(cell)
    if said_first := _PART_FIRST.fullmatch(plain(cell)):
        return read_time(f"{said_first[2]} {said_first[1]}")
    for lasting in _LASTING:
        if found := lasting.fullmatch(plain(cell)):
            return _lasting(read_time(found["clock"]), found["lasts"], cell)
    text = _AROUND.sub("", plain(cell)).lstrip("'").strip(" :.;,")
    ends = re.split(r"\s*(?:-+>?|~|\bden\b|\btoi\b(?=\s*\d))\s*", text)
    if len(ends) > 2:
        raise _bad_time(cell)
    moments = [_second_of_day(end, cell) for end in _with_part_of_day(ends)]
    if moments[0] >= DAY_S:
        raise Misread("bad_time", "24h là 0h của ngày hôm sau; ghi 0h và ngày hôm sau", "24h is 0h of the next day")
    lasts_ms = _range_ms(moments[0], moments[1], cell) if len(moments) == 2 else None
    in_figures = [_second_of_day(_SAID_PART.sub("", end), cell) for end in ends]
    return TimeOfDay(_clock(moments[0]), lasts_ms, "" if moments == in_figures else "-".join(map(shown_clock, moments)))


def _lasting(clock: TimeOfDay, lasts: str, cell: str) -> TimeOfDay:
    """ "5h30 (15')": the minutes beside the time."""
    lasts_ms = read_duration(lasts)
    if clock.duration_ms not in (None, lasts_ms):
        vi, en = f"“{excerpt(cell)}”: số phút không khớp với khung giờ", f"“{excerpt(cell)}” contradicts itself"
        raise Misread("bad_range", vi, en)
    return TimeOfDay(clock.starts, lasts_ms, clock.in_words)


_SO_MANY_TIMES = re.compile(r"(?:ngày )?(\d) (?:lần|lượt|buổi)\s*[:(]\s*", re.IGNORECASE)


def read_times(cell: Cell) -> list[TimeOfDay]:
    """One time, or several of one item: "5h30, 17h30", "5h30 và 17h30"."""
    if not isinstance(cell, str):
        return [read_time(cell)]
    if len(cell) > LONGEST_TIME:
        raise _bad_time(cell)
    if (clocks := _on_lines(cell)) is not None:
        return clocks
    if any(lasting.fullmatch(plain(cell)) for lasting in _LASTING[1:]):
        return [read_time(cell)]
    counted = _SO_MANY_TIMES.match(tidy(cell))
    text = tidy(cell)[counted.end() :] if counted else tidy(cell)
    parts = [part for part in re.split(r"[,;&/+]|\bvà\b|\bva\b", text) if part.strip()]
    if len(parts) < 2 or len(parts) > MOST_TIMES or (counted and int(counted[1]) != len(parts)):
        return [read_time(cell)]
    try:
        return [read_time(part) for part in parts]
    except Misread:
        raise _bad_time(cell) from None


def _on_lines(cell: str) -> list[TimeOfDay] | None:
    """ "Sáng: 5h30-5h45⏎Chiều: 17h30-17h45"; None for one time on several lines, or lines that may be from and to."""
    lines = [line for line in cell.splitlines() if line.strip()]
    if not 1 < len(lines) <= MOST_TIMES:
        return None
    try:
        clocks = [read_time(line.strip(" ;,")) for line in lines]
    except Misread:
        return None
    apart_s = clocks[1].second - clocks[0].second
    bare = all(clock.duration_ms is None for clock in clocks)
    return None if len(clocks) == 2 and bare and 0 < apart_s <= LONGEST_RANGE_S else clocks


def shown_clock(second: int) -> str:
    """A second of the day as it is written: 5h30."""
    hour, rest = divmod(second, 3_600)
    seconds = f":{rest % 60:02}" if rest % 60 else ""
    return f"{hour}h{rest // 60:02}{seconds}"


def _excel_second_of_day(cell: Cell) -> int | None:
    """The time in a typed cell; None if it is text or a number that is no part of a day."""
    if isinstance(cell, datetime):
        if cell.year > DAY_ZERO_YEAR:
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
    re.compile(r"(\d{1,2})\s*:\s*(\d{2})(?:\s*:\s*(\d{2}))?\s*h?"),
    re.compile(rf"(\d{{1,2}})\s*{HOUR}\s*(?:[:.]?\s*(\d{{2}})\s*{MINUTE}?)?()"),
    re.compile(rf"(\d{{1,2}})\s*{HOUR}\s*(\d{{1,2}})\s*{MINUTE}()"),
    re.compile(rf"(\d{{1,2}})\s*{HOUR}\s*(\d{{1,2}})\s*(?:{MINUTE}|:)\s*(\d{{1,2}})\s*(?:\"|s|giay)?"),
)
_HALF_PAST = re.compile(rf"(\d{{1,2}})\s*{HOUR} ruoi")
_MINUTES_TO = re.compile(rf"(\d{{1,2}})\s*{HOUR} kem (\d{{1,2}})\s*{MINUTE}?")


def _in_figures(text: str) -> str:
    """ "5 giờ kém 15" → "4h45", "6 giờ rưỡi" → "6h30"."""
    if found := _HALF_PAST.fullmatch(text):
        return f"{found[1]}h30"
    if (found := _MINUTES_TO.fullmatch(text)) and 0 < int(found[2]) < 60 and int(found[1]) > 0:
        return f"{int(found[1]) - 1}h{60 - int(found[2]):02}"
    return text


def _second_of_day(text: str, cell: str) -> int:
    said = _SAID_PART.search(text)
    figures = text[: said.start()] if said else text
    for pattern in _CLOCKS:
        if found := pattern.fullmatch(_in_figures(figures.strip())):
            hour, minute, second = (int(part or 0) for part in found.groups())
            if said:
                hour = _hour_in(said[1], hour, cell)
            if minute < 60 and second < 60 and hour * 3_600 + minute * 60 + second <= DAY_S:
                return hour * 3_600 + minute * 60 + second
    raise _bad_time(cell)


# Which hours a part of the day goes with, and what is added to them. Vietnamese Excel writes SA and CH for AM and PM.
_AFTERNOON = {hour: hour + 12 for hour in range(1, 12)} | {hour: hour for hour in range(12, 24)}
_MORNING = {hour: hour for hour in range(12)} | {12: 0}
_ITSELF = {hour: hour for hour in range(24)}
_HOURS_OF = {
    "sang": {hour: hour for hour in range(12)},
    "rang sang": {hour: hour for hour in range(7)},
    "trua": {10: 10, 11: 11, 12: 12, 13: 13, 14: 14, 1: 13, 2: 14},
    "chieu": {hour: _ITSELF[hour] for hour in range(13, 20)} | {hour: hour + 12 for hour in range(1, 8)},
    "toi": {hour: _ITSELF[hour] for hour in range(17, 24)} | {hour: hour + 12 for hour in range(6, 12)},
    "dem": {22: 22, 23: 23, 9: 21, 10: 22, 11: 23, 12: 24} | {hour: hour for hour in range(5)},
    "sa": _MORNING,
    "am": _MORNING,
    "ch": _AFTERNOON,
    "pm": _AFTERNOON,
}
_PART_FIRST = re.compile(r"(?:buoi )?(sang|trua|chieu|toi|dem)\s*[:(-]*\s*(?:tu |luc )?(\d[^()]*?)\)?")  # "Sáng 5h30"
_SAID_PART = re.compile(r"\s*(?:buoi )?(rang sang|sang|trua|chieu|toi|dem|sa|ch|am|pm)\s*$")


def _hour_in(part: str, hour: int, cell: str) -> int:
    try:
        return _HOURS_OF[part][hour]
    except KeyError:
        raise _bad_time(cell) from None


def _with_part_of_day(ends: list[str]) -> list[str]:
    """ "5h - 6h chiều" says it once, for both."""
    said = _SAID_PART.search(ends[-1])
    if len(ends) == 2 and said and not _SAID_PART.search(ends[0]):
        return [f"{ends[0]} {said[1]}", ends[1]]
    return ends


def _range_ms(begin: int, end: int, cell: str) -> int:
    lasts_s = end - begin if end >= begin else end + DAY_S - begin
    if lasts_s == 0 or (end < begin and lasts_s > LONGEST_WRAP_S):
        vi = f"khung giờ “{excerpt(cell)}” kết thúc trước hoặc ngay lúc bắt đầu"
        raise Misread("bad_range", vi, f"the range “{excerpt(cell)}” ends before or when it begins")
    if lasts_s > LONGEST_RANGE_S:
        twice = f"{shown_clock(begin)}, {shown_clock(end)}"
        vi = f"khung giờ “{excerpt(cell)}” dài {lasts_s // 3_600} giờ; nếu phát hai lần thì ghi “{twice}”"
        en = f"the range “{excerpt(cell)}” lasts {lasts_s // 3_600} hours; if it airs twice write “{twice}”"
        raise Misread("bad_range", vi, en)
    return lasts_s * 1_000


def _clock(second_of_day: int) -> time:
    return time(second_of_day // 3_600, second_of_day // 60 % 60, second_of_day % 60)


def _likely_time(text: str) -> str | None:
    """What was probably meant by a time that is not written as one."""
    if found := re.fullmatch(r"(\d{1,2})[.,](\d{2})", text):
        return f"{found[1]}h{found[2]}"
    if found := re.fullmatch(r"(\d{1,2})[.,](\d)", text):
        return f"{found[1]}h{found[2]}0"  # a spreadsheet drops the last zero of 5.30
    if found := re.fullmatch(r"(\d{1,2})", text):
        return f"{found[1]}h"
    if found := re.fullmatch(r"(\d{1,2})(\d{2})", text):
        return f"{found[1]}h{found[2]}"
    if found := re.fullmatch(rf"(\d{{1,2}})\s*{HOUR}\s*(\d)", text):
        return f"{found[1]}h0{found[2]}"
    if found := re.fullmatch(rf"(\d{{1,2}})\s*-\s*(\d{{1,2}})\s*{HOUR}\s*(\d\d)?", text):
        return f"{found[1]}h-{found[2]}h{found[3] or ''}"
    if found := re.fullmatch(rf"(\d{{1,2}})\s*{HOUR}\s*(\d\d)\s*-\s*(\d\d)", text):
        return f"{found[1]}h{found[2]}-{found[1]}h{found[3]}"
    if found := re.fullmatch(r"(\d{1,2}) (sang|trua|chieu|toi|dem)", text):
        hour = _HOURS_OF[found[2]].get(int(found[1]))
        return None if hour is None else f"{hour}h00"
    return None


_FIGURES = re.compile(rf"(\d{{1,2}})\s*(?:{HOUR}|:)\s*(?:(\d{{2}})\s*{MINUTE}?)?")


def _bad_time(cell: Cell) -> Misread:
    if (found := _FIGURES.fullmatch(plain(words(cell)))) and (int(found[1]) > 23 or int(found[2] or 0) > 59):
        vi = f"không có giờ “{excerpt(cell)}”: giờ từ 0 đến 23, phút từ 0 đến 59"
        return Misread("bad_time", vi, f"there is no time “{excerpt(cell)}”: hours are 0 to 23, minutes 0 to 59")
    return misread("bad_time", "giờ", "time", cell, _likely_time(plain(words(cell))), "5h30, 17h00, 05:30")
