"""The journals of playout and the meter: facts in, durable at ``commit``. One writer each; readers are in readers.py.

``append…`` calls only remember; ``commit`` stores all of them in one synced transaction. A commit that fails stores
nothing and forgets nothing: commit again, or ``rollback`` and append again.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from audio.segments import Segment
from scheduler.clock import ClockMapRow, Reading, wall_ns_of
from scheduler.occurrence import Occurrence
from telemetry.canonical import canonical
from telemetry.database import Corrupt, DiskFull, JournalError, open_or_quarantine
from telemetry.facts import Condition, Fact, Level, PlayoutFact, Watermark
from telemetry.readers import MeterReader, PlayoutReader, Stop

__all__ = [
    "Corrupt",
    "DiskFull",
    "JournalError",
    "MeterJournal",
    "MeterReader",
    "PlanChange",
    "PlayoutJournal",
    "PlayoutReader",
    "Stop",
]
SAME_DELAY_MS = 20.0  # a segment whose delay differs by more is another segment: the jump stays visible


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What a newer plan did to the journaled one, by occurrence id."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()


class _Journal:
    """What both journals have: a buffer, conditions, a watermark."""

    def __init__(self, path: Path, family: str, read: Callable[[Path], object]) -> None:
        self._db, self.quarantined = open_or_quarantine(path, family, read)  # quarantined: where a damaged file was put
        self._run: int | None = None
        self._committed_run: int | None = None
        self._pending: list[tuple[str, tuple[Any, ...]]] = []
        self._load()

    def _load(self) -> None:
        """Take the counters from the file."""
        self._last = {table: self._highest(table) for table in ("condition", "run")}
        self._run = self._committed_run

    def _highest(self, table: str, column: str = "n") -> int:
        return int(self._db.rows(f"SELECT coalesce(max({column}), 0) FROM {table}")[0][0])

    def _next(self, counter: str) -> int:
        self._last[counter] += 1
        return self._last[counter]

    def _put(self, sql: str, *parameters: Any) -> None:
        self._pending.append((sql, parameters))

    def append_condition(self, condition: Condition) -> None:
        c = condition
        self._put(
            "INSERT INTO condition VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(self._next("condition"), c.code, c.target, int(c.bad), c.boot, c.since_ns, canonical(c.evidence)),
        )

    def mark(self, watermark: Watermark) -> None:
        """All facts up to here have been appended. The first call begins a life of the process: make it at once."""
        w = watermark
        if self._run is None:
            self._run = self._next("run")
            row = (self._run, w.boot, w.boottime_ns, w.boottime_ns, w.wall_ns, w.wall_ns)
            self._put("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?)", *row)
        else:
            self._put("UPDATE run SET to_ns = ?, to_wall_ns = ? WHERE n = ?", w.boottime_ns, w.wall_ns, self._run)

    def commit(self) -> float:
        """Store what was appended; the milliseconds it took. Raises JournalError (DiskFull): then nothing is stored."""
        if not self._pending:
            return 0.0
        duration_ms = self._db.write_all(self._pending)
        self._pending.clear()
        self._committed_run = self._run
        return duration_ms

    def rollback(self) -> None:
        """Forget what was appended since the last commit. Raises JournalError."""
        self._pending.clear()
        self._load()

    def close(self) -> None:
        """Close without committing."""
        self._db.close()


class PlayoutJournal(_Journal):
    """Written by playout alone, from one thread."""

    def __init__(self, path: Path, read: Callable[[Path], object] = lambda path: None) -> None:
        """*read* tries what the file will be asked. Raises JournalError when the disk takes no journal at all."""

        def try_all(path: Path) -> None:
            _read_through(PlayoutReader(path))
            read(path)

        super().__init__(path, "playout", try_all)

    def _load(self) -> None:
        super()._load()
        self._last |= {table: self._highest(table) for table in ("fact", "clock", "timetable")}
        self._last["fact_change"] = self._highest("fact", "change")
        self._last["plan_change"] = self._highest("plan", "change")
        self._progress: dict[str, int] = {}  # the open playout's progress row, by occurrence

    def append_fact(self, fact: PlayoutFact) -> None:
        """Progress of an open playout replaces its last progress; every other fact is a row of its own."""
        occurrence = fact.occurrence_id
        if fact.kind is Fact.PROGRESS and occurrence in self._progress:
            self._replace_fact(self._progress[occurrence], fact)
            return
        n = self._insert_fact(fact)
        if occurrence is not None:
            self._progress.pop(occurrence, None)
            if fact.kind is Fact.PROGRESS:
                self._progress[occurrence] = n

    def _insert_fact(self, fact: PlayoutFact) -> int:
        n, at = self._next("fact"), fact.at
        stamp = (at.boot, at.boottime_ns, at.wall_ns, str(at.quality))
        row = (n, self._next("fact_change"), str(fact.kind), *stamp, fact.occurrence_id, canonical(fact.detail))
        self._put("INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)
        return n

    def _replace_fact(self, n: int, fact: PlayoutFact) -> None:
        self._put(
            "UPDATE fact SET change = ?, boottime_ns = ?, wall_ns = ?, quality = ?, detail = ? WHERE n = ?",
            *(self._next("fact_change"), fact.at.boottime_ns, fact.at.wall_ns, str(fact.at.quality)),
            *(canonical(fact.detail), n),
        )

    def append_clock(self, row: ClockMapRow) -> None:
        self._put(
            "INSERT INTO clock VALUES (?, ?, ?, ?, ?)",
            *(self._next("clock"), row.boot, row.boottime_ns, row.offset_ns, str(row.quality)),
        )

    def replace_plan(self, occurrences: Iterable[Occurrence], at: Reading, by: str) -> PlanChange:
        """Put a newer plan in place of what has not begun; the past is judged by the plan of its day.

        What has begun (by its facts, or by the clock) stays as it is. What the newer plan lacks is kept, marked as
        withdrawn. An occurrence that is over when it is first planned is not taken. Reads what is committed: commit
        first.
        """
        newer = {o.id: o for o in occurrences if wall_ns_of(o.ends_at) > at.wall_ns}
        known = self._open_plan(at.wall_ns)
        begun = {id for id, plan in known.items() if plan.begun}
        added = [o for o in newer.values() if o.id not in known]
        changed = [o for o in newer.values() if o.id in known and o.id not in begun and known[o.id].differs(o)]
        lost = [id for id, plan in known.items() if id not in newer and id not in begun and not plan.withdrawn]
        for occurrence in (*added, *changed):
            self._put_plan(occurrence)
        for id in lost:
            self._put(
                "UPDATE plan SET change = ?, withdrawn_by = ?, withdrawn_ns = ? WHERE occurrence = ?",
                *(self._next("plan_change"), by, at.wall_ns, id),
            )
        return PlanChange(tuple(o.id for o in added), tuple(o.id for o in changed), tuple(lost))

    def amend(self, *occurrences: Occurrence) -> None:
        """What playout itself changes: a live programme was planned until somebody ended it, one that is played to its
        end moves those after it, a filler comes in.
        """
        for occurrence in occurrences:
            self._put_plan(occurrence)

    def _put_plan(self, occurrence: Occurrence) -> None:
        o = occurrence
        self._put(
            "INSERT OR REPLACE INTO plan VALUES (?, ?, ?, ?, ?, NULL, NULL)",
            *(o.id, self._next("plan_change"), canonical(o.to_json())),
            *(wall_ns_of(o.starts_at), wall_ns_of(o.ends_at)),
        )

    def _open_plan(self, wall_ns: int) -> dict[str, "_Known"]:
        """What was planned and is not over: all that a newer plan may touch."""
        rows = self._db.rows(
            "SELECT occurrence, body, withdrawn_by IS NOT NULL, starts_ns <= ? OR EXISTS (SELECT 1 FROM fact"
            " WHERE fact.occurrence = plan.occurrence AND fact.kind = 'began') FROM plan WHERE ends_ns > ?",
            (wall_ns, wall_ns),
        )
        return {id: _Known(body, bool(gone), bool(begun) and not gone) for id, body, gone, begun in rows}

    def adopt_timetables(self, timetables: Mapping[str, Any], at: Reading, by: str) -> None:
        """Keep the book of timetables that holds from here; earlier ones stay."""
        self._put(
            "INSERT INTO timetable VALUES (?, ?, ?, ?)", self._next("timetable"), at.wall_ns, by, canonical(timetables)
        )

    def timetables(self) -> dict[str, Any] | None:
        """The book of timetables, as last committed."""
        rows = self._db.rows("SELECT body FROM timetable ORDER BY n DESC LIMIT 1")
        return json.loads(rows[0][0]) if rows else None

    def set_stop(self, stop: Stop | None) -> None:
        """A person's stop is in force from here (None: no longer). It outlives a restart."""
        self._put("DELETE FROM stop")
        if stop is not None:
            row = (stop.by, stop.why, stop.since_wall_ns, stop.until_wall_ns)
            self._put("INSERT INTO stop VALUES (1, ?, ?, ?, ?)", *row)

    def stop(self) -> Stop | None:
        """The stop in force, as last committed."""
        rows = self._db.rows("SELECT by, why, since_ns, until_ns FROM stop")
        return Stop(*rows[0]) if rows else None


