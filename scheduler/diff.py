"""What changes when a new plan is adopted. An occurrence that has begun is never removed."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scheduler.occurrence import Occurrence
from scheduler.zones import zones_meet


@dataclass(frozen=True, slots=True)
class PlanChange:
    """The difference of two plans of the same days. The four groups are disjoint, each by start."""

    added: tuple[Occurrence, ...]
    withdrawn: tuple[Occurrence, ...]
    changed: tuple[Occurrence, ...]  # the new version of an id that stays (other duration, source …)
    kept: tuple[Occurrence, ...]

    @property
    def plan(self) -> tuple[Occurrence, ...]:
        """The plan that holds from now on."""
        return _by_start([*self.kept, *self.changed, *self.added])

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.withdrawn or self.changed)


def plan_change(
    old: Sequence[Occurrence], new: Sequence[Occurrence], now: datetime, begun: Collection[str] = ()
) -> PlanChange:
    """How to get from *old* to *new* at *now*. *begun*: ids that have sounded or are cued.

    What has begun, or should have by now, stays as it was planned: the past is judged by the plan of its day. Only the
    name of a file that is waited for in its own slot may still be corrected. What the new plan has in the past is not
    added: nobody could have played it. What it has in progress is added (and joined) unless something that stays wants
    the same loudspeakers at that time.
    """
    fixed = {o.id: o for o in old if o.id in begun or o.starts_at <= now}
    corrected = {o.id: o for o in _corrected([o for o in fixed.values() if o.id not in begun], new, now)}
    open_old = {o.id: o for o in old if o.id not in fixed}
    coming = [o for o in new if o.id not in fixed and _can_sound(o, now, fixed.values())]
    coming_ids = {o.id for o in coming}
    return PlanChange(
        added=_by_start(o for o in coming if o.id not in open_old),
        withdrawn=_by_start(o for o in open_old.values() if o.id not in coming_ids),
        changed=_by_start([*corrected.values(), *(o for o in coming if o.id in open_old and o != open_old[o.id])]),
        kept=_by_start(
            [*(o for o in fixed.values() if o.id not in corrected), *(o for o in coming if o == open_old.get(o.id))]
        ),
    )


def _corrected(due: Iterable[Occurrence], new: Iterable[Occurrence], now: datetime) -> Iterator[Occurrence]:
    """What should sound now and does not, with the file that *new* names for it."""
    sources = {o.id: o.source for o in new}
    for one in due:
        if now < one.ends_at and sources.get(one.id, one.source) != one.source:
            yield replace(one, source=sources[one.id])


def _can_sound(new: Occurrence, now: datetime, fixed: Collection[Occurrence]) -> bool:
    if new.starts_at > now:
        return True
    return new.ends_at > now and not any(_clash(new, old) for old in fixed)


def _clash(one: Occurrence, other: Occurrence) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at and zones_meet(one.zone, other.zone)


def _by_start(occurrences: Iterable[Occurrence]) -> tuple[Occurrence, ...]:
    return tuple(sorted(occurrences, key=lambda o: (o.starts_at, o.id)))
