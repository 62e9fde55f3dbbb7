"""What a sheet says above its table: how the timetable is called, and for which days it is."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from scheduler.loaders.fields import LONGEST_TITLE
from scheduler.loaders.remarks import note_ignored
from scheduler.loaders.table import Table
from scheduler.problem import Problem
from scheduler.recurrence import Recurrence
from scheduler.spoken.cells import excerpt
from scheduler.spoken.days import days_in_title, read_days
from scheduler.spoken.spans import Span, read_bounds, read_span, read_year
from scheduler.timetable import NamedDays
from scheduler.vietnamese import Misread, fold

_REMARK = re.compile(
    r"\b(?:ghi chu|luu y|chu y|khong phat|nghi|tam (?:dung|ngung|hoan)|ngung phat|ngoai tru|tru|phat lai|doi gio)\b"
)
_ONLY_ON = re.compile(r"\W*(?:lich )?(?:chi )?ap dung (?:cho|vao|trong|rieng)?(?: cac)?\s*:?\s*(?P<days>.+)")


@dataclass(frozen=True, slots=True)
class Titles:
    name: str = ""  # of the timetable; empty if no row gives one
    span: Span | None = None
    year: int | None = None  # of dates that leave it out
    since: date | None = None  # of a validity with one end only
    until: date | None = None
    only_on: NamedDays | None = None  # "áp dụng cho ngày lễ"
    days: Recurrence | None = None  # of a list that has none of its own
    days_place: str = ""
    errors: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()

    def after(self, above: "Titles") -> "Titles":
        """What these leave out, those above have said."""
        heard = replace(self, name=self.name or above.name, only_on=self.only_on or above.only_on)
        if self.days is None:
            heard = replace(heard, days=above.days, days_place=above.days_place)
        if self.span is None and self.since is None and self.until is None and not self.errors:
            heard = replace(heard, span=above.span, since=above.since, until=above.until)
            return replace(heard, year=self.year or above.year)
        return heard

    @property
    def first(self) -> date | None:
        """From when the timetable is in force, if that is said."""
        return self.span.first if self.span else self.since

    @property
    def last(self) -> date | None:
        return self.span.last if self.span else self.until


NO_TITLES = Titles()


def read_titles(table: Table, rows: Sequence[int], above: Titles = NO_TITLES) -> Titles:
    """Of the rows above a table; the sheet's own name tells the days where no row does, else those *above* them."""
    texts = [
        (table.where(row, column), excerpt(table.cell(row, column), LONGEST_TITLE))
        for row, column in _filled(table, rows)
    ]
    name = _labelled(texts) or next((text for _, text in texts if "lich" in fold(text)), "")
    years = {year for _, text in texts if (year := read_year(text))}
    year = years.pop() if len(years) == 1 else above.year
    titles = _with_validity(Titles(name, year=year), texts)
    if titles.span is None and (span := _span("", table.name, [])) is not None:
        titles = replace(titles, span=span, year=span.last.year)
    only_on = next((days for _, text in texts if (days := _only_on(text)) is not None), None)
    titles = _with_days(replace(titles, only_on=only_on), texts)
    return replace(titles, warnings=[*titles.warnings, *_remarks(texts)]).after(above)


def _with_validity(titles: Titles, texts: Sequence[tuple[str, str]]) -> Titles:
    """From when until when, or on which named days, the timetable is in force: the first row that says so.

    A week within its month says it better.
    """
    errors: list[Problem] = []
    for n, (place, text) in enumerate(texts):
        if (span := _span(place, text, errors)) is not None:
            for later, other in texts[n + 1 :]:
                if (week := week_of(other, titles.year)) is not None and _is_within(week, span):
                    place, span = later, week
            return replace(titles, span=span, year=span.last.year, errors=errors, warnings=[_noted(place, span)])
        if (span := week_of(text, titles.year)) is not None:
            return replace(titles, span=span, errors=errors, warnings=[_noted(place, span)])
        since, until = _bounds(place, text, errors)
        if since or until:
            noted = [_noted_bounds(place, since, until)]
            return replace(titles, since=since, until=until, errors=errors, warnings=noted)
    return replace(titles, errors=errors)


