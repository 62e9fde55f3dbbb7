"""What a sheet says above its table: how the timetable is called, and for which days it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from scheduler.loaders.fields import LONGEST_TITLE, timetable_title
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
    warnings: Sequence[Problem] = field(default=())

    def called(self, stem: str) -> str:
        return timetable_title(self.name or stem)


def read_titles(table: Table, rows: Sequence[int]) -> Titles:
    """Of the rows above a table; the sheet's own name tells the days where no row does."""
    texts = [
        (table.where(row, column), excerpt(table.cell(row, column), LONGEST_TITLE))
        for row, column in _filled(table, rows)
    ]
    name = _labelled(texts) or next((text for _, text in texts if "lich" in fold(text)), "")
    years = {year for _, text in texts if (year := read_year(text))}
    errors: list[Problem] = []
    for place, text in [*texts, ("", table.name)]:
        try:
            span = read_span(text)
        except Misread as misread:
            if not place:
                continue
            vi = f"không hiểu thời gian hiệu lực “{text}”: {misread.vi}"
            errors.append(Problem(place, misread.code, vi, f"cannot read the validity “{text}”: {misread.en}"))
            continue
        if span is not None:
            warnings = [_noted(place, span)] if place else []
            return Titles(name, span, span.last.year, errors, warnings)
    return Titles(name, None, years.pop() if len(years) == 1 else None, errors)


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
