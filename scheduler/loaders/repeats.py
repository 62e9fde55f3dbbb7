"""Repeats that name no programme but a part of the day: "Phát lại chương trình buổi sáng"."""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from scheduler.occurrence import Kind
from scheduler.problem import Problem
from scheduler.spoken.sessions import Session
from scheduler.timetable import Dates, Recurrence, Slot, Weekdays
from scheduler.vietnamese import fold, without_repeat_mark

_PART = re.compile(
    r"(?:lai )?(?:toan bo )?(?:cac )?(?:chuong trinh|ban tin|noi dung|buoi phat|tin)?(?: phat thanh)?"
    r"(?: cua xa| cua dia phuong)?"
    r"(?: (?:buoi|phat))? ?(?P<part>sang|trua|chieu)(?: nay| cung ngay| trong ngay)?"
)
_TUNE = re.compile(r"nhac (?:hieu|ket thuc|cat|nen|mo dau|chao)|gioi thieu chuong trinh")


@dataclass(slots=True)
class Resolved:
    slots: list[Slot] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def resolve(slots: Sequence[Slot]) -> Resolved:
    """Each such repeat as that of the one own programme of that part of its day; asked about if there are several."""
    titles = {fold(slot.item.title) for slot in slots if slot.item.kind is not Kind.REPEAT}
    own = _own_by_day(slots)
    found = Resolved()
    for slot in slots:
        part = _part_named(slot, titles)
        if part is None:
            found.slots.append(slot)
        else:
            _resolve(slot, part, own, found)
    return found


def _part_named(slot: Slot, titles: set[str]) -> str | None:
    """The part of the day that a repeat names, "" if it names nothing at all.

    None if it names a programme of the timetable, or is no repeat.
    """
    named = without_repeat_mark(slot.item.title)
    if slot.item.kind is Kind.REPEAT and named in ("", "pl"):
        return ""  # "PL" alone: of whatever came before on that day
    if slot.item.kind is not Kind.REPEAT or named in titles:
        return None
    part = _PART.fullmatch(named)
    return part["part"] if part else None


def _own_by_day(slots: Iterable[Slot]) -> dict[Hashable, list[Slot]]:
    own: defaultdict[Hashable, list[Slot]] = defaultdict(list)
    for slot in slots:
        if slot.item.kind is Kind.OWN and not _TUNE.match(fold(slot.item.title)):
            for day in _days(slot.recurrence):
                own[day].append(slot)
    return dict(own)


def _days(recurrence: Recurrence) -> Iterable[int | date | Recurrence]:
    """Weekdays and dates one by one; another recurrence as it is: what it repeats recurs in the same way."""
    match recurrence:
        case Weekdays(days):
            return sorted(days)
        case Dates(dates):
            return sorted(dates)
    return (recurrence,)


def _resolve(slot: Slot, part: str, own: dict[Hashable, list[Slot]], found: Resolved) -> None:
    by_title: defaultdict[str, list[int | date | Recurrence]] = defaultdict(list)
    for day in _days(slot.recurrence):
        originals = {one.item.title: one for one in own.get(day, ()) if _precedes(one, slot, part)}
        if len(originals) > 1:
            names = ", ".join(f"“{title}”" for title in list(originals)[:5])
            vi, en = f"phát lại mục nào: {names}? Ghi rõ tên", f"a repeat of which one: {names}? Write its title"
            found.errors.append(Problem(slot.place("title"), "which_repeat", vi, en))
            return
        by_title["".join(originals)].append(day)
    for title, days in by_title.items():
        found.slots.append(_repeat_of(slot, title, days))
        vi, en = (f"hiểu là phát lại “{title}”", f"taken as a repeat of “{title}”")
        if not title:
            vi, en = "không thấy mục nào để phát lại trong ngày", "there is nothing on that day that it could repeat"
        found.warnings.append(Problem(slot.place("title"), "repeat_of", vi, en))


def _precedes(one: Slot, repeat: Slot, part: str) -> bool:
    second = one.starts.hour * 3_600 + one.starts.minute * 60
    return one.starts < repeat.starts and one.zone == repeat.zone and Session(part, part).holds(second)


def _repeat_of(slot: Slot, title: str, days: Sequence[int | date | Recurrence]) -> Slot:
    dates = frozenset(day for day in days if isinstance(day, date))
    weekdays = frozenset(day for day in days if isinstance(day, int))
    recurrence = Dates(dates) if dates else Weekdays(weekdays) if weekdays else slot.recurrence
    item = replace(slot.item, title=f"{title} (PL)") if title else slot.item
    return replace(slot, recurrence=recurrence, item=item)
