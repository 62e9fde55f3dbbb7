"""What should sound compared with what sounds: starts, stops and misses. Pure; asking twice is harmless.

The axis is boottime (ns): the wall clock only places on it what has not begun. An occurrence that has begun is pinned
by its anchor, so a clock step in mid-programme neither cuts nor repeats it. The shell asks several times a second and
on every event, obeys, and tells in the next ``Situation`` what it did.

In a zone the highest precedence wins, and among equals what was *planned* to start later. What does not win waits, and
is joined at its place as soon as the zone is free, or dropped where that is its rule. What has ``waits_ms`` (an alert)
is not joined in its middle: it begins late, after its equals and in the operator's order, and is played whole.
"""

import enum
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from scheduler.clock import NS_PER_MS, NS_PER_S, Reading, datetime_of
from scheduler.conduct import AfterCut
from scheduler.guards import NO_GUARDS, Guards
from scheduler.occurrence import LIVE_PRECEDENCE, Occurrence
from scheduler.zones import zones_meet

MIN_REST_NS = NS_PER_S  # with less than this to go an occurrence is not joined any more
HANDOVER_NS = 100 * NS_PER_MS  # an end that slips by less (a slewed clock) neither delays nor stops the next start
LOOKAHEAD_NS = 3 * NS_PER_S
WHOLE_LEAD_NS = 300 * NS_PER_MS  # about what is already with the card; the player says when it really begins


class Cause(enum.StrEnum):
    """Why something was stopped, or missed."""

    STOPPED_BY = "stopped_by"  # an operator's stop is in force
    QUIET_HOURS = "quiet_hours"
    NO_PLAY_DAY = "no_play_day"
    SESSION_TOO_LONG = "session_too_long"
    CLOCK_UNTRUSTED = "clock_untrusted"
    PRE_EMPTED = "pre_empted"  # something of higher class, or planned later, has the zone
    DROPPED = "dropped"  # the same, and it is not to be joined afterwards
    MISSED = "missed"  # nobody was there: the box was off, the process dead, the clock jumped past it


@dataclass(frozen=True, slots=True)
class Playing:
    """Something that sounds or is cued, as instants of boottime. It ends by its own frame count."""

    occurrence: Occurrence
    anchor_ns: int  # of the slot's first instant
    starts_ns: int  # first frame: later than the anchor where it was joined
    ends_ns: int  # last frame: the slot's end, or where a stop was ordered

    @classmethod
    def of(cls, start: "Start") -> "Playing":
        occurrence = start.occurrence
        return cls(occurrence, start.anchor_ns, start.at_ns, start.anchor_ns + occurrence.planned_ms * NS_PER_MS)

    def until(self, at_ns: int) -> "Playing":
        """The same, ending there at the latest."""
        return replace(self, ends_ns=min(self.ends_ns, at_ns))


