"""The items that the cells of one row name → entries: each with the start and the length that is told of it.

Shared by all forms of a sheet. What is not told follows from the neighbours, see ``sequence``.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from scheduler.loaders.fields import Reader, refuse_other_length, told_in_words, warn_of_seconds
from scheduler.loaders.remarks import not_carried_out
from scheduler.loaders.sequence import Entry, missing_duration
from scheduler.recurrence import EVERY_DAY
from scheduler.spoken.cells import Cell, excerpt, is_blank
from scheduler.spoken.contents import Piece, remark_in
from scheduler.spoken.days import narrowed, read_date
from scheduler.spoken.durations import read_duration
from scheduler.spoken.sessions import Session
from scheduler.spoken.spans import Span
from scheduler.spoken.times import TimeOfDay, read_times, shown_clock
from scheduler.timetable import Dates, Recurrence, Weekdays
from scheduler.vietnamese import Misread, fold, is_emergency

LONGEST_UNSAID_S = 3_600  # of a row that tells only its start: so far may an item in its cells begin


@dataclass(frozen=True, slots=True)
class Frame:
    """What a row says of the time of its items. Seconds of the day; beyond midnight more than a day."""

    place: str  # where it says so; empty: where the item stands
    written: Cell = None
    begins_s: int | None = None  # None: when the item before it ends
    ends_s: int | None = None  # what has no minutes lasts until then; nothing lasts longer
    limit_s: int | None = None  # the session's end
    next_s: int | None = None  # when the next row of the session begins
    session: Session | None = None
    ends_with_next: bool = False  # of lines in a text: what has no minutes lasts until the next line's time
    is_readable: bool = True  # False: what is wrong with its time is told elsewhere


@dataclass(frozen=True, slots=True)
class Mark:
    """One item, where it stands, and what other cells of its row say of it."""

    piece: Piece
    place: str
    cells: Mapping[str, Cell] = field(default_factory=dict)  # by part; "duration" is that of the whole cell
    places: Mapping[str, str] = field(default_factory=dict)
    row: str = ""  # the place that names the whole row, if that is another one

    @property
    def has_clock(self) -> bool:
        return bool(self.piece.clock) or not is_blank(self.cells.get("time"))


def entries_of(
    frame: Frame, marks: Sequence[Mark], recurrence: Recurrence | None, line: object, span: Span | None = None
) -> Iterator[Entry]:
    """The entries of one row (or cell) in their order. Those of one *line* follow one another."""
    for n, given in enumerate(marks):
        mark = _with_time_in_title(given, frame)
        after = marks[n + 1].piece if n + 1 < len(marks) else None
        entry = Entry(_reader(frame, mark), recurrence, line, limit_s=_limit_s(frame, mark, marks))
        entry.ends_with_next = frame.ends_with_next
        entry.is_readable = frame.is_readable or mark.has_clock
        if remark := remark_in(mark.piece.title):
            entry.reader.warn("title", "note_in_title", *not_carried_out(remark))
        entry.begins_s = frame.begins_s if n == 0 else None
        clocks = _own_clocks(entry, mark, frame)
        _measure(entry, mark, frame, after, is_single=len(marks) == 1, is_first=n == 0)
        if mark.piece.days > 1 or mark.piece.times:
            entry.recurrence = _on_more_days(entry, mark, clocks, span)
        if mark.piece.until:
            entry.recurrence = _until(entry, mark.piece.until, span)
        yield entry
        for clock in clocks[1:]:
            yield _again(entry, clock)
        yield from _repeats(entry, mark)


def _with_time_in_title(mark: Mark, frame: Frame) -> Mark:
    """ "Họp thôn lúc 19h30" in the row of 5h30 airs at 5h30: the other time is what it is about."""
    piece = mark.piece
    if frame.begins_s is None or not frame.is_readable or not fold(piece.clock).startswith("luc "):
        return mark
    with suppress(Misread):
        for clock in read_times(piece.clock):
            _refuse_outside(clock, frame)
        return mark
    return replace(mark, piece=replace(piece, title=f"{piece.title} {piece.clock}", clock=""))


def _repeats(entry: Entry, mark: Mark) -> Iterator[Entry]:
    """ "Bản tin (phát lại 17h30)" airs twice, the second time as a repeat."""
    if mark.piece.again:
        for clock in entry.reader.attempt("again", lambda _: read_times(mark.piece.again)) or ():
            again = _again(entry, clock)
            again.reader.cells = {**again.reader.cells, "title": f"{mark.piece.title} (PL)", "kind": None}
            yield again


def _on_more_days(entry: Entry, mark: Mark, clocks: Sequence[TimeOfDay], span: Span | None) -> Recurrence | None:
    """ "Phát 3 ngày, ngày 2 lần (5h30, 17h30)", from the date of its cell on; if that is not certain, it is a note."""
    piece, first = mark.piece, _only_date(entry.recurrence, span)
    said = f"phát {piece.days} ngày" + (f", ngày {piece.times} lần" if piece.times else "")
    if first is None or piece.times not in (0, max(1, len(clocks))):
        vi, en = f"“{said}” chưa rõ từ ngày nào, giờ nào: máy không làm theo", f"“{said}” is not carried out: unclear"
        entry.reader.warn("airings", "note_ignored", vi, en)
        return entry.recurrence
    days = [first + timedelta(days=n) for n in range(piece.days)]
    vi = f"“{said}”: hiểu là từ {days[0]:%d/%m/%Y} đến hết {days[-1]:%d/%m/%Y}"
    entry.reader.warn("airings", "several_days", vi, f"“{said}” is taken as {days[0]} to {days[-1]}")
    return Dates(frozenset(days))


def _until(entry: Entry, written: str, span: Span | None) -> Recurrence | None:
    """ "Phát đến hết ngày 28/11": every day from the date of its cell on; what recurs weekly does so until then."""
    said, first = f"phát đến hết ngày {written}", _only_date(entry.recurrence, span)
    try:
        last = read_date(written, span)
        base = entry.recurrence if first is None or first > last else EVERY_DAY
        days = base and narrowed(base, written, first, last)
    except Misread:
        vi, en = f"“{said}” chưa rõ đến ngày nào: máy không làm theo", f"“{said}” is not carried out: unclear"
        entry.reader.warn("airings", "note_ignored", vi, en)
        return entry.recurrence
    begins = f"từ {first:%d/%m/%Y} " if first else ""
    vi, en = f"“{said}”: hiểu là {begins}đến hết {last:%d/%m/%Y}", f"“{said}” is taken as until {last}"
    entry.reader.warn("airings", "several_days", vi, en)
    return days


def _only_date(recurrence: Recurrence | None, span: Span | None) -> date | None:
    """The one date that is meant: by itself, or a weekday in a week that has its dates."""
    if isinstance(recurrence, Dates) and len(recurrence.dates) == 1:
        return next(iter(recurrence.dates))
    if isinstance(recurrence, Weekdays) and span is not None:
        days = [day for day in span.dates() if day.weekday() in recurrence.days]
        return days[0] if len(days) == 1 else None
    return None


def _reader(frame: Frame, mark: Mark) -> Reader:
    cells = {"time": frame.written, **mark.cells, "title": mark.piece.title}
    places = (
        dict.fromkeys(("title", "duration", "kind", "day", "time", "source", "class", "again", "airings"), mark.place)
        | {"time": frame.place or mark.place}
        | dict(mark.places)
    )
    if mark.piece.clock:
        cells["time"], places["time"] = mark.piece.clock, mark.place
    if mark.piece.kind and is_blank(cells.get("kind")):
        cells["kind"], places["kind"] = mark.piece.kind, mark.place
    if mark.piece.level and (is_blank(cells.get("class")) or is_emergency(mark.piece.level)):
        cells["class"], places["class"] = mark.piece.level, mark.place
    if mark.piece.source and is_blank(cells.get("source")):
        cells["source"], places["source"] = mark.piece.source, mark.place
    if mark.piece.ending and is_blank(cells.get("end_rule")):
        cells["end_rule"], places["end_rule"] = mark.piece.ending, mark.place
    if mark.piece.lasts:
        cells["duration"], places["duration"] = mark.piece.lasts, mark.place
    if frame.session is not None and is_blank(cells.get("session")):
        cells["session"] = frame.session.name
    return Reader(cells, places, mark.row or mark.place)


def _limit_s(frame: Frame, mark: Mark, marks: Sequence[Mark]) -> int | None:
    """The end of its frame; of its session; or where the minutes for the whole cell are up."""
    ends = [frame.ends_s, frame.limit_s]
    given = mark.cells.get("duration")
    if len(marks) > 1 and frame.begins_s is not None and not is_blank(given):
        with suppress(Misread):  # told where an item has no minutes of its own
            ends.append(frame.begins_s + read_duration(given) // 1_000)
    return min((end for end in ends if end is not None), default=None)


def _own_clocks(entry: Entry, mark: Mark, frame: Frame) -> Sequence[TimeOfDay]:
    """The times among the item's own words; they have to lie in its frame and its session."""
    if not mark.has_clock:
        return ()
    clocks = entry.reader.attempt("time", read_times)
    if clocks is None:
        entry.is_readable, entry.begins_s = False, None
        return ()
    entry.begins_s, entry.until_s = clocks[0].second, clocks[0].end_s
    entry.reader.warnings += told_in_words(entry.reader.place("time"), entry.reader.cells.get("time"), clocks)
    for clock in clocks[:1] if mark.piece.times else clocks:
        entry.reader.attempt("time", lambda _, clock=clock: _refuse_outside(clock, frame))  # type: ignore[misc]
    return clocks


