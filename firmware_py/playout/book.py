"""What playout says to its journal: facts, conditions, the clock map, watermarks. Each when it changes, once."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from scheduler.clock import NS_PER_MS, ClockMapRow, Reading
from telemetry.conditions import ConditionBook
from telemetry.facts import Condition, Fact, PlayoutFact, Watermark
from telemetry.journal import PlayoutJournal

STEP_NS = 100 * NS_PER_MS  # the wall clock moved by more than this against boottime: a step, not slewing
SLEW_NS = 5 * NS_PER_MS  # slewed so far: another row in the clock map
SLOW_COMMIT_MS = 1_000.0
BUSY_HEARTBEAT_NS = 5_000 * NS_PER_MS
IDLE_HEARTBEAT_NS = 60_000 * NS_PER_MS
STATION = "station"
log = logging.getLogger("smartradio")

Entry = Callable[[PlayoutJournal], object]


@dataclass
class Book:
    """``write`` takes entries for the journal thread; nothing here waits."""

    write: Callable[[Entry], None]
    conditions: ConditionBook = field(default_factory=ConditionBook)
    _last: Reading | None = None
    _mapped_offset_ns: int | None = None
    _marked_ns: int = -IDLE_HEARTBEAT_NS
    _disk_slow: bool = False

    def fact(self, kind: Fact, reading: Reading, occurrence_id: str | None, **detail: Any) -> None:
        fact = PlayoutFact(0, kind, reading, occurrence_id, detail)
        self.write(lambda journal: journal.append_fact(fact))

    def state(
        self,
        codes: Mapping[str, bool],
        reading: Reading,
        evidence: Mapping[str, Any] | None = None,
        target: str = STATION,
    ) -> None:
        """Journal what changed. A good word about something never spoken of is no news."""
        news = {code: bad for code, bad in codes.items() if bad or (code, target) in self.conditions.bad()}
        for condition in self.conditions.changes(target, news, reading, evidence):
            self.write(partial(_append_condition, condition))

    def committed(self, duration_ms: float, reading: Reading) -> None:
        """The journal thread has made something durable, and it took so long."""
        slow = duration_ms >= SLOW_COMMIT_MS
        if slow and not self._disk_slow:
            self.fact(Fact.SLOW_DISK, reading, None, ms=round(duration_ms))
        self._disk_slow = slow
        self.state({"disk_full": False, "disk_failed": False}, reading)

    def begun_anew(self, set_aside: str, reading: Reading) -> None:
        """The journal was damaged and lies in the file *set_aside*; what it knew is lost."""
        log.error("playout.db was damaged: it lies in %s, and a new one is begun", set_aside)
        for bad in (True, False):
            self.state({"journal_corrupt": bad}, reading, {"file": set_aside}, "playout")

    def clock(self, reading: Reading) -> bool:
        """Keep the clock map and the record of steps; True if the clock was set since the last time."""
        self.state({"clock_untrusted": not reading.quality.plays}, reading, {"quality": str(reading.quality)})
        known_ns = self._mapped_offset_ns
        moved_ns = 0 if known_ns is None else reading.offset_ns - known_ns
        stepped = abs(moved_ns) >= STEP_NS
        if stepped:
            self._stepped(moved_ns, reading)
        if known_ns is None or abs(moved_ns) >= SLEW_NS or self._quality_changed(reading):
            self._mapped_offset_ns = reading.offset_ns
            row = ClockMapRow(reading.boot, reading.boottime_ns, reading.offset_ns, reading.quality)
            self.write(lambda journal: journal.append_clock(row))
        self._last = reading
        return stepped

    def _stepped(self, moved_ns: int, reading: Reading) -> None:
        walls = {"from_wall_ns": reading.wall_ns - moved_ns, "to_wall_ns": reading.wall_ns}
        self.fact(Fact.CLOCK_MOVED, reading, None, **walls, quality=str(reading.quality))
        log.warning("the clock moved by %.1f s", moved_ns / 1e9)

    def _quality_changed(self, reading: Reading) -> bool:
        return self._last is not None and self._last.quality is not reading.quality

    def heartbeat(self, busy: bool, reading: Reading) -> None:
        """A watermark every 5 s while an account waits for one, every 60 s else."""
        every_ns = BUSY_HEARTBEAT_NS if busy else IDLE_HEARTBEAT_NS
        if reading.boottime_ns - self._marked_ns >= every_ns:
            self.mark(reading)

    def mark(self, reading: Reading) -> None:
        """All facts up to here are handed to the journal."""
        self._marked_ns = reading.boottime_ns
        watermark = Watermark(reading.boot, reading.boottime_ns, reading.wall_ns)
        self.write(lambda journal: journal.mark(watermark))


def _append_condition(condition: Condition, journal: PlayoutJournal) -> None:
    journal.append_condition(condition)
