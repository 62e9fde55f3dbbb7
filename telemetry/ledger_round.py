"""One round of the ledger: what is new in the journals becomes entries, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from audio.segments import Segment, State
from scheduler.clock import NS_PER_MS, wall_at
from telemetry.airtime import AirtimeRecord
from telemetry.axis import FOREVER_NS, Axis, trusted_backwards
from telemetry.entries import entry_kind, fact_body, fault_body, plan_body
from telemetry.facts import LEARN_LEVEL, Condition, Fact, PlayoutFact
from telemetry.faults import OF_A_SOURCE, RULES, Change, FaultRule, Watch, conditions_of, judge, rule_for, told
from telemetry.ledger_store import LedgerStore, Slot, same_account
from telemetry.path_level import PathLevel, gain_of
from telemetry.readers import MeterReader, PlanRow, PlayoutReader
from telemetry.settle import Patience, settle, when_settled
from telemetry.slots import Sources
from telemetry.spans import Spans, normal
from telemetry.unplanned import unplanned, unplanned_body

PLAN_CHUNK = 50  # occurrences in one plan entry: it must fit a message
SLOTS_A_ROUND = 50  # after weeks of absence the accounts are closed in several rounds
DAY_NS = 86_400 * 1_000 * NS_PER_MS
SEEN_AGAIN_NS = 8 * DAY_NS  # how old an account is still looked at again when the clock of its boot becomes known


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says about accounts."""

    account: str | None  # the channel that counts; None: no return signal
    patience: Patience = field(default_factory=Patience)
    faults: Mapping[str, FaultRule] = field(default_factory=lambda: RULES)


@dataclass(frozen=True, slots=True)
class Progress:
    """What one round did."""

    appended: int = 0
    settled: tuple[AirtimeRecord, ...] = ()
    raised: tuple[Change, ...] = ()
    cleared: tuple[Change, ...] = ()
    more: bool = False  # there is more to read or settle: call again at once
    disk_full: bool = False  # the reserve was given up for this round


