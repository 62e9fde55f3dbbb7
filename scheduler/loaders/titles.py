"""What a sheet says above its table: how the timetable is called, and for which days it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scheduler.loaders.fields import LONGEST_TITLE
from scheduler.loaders.table import Table
from scheduler.problem import Problem
from scheduler.spoken.cells import excerpt
from scheduler.spoken.spans import Span, read_span, read_year
from scheduler.vietnamese import Misread, fold


@dataclass(frozen=True, slots=True)
class Titles:
    name: str = ""  # of the timetable; empty if no row gives one
    span: Span | None = None
    year: int | None = None  # of dates that leave it out
    errors: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()

    def after(self, above: "Titles") -> "Titles":
        """What these leave out, those above have said."""
        if self.span is None and not self.errors:
            return replace(self, name=self.name or above.name, span=above.span, year=self.year or above.year)
        return replace(self, name=self.name or above.name)


NO_TITLES = Titles()


def read_titles(table: Table, rows: Sequence[int]) -> Titles:
    """Of the rows above a table; the sheet's own name tells the days where no row does."""
    texts = [
        (table.where(row, column), excerpt(table.cell(row, column), LONGEST_TITLE))
        for row, column in _filled(table, rows)
    ]
    name = _labelled(texts) or next((text for _, text in texts if "lich" in fold(text)), "")
    years = {year for _, text in texts if (year := read_year(text))}
    errors: list[Problem] = []
    for place, text in texts:
        if (span := _span(place, text, errors)) is not None:
            return Titles(name, span, span.last.year, errors, [_noted(place, span)])
    span = _span("", table.name, [])
    year = span.last.year if span else years.pop() if len(years) == 1 else None
    return Titles(name, span, year, errors)


def _span(place: str, text: str, errors: list[Problem]) -> Span | None:
    try:
        return read_span(text)
    except Misread as misread:
        vi = f"không hiểu thời gian hiệu lực “{text}”: {misread.vi}"
        errors.append(Problem(place, misread.code, vi, f"cannot read the validity “{text}”: {misread.en}"))
        return None


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
