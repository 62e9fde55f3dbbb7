"""The heart: from the facts about a slot to the account of every planned millisecond. Pure.

Each cause is a claim on the slot made from facts of its own, never "what is left". Claims are served in an order, so
that facts that overlap count once: what the meter recognised, then what it heard instead, then what playout says of
itself, then what nobody can know. If a millisecond is claimed by nobody, the rules have a hole, and that raises.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from audio.format import frames_to_ms
from audio.segments import Quality, Segment, State
from audio.uncertainty import Stretch, evidence_of
from scheduler.clock import NS_PER_MS, STATION_TZ, ClockMapRow, Reading, datetime_of
from scheduler.filler import MARK as FILLER
from scheduler.occurrence import Occurrence
from telemetry.airtime import MEASURED, SELF_REPORTED, AirtimeRecord, Coverage, LoudnessShare
from telemetry.axis import FOREVER_NS, SMALL_STEP_NS, Axis
from telemetry.content import Airing, airing_of, as_aired
from telemetry.facts import Condition, Fact, Level, PlayoutFact, Watermark
from telemetry.playouts import Playout, Reason, card_lost, fallback, frozen, playouts, reasons, shut_down
from telemetry.readers import Run
from telemetry.shares import Booked, day_shares, sum_of
from telemetry.spans import Spans, common, normal, total, union, without


class ResidualError(Exception):
    """A planned millisecond that no rule claims: a bug in the rules."""


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """All that the journals know of a slot. ``playout`` is in the order it was stored."""

    now: Reading
    account: str | None  # the channel whose airtime is the station's; None: no return signal
    clock: Sequence[ClockMapRow] = ()
    playout: Sequence[PlayoutFact] = ()
    segments: Sequence[Segment] = ()
    playout_runs: Sequence[Run] = ()
    meter_runs: Sequence[Run] = ()
    return_device: Sequence[Condition] = ()  # every statement of the condition "return_device"
    withdrawn_by: str | None = None
    levels: Sequence[Level] = ()  # of the account's channel
    earlier: Sequence[Airing] = ()  # of the same content, in the days before; the oldest first


@dataclass(frozen=True, slots=True)
class _Played:
    """What playout says, as positions in the slot."""

    alive: Spans
    sure: Spans  # sounding, by its own word
    perhaps: Spans  # it died; what was on air then can only have been this
    others: Spans  # another occurrence was played
    stopped: Spans  # a person's stop was in force
    card_lost: Spans
    frozen: Spans
    shut_down: Spans
    untrusted: Spans  # nobody knew the time
    reasons: Mapping[str, Spans]  # why it was not played, wherever it was not


@dataclass(frozen=True, slots=True)
class _Heard:
    """What a channel says, as positions in the slot."""

    alive: Spans
    states: Mapping[State, Spans]  # disjoint
    qualities: Mapping[Quality, Spans]  # of what was on air
    return_lost: Spans

    @property
    def other(self) -> Spans:
        """Heard, and not our sound."""
        return union(*(self.states[s] for s in (State.SILENCE, State.NOISE, State.HUM, State.FOREIGN)))


@dataclass(frozen=True, slots=True)
class _Life:
    """When the box was alive, what the clock skipped, and when no boot was alive, as positions: together the slot."""

    on: Spans
    skipped: Spans
    off: Spans


def settle(occurrence: Occurrence, facts: SlotFacts) -> AirtimeRecord:
    """Close the account of *occurrence*. Raises ResidualError where the rules leave a millisecond over (a bug)."""
    axis = Axis.of(occurrence, facts.clock, facts.playout)
    attempts = playouts(facts.playout, facts.playout_runs)
    mine = [p for p in attempts if p.occurrence_id == occurrence.id]
    life = _life(axis, facts)
    played = _played(occurrence, axis, facts, attempts)
    heard = _heard(axis, facts, facts.account or "")
    booked = _partition(axis, life, played, heard) if facts.account else _unproven(axis)
    airing = airing_of(occurrence.id, mine)
    occurrence, fresh_ms = as_aired(occurrence, airing, facts.earlier)
    days = day_shares(occurrence, booked, heard.qualities, _played_spans(axis, mine), fresh_ms)
    on_air_segments = [s for s in facts.segments if s.channel == facts.account and s.state is State.ON_AIR]
    return AirtimeRecord(
        occurrence=occurrence,
        evidence=MEASURED if facts.account else SELF_REPORTED,
        whole=sum_of(days.values()),
        days=days,
        began_at=_wall_of(mine[0], mine[0].sink_ns) if mine else None,
        ended_at=_wall_of(mine[-1], mine[-1].sure_ns) if mine else None,
        start_error_ms=round((mine[0].sink_ns - mine[0].wanted_ns) / NS_PER_MS, 3) if mine else None,
        clock=_clock_quality(axis, facts, mine),
        clock_moved=_clock_moved(axis, facts),
        delay_ms=_mean(axis, on_air_segments, "delay_ms", 1),
        coherence=_mean(axis, on_air_segments, "coherence", 3),
        **_certainty(axis, [s for s in facts.segments if s.channel == facts.account]),
        coverage=_coverage(axis, life, played, facts),
        withdrawn_by=facts.withdrawn_by,
        loudness=_loudness(axis, facts.levels),
        content=airing.content if airing else None,
        fallback_ms=_fallback_ms(axis, fallback(occurrence.id, facts.playout), played.sure),
    )


# --- the parts of the slot ------------------------------------------------------------------------------------------


def _partition(axis: Axis, life: _Life, played: _Played, heard: _Heard) -> Booked:
    """Serve the claims in their order."""
    whole = normal([(0, axis.planned_ms)])
    on_air = common(heard.states[State.ON_AIR], union(played.sure, played.perhaps))
    left = without(whole, on_air)
    not_on_air, left = _serve(_not_on_air_claims(life, played, heard), left)
    unobserved, left = _serve(_unobserved_claims(life, heard), left)
    if left:
        raise ResidualError(f"nobody claims {left} of {axis.planned_ms} ms")
    return _checked(axis, Booked(on_air, not_on_air, unobserved))


def _not_on_air_claims(life: _Life, played: _Played, heard: _Heard) -> list[tuple[str, Spans]]:
    """What kept it off the air, the surest first."""
    silence = common(heard.states[State.SILENCE], played.sure)
    idle = without(played.alive, played.sure)
    # A process that stood still wakes after the end of the slot and says that it ended in time.
    overslept = common(common(idle, played.frozen), played.reasons.get("ended_early", ()))
    cancelled = played.reasons.get("cancelled", ())  # by who had asked for it: it would not have sounded any more
    finished = union(cancelled, *(played.reasons.get(cause, ()) for cause in ("ended_early", "source_short")))
    return [
        ("foreign", common(heard.states[State.FOREIGN], played.sure)),
        ("noise", common(heard.states[State.NOISE], played.sure)),
        ("hum", common(heard.states[State.HUM], played.sure)),
        ("frozen", union(common(silence, played.frozen), overslept)),
        ("stopped_by", without(common(idle, played.stopped), cancelled)),
        ("device_lost", common(played.card_lost, played.alive)),
        ("dead_air", silence),
        ("pre_empted", without(common(idle, played.others), finished)),  # what was over gave way to nobody
        ("clock_untrusted", without(common(idle, played.untrusted), finished)),
        *((cause, common(idle, spans)) for cause, spans in played.reasons.items()),
        ("playout_down", common(without(played.shut_down, union(played.alive, played.sure)), life.on)),
        ("playout_down", common(heard.other, without(life.on, played.alive))),
    ]


def _unobserved_claims(life: _Life, heard: _Heard) -> list[tuple[str, Spans]]:
    """Why nobody can know."""
    reached = union(heard.alive, heard.other, heard.states[State.ON_AIR])  # a dead meter's successor tells its gap, too
    return [
        ("return_lost", common(reached, heard.return_lost)),
        ("not_proven", reached),
        ("meter_down", life.on),
        ("clock_moved", life.skipped),
        ("power_lost", life.off),
    ]


def _serve(claims: Iterable[tuple[str, Spans]], left: Spans) -> tuple[dict[str, Spans], Spans]:
    """Give each claim what is left of it; what is given twice under one cause is joined."""
    given: dict[str, Spans] = {}
    for cause, claim in claims:
        if part := common(claim, left):
            given[cause] = union(given.get(cause, ()), part)
            left = without(left, part)
    return given, left


def _checked(axis: Axis, booked: Booked) -> Booked:
    """The three sums must be the plan: each summed from its own set."""
    parts = [booked.on_air, *booked.not_on_air.values(), *booked.unobserved.values()]
    if (booked_ms := sum(total(part) for part in parts)) != axis.planned_ms:
        raise ResidualError(f"booked {booked_ms} of {axis.planned_ms} ms")
    return booked


def _unproven(axis: Axis) -> Booked:
    """Without a return signal nothing is proven, whatever playout says."""
    return Booked((), {}, {"no_return_channel": normal([(0, axis.planned_ms)])})


def _life(axis: Axis, facts: SlotFacts) -> _Life:
    """A boot's life is from the first to the last that is known of it; the present boot lives until now."""
    whole = normal([(0, axis.planned_ms)])
    on = common(union(*(axis.spans(*life) for life in _lives(facts))), whole)
    skipped = without(axis.skipped(), on)
    return _Life(on, skipped, without(whole, union(on, skipped)))


