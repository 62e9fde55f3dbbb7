"""The deciding thread of playout: compares what should sound with what sounds, and books what was done.

Everything it needs of the world is handed in: a clock to read, a player to command, a journal thread to tell, a way to
open sources. It asks nothing that could wait.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from audio.deck import Cue, Source
from audio.events import Began, CardBack, CardLost, ClockJumped, EndCause, Ended
from firmware_py.journaling import CannotCommit, Committed
from firmware_py.playout.past import FINAL_ENDS, Past
from firmware_py.playout.planning import Plan, renew
from firmware_py.playout.relay_news import RelayNews
from scheduler.agenda import Miss, Playing, Situation, Start, Stop, Stopped, decide, obey
from scheduler.clock import NS_PER_MS, ClockMapRow, Reading, local_iso, wall_ns_of
from scheduler.diff import PlanChange
from scheduler.occurrence import BulletinClass, Kind, Occurrence
from scheduler.quiet import Window
from scheduler.timetable import Timetable
from telemetry.conditions import ConditionBook
from telemetry.facts import LEARN_LEVEL, Condition, Fact, PlayoutFact, Watermark
from telemetry.journal import PlayoutJournal
from telemetry.journal import Stop as JournaledStop

STEP_NS = 100 * NS_PER_MS  # the wall clock moved by more than this against boottime: a step, not slewing
SLEW_NS = 5 * NS_PER_MS  # slewed so far: another row in the clock map
SLOW_COMMIT_MS = 1_000.0
SOURCE_RETRY_NS = 2_000 * NS_PER_MS
BUSY_HEARTBEAT_NS = 5_000 * NS_PER_MS
IDLE_HEARTBEAT_NS = 60_000 * NS_PER_MS
PLAY_LEAD = timedelta(milliseconds=600)  # from an operator's "play" to its first frame, at least
MAY_BE_JOINED = {"stopped_by", "pre_empted", str(EndCause.SHUTDOWN)}
STATION = "station"
log = logging.getLogger("smartradio")


Entry = Callable[[PlayoutJournal], object]


class Player(Protocol):
    def cue(self, cue: Cue) -> None: ...

    def stop(self, occurrence_id: str) -> None: ...


class SourceMissing(Exception):
    """There is nothing to play; the text says why, for the record."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A source, decoding ahead, and how long its content is (None: a stream)."""

    source: Source
    content_ms: int | None


OpenSource = Callable[[Occurrence, int], Opened]  # occurrence, offset_ms; raises SourceMissing


