"""Two things in one zone at one time: found on real dates. Each set of slots that airs together is looked at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from scheduler.book import first_in_force
from scheduler.occurrence import ALL_ZONES
from scheduler.recurrence import CalendarDay, Recurrence
from scheduler.timetable import Slot, Timetable
from scheduler.zones import zone_names

MOST_COMPARED = 2_000_000  # slots, counted once a set; a year of dates beside sixty items a day is a fortieth of it
_DAY = timedelta(days=1)
_DAY_MS = 86_400_000


class TooMany(Exception):
    """Comparing all of it would take longer than anybody waits."""


@dataclass(frozen=True, slots=True)
class Together:
    """Slots that air together, and the first day on which they do."""

    day: date
    carried: tuple[Slot, ...]  # from the day before, over midnight
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Clash:
    """*later* begins while *earlier* still sounds in its zone, first on this day."""

    earlier: Slot
    later: Slot
    day: date

    def is_of(self, earlier: Iterable[Slot], later: Iterable[Slot]) -> bool:
        """Whether its slots are one of each."""
        return any(slot is self.earlier for slot in earlier) and any(slot is self.later for slot in later)


def together(slots: Sequence[Slot], days: Iterable[CalendarDay]) -> Iterator[Together]:
    """Every set of slots that airs on some of *days* (in order). Raises TooMany."""
    groups = _by_recurrence(slots)
    carried = [tuple(slot for slot in group if _ends_ms(slot) > _DAY_MS) for group in groups.values()]
    seen: set[tuple[tuple[int, ...], ...]] = set()
    before: tuple[int, ...] = ()
    yesterday, compared = date.min, 0
    for day in days:
        today = tuple(n for n, recurrence in enumerate(groups) if recurrence.falls_on(day))
        over_midnight = tuple(n for n in before if carried[n]) if day.date - yesterday == _DAY else ()
        if (over_midnight, today) not in seen:
            seen.add((over_midnight, today))
            members = list(groups.values())
            found = Together(day.date, _joined(carried, over_midnight), _joined(members, today))
            compared += len(found.carried) + len(found.slots)
            if compared > MOST_COMPARED:
                raise TooMany
            yield found
        before, yesterday = today, day.date


def _by_recurrence(slots: Sequence[Slot]) -> dict[Recurrence, tuple[Slot, ...]]:
    groups: defaultdict[Recurrence, list[Slot]] = defaultdict(list)
    for slot in slots:
        groups[slot.recurrence].append(slot)
    return {recurrence: tuple(group) for recurrence, group in groups.items()}


def _joined(groups: Sequence[tuple[Slot, ...]], chosen: Iterable[int]) -> tuple[Slot, ...]:
    return tuple(slot for n in chosen for slot in groups[n])


def _begins_ms(slot: Slot) -> int:
    return (slot.starts.hour * 3_600 + slot.starts.minute * 60 + slot.starts.second) * 1_000


def _ends_ms(slot: Slot) -> int:
    return _begins_ms(slot) + slot.item.duration_ms


def find_clashes(sets: Iterable[Together]) -> Iterator[Clash]:
    """Each slot that begins while another sounds in its zone, told once."""
    told: set[int] = set()
    for one in sets:
        for earlier, later in _overlaps(one):
            if id(later) not in told:
                told.add(id(later))
                yield Clash(earlier, later, one.day)


def over_midnight(narrowest_first: Sequence[Timetable], days: Sequence[CalendarDay]) -> Iterator[Clash]:
    """Where one timetable gives way to another at midnight: what of the old day still sounds as the new one begins."""
    late = {id(one): [slot for slot in one.slots if _ends_ms(slot) > _DAY_MS] for one in narrowest_first}
    if not any(late.values()):
        return
    for eve, day in pairwise(days):
        old, new = first_in_force(narrowest_first, eve), first_in_force(narrowest_first, day)
        if old is None or new is None or old is new or day.date - eve.date != _DAY:
            continue
        carried = tuple(slot for slot in late[id(old)] if slot.recurrence.falls_on(eve))
        if carried:
            today = tuple(slot for slot in new.slots if slot.recurrence.falls_on(day))
            yield from (c for c in find_clashes([Together(day.date, carried, today)]) if c.is_of(carried, today))


@dataclass(frozen=True, slots=True)
class _Span:
    """A slot on its day, in ms from the midnight of the day that is looked at."""

    begin_ms: int
    end_ms: int
    slot: Slot


def _spans(one: Together) -> list[_Span]:
    today = [_Span(_begins_ms(slot), _ends_ms(slot), slot) for slot in one.slots]
    carried = [_Span(_begins_ms(slot) - _DAY_MS, _ends_ms(slot) - _DAY_MS, slot) for slot in one.carried]
    return sorted([*carried, *today], key=lambda span: span.begin_ms)


def _overlaps(one: Together) -> Iterator[tuple[Slot, Slot]]:
    """Sweep: whoever begins before the latest end of its zone clashes with the one that ends then."""
    latest: dict[str, _Span] = {}  # by zone name; "" is any zone at all
    for span in _spans(one):
        names = zone_names(span.slot.zone)
        for name in ("",) if ALL_ZONES in names else (*sorted(names), ALL_ZONES):
            if name in latest and latest[name].end_ms > span.begin_ms and latest[name].slot is not span.slot:
                yield latest[name].slot, span.slot
        for name in (*names, ""):
            if name not in latest or latest[name].end_ms < span.end_ms:
                latest[name] = span
