"""Gather from the journals all that is known of a slot. Raises JournalError."""

from collections.abc import Sequence
from dataclasses import dataclass

from audio.segments import Segment
from scheduler.clock import NS_PER_S, ClockMapRow, Reading
from scheduler.occurrence import Occurrence
from scheduler.repeats import REPEAT_WITHIN
from telemetry.axis import Axis
from telemetry.content import Airing, airing_of
from telemetry.facts import Fact, PlayoutFact
from telemetry.playouts import playouts
from telemetry.readers import MeterReader, PlayoutReader
from telemetry.settle import SlotFacts

STATE_BEFORE_NS = 24 * 3_600 * NS_PER_S  # how far back a card can have been lost, or another programme begun
AFTER_MS = 3_600_000  # a miss may be journaled late


@dataclass(frozen=True, slots=True)
class Sources:
    """The two journals as they are read in one round. No meter: a station without a return signal."""

    playout: PlayoutReader
    meter: MeterReader | None
    account: str | None
    now: Reading
    clock: Sequence[ClockMapRow]

    @classmethod
    def at(cls, playout: PlayoutReader, meter: MeterReader | None, account: str | None, now: Reading) -> "Sources":
        """The clock map is read once; where playout has not yet spoken in this boot it is what the clock says now."""
        clock = playout.clock_rows()
        if all(row.boot != now.boot for row in clock):
            clock.append(ClockMapRow(now.boot, now.boottime_ns, now.offset_ns, now.quality))
        return cls(playout, meter, account, now, clock)

    def axis_of(self, occurrence: Occurrence) -> Axis:
        return Axis.of(occurrence, self.clock, self.playout.facts_of(occurrence.id))

    def facts_of(self, occurrence: Occurrence, withdrawn_by: str | None) -> SlotFacts:
        own = self.playout.facts_of(occurrence.id)
        axis = Axis.of(occurrence, self.clock, own)
        boots = axis.boots | {self.now.boot}
        return SlotFacts(
            now=self.now,
            account=self.account,
            clock=self.clock,
            playout=self._playout_facts(axis, own),
            segments=self._segments(axis),
            playout_runs=self.playout.runs(boots),
            meter_runs=self.meter.runs(boots) if self.meter else (),
            return_device=self.meter.conditions_of("return_device", boots) if self.meter else (),
            withdrawn_by=withdrawn_by,
            earlier=self._earlier(occurrence, own),
            levels=self.meter.levels_of(occurrence.id, self.account) if self.meter and self.account else (),
        )

    def _earlier(self, occurrence: Occurrence, own: Sequence[PlayoutFact]) -> list[Airing]:
        """What was aired before of the content that *own* tells, by the facts stored before."""
        mine = airing_of(occurrence.id, playouts(own, ()))
        if mine is None:
            return []
        began = next(fact.n for fact in own if fact.kind is Fact.BEGAN)
        ids = self.playout.aired(mine.content, occurrence.starts_at - REPEAT_WITHIN, began)
        found = [airing_of(id, playouts(self.playout.facts_of(id), ())) for id in ids if id != occurrence.id]
        return [airing for airing in found if airing is not None and airing.content == mine.content]

    def _segments(self, axis: Axis) -> list[Segment]:
        if self.meter is None:
            return []
        return [segment for window in axis.windows(0) for segment in self.meter.segments_between(*window)]

    def _playout_facts(self, axis: Axis, own: Sequence[PlayoutFact]) -> list[PlayoutFact]:
        """The occurrence's own facts, those of its neighbourhood, and every stop: each once, as they were stored."""
        found = {fact.n: fact for fact in (*own, *self.playout.stops())}
        for boot, start, end in axis.windows(AFTER_MS):
            found |= {f.n: f for f in self.playout.facts_between(boot, start - STATE_BEFORE_NS, end)}
        return [found[n] for n in sorted(found)]