def _refuse_outside(clock: TimeOfDay, frame: Frame) -> None:
    if frame.session is not None:
        frame.session.refuse(clock.second)
    if frame.begins_s is None or not frame.is_readable or is_blank(frame.written):
        return
    ends_s = frame.ends_s or frame.next_s or frame.begins_s + LONGEST_UNSAID_S
    if not frame.begins_s <= clock.second < ends_s:
        shown, written = shown_clock(clock.second), excerpt(frame.written)
        vi = f"{shown} trong ô không thuộc giờ “{written}” của dòng"
        raise Misread("time_outside_row", vi, f"{shown} in the cell is not within “{written}” of its row")


def _measure(entry: Entry, mark: Mark, frame: Frame, after: Piece | None, *, is_single: bool, is_first: bool) -> None:
    """How long it lasts, if that is told: by its own minutes, its row's, the next one's time, or its frame's end."""
    if mark.piece.lasts or (is_single and not is_blank(mark.cells.get("duration"))):
        entry.lasts_ms = entry.reader.attempt("duration", read_duration)
        entry.is_readable = entry.is_readable and entry.lasts_ms is not None
        if entry.lasts_ms is not None:
            warn_of_seconds(entry.reader, entry.lasts_ms)
        if is_single and entry.lasts_ms is not None:
            _refuse_contradiction(entry, mark, frame)
        return
    if entry.until_s is not None:
        pass  # a range of its own
    elif after is not None:
        entry.until_s = _second_of(after.clock) if after.clock else None
    elif is_first or mark.has_clock:
        entry.until_s, entry.next_s = frame.ends_s, frame.next_s
    if entry.lasts_ms is None and entry.until_s is None and not (after is None and (is_first or mark.has_clock)):
        missing_duration(entry.reader)