def _lives(facts: SlotFacts) -> list[tuple[int, int, int]]:
    seen: dict[int, list[int]] = {facts.now.boot: [facts.now.boottime_ns]}
    for run in (*facts.playout_runs, *facts.meter_runs):
        seen.setdefault(run.boot, []).extend((run.from_ns, run.to_ns))
    for segment in facts.segments:
        seen.setdefault(segment.boot, []).extend((segment.from_ns, segment.to_ns))
    for fact in facts.playout:
        seen.setdefault(fact.at.boot, []).append(fact.at.boottime_ns)
    return [(boot, min(times), max(times)) for boot, times in seen.items()]


# --- what playout says ----------------------------------------------------------------------------------------------


def _played(occurrence: Occurrence, axis: Axis, facts: SlotFacts, attempts: Sequence[Playout]) -> _Played:
    mine = [p for p in attempts if p.occurrence_id == occurrence.id]
    others = [p for p in attempts if p.occurrence_id not in (occurrence.id, occurrence.id + FILLER)]  # its own filler
    why = reasons(occurrence.id, facts.playout, attempts)
    return _Played(
        alive=union(*(axis.spans(run.boot, run.from_ns, run.to_ns) for run in facts.playout_runs)),
        sure=union(*(axis.spans(p.boot, p.sink_ns, p.sure_ns) for p in mine)),
        perhaps=union(*(axis.spans(p.boot, p.sure_ns, p.perhaps_ns) for p in mine)),
        others=union(*(axis.spans(p.boot, p.sink_ns, p.sure_ns) for p in others)),
        stopped=_stopped(axis, facts.playout),
        card_lost=union(*(axis.spans(*lost) for lost in card_lost(facts.playout))),
        frozen=union(*(axis.spans(*still) for still in frozen(facts.playout))),
        shut_down=union(*(axis.spans(*ended) for ended in shut_down(facts.playout))),
        untrusted=union(*(axis.spans(*dark) for dark in _untrusted(facts.clock))),
        reasons=_reasons_by_position(axis, why, begun=bool(mine)),
    )


