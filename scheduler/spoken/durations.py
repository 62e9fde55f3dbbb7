"""Durations as people write them (``15'``, ``15 phút``, ``07:30``), or as a spreadsheet stores them."""

import re
from datetime import time, timedelta

from scheduler.spoken.cells import HOUR, MINUTE, Cell, misread, plain
from scheduler.vietnamese import Misread

_AROUND = re.compile(r"^(?:tl|thoi luong)\s*:?\s*|\s*/\s*(?:1 )?(?:lan|luot|buoi|tin|so|chuong trinh)(?: phat)?$")
LEAST_OF_A_CLOCK = 5  # hours: "15h" is a time of day, or 15 minutes; who means so many hours writes "15 tiếng"
_SURELY_LASTS = re.compile(r"tieng|gio|:")
MOST_MINUTES = 10_000  # longer is no slip in a plan but no number of minutes


def read_duration(cell: Cell) -> int:
    """Thời lượng in ms: minutes as a number, 15', 15 phút, 15p, 1h30, 90 giây, mm:ss, h:mm:ss, an Excel time < 1 h."""
    if isinstance(cell, bool) or cell is None:
        raise _bad_duration(cell)
    if isinstance(cell, (int, float)):
        return _minutes_ms(cell, cell)
    if isinstance(cell, str):
        return _written_ms(_AROUND.sub("", plain(cell).strip("() .")), cell)
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
    re.compile(rf"()(\d{{1,4}}(?:[.,]\d{{1,2}})?)\s*(?:{MINUTE}|min)?()"),
    re.compile(rf"()(\d{{1,4}})\s*{MINUTE}\s*([0-5]?\d)\s*(?:\"|s|giay)?"),
    re.compile(r"()(\d{1,3}):([0-5]\d)"),
    re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)"),
    re.compile(rf"(\d{{1,2}})\s*(?:{HOUR}|tieng)\s*(?:([0-5]?\d)\s*{MINUTE}?)?()"),
    re.compile(r"()()(\d{1,5})\s*(?:\"|s|giay)"),
)


_IN_WORDS = {"nua tieng": 30, "nua gio": 30, "mot tieng": 60, "mot gio": 60, "mot tieng ruoi": 90}


def _written_ms(text: str, cell: str) -> int:
    if text in _IN_WORDS:
        return _IN_WORDS[text] * 60_000
    if half_more := re.fullmatch(rf"(\d{{1,2}})\s*(?:{HOUR}|tieng) ruoi", text):
        return int(half_more[1]) * 3_600_000 + 1_800_000
    for pattern in _DURATIONS:
        if found := pattern.fullmatch(text):
            hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in found.groups())
            if hours >= LEAST_OF_A_CLOCK and not _SURELY_LASTS.search(text):
                raise _bad_duration(cell, f"{hours:g} phút" if minutes == seconds == 0 else None)
            return round((hours * 3_600 + minutes * 60 + seconds) * 1_000)
    a_day = re.fullmatch(r"(\d{1,3}) ?(?:p|ph|phut|')\s*/\s*ngay", text)  # of one airing, or of all of them?
    raise _bad_duration(cell, f"{a_day[1]} phút" if a_day else None)


def _bad_duration(cell: Cell, likely: str | None = None) -> Misread:
    return misread("bad_duration", "thời lượng", "duration", cell, likely, "15 (phút), 15', 15 phút, 07:30 (phút:giây)")
