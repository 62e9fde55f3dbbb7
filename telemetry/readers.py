"""What other processes may ask of the journals. Read-only; every query ends at once. Raises JournalError throughout."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from audio.segments import Loudness, Quality, Segment, State
from scheduler.clock import ClockMapRow, ClockQuality, Reading, datetime_of, wall_ns_of
from scheduler.occurrence import Occurrence
from telemetry.database import Reader, Row
from telemetry.facts import Condition, Fact, Level, PlayoutFact, Watermark

T = TypeVar("T")
FACT_COLUMNS = "n, kind, boot, boottime_ns, wall_ns, quality, occurrence, detail"
SEGMENT_COLUMNS = (
    "channel, boot, from_ns, to_ns, state, quality, delay_ms, coherence, heard_dbfs,"
    " edge_ms, doubt_ms, evidence_share, snr_db"
)
READ_THROUGH = 2_000  # rows of a kind that are tried at the start: weeks
NEEDED = {  # what a fact's detail cannot be without
    Fact.BEGAN: {"anchor_ns", "sink_ns", "wanted_ns", "offset_ms"},
    Fact.PROGRESS: {"sink_ns", "frames"},
    Fact.ENDED: {"sink_ns", "frames", "cause"},
    Fact.MISSED: {"cause"},
    Fact.JUMPED: {"lost_ms"},
}


@dataclass(frozen=True, slots=True)
class Stop:
    """A person's word that nothing scheduled shall sound. Wall times, for it outlives boots; None: until resumed."""

    by: str
    why: str
    since_wall_ns: int
    until_wall_ns: int | None


