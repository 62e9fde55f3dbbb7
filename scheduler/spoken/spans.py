"""The days a title speaks of (``từ 23/11 đến 29/11/2026``), and those that leave their year to it (``23/11``)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scheduler.spoken.cells import Cell, excerpt, misread, plain, words
from scheduler.spoken.days import read_days
from scheduler.timetable import Dates, Recurrence, Weekdays
from scheduler.vietnamese import Misread

_DAY_NAMES = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
_YEAR = r"(?:19|20)\d\d"


def _partial(name: str) -> str:
    """A date of which only the day has to be written."""
    month = rf"(?:\s*[/.-]\s*(?P<{name}m>\d{{1,2}})(?!\d)|\s*thang\s*(?P<{name}mm>\d{{1,2}}))"
    year = rf"(?:\s*[/.-]\s*(?P<{name}y>{_YEAR})|\s*,?\s*nam\s*(?P<{name}yy>{_YEAR}))"
    return rf"(?:ngay\s*)?(?<!\d)(?P<{name}d>\d{{1,2}})(?!\d)(?:{month}{year}?)?"


_SPAN = re.compile(rf"{_partial('a')}\s*(?:-+>?|\bden\b(?:\s*het\b)?|\btoi\b)\s*(?:het\s*)?{_partial('b')}")
_MONTH = re.compile(rf"(?<!\d )(?<!\d)\bthang\s*(?P<m>\d{{1,2}})\s*(?:/|-|\.|,?\s*nam)\s*(?P<y>{_YEAR})")
_SOME_YEAR = re.compile(rf"(?:\bnam\s*|[/.-])({_YEAR})(?!\d)")
_SHORT = re.compile(
    r"(?<!\d)(?P<d>\d{1,2})(?:\s*[/.-]\s*(?P<m>\d{1,2})(?!\d|\s*[/.-]\s*\d{1,3}(?!\d))|\s*thang\s*(?P<mm>\d{1,2}))"
    rf"(?:\s*[/.-]\s*(?P<y>{_YEAR})|\s*,?\s*nam\s*(?P<yy>{_YEAR}))?"
)
_NO_SHORT_DATE = re.compile(r"\d{4}-\d\d-\d\d|^[2-7]\s*-\s*[2-7]$")  # 2-6 may be T2-T6 as well
_DAY_ONLY = re.compile(r"(?:\bngay\s*|\()(?P<d>\d{1,2})(?!\d|\s*[/.-]\s*\d)\)?")


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


def read_span(text: str) -> Span | None:
    """The span of a title: "từ 23/11 đến 29/11/2026", "23-29/11/2026", "tháng 11 năm 2026"; None if it names none.

    What the first day leaves out is that of the last. Raises Misread on days that do not exist or run back.
    """
    folded = plain(text)
    for found in _SPAN.finditer(folded):
        if (last_month := found["bm"] or found["bmm"]) and (year := _year_beside(found, folded)):
            return _span(found, int(last_month), int(year), text)
    month = _MONTH.search(folded)
    if month and "ngay" not in folded and ("lich" in folded or folded.startswith("thang")):
        first = _date(int(month["y"]), int(month["m"]), 1, text)
        return Span(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
    return None


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


# --- headings of days


# What needs nothing of the title: several dates with their years, and what recurs or is limited in words.
_TOLD_WHOLE = re.compile(
    r"\d{4}\s*[,-]\s*\d|\S\s+tu (?:ngay )?\d{1,2}/\d{1,2}/\d{4}$"
    r"|\b(?:(?:hang|moi|trong|cuoi) thang|am lich|tru|den het)\b"
)


def read_day_cell(cell: Cell, span: Span | None, year: int | None) -> Recurrence:
    """Ngày in a list: a heading of a day, else what ``read_days`` makes of it ("10/3 âm lịch"). Raises Misread."""
    try:
        return read_day_heading(cell, span, year)
    except Misread as misread:
        try:
            return read_days(cell)
        except Misread:
            raise misread from None


def read_day_heading(cell: Cell, span: Span | None, year: int | None) -> Recurrence:
    """As ``read_days``, also a day whose year or month the title tells: "Thứ 2 (23/11)", "23/11", "Thứ 2 ngày 23".

    Raises Misread: unreadable, without a year that anything tells, or a weekday that is not that date's.
    """
    if isinstance(cell, datetime) and cell.time() == time(0):
        return Dates(frozenset({cell.date()}))
    if not isinstance(cell, str):
        return read_days(cell)
    text = _without_ornament(plain(cell))
    if _TOLD_WHOLE.search(text):
        return read_days(cell if text == plain(cell) else text)
    found = _SHORT.search(text) or _DAY_ONLY.search(text)
    if found is None or _NO_SHORT_DATE.search(text):
        return read_days(cell if text == plain(cell) else text)
    rest = re.sub(r"\bngay\b|[(),:]", " ", text[: found.start()] + " " + text[found.end() :]).strip(" .-/")
    if not _may_be_a_date(found):
        return read_days(cell)
    if not rest:
        return _dated(found, span, year, cell)
    named = read_days(rest)  # first: where this is no day, the figures beside it are no date
    return together(named, _dated(found, span, year, cell), cell)


def together(named: Recurrence, dated: Recurrence, cell: Cell) -> Recurrence:
    """A weekday and a date beside it, which must agree. Raises Misread (day_contradicts_date)."""
    if named == dated:
        return dated
    days = dated.dates if isinstance(dated, Dates) else ()
    if isinstance(named, Weekdays) and len(days) == 1 and {day.weekday() for day in days} == named.days:
        return dated
    shown = ", ".join(f"{day:%d/%m/%Y} là {_DAY_NAMES[day.weekday()]}" for day in sorted(days)[:3])
    vi, en = f"“{excerpt(cell)}” mâu thuẫn: {shown}", f"“{excerpt(cell)}” contradicts itself"
    raise Misread("day_contradicts_date", vi, f"{en}: {shown.replace(' là ', ' is ')}")


def _may_be_a_date(found: re.Match[str]) -> bool:
    """5.45 is none; 11/23 may be one, in the order of another country."""
    groups = found.groupdict()
    month = int(groups.get("m") or groups.get("mm") or 1)
    return 1 <= month <= 12 or ("/" in found[0] and 12 < month <= 31 and int(groups["d"]) <= 12)


def _without_ornament(text: str) -> str:
    """ "* I. THỨ HAI:" → "thu hai"."""
    return re.sub(r"^[\W_]*(?:(?:[ivx]+|\d{1,2})[.)]\s*(?=t|c|ng))?", "", text).strip(" :*.-")


def _dated(found: re.Match[str], span: Span | None, year: int | None, cell: str) -> Dates:
    groups = found.groupdict()
    day, month = int(groups["d"]), groups.get("m") or groups.get("mm")
    if written := groups.get("y") or groups.get("yy"):
        year = int(written)
    elif span is not None:
        inside = span.date_of(day, int(month) if month else None)
        if inside is not None:
            return Dates(frozenset({inside}))
        year = span.first.year
    if month is None:
        raise _without_month(cell)
    if year is None:
        raise _without_year(cell, f"{day}/{month}")
    try:
        return Dates(frozenset({date(year, int(month), day)}))
    except ValueError:
        likely = f"{int(month)}/{day}/{year}" if int(month) > 12 >= day else None
        raise misread("bad_date", "ngày", "date", cell, likely, "23/11/2026") from None


def _without_month(cell: str) -> Misread:
    vi = f"“{words(cell)}” không ghi tháng; ghi đủ như 23/11/2026, hoặc ghi “từ 23/11 đến 29/11/2026” ở tên lịch"
    return Misread("date_without_year", vi, f"“{words(cell)}” names no month; write it as 23/11/2026")


def _without_year(cell: str, short: str) -> Misread:
    vi = f"“{excerpt(cell)}” không ghi năm; ghi đủ như {short}/2026, hoặc ghi “từ … đến {short}/2026” ở tên lịch"
    en = f"“{excerpt(cell)}” has no year; write it as {short}/2026, or give the week with its year in the title"
    return Misread("date_without_year", vi, en)