@dataclass
class Desk:
    """State of the deciding thread. ``journal`` takes entries for the journal thread."""

    player: Player
    journal: Callable[[Entry], None]
    open_source: OpenSource
    quiet: tuple[Window, ...]
    plan: Plan = field(default_factory=Plan)
    playing: tuple[Playing, ...] = ()
    closed: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    pinned: dict[str, int] = field(default_factory=dict)
    stopped: Stopped | None = None
    conditions: ConditionBook = field(default_factory=ConditionBook)
    card_ok: bool = True
    _last: Reading | None = None
    _mapped_offset_ns: int | None = None
    _awake_ns: int = 0
    _trusted_ns: int | None = None
    _heartbeat_ns: int = -IDLE_HEARTBEAT_NS
    _ended_ns: int = -IDLE_HEARTBEAT_NS
    _disk_slow: bool = False
    _sounding: set[str] = field(default_factory=set)  # began, and not yet ended
    _content_ms: dict[str, int | None] = field(default_factory=dict)
    _cut_causes: dict[str, str] = field(default_factory=dict)
    _failures: dict[str, tuple[int, str]] = field(default_factory=dict)  # id → (retry at, cause)
    _requests_seen: set[str] = field(default_factory=set)

    # -- start ---------------------------------------------------------------------------------------------------

    def begin(self, past: Past, reading: Reading, sounded_until: Mapping[str, int]) -> None:
        """Take over from the predecessor. *sounded_until*: id → boottime, of what the ring says was sounding last."""
        self.plan = Plan(past.timetable, past.occurrences)
        self.closed, self.missed = set(past.closed), set(past.missed)
        self.begun, self.pinned = set(past.pinned) | self.closed, dict(past.pinned)
        self.stopped = past.stopped
        self._awake_ns = reading.boottime_ns
        first = reading.boot != past.last_boot
        died = not past.shut_down and not first  # a power cut is no fault of the process
        self._fact(Fact.BOOTED, reading, None, first_of_boot=first, predecessor_died=died)
        for id, still in past.open.items():
            self._close_predecessors(id, still.began, still.frames, sounded_until.get(id), reading)
        self.step(reading)

    def _close_predecessors(
        self, id: str, began: PlayoutFact, frames: int, until_ns: int | None, reading: Reading
    ) -> None:
        """Book until where the predecessor sounded: by the ring if it still tells, else by its last progress."""
        sink_ns = began.detail["sink_ns"]
        if until_ns is not None and until_ns > sink_ns:
            frames = max(frames, (until_ns - sink_ns) * 48 // NS_PER_MS)
        ended_ns = sink_ns + frames * NS_PER_MS // 48
        self._fact(Fact.ENDED, reading, id, sink_ns=ended_ns, frames=frames, cause="playout_died")

    # -- every message ---------------------------------------------------------------------------------------------

    def handle(self, message: object, reading: Reading) -> None:
        """One event of the player or of the journal thread (anything else is a tick), then a decision."""
        match message:
            case Began():
                self._began(message, reading)
            case Ended():
                self._ended(message, reading)
            case CardLost(_, reason):
                self._card(False, reading, reason=reason)
            case CardBack(at_ns):
                self._card(True, reading, at_ns=at_ns)
            case ClockJumped(at_ns, lost_ns):
                self._fact(Fact.JUMPED, reading, None, lost_ms=lost_ns // NS_PER_MS, at_ns=at_ns)
            case Committed(duration_ms):
                self._committed(duration_ms, reading)
            case CannotCommit(full, reason):
                self._state({"disk_full": full, "disk_failed": not full}, reading, {"reason": reason})
        self.step(reading)

    def step(self, reading: Reading) -> None:
        """Bring what sounds to what should sound. Asking twice is harmless."""
        self._look_at_clock(reading)
        self._end_of_stop(reading)
        if reading.quality.plays and self.plan.stale(reading.wall):
            self._replan(reading, by="timetable")
        commands = decide(self.plan.occurrences, self.situation(reading))
        for command in commands:
            match command:
                case Start():
                    self._start(command, reading)
                case Stop():
                    self._stop(command)
                case Miss(occurrence, cause):
                    self._miss(occurrence, str(cause), reading)
        self._drop_ended(reading)
        self._heartbeat(reading)

    def situation(self, reading: Reading) -> Situation:
        return Situation(
            reading,
            self.playing,
            self.closed,
            self.missed,
            self.pinned,
            self.stopped,
            self.quiet,
            self._awake_ns,
            self._trusted_ns if self._trusted_ns is not None else reading.boottime_ns,
        )

    # -- requests --------------------------------------------------------------------------------------------------

    def request(self, id: str, command: str, by: str, body: Mapping[str, Any], reading: Reading) -> str | None:
        """Carry out a person's request; None when done, else why not. The same id twice is done once."""
        if id in self._requests_seen:
            return None
        try:
            self._carry_out(id, command, by, body, reading)
        except (KeyError, TypeError, ValueError) as error:
            return f"{command}: {error}"
        self._requests_seen.add(id)
        self.step(reading)
        return None

    def _carry_out(self, id: str, command: str, by: str, body: Mapping[str, Any], reading: Reading) -> None:
        match command:
            case "timetable":
                self._adopt(Timetable.from_json(body["timetable"]), by, str(body.get("file", "")), reading)
            case "stop":
                self._order_stop(by, body, reading)
            case "resume":
                self._order_resume(by, reading)
            case "play":
                self._order_play(id, by, body, reading)
            case "learn_level":
                self._fact(Fact.COMMAND, reading, None, by=by, what=LEARN_LEVEL, why=str(body.get("why", ""))[:500])
            case _:
                raise ValueError("unknown command")

    def _adopt(self, timetable: Timetable, by: str, file: str, reading: Reading) -> None:
        self.plan = self.plan.with_timetable(timetable)
        self.journal(lambda journal: journal.adopt_timetable(timetable.to_json(), reading, by))
        if reading.quality.plays:
            self._replan(reading, by, file)

    def _order_stop(self, by: str, body: Mapping[str, Any], reading: Reading) -> None:
        until = datetime.fromisoformat(body["until"]) if body.get("until") else None
        why = str(body.get("why", ""))[:500]
        self.stopped = Stopped(by, why, until)
        until_wall_ns = wall_ns_of(until) if until else None
        stop = JournaledStop(by, why, reading.wall_ns, until_wall_ns)
        self.journal(lambda journal: journal.set_stop(stop))
        until_ns = reading.boottime_of(until) if until else None
        self._fact(Fact.STOPPED, reading, None, by=by, why=why, until_ns=until_ns)

    def _order_resume(self, by: str, reading: Reading) -> None:
        self.stopped = None
        self.journal(lambda journal: journal.set_stop(None))
        self._fact(Fact.RESUMED, reading, None, by=by)

    def _end_of_stop(self, reading: Reading) -> None:
        if self.stopped and self.stopped.until and self.stopped.until <= reading.wall and reading.quality.plays:
            self._order_resume("until", reading)

    def _order_play(self, id: str, by: str, body: Mapping[str, Any], reading: Reading) -> None:
        """A person's "play this now" takes the zone from what is scheduled, which is joined again afterwards."""
        mark = f"-phat-ngay-{id[:8]}"
        if any(o.id.endswith(mark) for o in self.plan.occurrences):
            return  # our predecessor did it
        starts = (reading.wall + PLAY_LEAD).replace(microsecond=0) + timedelta(seconds=1)  # plans know whole seconds
        source = str(body["source"])
        occurrence = Occurrence(
            id=local_iso(starts)[:19].replace(":", "") + mark,
            programme=source,
            starts_at=starts,
            ends_at=starts + timedelta(milliseconds=int(body["duration_ms"])),
            kind=Kind.OWN,
            bulletin_class=BulletinClass.PRIORITY,
            source=source,
        )
        self.plan = self.plan.with_extra(occurrence)
        self._fact(Fact.COMMAND, reading, occurrence.id, by=by, what="play", why=str(body.get("why", ""))[:500])
        self._replan(reading, by)

    # -- plan ------------------------------------------------------------------------------------------------------

    def _replan(self, reading: Reading, by: str, file: str = "") -> None:
        cued = {p.occurrence.id for p in self.playing}
        self.plan, change = renew(self.plan, reading.wall, self.begun | cued, self.closed | self.missed)
        occurrences = self.plan.occurrences

        def store(journal: PlayoutJournal) -> None:
            journal.commit()  # replace_plan reads what is committed
            journal.replace_plan(occurrences, reading, by)

        self.journal(store)
        if not change.is_empty:
            self._fact(Fact.PLAN_CHANGED, reading, None, by=by, file=file, **_ids_of(change))

    # -- acts ------------------------------------------------------------------------------------------------------

    def _start(self, start: Start, reading: Reading) -> None:
        id = start.occurrence.id
        retry_ns, _ = self._failures.get(id, (0, ""))
        if reading.boottime_ns < retry_ns:
            return
        offset_ms = max(0, start.offset_ns // NS_PER_MS)
        try:
            opened = self.open_source(start.occurrence, offset_ms)
        except SourceMissing as error:
            self._failures[id] = (reading.boottime_ns + SOURCE_RETRY_NS, "source_missing")
            evidence = {"occurrence": id, "why": str(error)}
            self._state({"source_missing": True}, reading, evidence, target=start.occurrence.source)
            return
        self._content_ms[id] = opened.content_ms
        playing = Playing.of(start)
        self.playing = obey(self.playing, [start])
        self.pinned.setdefault(id, start.anchor_ns)
        self.player.cue(Cue(id, opened.source, playing.starts_ns, playing.ends_ns, offset_ms))

    def _stop(self, stop: Stop) -> None:
        id = stop.occurrence.id
        self._cut_causes[id] = str(stop.cause)
        self.playing = obey(self.playing, [stop])
        if str(stop.cause) != "pre_empted":  # a take-over is cut by the deck, on the winner's first frame
            self.player.stop(id)

    def _miss(self, occurrence: Occurrence, cause: str, reading: Reading) -> None:
        _, known = self._failures.pop(occurrence.id, (0, cause))
        self.missed.add(occurrence.id)
        self._fact(Fact.MISSED, reading, occurrence.id, cause=known)

    def _began(self, began: Began, reading: Reading) -> None:
        id = began.occurrence_id
        self.begun.add(id)
        self._sounding.add(id)
        self.missed.discard(id)
        if self._failures.pop(id, None) is not None:
            self._state({"source_missing": False}, reading, target=self._source_of(id))
        anchor_ns = self.pinned.get(id, began.wanted_ns - began.offset_ms * NS_PER_MS)
        times = {"sink_ns": began.sink_ns, "wanted_ns": began.wanted_ns, "anchor_ns": anchor_ns}
        content_ms = self._content_ms.get(id)
        self._fact(Fact.BEGAN, reading, id, **times, offset_ms=began.offset_ms, content_ms=content_ms)

    def _ended(self, ended: Ended, reading: Reading) -> None:
        id = ended.occurrence_id
        ordered = self._cut_causes.pop(id, str(EndCause.PLANNED_END))  # unordered: the next one's start cut its last ms
        cause = ordered if ended.cause is EndCause.STOPPED else str(ended.cause)
        self._ended_ns = reading.boottime_ns
        self.playing = tuple(p for p in self.playing if p.occurrence.id != id)
        if id not in self._sounding:  # it was only cued
            if id not in self.begun and cause not in MAY_BE_JOINED:
                self._miss_of(id, cause, reading)
            return
        self._sounding.discard(id)
        self._fact(Fact.ENDED, reading, id, sink_ns=ended.sink_ns, frames=ended.frames, cause=cause)
        if cause in FINAL_ENDS:
            self.closed.add(id)
        if ended.cause is EndCause.SOURCE_FAILED:
            self._failures[id] = (reading.boottime_ns + SOURCE_RETRY_NS, "source_failed")

    def _source_of(self, id: str) -> str:
        return next((o.source for o in self.plan.occurrences if o.id == id), "")

    def _miss_of(self, id: str, cause: str, reading: Reading) -> None:
        """It was cued and its time passed: nothing could sound."""
        self.missed.add(id)
        self._fact(Fact.MISSED, reading, id, cause="source_failed" if cause == "source_failed" else "device_lost")

    def _drop_ended(self, reading: Reading) -> None:
        """What the player would have told long ago is gone (its event came before ours was booked)."""
        self.playing = tuple(p for p in self.playing if p.ends_ns > reading.boottime_ns - 5_000 * NS_PER_MS)

    # -- what is said of the world ---------------------------------------------------------------------------------

    def _card(self, ok: bool, reading: Reading, **detail: Any) -> None:
        self.card_ok = ok
        self._fact(Fact.CARD_BACK if ok else Fact.CARD_LOST, reading, None, **detail)
        self._state({"sound_device": not ok}, reading, detail, target="output")

    def _committed(self, duration_ms: float, reading: Reading) -> None:
        slow = duration_ms >= SLOW_COMMIT_MS
        if slow and not self._disk_slow:
            self._fact(Fact.SLOW_DISK, reading, None, ms=round(duration_ms))
        self._disk_slow = slow
        self._state({"disk_full": False, "disk_failed": False}, reading)

    def _look_at_clock(self, reading: Reading) -> None:
        trusted = reading.quality.plays
        if not trusted:
            self._trusted_ns = None
        elif self._trusted_ns is None:
            self._trusted_ns = reading.boottime_ns
        self._state({"clock_untrusted": not trusted}, reading, {"quality": str(reading.quality)})
        moved_ns = 0 if self._mapped_offset_ns is None else reading.offset_ns - self._mapped_offset_ns
        if self._mapped_offset_ns is not None and abs(moved_ns) >= STEP_NS:
            self._clock_moved(moved_ns, reading)
        if self._mapped_offset_ns is None or abs(moved_ns) >= SLEW_NS or self._quality_changed(reading):
            self._mapped_offset_ns = reading.offset_ns
            row = ClockMapRow(reading.boot, reading.boottime_ns, reading.offset_ns, reading.quality)
            self.journal(lambda journal: journal.append_clock(row))
        self._last = reading

    def _quality_changed(self, reading: Reading) -> bool:
        return self._last is not None and self._last.quality is not reading.quality

    def _clock_moved(self, moved_ns: int, reading: Reading) -> None:
        """The plan of the coming days is made anew: it may be other days now."""
        quality = str(reading.quality)
        from_wall_ns = reading.wall_ns - moved_ns
        self._fact(
            Fact.CLOCK_MOVED, reading, None, from_wall_ns=from_wall_ns, to_wall_ns=reading.wall_ns, quality=quality
        )
        self.plan = replace(self.plan, made_on=None)
        log.warning("the clock moved by %.1f s", moved_ns / 1e9)

    def _state(
        self,
        codes: Mapping[str, bool],
        reading: Reading,
        evidence: Mapping[str, Any] | None = None,
        target: str = STATION,
    ) -> None:
        """Journal what changed. A good word about something never spoken of is no news."""
        news = {code: bad for code, bad in codes.items() if bad or (code, target) in self.conditions.bad()}
        for condition in self.conditions.changes(target, news, reading, evidence):
            self.journal(partial(_append_condition, condition))

    def _fact(self, kind: Fact, reading: Reading, occurrence_id: str | None, **detail: Any) -> None:
        fact = PlayoutFact(0, kind, reading, occurrence_id, detail)
        self.journal(lambda journal: journal.append_fact(fact))

    def _heartbeat(self, reading: Reading) -> None:
        """Every 5 s while something plays or has just ended (its account waits for us), every 60 s else."""
        busy = bool(self.playing) or reading.boottime_ns - self._ended_ns < IDLE_HEARTBEAT_NS
        every_ns = BUSY_HEARTBEAT_NS if busy else IDLE_HEARTBEAT_NS
        if reading.boottime_ns - self._heartbeat_ns >= every_ns:
            self.mark(reading)

    def mark(self, reading: Reading) -> None:
        """All facts up to here are handed to the journal."""
        self._heartbeat_ns = reading.boottime_ns
        watermark = Watermark(reading.boot, reading.boottime_ns, reading.wall_ns)
        self.journal(lambda journal: journal.mark(watermark))

    def end(self, reading: Reading) -> None:
        """The last word of this process."""
        self._fact(Fact.SHUT_DOWN, reading, None)
        self.mark(reading)

    def progress(self, occurrence_id: str, sink_ns: int, frames: int, reading: Reading) -> None:
        self._fact(Fact.PROGRESS, reading, occurrence_id, sink_ns=sink_ns, frames=frames)

    def relayed(self, news: RelayNews, reading: Reading) -> None:
        """Book which link of a relay sounds, and whether the relay itself can be had."""
        if news.changed:
            self._fact(Fact.SOURCE_CHANGED, reading, news.occurrence_id, **news.detail)
        if news.lost is not None:
            for condition in self.conditions.changes(news.source, {"source_lost": news.lost}, reading, news.evidence):
                self.journal(partial(_append_condition, condition))


def _append_condition(condition: Condition, journal: PlayoutJournal) -> None:
    journal.append_condition(condition)


def _ids_of(change: PlanChange) -> dict[str, list[str]]:
    return {
        "added": [o.id for o in change.added],
        "changed": [o.id for o in change.changed],
        "withdrawn": [o.id for o in change.withdrawn],
    }
