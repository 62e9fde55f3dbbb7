"""Playing a programme that is too long to its end: what that changes in the plan. Pure.

The slot grows and what follows in the session begins later, each played whole, until a pause has swallowed it. What has
a time of its own is never moved (a relay, a live programme, what is not of the session, what is cued): where it is in
the way, the programme is cut as any other.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta

from scheduler.address import is_address
from scheduler.conduct import EndRule
from scheduler.guards import NO_GUARDS, Guards, session_begins
from scheduler.occurrence import Kind, Occurrence
from scheduler.zones import zones_meet

_MS = timedelta(milliseconds=1)
TOLERATED_MS = 50  # so much a file may be longer than its slot, and nobody hears it cut


def run_over(
    one: Occurrence,
    content_ms: int,
    plan: Collection[Occurrence],
    fixed: Collection[str] = (),
    guards: Guards = NO_GUARDS,
) -> tuple[Occurrence, ...]:
    """*one* and those after it as they have to be for it to be heard whole; empty where nothing is to be changed.

    *fixed*: ids of what sounds or is cued. It is changed only by what it needs, and not at all if that is more than its
    grace, if something fixed is in the way, or if the guards forbid it.
    """
    over_ms = content_ms - (one.planned_ms - one.longer_ms)
    if one.conduct.end_rule is not EndRule.FINISH or not TOLERATED_MS < over_ms <= one.conduct.grace_ms:
        return ()
    if over_ms <= one.longer_ms:
        return ()  # it was done before
    longer = one.lengthened(over_ms - one.longer_ms)
    if in_the_way(longer, plan, fixed) is not None:
        return ()
    changed = (longer, *(other.moved(ms) for other, ms in _pushed(longer, plan)))
    return () if _newly_forbidden(changed, plan, guards) else changed


def in_the_way(longer: Occurrence, plan: Iterable[Occurrence], fixed: Collection[str] = ()) -> Occurrence | None:
    """The first that would have to be moved and cannot be."""
    pushed = (other for other, _ in _pushed(longer, plan))
    return next((other for other in pushed if _is_fixed(other, longer) or other.id in fixed), None)


def _is_fixed(other: Occurrence, one: Occurrence) -> bool:
    """Whether *other* begins at its own time, however long *one* lasts."""
    of_session = bool(one.session) and other.session == one.session
    return not of_session or other.kind in (Kind.RELAY, Kind.LIVE) or is_address(other.source)


def _pushed(longer: Occurrence, plan: Iterable[Occurrence]) -> Iterator[tuple[Occurrence, int]]:
    """What follows without room for it, and by how many ms it would begin later."""
    ends_at = longer.ends_at
    for other in sorted(plan, key=lambda o: o.starts_at):
        if other.id == longer.id or other.starts_at <= longer.starts_at or not zones_meet(other.zone, longer.zone):
            continue
        if other.kind is Kind.FILLER:
            continue  # it gives way by itself
        if (late_ms := (ends_at - other.starts_at) // _MS) <= 0:
            return
        yield other, late_ms
        ends_at = other.ends_at + late_ms * _MS


def _newly_forbidden(changed: Iterable[Occurrence], plan: Iterable[Occurrence], guards: Guards) -> bool:
    """Whether one of them would now run into quiet hours, a silent day or past the longest session."""
    if guards == NO_GUARDS:
        return False
    before = {o.id: o for o in plan}
    begins = session_begins(before.values())
    return any(
        guards.forbids(o.starts_at, o.ends_at, begins.get(o.id)) is not None
        and guards.forbids(before[o.id].starts_at, before[o.id].ends_at, begins.get(o.id)) is None
        for o in changed
    )
