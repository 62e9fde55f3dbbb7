"""Items of one day in the order of their sheet → slots: what follows from its neighbours gets its start and its length.

An item without a time begins when the one before it in its session ends. One without minutes lasts until its frame
ends (5h30-5h45), or until the next one begins where that is how the whole sheet works.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import time

from scheduler.loaders.fields import Reader, build_slot
from scheduler.problem import Problem
from scheduler.spoken.cells import DAY_S, words
from scheduler.spoken.contents import clocks_among
from scheduler.spoken.times import shown_clock
from scheduler.timetable import Dates, Recurrence, Slot, Weekdays

MAX_PROBLEMS = 1_000  # of one sheet
MOST_SHOWN = 12  # supposed times
_NO_DAY = Weekdays(frozenset())
LONGEST_UNTIL_NEXT_S = 3 * 3_600  # longer until the next item is a pause that nobody wrote down


@dataclass(slots=True)
class Entry:
    """One item as its cell names it. Seconds of its day; beyond midnight more than a day."""

    reader: Reader
    recurrence: Recurrence | None
    line: object  # the entries of one line follow one another: a day's session
    begins_s: int | None = None  # None: when the one before ends
    lasts_ms: int | None = None  # its own minutes
    until_s: int | None = None  # the end of its frame
    next_s: int | None = None  # when the next row begins
    limit_s: int | None = None  # it has to end by then
    ends_with_next: bool = False  # it may last until the next row begins, however the other rows do
    is_readable: bool = True  # False: its time is told to be wrong elsewhere

    @property
    def tells_its_end(self) -> bool:
        return self.lasts_ms is not None or self.until_s is not None


def slots_of(entries: Sequence[Entry]) -> list[Slot]:
    """The slots of all entries that can be read; what is wrong with the others their readers tell."""
    lasts_until_next = _lasts_until_next(entries)
    supposed: list[tuple[Entry, str]] = []
    ends_s: dict[object, int | None] = {}
    slots = []
    for entry in entries:
        begins_s = ends_s.get(entry.line) if entry.begins_s is None and entry.is_readable else entry.begins_s
        lasts_ms = _lasts_ms(entry, begins_s, lasts_until_next)
        ends_s[entry.line] = None if begins_s is None or lasts_ms is None else begins_s + lasts_ms // 1_000
        _check(entry, begins_s, ends_s[entry.line])
        _warn_of_times_within(entry, begins_s, ends_s[entry.line])
        if lasts_until_next and begins_s is not None and lasts_ms is not None and not entry.tells_its_end:
            supposed.append((entry, _span(begins_s, begins_s + lasts_ms // 1_000)))
        slot = build_slot(entry.reader, entry.recurrence, _clock(begins_s), lasts_ms)
        if slot is not None and not entry.reader.errors:
            slots.append(slot)
    _warn_of_supposed(supposed)
    return together(slots)


def _lasts_until_next(entries: Iterable[Entry]) -> bool:
    """Whether half of the sheet's items or more name no end: then each of these lasts until the next begins."""
    told = [entry.tells_its_end for entry in entries if entry.is_readable]
    return sum(told) * 2 <= len(told) and len(told) > 1


def _warn_of_supposed(supposed: Sequence[tuple[Entry, str]]) -> None:
    """Told once, with the times; beyond MOST_SHOWN of them the plan itself is easier to read."""
    spans = list(dict.fromkeys(span for _, span in supposed))
    if spans:
        shown = ", ".join(spans[:MOST_SHOWN]) + (", …" if len(spans) > MOST_SHOWN else "")
        vi = f"không ghi thời lượng: hiểu là phát đến giờ của mục sau ({shown})"
        supposed[0][0].reader.warn("duration", "until_next", vi, f"no duration: taken to last until the next ({shown})")


def _lasts_ms(entry: Entry, begins_s: int | None, lasts_until_next: bool) -> int | None:
    if entry.lasts_ms is not None or begins_s is None:
        return entry.lasts_ms
    if entry.until_s is not None:
        return max(0, entry.until_s - begins_s) * 1_000
    if not entry.is_readable or any("duration" in problem.code for problem in entry.reader.errors):
        return None
    return _until_next_ms(entry, begins_s, lasts_until_next or entry.ends_with_next)