@dataclass(frozen=True, slots=True)
class Run:
    """A life of a process: it stored everything it knew between these boottimes."""

    boot: int
    from_ns: int
    to_ns: int


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A planned occurrence; ``withdrawn_by`` says who took it out of the plan."""

    change: int
    occurrence: Occurrence
    withdrawn_by: str | None
    withdrawn_at: datetime | None


class _JournalReader(Reader):
    def journal_id(self) -> str:
        """Random, of this file: another one means that the file was begun anew and all its counters with it."""
        rows = self.rows("SELECT journal FROM about")
        return str(rows[0][0]) if rows else ""

    def watermark(self) -> Watermark | None:
        rows = self.rows("SELECT boot, to_ns, to_wall_ns FROM run ORDER BY n DESC LIMIT 1")
        return Watermark(*rows[0]) if rows else None

    def runs(self, boots: Iterable[int]) -> list[Run]:
        """The lives of the process in these boots, in order."""
        sql = "SELECT boot, from_ns, to_ns FROM run WHERE boot IN (SELECT value FROM json_each(?)) ORDER BY n"
        return [Run(*row) for row in self.rows(sql, (json.dumps(sorted(boots)),))]

    def _changed(
        self, table: str, columns: str, parse: Callable[[Row], T], change: int, limit: int
    ) -> tuple[int, list[T]]:
        """What was stored or brought up to date after *change*, in that order, and the change to ask from next."""
        sql = f"SELECT change, {columns} FROM {table} WHERE change > ? ORDER BY change LIMIT ?"
        found = self.parsed(lambda row: (row[0], parse(row[1:])), sql, (change, limit))
        return (found[-1][0] if found else change), [one for _, one in found]

    def conditions_since(self, n: int) -> list[tuple[int, Condition]]:
        """Conditions stated after the *n*-th, each with its number."""
        sql = "SELECT n, code, target, bad, boot, since_ns, evidence FROM condition WHERE n > ? ORDER BY n"
        return self.parsed(lambda row: (row[0], _condition(row[1:])), sql, (n,))

    def conditions_of(self, code: str, boots: Iterable[int]) -> list[Condition]:
        """Every statement of *code* in these boots, in order."""
        return self.parsed(
            _condition,
            "SELECT code, target, bad, boot, since_ns, evidence FROM condition"
            " WHERE code = ? AND boot IN (SELECT value FROM json_each(?)) ORDER BY n",
            (code, json.dumps(sorted(boots))),
        )

    def open_conditions(self) -> list[Condition]:
        """What was last stated to be bad."""
        return self.parsed(
            _condition,
            "SELECT code, target, bad, boot, since_ns, evidence FROM condition WHERE bad AND n IN"
            " (SELECT max(n) FROM condition GROUP BY code, target) ORDER BY n",
        )

    def read_through(self) -> None:
        """Ask once for what the others will ask: a damaged row is found at the start. Raises Corrupt."""
        newest = self.rows("SELECT coalesce(max(n), 0) FROM condition")
        self.conditions_since(newest[0][0] - READ_THROUGH if newest else 0)
        self.open_conditions()


def _condition(row: Row) -> Condition:
    code, target, bad, boot, since_ns, evidence = row
    return Condition(code, target, bool(bad), boot, since_ns, json.loads(evidence))


class PlayoutReader(_JournalReader):
    """playout.db for the ledger, the meter (plan), the console and the command line."""

    def facts_since(self, change: int, limit: int = 2_000) -> tuple[int, list[PlayoutFact]]:
        """Facts stored or brought up to date after *change*, and the change to ask from next."""
        return self._changed("fact", FACT_COLUMNS, _fact, change, limit)

    def facts_of(self, occurrence_id: str) -> list[PlayoutFact]:
        return self.parsed(_fact, f"SELECT {FACT_COLUMNS} FROM fact WHERE occurrence = ? ORDER BY n", (occurrence_id,))

    def facts_between(self, boot: int, from_ns: int, to_ns: int) -> list[PlayoutFact]:
        """Facts stamped in this stretch of a boot, in the order they were stored."""
        sql = f"SELECT {FACT_COLUMNS} FROM fact WHERE boot = ? AND boottime_ns BETWEEN ? AND ? ORDER BY n"
        return self.parsed(_fact, sql, (boot, from_ns, to_ns))

    def aired(self, content: str, since: datetime, before_n: int) -> list[str]:
        """The occurrences planned from *since* on that began to play *content* before the *n*-th fact, by that."""
        rows = self.rows(
            "SELECT fact.occurrence FROM plan JOIN fact ON fact.occurrence = plan.occurrence"
            " WHERE plan.ends_ns > ?1 AND plan.starts_ns >= ?1 AND fact.n < ?2 AND fact.kind = 'began'"
            " AND iif(json_valid(fact.detail), json_extract(fact.detail, '$.content'), NULL) = ?3"
            " GROUP BY fact.occurrence ORDER BY min(fact.n)",
            (wall_ns_of(since), before_n, content),
        )
        return [occurrence for (occurrence,) in rows]

    def stops(self) -> list[PlayoutFact]:
        """Every stop and resumption by a person."""
        return self.parsed(_fact, f"SELECT {FACT_COLUMNS} FROM fact WHERE kind IN ('stopped', 'resumed') ORDER BY n")

    def clock_rows(self) -> list[ClockMapRow]:
        return self.parsed(_clock_row, "SELECT boot, boottime_ns, offset_ns, quality FROM clock ORDER BY n")

    def plan_since(self, change: int, limit: int = 1_000) -> list[PlanRow]:
        """Planned, changed or withdrawn after *change*, in that order."""
        return self._plan("change > ? ORDER BY change LIMIT ?", change, limit)

    def plan_between(self, start: datetime, end: datetime, withdrawn: bool = False) -> list[PlanRow]:
        """What overlaps [start, end), by its start; with what was withdrawn if *withdrawn*."""
        kept = "" if withdrawn else " AND withdrawn_by IS NULL"
        return self._plan(f"ends_ns > ? AND starts_ns < ?{kept} ORDER BY starts_ns", wall_ns_of(start), wall_ns_of(end))

    def plan_of(self, occurrence_id: str) -> PlanRow | None:
        rows = self._plan("occurrence = ?", occurrence_id)
        return rows[0] if rows else None

    def _plan(self, where: str, *parameters: Any) -> list[PlanRow]:
        sql = f"SELECT change, body, withdrawn_by, withdrawn_ns FROM plan WHERE {where}"
        return self.parsed(_plan_row, sql, parameters)

    def timetables(self) -> dict[str, Any] | None:
        """The book of timetables that holds (before there were books: the only timetable)."""
        found = self.parsed(lambda row: json.loads(row[0]), "SELECT body FROM timetable ORDER BY n DESC LIMIT 1")
        return found[0] if found else None

    def stop(self) -> Stop | None:
        """The stop in force."""
        rows = self.rows("SELECT by, why, since_ns, until_ns FROM stop")
        return Stop(*rows[0]) if rows else None

    def read_through(self) -> None:
        super().read_through()
        newest = self.rows(
            "SELECT coalesce(max(change), 0) FROM fact UNION ALL SELECT coalesce(max(change), 0) FROM plan"
        )
        if newest:
            self.facts_since(newest[0][0] - READ_THROUGH, READ_THROUGH)
            self.plan_since(newest[1][0] - READ_THROUGH, READ_THROUGH)
        self.stops()
        self.clock_rows()


def _fact(row: Row) -> PlayoutFact:
    n, kind, boot, boottime_ns, wall_ns, quality, occurrence, body = row
    at, detail = Reading(boot, boottime_ns, wall_ns, ClockQuality(quality)), json.loads(body)
    if lacking := NEEDED.get(Fact(kind), set()) - detail.keys():
        raise ValueError(f"{kind} without {', '.join(sorted(lacking))}")
    return PlayoutFact(n, Fact(kind), at, occurrence, detail)


def _clock_row(row: Row) -> ClockMapRow:
    boot, boottime_ns, offset_ns, quality = row
    return ClockMapRow(boot, boottime_ns, offset_ns, ClockQuality(quality))


def _plan_row(row: Row) -> PlanRow:
    change, body, by, at = row
    return PlanRow(change, Occurrence.from_json(json.loads(body)), by, None if at is None else datetime_of(at))


class MeterReader(_JournalReader):
    """meter.db for the ledger, the console and the command line."""

    schema = 2

    def segments_since(self, change: int, limit: int = 2_000) -> tuple[int, list[Segment]]:
        """Segments stored or lengthened after *change*, and the change to ask from next."""
        return self._changed("segment", SEGMENT_COLUMNS, _segment, change, limit)

    def segments_between(self, boot: int, from_ns: int, to_ns: int, channel: str | None = None) -> list[Segment]:
        """Segments that overlap a stretch of a boot; of every channel where none is named."""
        return self.parsed(
            _segment,
            f"SELECT {SEGMENT_COLUMNS} FROM segment WHERE boot = ? AND to_ns > ? AND from_ns < ?"
            " AND (? IS NULL OR channel = ?) ORDER BY from_ns, n",
            (boot, from_ns, to_ns, channel, channel),
        )

    def levels_of(self, occurrence_id: str, channel: str) -> list[Level]:
        """How loud the occurrence was, in the stretches in which that was measured."""
        sql = "SELECT * FROM level WHERE occurrence = ? AND channel = ? ORDER BY boot, from_ns"
        return self.parsed(_level, sql, (occurrence_id, channel))

    def read_through(self) -> None:
        super().read_through()
        newest = self.rows("SELECT coalesce(max(change), 0) FROM segment")
        self.segments_since(newest[0][0] - READ_THROUGH if newest else 0, READ_THROUGH)
        self.learnt_delays()

    def first_boot(self) -> int | None:
        """The first boot in which the meter lived."""
        rows = self.rows("SELECT min(boot) FROM run")
        return rows[0][0] if rows else None

    def learnt_delays(self) -> dict[str, float]:
        return dict(self.rows("SELECT channel, delay_ms FROM delay"))


def _level(row: Row) -> Level:
    occurrence, channel, boot, from_ns, to_ns, heard_ms, *figures = row
    return Level(channel, occurrence, boot, from_ns, to_ns, heard_ms, Loudness(*figures[:3]), Loudness(*figures[3:]))


def _segment(row: Row) -> Segment:
    channel, boot, from_ns, to_ns, state, quality, *figures = row
    return Segment(channel, boot, from_ns, to_ns, State(state), Quality(quality), *figures)
