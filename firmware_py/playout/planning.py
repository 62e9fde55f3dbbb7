"""The plan that playout holds: the next seven days of its timetables, made anew when a day or they change. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from scheduler.book import NO_TIMETABLES, TimetableBook
from scheduler.clock import local_day
from scheduler.diff import PlanChange, plan_change
from scheduler.holidays import VIETNAM, HolidayCalendar
from scheduler.occurrence import Occurrence
from scheduler.plan import plan_days
from scheduler.repeats import ContentOf, nothing_known

HORIZON = timedelta(days=8)  # today and seven days more
KEPT_AFTER_END = timedelta(days=1)  # an occurrence stays in memory this long: for the day's table, and a clock set back


@dataclass(frozen=True, slots=True)
class Plan:
    """What should sound, and by which timetables. ``extras`` were asked for by a person, outside any timetable."""

    timetables: TimetableBook = NO_TIMETABLES
    occurrences: tuple[Occurrence, ...] = ()
    extras: tuple[Occurrence, ...] = ()
    made_on: date | None = None  # local day; None: never, by us
    holidays: HolidayCalendar = VIETNAM

    def stale(self, now: datetime) -> bool:
        """Whether another day has begun (or the clock was set) since the plan was made."""
        known = bool(self.timetables.timetables) or self.made_on is not None
        return known and self.made_on != local_day(now)

    def with_timetables(self, timetables: TimetableBook) -> "Plan":
        return replace(self, timetables=timetables, made_on=date.min)

    def with_extra(self, occurrence: Occurrence) -> "Plan":
        return replace(self, extras=(*self.extras, occurrence), occurrences=_by_start((*self.occurrences, occurrence)))

    def with_changed(self, *occurrences: Occurrence) -> "Plan":
        newer = {o.id: o for o in occurrences}

        def changed(plan: tuple[Occurrence, ...]) -> tuple[Occurrence, ...]:
            return tuple(newer.get(o.id, o) for o in plan)

        return replace(self, extras=changed(self.extras), occurrences=changed(self.occurrences))


def renew(
    plan: Plan,
    now: datetime,
    begun: Collection[str],
    closed: Collection[str],
    content_of: ContentOf = nothing_known,
) -> tuple[Plan, PlanChange]:
    """Make the plan of the coming days at *now*; says what it changed. *closed*: ids whose account is closed."""
    today = local_day(now)
    held = {o.id: o for o in plan.occurrences}
    planned = plan_days(plan.timetables, today, today + HORIZON, plan.holidays, content_of)
    new = [_as_amended(occurrence, held.get(occurrence.id)) for occurrence in planned]
    extras = tuple(o for o in plan.extras if o.ends_at > now - KEPT_AFTER_END)
    change = plan_change(plan.occurrences, [*new, *extras], now, begun)
    return replace(plan, occurrences=_without_old(change.plan, now, closed), extras=extras, made_on=today), change


def _as_amended(new: Occurrence, held: Occurrence | None) -> Occurrence:
    """What was moved because a programme before it is played to its end stays moved."""
    if held is None or not (held.moved_ms or held.longer_ms):
        return new
    return new.moved(held.moved_ms).lengthened(held.longer_ms)


def preview(plan: Plan, newer: TimetableBook, now: datetime, content_of: ContentOf = nothing_known) -> PlanChange:
    """What *newer* would change in the coming days, were it taken at *now* in place of the plan's timetables."""
    present, _ = renew(plan, now, (), (), content_of)
    return renew(present.with_timetables(newer), now, (), (), content_of)[1]


def _without_old(occurrences: tuple[Occurrence, ...], now: datetime, closed: Collection[str]) -> tuple[Occurrence, ...]:
    return tuple(o for o in occurrences if o.id not in closed or o.ends_at > now - KEPT_AFTER_END)


def _by_start(occurrences: tuple[Occurrence, ...]) -> tuple[Occurrence, ...]:
    return tuple(sorted(occurrences, key=lambda o: (o.starts_at, o.id)))
