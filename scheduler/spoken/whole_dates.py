"""Dates made whole: what ``23/11`` or ``ngày 23`` leaves out is that of a timetable's days, or of its year.

All of it on folded text, before anything else is read of it.
"""

import re

from scheduler.spoken.spans import Span

FULL_DATE = re.compile(r"(?<!\d)(?:(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})|(\d{4})-(\d{2})-(\d{2}))(?!\d)")
_NO_DATE_BEFORE = r"(?<![\d/.-])(?<!\bthu )(?<!\bthu)(?<!\bt)(?<!\bt\.)(?<!\bm[uo]ng )(?<!\btuan )(?<!\ble )"
SHORT_DATE = re.compile(
    rf"{_NO_DATE_BEFORE}(?P<d>\d{{1,2}})"
    r"(?:\s*(?P<mark>[/.-])\s*(?P<m>\d{1,2})(?![\d']|\s*[/.-]\s*\d)|\s*thang\s*(?P<mm>\d{1,2})(?!\d))"
    r"(?:\s*(?:[/.-]|,?\s*nam)\s*(?P<y>(?:19|20)\d\d)(?!\d))?"
)
_SHORT_YEAR = re.compile(r"(?<![\d/.-])(\d{1,2}\s*([/.-])\s*\d{1,2}\s*\2\s*)([2-9]\d)(?![\d/.-])")
_DAY_ONLY = re.compile(r"(?:\bngay\s*|\()(?P<d>\d{1,2})(?!\d|\s*[/.-]\s*\d|\s+thang|\s*,)\)?(?!\s+tet)")
_SEQUENCE = re.compile(  # "23, 24, 25/11/2026", "23-25/11/2026", "23/11 đến 25/11/2026": the last one says it for all
    rf"{_NO_DATE_BEFORE}(?P<others>(?:\d{{1,2}}(?:/\d{{1,2}})?\s*(?:[,;&-]|\bva\b|\bden\b|\btoi\b)\s*(?:ngay )?)+)"
    r"(?P<d>\d{1,2})\s*/\s*(?P<m>\d{1,2})(?:\s*/\s*(?P<y>(?:19|20)\d\d))?(?!\d|\s*/)"
)
_DAY_AND_MONTH = re.compile(r"(\d{1,2})(?:/(\d{1,2}))?")
_OF_ANOTHER_CALENDAR = re.compile(r"\b(?:am lich|am|al|(?:hang|moi|cua|cac|trong|cuoi|dau) (?:thang|nam))\b")


def completed(text: str, span: Span | None, year: int | None) -> tuple[str, re.Match[str] | None]:
    """The text with its dates made whole, and the first of them that nothing told enough for."""
    text = _SHORT_YEAR.sub(r"\g<1>20\3", text)
    text = _SEQUENCE.sub(lambda found: _each_whole(found, found["y"]), text)
    if _OF_ANOTHER_CALENDAR.search(FULL_DATE.sub("", text)):
        return text, None
    text = _SEQUENCE.sub(lambda found: _each_whole(found, _year_told(found, span, year)), text)
    short: list[re.Match[str]] = []

    def whole(found: re.Match[str]) -> str:
        if not _may_be_a_date(found):
            return found[0]
        if (date_ := _told(found, span, year)) is None:
            short.append(found)
            return found[0]
        return date_ if found[0][:1].isdigit() else f" {date_} "

    completed = SHORT_DATE.sub(whole, text)
    if completed == text and not short and not FULL_DATE.search(text):
        completed = _DAY_ONLY.sub(whole, text)
    return completed, short[0] if short else None


def _year_told(found: re.Match[str], span: Span | None, year: int | None) -> int | None:
    """Of the last day of a sequence."""
    inside = span.date_of(int(found["d"]), int(found["m"])) if span is not None else None
    return inside.year if inside is not None else year


def _each_whole(found: re.Match[str], said: str | int | None) -> str:
    if said is None or not 1 <= int(found["m"]) <= 12:
        return found[0]
    month, year = int(found["m"]), int(said)

    def whole(one: re.Match[str]) -> str:
        own = int(one[2] or month)
        return f"{one[1]}/{own}/{year - (own > month)}"

    return _DAY_AND_MONTH.sub(whole, found["others"]) + f"{found['d']}/{month}/{year}"


def _may_be_a_date(found: re.Match[str]) -> bool:
    """5.45 is none, 2-6 may be T2-T6; 11/23 may be one, in the order of another country."""
    parts = found.groupdict()
    day, month = int(parts["d"]), int(parts.get("m") or parts.get("mm") or 1)
    if parts.get("mark") == "-" and 2 <= day <= 7 and 2 <= month <= 7 and not parts.get("y"):
        return False
    return 1 <= month <= 12 or (parts.get("mark") == "/" and 12 < month <= 31 and day <= 12)


def _told(found: re.Match[str], span: Span | None, year: int | None) -> str | None:
    """The whole date; None if nobody says its month or its year."""
    parts = found.groupdict()
    day, month = int(parts["d"]), int(parts.get("m") or parts.get("mm") or 0) or None
    if parts.get("y"):
        return f"{day}/{month}/{parts['y']}"
    if span is not None:
        if (inside := span.date_of(day, month)) is not None:
            return f"{inside:%d/%m/%Y}"
        year = span.first.year
    return f"{day}/{month}/{year}" if month and year else None
