"""The rows of a plain list → entries: one for each item of a row, at each of its times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from scheduler.loaders.fields import LIMITS
from scheduler.loaders.items import Frame, Mark, entries_of
from scheduler.loaders.list_rows import Columns, Row
from scheduler.loaders.remarks import note_ignored
from scheduler.loaders.sequence import Entry
from scheduler.loaders.titles import Titles
from scheduler.problem import Problem
from scheduler.spoken.cells import is_blank, words
from scheduler.spoken.contents import Piece, is_airings, is_off, read_contents, with_airings


@dataclass(slots=True)
class Entries:
    """Of all *rows*, which are known by now: what follows each of them is told."""

    columns: Columns
    titles: Titles
    rows: Sequence[Row]
    warnings: list[Problem] = field(default_factory=list)

    def read(self) -> list[Entry]:
        return [entry for row in self.rows for entry in self._entries(row)]

    def _entries(self, item: Row) -> Iterator[Entry]:
        title = item.cells["title"]
        if is_off(title):
            return
        contents = read_contents(title)
        self.warnings += [note_ignored(item.places["title"], note) for note in contents.notes]
        apart = ("time", "title", "day", "end", "again", "week", *LIMITS)
        beside = {part: cell for part, cell in item.cells.items() if part not in apart}
        places = {part: place for part, place in item.places.items() if part not in ("title", "time")}
        said = airings_of(self.columns, item.row)
        if said:
            places["airings"] = self._place_of(item.row, said)
        pieces = [with_airings(piece, said) for piece in contents.pieces] if said else contents.pieces
        again = item.cells.get("again")
        if not is_blank(again) and not is_off(again):
            pieces = [replace(piece, again=words(again)) for piece in pieces]
        marks = [Mark(piece, item.places["title"], beside, places, item.places["time"]) for piece in pieces]
        for n, frame in enumerate(self._frames(item)):
            follows = (
                item.clocks or item.follows or item.session is not None or self.columns.is_merged(item.row, "time")
            )
            line = (item.recurrence, id(item.session), item.zone, n if follows else -item.row)
            yield from entries_of(frame, marks, item.recurrence, line, self.titles.span)

    def _place_of(self, row: int, text: str) -> str:
        column = next(c for c in self.columns.table.filled(row) if words(self.columns.table.cell(row, c)) == text)
        return self.columns.place(row, column)

    def _frames(self, item: Row) -> list[Frame]:
        session = item.session.clock if item.session is not None else None
        limit_s = item.limit_s or (session.end_s if session is not None else None)
        frame = Frame(
            item.places["time"],
            item.cells.get("time"),
            limit_s=limit_s,
            next_s=item.next_s,
            session=item.session,
            is_readable=item.is_readable,
        )
        if item.columns:
            told = zip(item.clocks, item.columns, strict=True)
            return [
                Frame(self.columns.place(item.row, column), None, clock.second, clock.end_s, session=session)
                for clock, (column, session) in told
            ]
        if item.clocks and self.columns.is_merged(
            item.row + 1, "time"
        ):  # the items of a range, each with its own minutes
            return [replace(frame, begins_s=clock.second, limit_s=clock.end_s) for clock in item.clocks]
        if item.clocks:
            return [replace(frame, begins_s=clock.second, ends_s=clock.end_s) for clock in item.clocks]
        return [replace(frame, begins_s=session.second if session is not None and self._opens(item) else None)]

    def _opens(self, item: Row) -> bool:
        """Whether the item is the first of its session on its day."""
        alike = (row for row in self.rows if row.session is item.session and row.recurrence == item.recurrence)
        return next(alike) is item


def airings_of(columns: Columns, row: int) -> str | None:
    """What a note beside the row's items says of repeats. Times of its own it can give to one item only."""
    table = columns.table
    texts = [words(table.cell(row, column)) for column in table.filled(row)]
    said = next((text for text in texts if is_airings(text)), None)
    is_one = len(read_contents(columns.cell(row, "title")).pieces) == 1
    told = with_airings(Piece(""), said or "")
    return said if is_one or not (told.times or told.again) else None
