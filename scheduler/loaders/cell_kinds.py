"""What a cell is meant to be: a day, a time. Also if it is a wrong one, which has to be asked about."""

import re
from functools import lru_cache

from scheduler.spoken.cells import Cell, is_blank
from scheduler.spoken.days import read_days
from scheduler.spoken.sessions import read_session
from scheduler.spoken.times import read_times
from scheduler.vietnamese import Misread, fold

LONGEST_DAY = 100  # characters
_IS_VALIDITY = re.compile(r"\W*tu (?:ngay )?\d")  # "từ 23/11 đến 29/11/2026" is the days of a whole timetable
_DAY_CODES = {"date_without_year", "day_contradicts_date", "bad_date"}  # a day, but a wrong one


@lru_cache(maxsize=50_000)
def is_day(cell: Cell) -> bool:
    """Whether a cell is meant to head a day, also if it is a wrong one."""
    if isinstance(cell, (int, float)) or is_blank(cell):
        return False
    if isinstance(cell, str) and (len(cell) > LONGEST_DAY or _IS_VALIDITY.match(fold(cell))):
        return False
    try:
        read_days(cell)
    except Misread as misread:
        return misread.code in _DAY_CODES
    return True


@lru_cache(maxsize=50_000, typed=True)
def is_clock(cell: Cell) -> bool:
    """Whether a cell tells a time or a session."""
    try:
        return read_session(cell) is not None or bool(read_times(cell))
    except Misread as misread:
        return misread.code in ("bad_range", "time_contradicts_session")


def is_time(cell: Cell) -> bool:
    """Whether a cell tells a time without a session's name."""
    try:
        return read_session(cell) is None and bool(read_times(cell))
    except Misread:
        return False