def week_of(text: str, year: int | None) -> Span | None:
    """The days of "Tuần 48 (23/11 - 29/11)", whose year stands elsewhere."""
    if year is None or not is_week(text):
        return None
    try:
        return read_span(text, year)
    except Misread:
        return None


def is_week(text: str) -> bool:
    """Whether a text heads a week: "Tuần 48", "TUẦN 4 (23/11 - 29/11)"."""
    return re.match(r"\W*tuan (?:thu )?\d", fold(text)) is not None


def _is_within(one: Span, other: Span) -> bool:
    """Whether *one* is shorter and begins or ends in the other: a month's weeks reach over its edges."""
    shorter = one.last - one.first < other.last - other.first
    return shorter and one.first <= other.last and other.first <= one.last


def _span(place: str, text: str, errors: list[Problem]) -> Span | None:
    try:
        return read_span(text)
    except Misread as misread:
        errors.append(_unreadable(place, text, misread))
        return None


def _bounds(place: str, text: str, errors: list[Problem]) -> tuple[date | None, date | None]:
    try:
        return read_bounds(text)
    except Misread as misread:
        if place not in {error.where for error in errors}:
            errors.append(_unreadable(place, text, misread))
        return None, None


def _unreadable(place: str, text: str, misread: Misread) -> Problem:
    vi = f"không hiểu thời gian hiệu lực “{text}”: {misread.vi}"
    return Problem(place, misread.code, vi, f"cannot read the validity “{text}”: {misread.en}")


def _only_on(text: str) -> NamedDays | None:
    """ "Áp dụng cho ngày lễ": the named days on which alone the timetable is in force."""
    found = _ONLY_ON.fullmatch(fold(text))
    try:
        days = read_days(text[-len(found["days"]) :]) if found else None
    except Misread:
        return None
    return days if isinstance(days, NamedDays) else None


def _with_days(titles: Titles, texts: Sequence[tuple[str, str]]) -> Titles:
    """The days of a list without days. Rows that name different ones leave the question open."""
    found = [(place, days) for place, text in texts if (days := _days(text, titles.year)) is not None]
    if len({days for _, days in found}) != 1:
        return titles
    return replace(titles, days=found[0][1], days_place=found[0][0])


def _days(text: str, year: int | None) -> Recurrence | None:
    try:
        return days_in_title(text, year)
    except Misread:
        return None


def _remarks(texts: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    """ "Ngày 25/11 nghỉ phát" above a table is not carried out either."""
    for place, text in texts:
        if _REMARK.search(fold(text)) and _only_on(text) is None:
            yield note_ignored(place, text)


def _labelled(texts: Sequence[tuple[str, str]]) -> str:
    """ "Tên lịch" in one cell, the name in the next one, whatever it is."""
    labels = [n for n, (_, text) in enumerate(texts[:-1]) if fold(text).rstrip(": ") == "ten lich"]
    return texts[labels[0] + 1][1] if labels else ""


def _filled(table: Table, rows: Sequence[int]) -> list[tuple[int, int]]:
    return [(row, column) for row in rows for column in table.filled(row)]


def _noted(place: str, span: Span) -> Problem:
    days = f"{span.first:%d/%m/%Y} – {span.last:%d/%m/%Y}"
    vi, en = f"lịch chỉ có hiệu lực {days}", f"the timetable is valid {days} only"
    return Problem(place, "validity_from_title", vi, en)


def _noted_bounds(place: str, since: date | None, until: date | None) -> Problem:
    vi = " ".join([*([f"từ {since:%d/%m/%Y}"] if since else []), *([f"đến hết {until:%d/%m/%Y}"] if until else [])])
    en = " ".join([*([f"from {since}"] if since else []), *([f"until {until}"] if until else [])])
    return Problem(place, "validity_from_title", f"lịch chỉ có hiệu lực {vi}", f"the timetable is valid {en} only")
