"""What should sound now, by the journaled plan: dead air is judged also while playout is dead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from scheduler.clock import Reading, datetime_of
from scheduler.occurrence import Occurrence
from telemetry.facts import Fact
from telemetry.journal import JournalError, PlayoutReader, Stop

LOOK_AROUND = timedelta(days=1)
STARTING_NS = 1_000_000_000  # a start has this long until it has to be heard, beyond the path's delay


@dataclass(frozen=True, slots=True)
class Expected:
    """The plan as the journal tells it, of the hours around now."""

    occurrences: tuple[Occurrence, ...] = ()
    over: frozenset[str] = frozenset()  # ended by its source, stopped or missed: nothing more is due of it
    stop: Stop | None = None

    def due(self, reading: Reading) -> Occurrence | None:
        """The occurrence that should sound at this instant; None in planned silence, or by a clock nobody trusts."""
        if not reading.quality.plays or self._stopped(reading):
            return None
        now, settled = reading.wall, datetime_of(reading.wall_ns - STARTING_NS)
        running = (o for o in self.occurrences if o.starts_at <= settled and now < o.ends_at and o.id not in self.over)
        return next(running, None)

    def _stopped(self, reading: Reading) -> bool:
        until_ns = self.stop.until_wall_ns if self.stop else 0
        return self.stop is not None and (until_ns is None or reading.wall_ns < until_ns)


class PlanWatch:
    """Reads playout.db again when it changed."""

    def __init__(self, path: Path) -> None:
        self._reader = PlayoutReader(path)
        self._version: tuple[int, int] | None = None
        self._expected = Expected()

    def expected(self, reading: Reading) -> Expected:
        """The newest plan that could be read; the one before when the file cannot be read now."""
        try:
            version = self._reader.data_version()
            if version != self._version:
                self._expected = self._read(reading)
                self._version = version
        except JournalError:
            self._version = None
        return self._expected

    def _read(self, reading: Reading) -> Expected:
        rows = self._reader.plan_between(reading.wall - LOOK_AROUND, reading.wall + LOOK_AROUND)
        occurrences = tuple(row.occurrence for row in rows)
        near = [o for o in occurrences if o.starts_at <= reading.wall < o.ends_at]
        over = frozenset(o.id for o in near if self._is_over(o.id))
        return Expected(occurrences, over, self._reader.stop())

    def _is_over(self, occurrence_id: str) -> bool:
        facts: Sequence[Fact] = [
            fact.kind
            for fact in self._reader.facts_of(occurrence_id)
            if fact.kind in (Fact.BEGAN, Fact.MISSED) or _ends_for_good(fact.kind, fact.detail.get("cause"))
        ]
        return bool(facts) and facts[-1] is not Fact.BEGAN

    def close(self) -> None:
        self._reader.close()


def _ends_for_good(kind: Fact, cause: object) -> bool:
    return kind is Fact.ENDED and cause in ("planned_end", "source_short", "cancelled", "dropped")
