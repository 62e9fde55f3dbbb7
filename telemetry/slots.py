"""Gather from the journals all that is known of a slot. Raises JournalError."""

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.clock import NS_PER_S, ClockMapRow, Reading
from scheduler.occurrence import Occurrence
from telemetry.axis import Axis
from telemetry.facts import PlayoutFact
from telemetry.readers import MeterReader, PlayoutReader
from telemetry.settle import SlotFacts

STATE_BEFORE_NS = 24 * 3_600 * NS_PER_S  # how far back a card can have been lost, or another programme begun
AFTER_MS = 3_600_000  # a miss may be journaled late


@dataclass(frozen=True, slots=True)
class Sources:
    """The two journals, as the ledger reads them. No meter: a station without a return signal."""

    playout: PlayoutReader
    meter: MeterReader | None
    account: str | None

    def clock_rows(self, now: Reading) -> list[ClockMapRow]:
        """The clock map; where playout has not yet spoken in this boot, what the clock says now."""
        rows = self.playout.clock_rows()
        if any(row.boot == now.boot for row in rows):
            return rows
        return [*rows, ClockMapRow(now.boot, now.boottime_ns, now.offset_ns, now.quality)]

    def axis_of(self, occurrence: Occurrence, now: Reading) -> Axis:
        return Axis.of(occurrence, self.clock_rows(now), self.playout.facts_of(occurrence.id))

    def facts_of(self, occurrence: Occurrence, now: Reading, withdrawn_by: str | None) -> SlotFacts:
        clock = self.clock_rows(now)
        own = self.playout.facts_of(occurrence.id)
        axis = Axis.of(occurrence, clock, own)
        boots = axis.boots | {now.boot}
        return SlotFacts(
            now=now,
            account=self.account,
            clock=clock,
            playout=self._playout_facts(axis, own),
            segments=[s for window in axis.windows(0) for s in self.meter.segments_between(*window)]
            if self.meter
            else (),
            playout_runs=self.playout.runs(boots),
            meter_runs=self.meter.runs(boots) if self.meter else (),
            return_device=self.meter.conditions_of("return_device", boots) if self.meter else (),
            withdrawn_by=withdrawn_by,
        )

    def _playout_facts(self, axis: Axis, own: Sequence[PlayoutFact]) -> list[PlayoutFact]:
        """The occurrence's own facts, those of its neighbourhood, and every stop: each once, as they were stored."""
        found = {fact.n: fact for fact in (*own, *self.playout.stops())}
        for boot, start, end in axis.windows(AFTER_MS):
            found |= {f.n: f for f in self.playout.facts_between(boot, start - STATE_BEFORE_NS, end)}
        return [found[n] for n in sorted(found)]