def _reasons_by_position(axis: Axis, why: Sequence[Reason], begun: bool) -> dict[str, Spans]:
    """Part the slot by the reasons: each holds from its instant to the next; before the first it was merely late."""
    placed = [(axis.position_ms(reason.boot, reason.at_ns), reason) for reason in why]
    known = sorted(((p, r) for p, r in placed if p is not None), key=lambda pair: pair[0])
    first = known[0][1].cause if known and known[0][1].before else "late_start" if begun else "missed"
    edges = [(0, first), *((min(max(0, p), axis.planned_ms), r.cause) for p, r in known), (axis.planned_ms, "")]
    parts: dict[str, Spans] = {}
    for (start, cause), (end, _) in pairwise(edges):
        parts[cause] = union(parts.get(cause, ()), normal([(start, end)]))
    return parts


def _untrusted(clock: Sequence[ClockMapRow]) -> list[tuple[int, int, int]]:
    """When nothing scheduled could begin for want of the time: from each row that nobody vouches for to the next."""
    rows = sorted(clock, key=lambda row: (row.boot, row.boottime_ns))
    ends = [after.boottime_ns if after.boot == row.boot else FOREVER_NS for row, after in pairwise(rows)]
    lasting = zip(rows, [*ends, FOREVER_NS], strict=True) if rows else ()
    return [(row.boot, row.boottime_ns, end) for row, end in lasting if not row.quality.plays]


