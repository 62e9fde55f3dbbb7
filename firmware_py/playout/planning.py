"""The plan that playout holds: the next seven days of the timetable in force, made anew when either changes. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from scheduler.clock import STATION_TZ
from scheduler.diff import PlanChange, plan_change
from scheduler.occurrence import Occurrence
from scheduler.plan import plan_days
from scheduler.timetable import Timetable

HORIZON = timedelta(days=8)  # today and seven days more
KEPT_AFTER_END = timedelta(days=1)  # an occurrence stays in memory this long: for the day's table, and a clock set back


@dataclass(frozen=True, slots=True)
class Plan:
    """What should sound, and by which timetable. ``extras`` were asked for by a person, outside any timetable."""

    timetable: Timetable | None = None
    occurrences: tuple[Occurrence, ...] = ()
    extras: tuple[Occurrence, ...] = ()
    made_on: date | None = None  # local day; None: to be made

    def stale(self, now: datetime) -> bool:
        """Whether another day has begun (or the clock was set) since the plan was made."""
        return self.timetable is not None and self.made_on != now.astimezone(STATION_TZ).date()

    def with_timetable(self, timetable: Timetable) -> "Plan":
        return replace(self, timetable=timetable, made_on=None)

    def with_extra(self, occurrence: Occurrence) -> "Plan":
        return replace(self, extras=(*self.extras, occurrence), occurrences=_by_start((*self.occurrences, occurrence)))

    def with_changed(self, occurrence: Occurrence) -> "Plan":
        def changed(plan: tuple[Occurrence, ...]) -> tuple[Occurrence, ...]:
            return tuple(occurrence if o.id == occurrence.id else o for o in plan)

        return replace(self, extras=changed(self.extras), occurrences=changed(self.occurrences))


def renew(plan: Plan, now: datetime, begun: Collection[str], closed: Collection[str]) -> tuple[Plan, PlanChange]:
    """Make the plan of the coming days at *now*; says what it changed. *closed*: ids whose account is closed."""
    today = now.astimezone(STATION_TZ).date()
    new = plan_days(plan.timetable, today, today + HORIZON) if plan.timetable else []
    change = plan_change(plan.occurrences, [*new, *plan.extras], now, begun)
    return replace(plan, occurrences=_without_old(change.plan, now, closed), made_on=today), change


def _without_old(occurrences: tuple[Occurrence, ...], now: datetime, closed: Collection[str]) -> tuple[Occurrence, ...]:
    return tuple(o for o in occurrences if o.id not in closed or o.ends_at > now - KEPT_AFTER_END)


def _by_start(occurrences: tuple[Occurrence, ...]) -> tuple[Occurrence, ...]:
    return tuple(sorted(occurrences, key=lambda o: (o.starts_at, o.id)))
