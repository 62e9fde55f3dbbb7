"""The days a title speaks of: ``từ 23/11 đến 29/11/2026``, ``tháng 11 năm 2026``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from scheduler.spoken.cells import excerpt, plain
from scheduler.vietnamese import Misread

_YEAR = r"(?:19|20)\d\d"


def _partial(name: str) -> str:
    """A date of which only the day has to be written."""
    month = rf"(?:\s*[/.-]\s*(?P<{name}m>\d{{1,2}})(?!\d)|\s*thang\s*(?P<{name}mm>\d{{1,2}}))"
    year = rf"(?:\s*[/.-]\s*(?P<{name}y>{_YEAR})|\s*,?\s*nam\s*(?P<{name}yy>{_YEAR}))"
    return rf"(?:ngay\s*)?(?<!\d)(?P<{name}d>\d{{1,2}})(?!\d)(?:{month}{year}?)?"


_SPAN = re.compile(rf"{_partial('a')}\s*(?:-+>?|\bden\b(?:\s*het\b)?|\btoi\b)\s*(?:het\s*)?{_partial('b')}")
_MONTH = re.compile(rf"(?<!\d )(?<!\d)\bthang\s*(?P<m>\d{{1,2}})\s*(?:/|-|\.|,?\s*nam)\s*(?P<y>{_YEAR})")
_SOME_YEAR = re.compile(rf"(?:\bnam\s*|[/.-])({_YEAR})(?!\d)")


@dataclass(frozen=True, slots=True)
class Span:
    """From *first* to *last*, both included."""

    first: date
    last: date

    def date_of(self, day: int, month: int | None = None) -> date | None:
        """The one date in the span with this day (and month)."""
        fitting = [d for d in self.dates() if d.day == day and month in (None, d.month)]
        return fitting[0] if len(fitting) == 1 else None

    def dates(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


def read_span(text: str, known_year: int | None = None) -> Span | None:
    """The span of a title: "từ 23/11 đến 29/11/2026", "23-29/11/2026", "tháng 11 năm 2026"; None if it names none.

    What the first day leaves out is that of the last, and a year that neither has is the *known_year*. Raises Misread
    on days that do not exist or run back.
    """
    folded = plain(text)
    for found in _SPAN.finditer(folded):
        if (last_month := found["bm"] or found["bmm"]) and (year := _year_beside(found, folded) or known_year):
            return _span(found, int(last_month), int(year), text)
    month = _MONTH.search(folded)
    if month and "ngay" not in folded and ("lich" in folded or folded.startswith("thang")):
        first = _date(int(month["y"]), int(month["m"]), 1, text)
        return Span(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
    return None


_FULL = rf"(?:ngay\s*)?(\d{{1,2}})\s*(?:[/.-]|thang)\s*(\d{{1,2}})\s*(?:[/.-]|,?\s*nam)\s*({_YEAR})(?!\d)"
_IN_FORCE = r"\b(?:ap dung|hieu luc|thuc hien|bat dau)\b"
_SINCE = re.compile(rf"{_IN_FORCE}.{{0,40}}?\b(?:ke )?tu\s*{_FULL}|^\W*(?:ke )?tu\s*{_FULL}")
_UNTIL = re.compile(rf"{_IN_FORCE}.{{0,60}}?\bden\s*(?:het\s*)?{_FULL}|^\W*den het\s*{_FULL}")
_SAYS_FORCE = re.compile(rf"{_IN_FORCE}[^0-9]{{0,20}}\b(?:tu|den|het)\b(?: ngay)?\s*\d{{1,2}}\s*(?:[/.-]|thang)\s*\d")


def read_bounds(text: str) -> tuple[date | None, date | None]:
    """What a title says of one end only: "áp dụng từ ngày 24/11/2026", "có hiệu lực đến hết 31/12/2026".

    Raises Misread on days that do not exist, and where the year is missing.
    """
    folded = plain(text)
    first, last = (_bound(pattern.search(folded), text) for pattern in (_SINCE, _UNTIL))
    if first is None and last is None and _SAYS_FORCE.search(folded):
        vi, en = "ghi đủ ngày, tháng, năm như 24/11/2026", "write the whole date, as 24/11/2026"
        raise Misread("bad_validity", vi, en)
    return first, last


def _bound(found: re.Match[str] | None, text: str) -> date | None:
    if found is None:
        return None
    day, month, year = (int(part) for part in found.groups() if part)
    return _date(year, month, day, text)


def read_year(text: str) -> int | None:
    """The one year a title names."""
    years = set(_SOME_YEAR.findall(plain(text)))
    return int(years.pop()) if len(years) == 1 else None


def _year_beside(found: re.Match[str], folded: str) -> str | None:
    """Of the last day, or of the whole title: "Tuần 48 năm 2026 (23/11 - 29/11)"."""
    if year := found["by"] or found["byy"]:
        return str(year)
    years = set(_SOME_YEAR.findall(folded))
    return str(years.pop()) if len(years) == 1 else None


def _span(found: re.Match[str], last_month: int, last_year: int, text: str) -> Span:
    last = _date(last_year, last_month, int(found["bd"]), text)
    month = int(found["am"] or found["amm"] or last_month)
    year = int(found["ay"] or found["ayy"] or last_year - (month > last_month))
    first = _date(year, month, int(found["ad"]), text)
    if last < first:
        shown = f"{first:%d/%m/%Y} – {last:%d/%m/%Y}"
        vi = f"thời gian hiệu lực {shown} kết thúc trước khi bắt đầu"
        raise Misread("bad_validity", vi, f"the validity {shown} ends before it begins")
    return Span(first, last)


def _date(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        vi, en = f"không có ngày {day}/{month}/{year} (“{excerpt(text)}”)", f"there is no {day}/{month}/{year}"
        raise Misread("bad_validity", vi, en) from None