def _stopped(axis: Axis, facts: Sequence[PlayoutFact]) -> Spans:
    """Positions at which a person's stop was in force; it outlives boots, so its ends may have to be placed by wall."""
    found: list[tuple[int, int]] = []
    since: PlayoutFact | None = None
    for fact in facts:
        if fact.kind not in (Fact.STOPPED, Fact.RESUMED):
            continue
        if since is not None:
            found.append((_place(axis, since), min(_until_ms(axis, since), _place(axis, fact))))
        since = fact if fact.kind is Fact.STOPPED else None
    if since is not None:
        found.append((_place(axis, since), _until_ms(axis, since)))
    return common(normal(found), normal([(0, axis.planned_ms)]))


def _place(axis: Axis, fact: PlayoutFact) -> int:
    return axis.place_ms(fact.at, fact.at.boottime_ns)


def _until_ms(axis: Axis, stop: PlayoutFact) -> int:
    until_ns = stop.detail.get("until_ns")
    return FOREVER_NS if until_ns is None else axis.place_ms(stop.at, until_ns)


# --- what the meter says --------------------------------------------------------------------------------------------

WHERE_TWO_SAY = (State.ON_AIR, State.FOREIGN, State.NOISE, State.HUM, State.SILENCE, State.UNOBSERVED)


def _heard(axis: Axis, facts: SlotFacts, channel: str) -> _Heard:
    mine = [s for s in facts.segments if s.channel == channel]
    states: dict[State, Spans] = {}
    taken: Spans = ()
    for state in WHERE_TWO_SAY:
        heard = union(*(axis.spans(s.boot, s.from_ns, s.to_ns) for s in mine if s.state is state))
        states[state] = without(heard, taken)
        taken = union(taken, heard)
    return _Heard(
        alive=union(*(axis.spans(run.boot, run.from_ns, run.to_ns) for run in facts.meter_runs)),
        states=states,
        qualities={quality: _of_quality(axis, mine, quality) for quality in Quality},
        return_lost=_return_lost(axis, [c for c in facts.return_device if c.target == channel]),
    )


def _of_quality(axis: Axis, segments: Sequence[Segment], quality: Quality) -> Spans:
    chosen = [s for s in segments if s.state is State.ON_AIR and s.quality is quality]
    return union(*(axis.spans(s.boot, s.from_ns, s.to_ns) for s in chosen))


def _return_lost(axis: Axis, said: Sequence[Condition]) -> Spans:
    """From each "bad" to the next word of the same boot."""
    ends = [(after.since_ns if after.boot == c.boot else FOREVER_NS) for c, after in pairwise(said)] + [FOREVER_NS]
    pairs = zip(said, ends, strict=True) if said else ()
    return union(*(axis.spans(c.boot, c.since_ns, end) for c, end in pairs if c.bad))


def _coverage(axis: Axis, life: _Life, played: _Played, facts: SlotFacts) -> dict[str, Coverage]:
    """The same question put to the channels that are not the account's."""
    names = sorted({s.channel for s in facts.segments} - {facts.account})
    return {name: _covered(_partition(axis, life, played, _heard(axis, facts, name))) for name in names}


def _covered(booked: Booked) -> Coverage:
    not_on_air, unobserved = (sum(map(total, part.values())) for part in (booked.not_on_air, booked.unobserved))
    return Coverage(total(booked.on_air), not_on_air, unobserved)


def _mean(axis: Axis, segments: Sequence[Segment], name: str, digits: int) -> float | None:
    """The mean of a figure of *segments* over the time that they share with the slot."""
    weighed = [
        (getattr(s, name), total(axis.spans(s.boot, s.from_ns, s.to_ns)))
        for s in segments
        if getattr(s, name) is not None
    ]
    weight = sum(ms for _, ms in weighed)
    return round(sum(value * ms for value, ms in weighed) / weight, digits) if weight else None