class Round:
    """One round's work, inside one transaction."""

    def __init__(
        self,
        store: LedgerStore,
        sources: Sources,
        rules: Rules,
        final: bool,
        heard: Mapping[str, Segment] | None = None,
    ) -> None:
        """*heard*: by channel, the newest segment that an earlier round took."""
        self._store = store
        self._sources = sources
        self._rules = rules
        self._now = sources.now
        self._final = final
        self._clock = trusted_backwards(sources.clock)
        self._watches = store.watches()
        self._changes: list[Change] = []
        self._settled: list[AirtimeRecord] = []
        self._more = False
        self.heard = dict(heard or {})  # after this round, once it is stored

    def done(self, said: Sequence[Condition]) -> Progress:
        before = self._store.last_seq()
        replanned = self._take_plan()
        if self._now.quality.plays:
            self._store.reopen_slots(self._now.wall_ns)
            if replanned:
                self._forget_sources()
        touched = self._take_facts() | self._take_segments() | self._take_clock()
        self._settle_again(touched)
        self._settle_due()
        self._book_unplanned()
        self._take_conditions(said)
        return Progress(
            appended=self._store.last_seq() - before,
            settled=tuple(self._settled),
            raised=tuple(c for c in self._changes if c.raised),
            cleared=tuple(c for c in self._changes if not c.raised),
            more=self._more,
        )

    def told(self, said: Sequence[Condition]) -> None:
        """Hear only these: the journals cannot be read."""
        for condition in said:
            self._take_condition(condition)
        self._judge_all()

    # --- the plan

    def _take_plan(self) -> bool:
        """Book what was planned, changed or withdrawn, before it can be judged by it; whether anything was."""
        journal = self._sources.playout.journal_id()
        since = self._store.cursor("plan", journal)
        rows = self._sources.playout.plan_since(since)
        news = [row for row in rows if self._is_news(row)]
        for row in news:
            self._store.put_slot(row.occurrence, row.withdrawn_by)
        for start in range(0, len(news), PLAN_CHUNK):
            self._store.append("plan", plan_body(news[start : start + PLAN_CHUNK]))
        self._move("plan", journal, since, rows[-1].change if rows else since)
        return bool(news)

    def _is_news(self, row: PlanRow) -> bool:
        known = self._store.slot(row.occurrence.id)
        return known is None or (known.occurrence, known.withdrawn_by) != (row.occurrence, row.withdrawn_by)

    # --- facts

    def _take_facts(self) -> set[str]:
        """Book what people did and what the clock did; the occurrences whose accounts new facts may change."""
        journal = self._sources.playout.journal_id()
        since = self._store.cursor("fact", journal)
        change, facts = self._sources.playout.facts_since(since)
        for fact in facts:
            self._take_fact(fact)
        self._move("fact", journal, since, change)
        return {fact.occurrence_id for fact in facts if fact.occurrence_id is not None}

    def _take_fact(self, fact: PlayoutFact) -> None:
        if fact.kind is Fact.BEGAN and fact.occurrence_id is not None:
            self._store.slot_begun(fact.occurrence_id)
        if (kind := entry_kind(fact)) is not None:
            self._store.append(kind, fact_body(fact))
        if fact.kind is Fact.COMMAND and fact.detail.get("what") == LEARN_LEVEL and self._rules.account is not None:
            self._keep_level(self._rules.account, PathLevel())
        for condition in conditions_of(fact, self._source_of):
            self._take_condition(condition)

    def _source_of(self, occurrence_id: str) -> str:
        """What a source's faults are about: the file or address, else the programme that names none."""
        slot = self._store.slot(occurrence_id)
        return slot.occurrence.source or slot.occurrence.programme if slot else occurrence_id

    def _forget_sources(self) -> None:
        """Of what nothing to come is planned any more (its name was mended, its day is over) no fault stays open."""
        bad = [watch for watch in self._watches.values() if watch.bad and watch.code in OF_A_SOURCE]
        wanted = self._store.sources_after(self._now.wall_ns) if bad else set()
        for watch in bad:
            if watch.target not in wanted:
                at = self._now.boot, self._now.boottime_ns
                self._take_condition(Condition(watch.code, watch.target, False, *at, dict(watch.evidence)))

    def _take_segments(self) -> set[str]:
        """The settled occurrences over which a channel has said more."""
        if self._sources.meter is None:
            return set()
        journal = self._sources.meter.journal_id()
        since = self._store.cursor("segment", journal)
        change, segments = self._sources.meter.segments_since(since)
        self._move("segment", journal, since, change)
        found = [self._store.settled_over(s.boot, self._new_from_ns(s), s.to_ns) for s in segments]
        return set().union(*found)

    def _new_from_ns(self, segment: Segment) -> int:
        """From where a segment says something new: of one that only grew, what it covered before is accounted for.

        Without this, all that a session has sounded would be settled again with each of its seconds.
        """
        before = self.heard.get(segment.channel)
        self.heard[segment.channel] = segment
        return before.to_ns if before is not None and _grew(before, segment) else segment.from_ns

    def _take_clock(self) -> set[str]:
        """When a boot that did not know the time learns it, what was settled meanwhile is looked at again."""
        rows = self._sources.playout.clock_rows()
        journal = self._sources.playout.journal_id()
        known = self._store.cursor("clock", journal)
        self._move("clock", journal, known, len(rows))
        news = zip(rows[known - 1 :], rows[known:], strict=False) if known else ()
        learnt = any(a.boot == b.boot and b.quality.plays and not a.quality.plays for a, b in news)
        if not learnt:
            return set()
        recent = self._store.slots_between(self._now.wall_ns - SEEN_AGAIN_NS, self._now.wall_ns)
        return {slot.occurrence.id for slot in recent}

    def _move(self, stream: str, journal: str, since: int, position: int) -> None:
        if position != since:
            self._store.move_cursor(stream, journal, position)
            self._more = self._more or stream != "clock"

    # --- settlement

    def _settle_due(self) -> None:
        """Close the accounts of what is over and of which all is known."""
        due = self._store.open_slots(self._now.wall_ns, SLOTS_A_ROUND)
        for slot in due:
            axis = self._sources.axis_of(slot.occurrence)
            if self._is_due(axis):
                self._book(slot, axis)
        self._more = self._more or len(self._settled) == SLOTS_A_ROUND

    def _is_due(self, axis: Axis) -> bool:
        writers = (self._sources.playout, self._sources.meter) if self._sources.meter else (self._sources.playout,)
        marks = [writer.watermark() for writer in writers]
        return when_settled(axis, marks, self._now, self._rules.patience, self._final)

    def _settle_again(self, touched: Iterable[str]) -> None:
        """A fact that came later makes a revision, if it changes anything. What is open again waits for its end."""
        for id in sorted(touched):
            slot = self._store.slot(id)
            if slot is not None and slot.revision is not None and not slot.open:
                self._book(slot, self._sources.axis_of(slot.occurrence))

    def _book(self, slot: Slot, axis: Axis) -> None:
        record = settle(slot.occurrence, self._sources.facts_of(slot.occurrence, slot.withdrawn_by))
        if same_account(slot.record, record):
            self._store.close_slot(slot.occurrence.id)
            return
        record = replace(record, revision=slot.next_revision)
        self._store.book_record(record, axis)
        self._settled.append(record)
        if record.revision == 0:
            self._take_gain(record)

    # --- the level of the path

    def _take_gain(self, record: AirtimeRecord) -> None:
        """Hold how loud a programme returned against the normal. Each counts once, by its first account."""
        account, gain_lu = self._rules.account, gain_of(record)
        if account is not None and gain_lu is not None:
            self._keep_level(account, self._store.path_level(account).after(gain_lu))

    def _keep_level(self, account: str, level: PathLevel) -> None:
        self._store.put_path_level(account, level)
        evidence = {"normal_lu": level.normal_lu, "now_lu": level.now_lu}
        now = self._now
        self._take_condition(Condition("level_low", account, level.low, now.boot, now.boottime_ns, evidence))

    # --- sound outside the plan

    def _book_unplanned(self) -> None:
        meter, account = self._sources.meter, self._rules.account
        if meter is None or account is None:
            return
        judged = self._store.judged()
        first = max(judged) if judged else meter.first_boot()
        for boot in range(first or self._now.boot, self._now.boot + 1):
            self._judge_boot(meter, account, boot, judged.get(boot, 0))

    def _judge_boot(self, meter: MeterReader, account: str, boot: int, from_ns: int) -> None:
        segments = meter.segments_between(boot, from_ns, FOREVER_NS, account)
        closed = boot < self._now.boot
        sounding = [s for s in segments if s.state in (State.ON_AIR, State.FOREIGN)]
        occupied = self._occupied(boot, sounding) if sounding else ()
        found, upto_ns = unplanned(segments, occupied, from_ns, closed)
        for stretch in found:
            body = unplanned_body(stretch, account, self._wall(boot, stretch.from_ns))
            self._store.append("unplanned", body)
        if upto_ns != from_ns:
            self._store.set_judged(boot, upto_ns)

    def _occupied(self, boot: int, sounding: Sequence[Segment]) -> Spans:
        """The boottimes at which something was planned, round what sounded."""
        offsets = [row.offset_ns for row in self._clock if row.boot == boot] or [self._now.offset_ns]
        first, last = min(s.from_ns for s in sounding), max(s.to_ns for s in sounding)
        slots = self._store.slots_between(first + min(offsets) - DAY_NS, last + max(offsets) + DAY_NS)
        windows = [
            window for slot in slots if slot.counts for window in self._sources.axis_of(slot.occurrence).windows(0)
        ]
        return normal((start, end) for at, start, end in windows if at == boot)

    # --- faults

    def _take_conditions(self, said: Sequence[Condition]) -> None:
        """Hear what the processes stated, then let time pass until now."""
        for name, journal in (("playout", self._sources.playout), ("meter", self._sources.meter)):
            if journal is not None:
                self._take_stated(name, journal)
        self.told(said)

    def _judge_all(self) -> None:
        for watch in list(self._watches.values()):
            self._judge(watch, self._now.boot, self._now.boottime_ns)

    def _take_stated(self, name: str, journal: PlayoutReader | MeterReader) -> None:
        id = journal.journal_id()
        since = self._store.cursor(f"{name}-condition", id)
        stated = journal.conditions_since(since)
        for _, condition in stated:
            self._take_condition(condition)
        self._move(f"{name}-condition", id, since, stated[-1][0] if stated else since)

    def _take_condition(self, condition: Condition) -> None:
        """Judge what was true until it was said, then what is true since."""
        key = condition.code, condition.target
        known = self._watches.get(key)
        if known is None and not condition.bad:
            return
        if known is not None:
            known = self._judge(known, condition.boot, condition.since_ns)
        watch = told(known, condition)
        if watch != known:
            self._keep(watch, self._store.raised_seq(watch))
            self._judge(watch, condition.boot, condition.since_ns)

    def _judge(self, watch: Watch, boot: int, at_ns: int) -> Watch:
        after, change = judge(watch, self._rule(watch), boot, at_ns)
        if change is not None:
            seq = self._store.append(
                "fault", fault_body(change, self._rule(change.watch), self._wall(change.boot, change.at_ns))
            )
            self._changes.append(change)
            self._keep(after, seq if change.raised else None)
        return after

    def _keep(self, watch: Watch, raised_seq: int | None) -> None:
        self._watches[watch.code, watch.target] = watch
        self._store.put_watch(watch, raised_seq)

    def _rule(self, watch: Watch) -> FaultRule:
        return rule_for(watch.code, self._rules.faults)

    def _wall(self, boot: int, boottime_ns: int) -> datetime:
        return wall_at(self._clock, boot, boottime_ns) or self._now.wall


def _grew(before: Segment, after: Segment) -> bool:
    kept = (before.boot, before.from_ns, before.state, before.quality)
    return kept == (after.boot, after.from_ns, after.state, after.quality) and before.to_ns <= after.to_ns
