"""From a timetable to the occurrences of local days. Pure: the same sheet gives the same ids, whenever it is loaded."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from scheduler.clock import STATION_TZ
from scheduler.occurrence import ALL_ZONES, Kind, Occurrence
from scheduler.timetable import Dates, Slot, Timetable, Weekdays
from scheduler.vietnamese import slug, without_repeat_mark

REPEAT_WITHIN = timedelta(days=7)
_DAY = timedelta(days=1)


def plan_day(timetable: Timetable, day: date) -> list[Occurrence]:
    """What *day* (local) plans, by start."""
    return plan_days(timetable, day, day + _DAY)


def plan_days(timetable: Timetable, first: date, end: date) -> list[Occurrence]:
    """The occurrences that start on the local days from *first* until before *end*, by start.

    Repeats are linked to originals up to seven days before, so the answer for a day does not depend on the range.
    """
    if all(slot.item.kind is not Kind.REPEAT for slot in timetable.slots):
        return list(_expand(timetable, first, end))
    linked = link_repeats(list(_expand(timetable, max(first, date.min + REPEAT_WITHIN) - REPEAT_WITHIN, end)))
    begin = datetime.combine(first, datetime.min.time(), STATION_TZ)
    return [occurrence for occurrence in linked if occurrence.starts_at >= begin]


def link_repeats(occurrences: Sequence[Occurrence]) -> list[Occurrence]:
    """The same occurrences by start; each repeat tells the latest original of the seven days before it.

    An original has the same source or the same title (but for its "(PL)"); it starts before its repeat.
    """
    latest: dict[tuple[str, str], Occurrence] = {}
    linked = []
    for occurrence in sorted(occurrences, key=lambda o: (o.starts_at, o.kind is not Kind.REPEAT)):
        if occurrence.kind is Kind.REPEAT:
            linked.append(_linked(occurrence, latest))
        else:
            latest.update(dict.fromkeys(_keys(occurrence), occurrence))
            linked.append(occurrence)
    return linked


def _keys(occurrence: Occurrence) -> Iterator[tuple[str, str]]:
    yield "title", without_repeat_mark(occurrence.programme)
    if occurrence.source:
        yield "source", occurrence.source


def _linked(repeat: Occurrence, latest: dict[tuple[str, str], Occurrence]) -> Occurrence:
    originals = [latest[key] for key in _keys(repeat) if key in latest]
    recent = [original for original in originals if repeat.starts_at - original.starts_at <= REPEAT_WITHIN]
    return replace(repeat, repeat_of=max(recent, key=lambda o: o.starts_at).id) if recent else repeat


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A slot with what is the same on all its days."""

    slot: Slot
    id_tail: str
    lasts: timedelta

    @classmethod
    def of(cls, slot: Slot) -> "_Prepared":
        clock = slot.starts.strftime("%H%M%S" if slot.starts.second else "%H%M")
        zone = "" if slot.zone == ALL_ZONES else "-" + slug(slot.zone)
        return cls(slot, f"T{clock}-{slug(slot.item.title)}{zone}", timedelta(milliseconds=slot.item.duration_ms))

    def on(self, day: date, occurrence_id: str) -> Occurrence:
        item, starts_at = self.slot.item, datetime.combine(day, self.slot.starts, STATION_TZ)
        return Occurrence(
            occurrence_id,
            item.title,
            starts_at,
            starts_at + self.lasts,
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
        )


def _expand(timetable: Timetable, first: date, end: date) -> Iterator[Occurrence]:
    """Occurrences of every day in force, by start. Cost: the occurrences themselves, however far the day."""
    prepared = sorted(map(_Prepared.of, timetable.slots), key=lambda p: (p.slot.starts, p.id_tail))
    weekly, dated = _by_weekday(prepared), _by_date(prepared)
    for number in range(first.toordinal(), end.toordinal()):
        day = date.fromordinal(number)
        if timetable.in_force(day):
            today = weekly[day.weekday()]
            if day in dated:
                today = sorted([*today, *dated[day]], key=lambda p: (p.slot.starts, p.id_tail))
            yield from _of_day(today, day)


def _by_weekday(prepared: Iterable[_Prepared]) -> list[list[_Prepared]]:
    weekly: list[list[_Prepared]] = [[] for _ in range(7)]
    for one in prepared:
        if isinstance(one.slot.recurrence, Weekdays):
            for day in one.slot.recurrence.days:
                weekly[day].append(one)
    return weekly


def _by_date(prepared: Iterable[_Prepared]) -> dict[date, list[_Prepared]]:
    dated: defaultdict[date, list[_Prepared]] = defaultdict(list)
    for one in prepared:
        if isinstance(one.slot.recurrence, Dates):
            for day in one.slot.recurrence.dates:
                dated[day].append(one)
    return dict(dated)


def _of_day(today: Sequence[_Prepared], day: date) -> Iterator[Occurrence]:
    """Ids are unique even in a plan that a check would refuse: a second one of the same name gets "-2"."""
    seen: dict[str, int] = {}
    date_text = day.isoformat()
    for one in today:
        occurrence_id = date_text + one.id_tail
        times = seen[occurrence_id] = seen.get(occurrence_id, 0) + 1
        yield one.on(day, occurrence_id if times == 1 else f"{occurrence_id}-{times}")