@dataclass(frozen=True, slots=True)
class _Known:
    """A planned occurrence that is not over."""

    body: str
    withdrawn: bool
    begun: bool

    def differs(self, occurrence: Occurrence) -> bool:
        return self.withdrawn or self.body != canonical(occurrence.to_json())


class MeterJournal(_Journal):
    """Written by the meter alone, from one thread."""

    def __init__(self, path: Path) -> None:
        """Raises JournalError when the disk takes no journal at all."""
        super().__init__(path, "meter", lambda path: _read_through(MeterReader(path)))

    def _load(self) -> None:
        super()._load()
        self._last |= {"segment": self._highest("segment"), "segment_change": self._highest("segment", "change")}
        self._newest: dict[str, tuple[int, Segment]] = {}  # by channel, of this life of the process

    def append_segment(self, segment: Segment) -> None:
        """Store a decided stretch. One that goes on as the channel's newest did lengthens it: a night is one row."""
        newest = self._newest.get(segment.channel)
        if newest is not None and _continues(newest[1], segment):
            n, joined = newest[0], _joined(newest[1], segment)
            self._put(
                "UPDATE segment SET change = ?, to_ns = ?, delay_ms = ?, coherence = ?, heard_dbfs = ?, doubt_ms = ?,"
                " evidence_share = ?, snr_db = ? WHERE n = ?",
                *(self._next("segment_change"), joined.to_ns, joined.delay_ms, joined.coherence, joined.heard_dbfs),
                *(joined.doubt_ms, joined.evidence_share, joined.snr_db, n),
            )
        else:
            n, joined = self._next("segment"), segment
            self._insert_segment(n, segment)
        self._newest[segment.channel] = (n, joined)

    def _insert_segment(self, n: int, s: Segment) -> None:
        self._put(
            "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(n, self._next("segment_change"), s.channel, s.boot, s.from_ns, s.to_ns, str(s.state), str(s.quality)),
            *(s.delay_ms, s.coherence, s.heard_dbfs, s.edge_ms, s.doubt_ms, s.evidence_share, s.snr_db),
        )

    def put_level(self, level: Level) -> None:
        """Store how loud a stretch was, in place of what was said of the same stretch while it was shorter."""
        v = level
        self._put(
            "INSERT OR REPLACE INTO level VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(v.occurrence_id, v.channel, v.boot, v.from_ns, v.to_ns, v.heard_ms, *astuple(v.sent), *astuple(v.heard)),
        )

    def told_until(self, boot: int, since_ns: int) -> dict[str, int]:
        """By channel: boottime that its segments of this boot reach, where that is after *since_ns*. As committed."""
        sql = "SELECT channel, max(to_ns) FROM segment WHERE boot = ? AND to_ns > ? GROUP BY channel"
        return dict(self._db.rows(sql, (boot, since_ns)))

    def go_on(self, boot: int, since_ns: int) -> int | None:
        """Take up the newest life, of a predecessor that died, if it is of this boot and reached *since_ns*.

        Its watermark then, which ``mark`` moves on until ``begin_life``; else None.
        """
        rows = self._db.rows("SELECT n, boot, to_ns FROM run ORDER BY n DESC LIMIT 1")
        if not rows or rows[0][1] != boot or rows[0][2] < since_ns:
            return None
        self._run = self._committed_run = rows[0][0]
        return int(rows[0][2])

    def begin_life(self) -> None:
        """The next ``mark`` begins a life of its own."""
        self._run = None

    def learn_delay(self, channel: str, delay_ms: float, at: Reading) -> None:
        """Keep the channel's delay as the prior of the next start."""
        self._put("INSERT OR REPLACE INTO delay VALUES (?, ?, ?)", channel, delay_ms, at.wall_ns)

    def learnt_delays(self) -> dict[str, float]:
        """By channel, as last committed."""
        return dict(self._db.rows("SELECT channel, delay_ms FROM delay"))