def _refuse_contradiction(entry: Entry, mark: Mark, frame: Frame) -> None:
    """The minutes beside a title, those of the row's own column, and its range have to agree."""
    given = mark.cells.get("duration")
    if is_blank(given):
        return
    if mark.piece.lasts and entry.reader.attempt("duration", lambda _: read_duration(given)) not in (
        None,
        entry.lasts_ms,
    ):
        lasts, other = excerpt(given), mark.piece.lasts
        vi, en = f"thời lượng “{lasts}” không khớp với “{other}”", f"duration “{lasts}” does not agree with “{other}”"
        entry.reader.error("duration", "duration_contradicts_title", vi, en)
    elif frame.begins_s is None or frame.ends_s is None or mark.has_clock:
        return
    elif (frame.ends_s - frame.begins_s) * 1_000 != entry.lasts_ms:
        refuse_other_length(entry.reader, given, frame.written)


def _second_of(clock: str) -> int | None:
    try:
        return read_times(clock)[0].second
    except Misread:
        return None  # told where it stands


def _again(entry: Entry, clock: TimeOfDay) -> Entry:
    """The same item at another time of the day, in a line of its own."""
    lasts_ms = entry.lasts_ms
    if lasts_ms is None and entry.until_s is not None and entry.begins_s is not None:
        lasts_ms = (entry.until_s - entry.begins_s) * 1_000
    reader = Reader(entry.reader.cells, entry.reader.places, entry.reader.where)
    again = replace(entry, reader=reader, line=(entry.line, clock.second), begins_s=clock.second, lasts_ms=lasts_ms)
    return replace(again, until_s=clock.end_s, limit_s=None, next_s=None)
