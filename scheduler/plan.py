"""From a timetable to the occurrences of local days. Pure: the same sheet gives the same ids, whenever it is loaded."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scheduler.book import TimetableBook, first_in_force
from scheduler.clock import STATION_TZ
from scheduler.holidays import VIETNAM, HolidayCalendar
from scheduler.occurrence import ALL_ZONES, Occurrence
from scheduler.recurrence import CalendarDay, Weekdays, calendar_day
from scheduler.repeats import REPEAT_WITHIN, ContentOf, link_repeats, may_repeat, nothing_known
from scheduler.timetable import Slot, Timetable
from scheduler.vietnamese import slug

_DAY = timedelta(days=1)


def plan_day(plan: TimetableBook | Timetable, day: date, holidays: HolidayCalendar = VIETNAM) -> list[Occurrence]:
    """What *day* (local) plans, by start."""
    return plan_days(plan, day, day + _DAY, holidays)


def plan_days(
    plan: TimetableBook | Timetable,
    first: date,
    end: date,
    holidays: HolidayCalendar = VIETNAM,
    content_of: ContentOf = nothing_known,
) -> list[Occurrence]:
    """The occurrences that start on the local days from *first* until before *end*, by start.

    Each day follows the timetable of the book that is in force on it. Repeats are linked to originals up to seven days
    before, so the answer for a day does not depend on the range.
    """
    book = plan if isinstance(plan, TimetableBook) else TimetableBook((plan,))
    if not may_repeat([slot.item for timetable in book.timetables for slot in timetable.slots], content_of):
        return list(_expand(book, first, end, holidays))
    before = max(first, date.min + REPEAT_WITHIN) - REPEAT_WITHIN
    linked = link_repeats(list(_expand(book, before, end, holidays)), content_of)
    begin = datetime.combine(first, datetime.min.time(), STATION_TZ)
    return linked[bisect_left(linked, begin, key=lambda occurrence: occurrence.starts_at) :]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A slot with what is the same on all its days."""

    slot: Slot
    id_tail: str
    begins: timedelta  # from midnight: a station's days have 24 hours, all of them
    ends: timedelta

    @classmethod
    def of(cls, slot: Slot) -> "_Prepared":
        clock = slot.starts.strftime("%H%M%S" if slot.starts.second else "%H%M")
        zone = "" if slot.zone == ALL_ZONES else "-" + slug(slot.zone)
        begins = timedelta(hours=slot.starts.hour, minutes=slot.starts.minute, seconds=slot.starts.second)
        ends = begins + timedelta(milliseconds=slot.item.duration_ms)
        return cls(slot, f"T{clock}-{slug(slot.item.title)}{zone}", begins, ends)

    def on(self, midnight: datetime, occurrence_id: str) -> Occurrence:
        item = self.slot.item
        return Occurrence(
            occurrence_id,
            item.title,
            midnight + self.begins,
            midnight + self.ends,
            item.kind,
            item.origin,
            None,
            item.bulletin_class,
            self.slot.zone,
            item.source,
            self.slot.session,
            item.field,
            item.language,
            item.author,
            item.approver,
            conduct=item.conduct,
        )


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A timetable's slots by start: those of each weekday, and the others, which have to be asked about each day."""

    weekly: Sequence[Sequence[_Prepared]]
    others: Sequence[_Prepared]

    @classmethod
    def of(cls, timetable: Timetable) -> "_Sheet":
        prepared = sorted(map(_Prepared.of, timetable.slots), key=_order)
        days = [one.slot.recurrence.days if isinstance(one.slot.recurrence, Weekdays) else None for one in prepared]
        pairs = list(zip(prepared, days, strict=True))
        weekly = [[one for one, on in pairs if on is not None and day in on] for day in range(7)]
        return cls(weekly, [one for one, on in pairs if on is None])

    def on(self, day: CalendarDay) -> Sequence[_Prepared]:
        today = self.weekly[day.weekday]
        others = [one for one in self.others if one.slot.recurrence.falls_on(day)]
        return sorted([*today, *others], key=_order) if others else today


def _order(one: _Prepared) -> tuple[time, str]:
    return one.slot.starts, one.id_tail


def _expand(book: TimetableBook, first: date, end: date, holidays: HolidayCalendar) -> Iterator[Occurrence]:
    """Occurrences of every day, by start. Cost: the days and their occurrences, however far they are."""
    timetables = book.narrowest_first(holidays)
    sheets: dict[int, _Sheet] = {}
    for number in range(first.toordinal(), end.toordinal()):
        day = calendar_day(date.fromordinal(number), holidays)
        if (timetable := first_in_force(timetables, day)) is not None:
            if id(timetable) not in sheets:
                sheets[id(timetable)] = _Sheet.of(timetable)
            yield from _of_day(sheets[id(timetable)].on(day), day.date)


def _of_day(today: Sequence[_Prepared], day: date) -> Iterator[Occurrence]:
    """Ids are unique even in a plan that a check would refuse: a second one of the same name gets "-2"."""
    seen: dict[str, int] = {}
    date_text, midnight = day.isoformat(), datetime.combine(day, time(), STATION_TZ)
    for one in today:
        occurrence_id = date_text + one.id_tail
        times = seen[occurrence_id] = seen.get(occurrence_id, 0) + 1
        yield one.on(midnight, occurrence_id if times == 1 else f"{occurrence_id}-{times}")