def _loudness(axis: Axis, levels: Sequence[Level]) -> LoudnessShare | None:
    """Gated means of parts cannot be added up: of several parts, the one that was heard longest speaks."""
    for level in sorted(levels, key=lambda v: (-v.heard_ms, v.boot, v.from_ns)):
        if spans := axis.spans(level.boot, level.from_ns, level.to_ns):
            return LoudnessShare(spans[0][0], spans[-1][1], level.heard_ms, level.sent, level.heard)
    return None


def _fallback_ms(axis: Axis, stretches: Sequence[tuple[int, int, int]], played: Spans) -> int | None:
    """Of what was played, how much came from another link than the relay itself."""
    return total(common(union(*(axis.spans(*part) for part in stretches)), played)) if stretches else None


def _certainty(axis: Axis, segments: Sequence[Segment]) -> dict[str, Any]:
    """How sure the time on air is; nothing where no meter said."""
    if all(s.evidence_share is None for s in segments):
        return {}
    found = evidence_of([one for s in segments if (one := _stretch(axis, s)) is not None])
    return {"uncertainty_ms": found.uncertainty_ms, "evidence_share": found.evidence_share}


def _stretch(axis: Axis, s: Segment) -> Stretch | None:
    """The part of a segment that lies in the slot, with its share of what was doubted."""
    inside_ms = total(axis.spans(s.boot, s.from_ns, s.to_ns))
    if not inside_ms:
        return None
    whole_ms = (s.to_ns - s.from_ns) / NS_PER_MS
    doubt_ms = (s.doubt_ms or 0.0) * min(1.0, inside_ms / whole_ms)
    return Stretch(inside_ms, s.state, s.delay_ms, s.edge_ms, doubt_ms, s.evidence_share, s.snr_db)


# --- figures --------------------------------------------------------------------------------------------------------


def _played_spans(axis: Axis, mine: Sequence[Playout]) -> list[tuple[int, int]]:
    """Where the samples lie that were handed to the card, by their number."""
    return [
        (start, start + frames_to_ms(p.frames))
        for p in mine
        if (start := axis.position_ms(p.boot, p.sink_ns)) is not None
    ]


def _wall_of(playout: Playout, boottime_ns: int) -> str:
    """A label: the wall clock as it was when the playout began."""
    wall = datetime_of(boottime_ns + playout.began.at.offset_ns)
    return wall.astimezone(STATION_TZ).isoformat(timespec="milliseconds")


def _clock_quality(axis: Axis, facts: SlotFacts, mine: Sequence[Playout]) -> str:
    """Who vouched for the clock when it began, or by the map in the boot that saw the slot."""
    if mine:
        return str(mine[0].began.at.quality)
    rows = [row for row in facts.clock if row.boot in axis.boots]
    return str(rows[-1].quality) if rows else "none"


def _clock_moved(axis: Axis, facts: SlotFacts) -> bool:
    steps = [(fact.at.boot, fact.at.boottime_ns) for fact in facts.playout if fact.kind is Fact.CLOCK_MOVED]
    for before, after in pairwise(facts.clock):
        if before.boot == after.boot and abs(after.offset_ns - before.offset_ns) >= SMALL_STEP_NS:
            steps.append((after.boot, after.boottime_ns))
    windows = axis.windows(0)
    return any(boot == b and start <= at <= end for boot, at in steps for b, start, end in windows)


# --- when -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a settlement waits, in ms after the end of the slot."""

    lookback_ms: int = 15_000  # the meter may still change its mind about what is younger: longest delay and look-back
    grace_ms: int = 180_000  # then a writer that says nothing is taken for dead


def when_settled(
    axis: Axis, marks: Sequence[Watermark | None], now: Reading, patience: Patience, final: bool = False
) -> bool:
    """Whether the account can be closed: every writer's watermark has passed its end, or has failed to for too long.

    *final*: the station is being shut down in order; what has ended is closed.
    """
    reached = axis.place_ms(now, now.boottime_ns)
    if reached < axis.planned_ms or not now.quality.plays:
        return False
    overdue = reached >= axis.planned_ms + patience.lookback_ms + patience.grace_ms
    return final or overdue or all(_passed(axis, mark, patience.lookback_ms) for mark in marks)


def _passed(axis: Axis, mark: Watermark | None, lookback_ms: int) -> bool:
    position = None if mark is None else axis.position_ms(mark.boot, mark.boottime_ns)
    return position is not None and position >= axis.planned_ms + lookback_ms