def _read_through(reader: PlayoutReader | MeterReader) -> None:
    try:
        reader.read_through()
    finally:
        reader.close()


def _continues(before: Segment, after: Segment) -> bool:
    alike = (before.boot, before.to_ns, before.state, before.quality) == (
        *(after.boot, after.from_ns, after.state, after.quality),
    )
    return alike and _same_delay(before.delay_ms, after.delay_ms)


def _same_delay(before_ms: float | None, after_ms: float | None) -> bool:
    if before_ms is None or after_ms is None:
        return before_ms is after_ms
    return abs(before_ms - after_ms) <= SAME_DELAY_MS


def _joined(before: Segment, after: Segment) -> Segment:
    """One segment for both; its figures are means over its length, its doubts are those of both."""
    old, new = before.to_ns - before.from_ns, after.to_ns - after.from_ns

    def mean(a: float | None, b: float | None) -> float | None:
        if a is None or b is None or old + new == 0:
            return a if b is None else b
        return (a * old + b * new) / (old + new)

    return replace(
        before,
        to_ns=after.to_ns,
        delay_ms=mean(before.delay_ms, after.delay_ms),
        coherence=mean(before.coherence, after.coherence),
        heard_dbfs=mean(before.heard_dbfs, after.heard_dbfs),
        doubt_ms=None if before.doubt_ms is None else before.doubt_ms + (after.doubt_ms or 0.0),
        evidence_share=mean(before.evidence_share, after.evidence_share),
        snr_db=mean(before.snr_db, after.snr_db),
    )
