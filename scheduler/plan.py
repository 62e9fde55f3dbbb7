"""From a timetable to the occurrences of local days. Pure: the same sheet gives the same ids, whenever it is loaded."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from scheduler.clock import STATION_TZ
from scheduler.occurrence import ALL_ZONES, Kind, Occurrence
from scheduler.timetable import Dates, Slot, Timetable, Weekdays
from scheduler.vietnamese import slug, without_repeat_mark

REPEAT_WITHIN = timedelta(days=7)
_DAY = timedelta(days=1)
ContentOf = Callable[
    [str], str | None
]  # what the file of this name holds now (a digest); None: not known, or an address


def nothing_known(_source: str) -> None:
    """A ``ContentOf`` for where there is no library."""


def plan_day(timetable: Timetable, day: date) -> list[Occurrence]:
    """What *day* (local) plans, by start."""
    return plan_days(timetable, day, day + _DAY)


def plan_days(timetable: Timetable, first: date, end: date, content_of: ContentOf = nothing_known) -> list[Occurrence]:
    """The occurrences that start on the local days from *first* until before *end*, by start.

    Repeats are linked to originals up to seven days before, so the answer for a day does not depend on the range.
    """
    if not _may_repeat(timetable, content_of):
        return list(_expand(timetable, first, end))
    before = max(first, date.min + REPEAT_WITHIN) - REPEAT_WITHIN
    linked = link_repeats(list(_expand(timetable, before, end)), content_of)
    begin = datetime.combine(first, datetime.min.time(), STATION_TZ)
    return [occurrence for occurrence in linked if occurrence.starts_at >= begin]


def _may_repeat(timetable: Timetable, content_of: ContentOf) -> bool:
    """Whether an item says that it is a repeat, or two hold the same."""
    held = [content for slot in timetable.slots if (content := content_of(slot.item.source)) is not None]
    return len(set(held)) < len(held) or any(slot.item.kind is Kind.REPEAT for slot in timetable.slots)


def link_repeats(occurrences: Sequence[Occurrence], content_of: ContentOf = nothing_known) -> list[Occurrence]:
    """The same occurrences by start; each repeat tells the latest original of the seven days before it.

    An original starts before its repeat. Where both their contents are known, these tell; else the same source or the
    same title (but for its "(PL)"). What is planned as new but holds what the same day has had before is a repeat. Over
    days nothing is said of that: tomorrow the same name may hold another bulletin, and the account will know.
    """
    latest: dict[tuple[str, str], Occurrence] = {}
    linked = []
    for occurrence in sorted(occurrences, key=lambda o: (o.starts_at, o.kind is not Kind.REPEAT)):
        if occurrence.kind is Kind.REPEAT or _held_before(occurrence, latest, content_of):
            linked.append(_linked(replace(occurrence, kind=Kind.REPEAT), latest, content_of))
        else:
            latest.update(dict.fromkeys(_keys(occurrence, content_of), occurrence))
            linked.append(occurrence)
    return linked


def _keys(occurrence: Occurrence, content_of: ContentOf) -> Iterator[tuple[str, str]]:
    yield "title", without_repeat_mark(occurrence.programme)
    if occurrence.source:
        yield "source", occurrence.source
    if (content := content_of(occurrence.source)) is not None:
        yield "content", content


def _held_before(occurrence: Occurrence, latest: dict[tuple[str, str], Occurrence], content_of: ContentOf) -> bool:
    """Whether another of its local day, before it, holds the same."""
    content = content_of(occurrence.source)
    original = latest.get(("content", content)) if content is not None and occurrence.kind is not Kind.LIVE else None
    if original is None or original.starts_at == occurrence.starts_at:
        return False
    begun = (o.starts_at.astimezone(STATION_TZ).date() for o in (original, occurrence))
    return len(set(begun)) == 1


def _linked(repeat: Occurrence, latest: dict[tuple[str, str], Occurrence], content_of: ContentOf) -> Occurrence:
    content = content_of(repeat.source)
    originals = [latest[key] for key in _keys(repeat, content_of) if key in latest]
    recent = [
        o for o in originals if repeat.starts_at - o.starts_at <= REPEAT_WITHIN and _may_be(content, o, content_of)
    ]
    return replace(repeat, repeat_of=max(recent, key=lambda o: o.starts_at).id) if recent else repeat


def _may_be(content: str | None, original: Occurrence, content_of: ContentOf) -> bool:
    """Whether *original* holds *content*, as far as both are known."""
    other = content_of(original.source)
    return content is None or other is None or content == other


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