@dataclass(frozen=True, slots=True)
class Stopped:
    """An operator's stop: nothing sounds but an emergency, or a person's live."""

    by: str
    why: str
    until: datetime | None = None  # None: until somebody ends it


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a decision depends on, besides the plan."""

    reading: Reading
    playing: tuple[Playing, ...] = ()
    closed: Collection[str] = frozenset()  # ids that ended for good: never started again, whatever the clock says
    missed: Collection[str] = (
        frozenset()
    )  # ids told as missed: not told again, but played if the clock comes back to them
    pinned: Mapping[str, int] = field(default_factory=dict)  # id → anchor_ns of what has sounded in this boot
    stopped: Stopped | None = None
    guards: Guards = NO_GUARDS
    sessions: Mapping[str, datetime] = field(default_factory=dict)  # id → when its session began, if not with itself
    awake_ns: int = 0  # since when this process has been deciding
    trusted_ns: int = 0  # since when the clock has been good enough to play by
    unavailable: Collection[str] = frozenset()  # ids of which nothing can be opened now: their place is free
    asked: Mapping[str, int] = field(default_factory=dict)  # id → boottime of its start, of what no clock had placed


@dataclass(frozen=True, slots=True)
class Start:
    """Sound it from *at_ns* on. A zone's earlier sound ends there at the latest (it may be ≤ 100 ms from its end)."""

    occurrence: Occurrence
    at_ns: int  # boottime of the first frame
    anchor_ns: int  # boottime of the slot's first instant

    @property
    def offset_ns(self) -> int:
        """How far into the slot it begins: 0, or where it is joined."""
        return self.at_ns - self.anchor_ns

    @property
    def offset_ms(self) -> int:
        return max(0, self.offset_ns // NS_PER_MS)


@dataclass(frozen=True, slots=True)
class Stop:
    occurrence: Occurrence
    cause: Cause
    at_ns: int


@dataclass(frozen=True, slots=True)
class Miss:
    """Its end has passed and it never began; or it was dropped before it could."""

    occurrence: Occurrence
    cause: Cause


Command = Start | Stop | Miss


@dataclass(frozen=True, slots=True)
class _Due:
    """An occurrence placed on boottime: where its slot lies, and from when it may sound."""

    occurrence: Occurrence
    anchor_ns: int
    ends_ns: int
    at_ns: int
    whole_until_ns: int | None = None  # it is played whole if it begins by then; None: it is joined at its place

    def put_off(self, at_ns: int) -> "_Due":
        """Not before *at_ns*."""
        if at_ns <= self.at_ns:
            return self
        slip_ns = at_ns - self.anchor_ns
        if self.whole_until_ns is None or slip_ns <= 0:
            return replace(self, at_ns=at_ns)
        if at_ns > self.whole_until_ns:
            return replace(self, at_ns=self.ends_ns, whole_until_ns=None)  # in vain, for good
        return replace(self, anchor_ns=at_ns, at_ns=at_ns, ends_ns=self.ends_ns + slip_ns)

    @property
    def too_late(self) -> bool:
        return self.ends_ns - self.at_ns < MIN_REST_NS

    @property
    def order(self) -> tuple[int, int, int, int, str]:
        """Who is asked first: the earliest; at the same instant the one that wins. What waits, in the operator's order
        and then as it came.
        """
        turn = (
            -self.anchor_ns
            if self.whole_until_ns is None
            else self.whole_until_ns - self.occurrence.waits_ms * NS_PER_MS
        )
        return self.at_ns, -self.occurrence.precedence, self.occurrence.turn, turn, self.occurrence.id


def decide(plan: Iterable[Occurrence], situation: Situation, lookahead_ns: int = LOOKAHEAD_NS) -> list[Command]:
    """How to get from what sounds to what should sound, from now until *lookahead_ns* ahead.

    Stops come before the starts that need their place, misses last.
    """
    plan = list(plan)
    commands: list[Command] = list(_ordered_stops(situation))
    playing = obey(situation.playing, commands)
    horizon_ns = situation.reading.boottime_ns + lookahead_ns
    for due in sorted(_startable(plan, situation, horizon_ns), key=lambda due: due.order):
        step = _begin(due, playing, situation, horizon_ns)
        playing = obey(playing, step)
        commands += step
    return [*_without_stubs(commands), *_misses(plan, replace(situation, playing=playing))]


def _without_stubs(commands: Sequence[Command]) -> Iterator[Command]:
    """Without what would only be heard to be cut again: something of higher class begins in less than MIN_REST."""
    starts = [command for command in commands if isinstance(command, Start)]
    stubs = {one.occurrence.id for one in starts if any(_soon_beats(other, one) for other in starts)}
    return (command for command in commands if command.occurrence.id not in stubs)


def _soon_beats(other: Start, one: Start) -> bool:
    higher = other.occurrence.precedence > one.occurrence.precedence
    soon = 0 <= other.at_ns - one.at_ns < MIN_REST_NS
    return higher and soon and zones_meet(other.occurrence.zone, one.occurrence.zone)


def obey(playing: Sequence[Playing], commands: Iterable[Command]) -> tuple[Playing, ...]:
    """What sounds, or is cued, once *commands* are carried out. A start takes its zone from what still sounds there."""
    after = tuple(playing)
    for command in commands:
        match command:
            case Start():
                after = (*(_give_way(p, command) for p in after), Playing.of(command))
            case Stop(occurrence, _, at_ns):
                after = tuple(p.until(at_ns) if p.occurrence.id == occurrence.id else p for p in after)
    return after


def _give_way(playing: Playing, start: Start) -> Playing:
    sounds_there = playing.starts_ns <= start.at_ns and zones_meet(playing.occurrence.zone, start.occurrence.zone)
    return playing.until(start.at_ns) if sounds_there else playing


def _ordered_stops(situation: Situation) -> Iterator[Stop]:
    """An operator's stop in force ends what sounds, and what is cued for the time it is in force."""
    if situation.stopped is None:
        return
    now_ns, until_ns = situation.reading.boottime_ns, _held_until(situation)
    for p in situation.playing:
        begins_ns = max(now_ns, p.starts_ns)
        # What is cued for the very end of the stop lies microseconds before it as soon as the clock is slewed.
        held = until_ns is None or begins_ns < until_ns - HANDOVER_NS
        if held and p.ends_ns > begins_ns and not _may_always_sound(p.occurrence):
            yield Stop(p.occurrence, Cause.STOPPED_BY, now_ns)


def _held_until(situation: Situation) -> int | None:
    """The boottime at which the stop in force ends; None: no end known."""
    assert situation.stopped is not None
    until = situation.stopped.until
    return None if until is None else situation.reading.boottime_of(until)


def _may_always_sound(occurrence: Occurrence) -> bool:
    """Neither a stop nor a guard holds back an emergency, or a person who speaks live in the flood at night."""
    return occurrence.precedence >= LIVE_PRECEDENCE


def _open(plan: Iterable[Occurrence], situation: Situation) -> Iterator[_Due]:
    """What may still be started, placed at its earliest instant. By an untrusted clock only what needs no clock."""
    shut = {p.occurrence.id for p in situation.playing}.union(situation.closed, situation.unavailable)
    for occurrence in plan:
        placeable = situation.reading.quality.plays or not _needs_clock(occurrence, situation)
        if placeable and occurrence.id not in shut:
            due = _allowed(_placed(occurrence, situation), situation)
            if due is not None and not due.too_late:
                yield due


def _needs_clock(occurrence: Occurrence, situation: Situation) -> bool:
    """Whether only the wall clock can place it."""
    return occurrence.id not in situation.pinned and occurrence.id not in situation.asked


def _startable(plan: Iterable[Occurrence], situation: Situation, horizon_ns: int) -> Iterator[_Due]:
    return (due for due in _open(_near(plan, situation, horizon_ns), situation) if due.at_ns <= horizon_ns)


def _near(plan: Iterable[Occurrence], situation: Situation, horizon_ns: int) -> Iterator[Occurrence]:
    """A cheap first sieve: a week's plan is looked at four times a second."""
    reading = situation.reading
    now, horizon = reading.wall, datetime_of(horizon_ns + reading.offset_ns + NS_PER_S)
    for occurrence in plan:
        latest = occurrence.ends_at + timedelta(milliseconds=occurrence.waits_ms)
        if (occurrence.starts_at <= horizon and latest > now) or not _needs_clock(occurrence, situation):
            yield occurrence


def _placed(occurrence: Occurrence, situation: Situation) -> _Due:
    """Pinned by its anchor if it has begun; if not, by the wall clock, or by when it was asked for without one."""
    now_ns, lasts_ns = situation.reading.boottime_ns, occurrence.planned_ms * NS_PER_MS
    pinned_ns = situation.pinned.get(occurrence.id)
    anchor_ns = situation.asked.get(occurrence.id) if pinned_ns is None else pinned_ns
    if anchor_ns is None:
        anchor_ns = situation.reading.boottime_of(occurrence.starts_at)
    if pinned_ns is not None or not occurrence.waits_ms:
        return _Due(occurrence, anchor_ns, anchor_ns + lasts_ns, max(anchor_ns, now_ns))
    due = _Due(occurrence, anchor_ns, anchor_ns + lasts_ns, anchor_ns, anchor_ns + occurrence.waits_ms * NS_PER_MS)
    return due.put_off(now_ns + WHOLE_LEAD_NS)


def _allowed(due: _Due, situation: Situation) -> _Due | None:
    """The same, put off until neither a stop nor the operator's guards forbid it; None if they always do."""
    if _may_always_sound(due.occurrence):
        return due
    if situation.stopped is not None:
        until_ns = _held_until(situation)
        if until_ns is None:
            return None
        due = due.put_off(until_ns)
    return due if situation.guards == NO_GUARDS else _after_guards(due, situation)


def _after_guards(due: _Due, situation: Situation) -> _Due | None:
    if _session_too_long(due.occurrence, situation):
        return None
    offset_ns = situation.reading.offset_ns
    begin, end = datetime_of(due.at_ns + offset_ns), datetime_of(due.ends_ns + offset_ns)
    free_from = situation.guards.earliest_start(begin, end)
    if free_from is None:
        return None
    return due if free_from == begin else due.put_off(situation.reading.boottime_of(free_from))


def _session_too_long(occurrence: Occurrence, situation: Situation) -> bool:
    session_began = situation.sessions.get(occurrence.id, occurrence.starts_at)
    return situation.guards.too_long(session_began, occurrence.ends_at)


def _begin(due: _Due, playing: Sequence[Playing], situation: Situation, horizon_ns: int) -> list[Command]:
    """Start it when its zone is free or won, stopping what it wins over; nothing if that is not before the horizon."""
    for p in sorted(playing, key=lambda p: p.ends_ns):
        if _in_the_way(p, due) and not _beats(due.occurrence, p.occurrence):
            if _is_dropped(due, p, situation):
                return [Miss(due.occurrence, Cause.DROPPED)]
            due = due.put_off(p.ends_ns)
    if due.at_ns > horizon_ns or due.too_late:
        return []
    beaten = [Stop(p.occurrence, Cause.PRE_EMPTED, due.at_ns) for p in playing if _in_the_way(p, due)]
    return [*beaten, Start(due.occurrence, due.at_ns, due.anchor_ns)]


def _in_the_way(p: Playing, due: _Due) -> bool:
    overlaps = p.ends_ns - due.at_ns > HANDOVER_NS and p.starts_ns < due.ends_ns
    return overlaps and zones_meet(p.occurrence.zone, due.occurrence.zone)


def _beats(challenger: Occurrence, holder: Occurrence) -> bool:
    """Among equals only a plan that overlaps decides: a holder that slipped into the next slot is not cut."""
    if challenger.precedence != holder.precedence:
        return challenger.precedence > holder.precedence
    return not challenger.waits_ms and holder.starts_at < challenger.starts_at < holder.ends_at


def _is_dropped(due: _Due, winner: Playing, situation: Situation) -> bool:
    """Whether its time has come, something of higher class has its place, and it is not to be joined afterwards."""
    one = due.occurrence
    drops = one.conduct.after_cut is AfterCut.DROP and winner.occurrence.precedence > one.precedence
    told = one.id in situation.missed or one.id in situation.pinned
    return drops and not told and due.anchor_ns <= situation.reading.boottime_ns


def _misses(plan: Iterable[Occurrence], situation: Situation) -> Iterator[Miss]:
    """What can no longer be joined and never began. A clock that nobody trusts proves no miss."""
    if not situation.reading.quality.plays:
        return
    told = {p.occurrence.id for p in situation.playing}.union(situation.closed, situation.missed, situation.pinned)
    now = situation.reading.wall
    for occurrence in plan:
        if occurrence.starts_at < now and occurrence.id not in told:
            due = _placed(occurrence, situation)
            if due.too_late:
                yield Miss(occurrence, _miss_cause(due, situation))


def _miss_cause(due: _Due, situation: Situation) -> Cause:
    """Found out while the cause still holds: a miss is told a second before the end passes."""
    if due.ends_ns <= situation.awake_ns:
        return Cause.MISSED
    if (forbidden := _forbidden_by(due, situation)) is not None:
        return forbidden
    if due.anchor_ns < situation.trusted_ns:
        return Cause.CLOCK_UNTRUSTED
    blocked = any(_in_the_way(p, replace(due, at_ns=due.anchor_ns)) for p in situation.playing)
    return Cause.PRE_EMPTED if blocked else Cause.MISSED


def _forbidden_by(due: _Due, situation: Situation) -> Cause | None:
    """The rule that kept it from sounding to its end, if one did."""
    if _may_always_sound(due.occurrence):
        return None
    occurrence = due.occurrence
    session_began = situation.sessions.get(occurrence.id)
    if (forbidden := situation.guards.forbids(occurrence.starts_at, occurrence.ends_at, session_began)) is not None:
        return Cause(str(forbidden))
    if situation.stopped is not None:
        until_ns = _held_until(situation)
        if until_ns is None or until_ns > due.ends_ns - MIN_REST_NS:
            return Cause.STOPPED_BY
    return None