def _until_next_ms(entry: Entry, begins_s: int, may_last: bool) -> int | None:
    lasts_s = (entry.next_s or 0) - begins_s
    span = _span(begins_s, entry.next_s) if entry.next_s and lasts_s > 0 else ""
    if entry.next_s is None or not may_last:
        missing_duration(entry.reader, span if lasts_s <= LONGEST_UNTIL_NEXT_S else "")
        return None
    if 0 < lasts_s <= LONGEST_UNTIL_NEXT_S:
        return lasts_s * 1_000
    if span:
        vi = f"chưa rõ phát đến mấy giờ; nếu đến mục sau thì ghi “{span}”"
        entry.reader.error(
            "duration", "doubtful_duration", vi, f"no end given; write “{span}” if it lasts until the next"
        )
    return None


def _span(begins_s: int, ends_s: int) -> str:
    return f"{shown_clock(begins_s)}-{shown_clock(ends_s)}"


def missing_duration(reader: Reader, likely: str = "") -> None:
    """*likely*: the range if it lasts until the next item."""
    vi, en = "thiếu thời lượng; ghi như 5h30-5h45 hoặc (15')", "the duration is missing; write 5h30-5h45 or (15')"
    if likely:
        vi, en = (
            f"thiếu thời lượng; nếu đến mục sau thì ghi “{likely}”",
            f"no duration; write “{likely}” if until the next",
        )
    reader.error("duration", "missing_duration", vi, en)


def _check(entry: Entry, begins_s: int | None, ends_s: int | None) -> None:
    if begins_s is None:
        if entry.is_readable and not entry.reader.errors:
            vi = "thiếu giờ; ghi như 5h30, hoặc “tiếp theo” nếu phát ngay sau mục trên"
            en = "the time is missing; write it like 5h30, or “tiếp theo” if it follows the item above"
            entry.reader.error("time", "missing_time", vi, en)
    elif begins_s >= DAY_S:
        vi, en = "mục này bắt đầu sau 24h; ghi vào ngày hôm sau", "this begins after 24h; write it on the next day"
        entry.reader.error("title", "after_midnight", vi, en)
    elif ends_s is not None and entry.limit_s is not None and ends_s > entry.limit_s and not entry.reader.errors:
        end, limit = shown_clock(ends_s), shown_clock(entry.limit_s)
        vi = f"phát đến {end}, quá giờ kết thúc {limit} đã ghi"
        entry.reader.error("title", "longer_than_its_frame", vi, f"this lasts until {end}, past the end given: {limit}")


def _warn_of_times_within(entry: Entry, begins_s: int | None, ends_s: int | None) -> None:
    """ "Tiếp âm VOV1 đến 5h30" from 5h00 to 6h00: what begins then among its words is no item of its own."""
    if begins_s is None or ends_s is None:
        return
    for written, second in clocks_among(words(entry.reader.cells.get("title"))):
        if begins_s < second < ends_s:
            vi = f"“{written}” trong tên chỉ là ghi chú, cả mục phát {_span(begins_s, ends_s)}"
            en = f"“{written}” in the title is not carried out: all airs {_span(begins_s, ends_s)}"
            entry.reader.warn("title", "note_in_title", vi, en)
            return


def _clock(second: int | None) -> time | None:
    return None if second is None or second >= DAY_S else time(second // 3_600, second // 60 % 60, second % 60)


def together(slots: Iterable[Slot]) -> list[Slot]:
    """A cell merged over several days is one slot on all of them."""
    same: defaultdict[tuple[str, type[Recurrence], Slot], list[Slot]] = defaultdict(list)
    for slot in slots:
        same[slot.where, type(slot.recurrence), replace(slot, recurrence=_NO_DAY)].append(slot)
    return [joined for alike in same.values() for joined in _joined(alike)]


def _joined(alike: list[Slot]) -> list[Slot]:
    weekly = [slot.recurrence.days for slot in alike if isinstance(slot.recurrence, Weekdays)]
    dated = [slot.recurrence.dates for slot in alike if isinstance(slot.recurrence, Dates)]
    if weekly:
        return [replace(alike[0], recurrence=Weekdays(frozenset().union(*weekly)))]
    if dated:
        return [replace(alike[0], recurrence=Dates(frozenset().union(*dated)))]
    return alike


def without_doubles(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """What several days of one cell have to say is said once."""
    return tuple(dict.fromkeys(problems))[:MAX_PROBLEMS]
