"""The deciding thread of playout: compares what should sound with what sounds, and books what was done.

Everything it needs of the world is handed in: a clock to read, a player to command, a journal thread to tell, a way to
open sources. It asks nothing that could wait.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from audio.deck import Cue, Source
from audio.events import Began, CardBack, CardLost, ClockJumped, EndCause, Ended
from firmware_py.journaling import CannotCommit, Committed
from firmware_py.playout.book import Book
from firmware_py.playout.orders import (
    Air,
    DropTimetable,
    EndAired,
    LearnLevel,
    NewTimetable,
    Order,
    Resume,
    StopAll,
    read_order,
)
from firmware_py.playout.past import CANCELLED, CARD_LOST, FINAL_ENDS, Past
from firmware_py.playout.planning import Plan, renew
from firmware_py.playout.relay_news import RelayNews
from scheduler.agenda import WHOLE_LEAD_NS, Miss, Playing, Situation, Start, Stop, Stopped, decide, obey
from scheduler.awaiting import awaiting
from scheduler.book import TimetableBook
from scheduler.clock import NS_PER_MS, NS_PER_S, Reading, local_day, wall_ns_of
from scheduler.diff import PlanChange
from scheduler.guards import NO_GUARDS, Guards, session_begins
from scheduler.occurrence import Occurrence
from scheduler.repeats import ContentOf, nothing_known
from telemetry.facts import LEARN_LEVEL, Fact, PlayoutFact
from telemetry.journal import PlayoutJournal
from telemetry.journal import Stop as JournaledStop

SOURCE_RETRY_NS = 2_000 * NS_PER_MS
JUST_ENDED_NS = 60_000 * NS_PER_MS
AWAITING = "awaiting_content"
MAY_BE_JOINED = {"stopped_by", "pre_empted", str(EndCause.SHUTDOWN)}


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
    content: str | None = None  # digest of its samples: what tells a repeat


OpenSource = Callable[[Occurrence, int], Opened]  # occurrence, offset_ms; raises SourceMissing


@dataclass
class Desk:
    """State of the deciding thread."""

    player: Player
    book: Book
    open_source: OpenSource
    guards: Guards = NO_GUARDS
    library: Callable[[], ContentOf] = lambda: nothing_known  # what its files hold now
    plan: Plan = field(default_factory=Plan)
    playing: tuple[Playing, ...] = ()
    closed: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    pinned: dict[str, int] = field(default_factory=dict)
    stopped: Stopped | None = None
    card_ok: bool = True
    _awake_ns: int = 0
    _trusted_ns: int | None = None
    _ended_ns: int = -JUST_ENDED_NS
    _sounding: set[str] = field(default_factory=set)  # began, and not yet ended
    _sessions: Mapping[str, datetime] = field(default_factory=dict)
    _content_ms: dict[str, int | None] = field(default_factory=dict)
    _contents: dict[str, str | None] = field(default_factory=dict)
    _cut_causes: dict[str, str] = field(default_factory=dict)
    _failures: dict[str, tuple[int, str]] = field(default_factory=dict)  # id → (retry at, cause)
    _requests_seen: set[str] = field(default_factory=set)

    # -- start ---------------------------------------------------------------------------------------------------

    def begin(self, past: Past, reading: Reading, sounded_until: Mapping[str, int]) -> None:
        """Take over from the predecessor. *sounded_until*: id → boottime, of what the ring says was sounding last."""
        self.plan = Plan(past.timetables, past.occurrences, holidays=self.guards.holidays)
        self.closed, self.missed = set(past.closed), set(past.missed)
        self.begun, self.pinned = set(past.pinned) | self.closed, dict(past.pinned)
        self.stopped, self.card_ok = past.stopped, not past.card_lost
        self.book.conditions.recall(past.bad)
        self._awake_ns = reading.boottime_ns
        first = reading.boot != past.last_boot
        died = not past.shut_down and not first  # a power cut is no fault of the process
        self.book.fact(Fact.BOOTED, reading, None, first_of_boot=first, predecessor_died=died)
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
        self.book.fact(Fact.ENDED, reading, id, sink_ns=ended_ns, frames=frames, cause="playout_died")

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
                self.book.fact(Fact.JUMPED, reading, None, lost_ms=lost_ns // NS_PER_MS, at_ns=at_ns)
            case Committed(duration_ms):
                self.book.committed(duration_ms, reading)
            case CannotCommit(full, reason):
                self.book.state({"disk_full": full, "disk_failed": not full}, reading, {"reason": reason})
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
        self.book.heartbeat(self._is_busy(reading), reading)

    def _is_busy(self, reading: Reading) -> bool:
        """Something plays, or has just ended: its account waits for us."""
        return bool(self.playing) or reading.boottime_ns - self._ended_ns < JUST_ENDED_NS

    def situation(self, reading: Reading) -> Situation:
        return Situation(
            reading,
            self.playing,
            self.closed,
            self.missed,
            self.pinned,
            self.stopped,
            self.guards,
            self._sessions,
            self._awake_ns,
            self._trusted_ns if self._trusted_ns is not None else reading.boottime_ns,
        )

    # -- requests --------------------------------------------------------------------------------------------------

    def request(self, id: str, command: str, by: str, body: Mapping[str, Any], reading: Reading) -> str | None:
        """Carry out a person's request; None when done, else why not. The same id twice is done once."""
        if id in self._requests_seen:
            return None
        try:
            order = read_order(id, command, body, reading)
        except (KeyError, TypeError, ValueError) as error:
            return f"{command}: {error}"
        self._carry_out(order, by, reading)
        self._requests_seen.add(id)
        self.step(reading)
        return None

    def _carry_out(self, order: Order, by: str, reading: Reading) -> None:
        match order:
            case NewTimetable(timetable, file):
                today = local_day(reading.wall) if reading.quality.plays else None
                self._keep(self.plan.timetables.with_timetable(timetable, today), by, file, reading)
            case DropTimetable(timetable_id):
                self._keep(self.plan.timetables.without(timetable_id), by, "", reading)
            case StopAll():
                self._order_stop(order, by, reading)
            case Resume():
                self._order_resume(by, reading)
            case LearnLevel(why):
                self.book.fact(Fact.COMMAND, reading, None, by=by, what=LEARN_LEVEL, why=why)
            case Air():
                self._air(order, by, reading)
            case EndAired():
                self._end_aired(order, by, reading)

    def _keep(self, timetables: TimetableBook, by: str, file: str, reading: Reading) -> None:
        self.plan = self.plan.with_timetables(timetables)
        self.book.write(lambda journal: journal.adopt_timetables(timetables.to_json(), reading, by))
        if reading.quality.plays:
            self._replan(reading, by, file)

    def _order_stop(self, order: StopAll, by: str, reading: Reading) -> None:
        self.stopped = Stopped(by, order.why, order.until)
        until_wall_ns = wall_ns_of(order.until) if order.until else None
        stop = JournaledStop(by, order.why, reading.wall_ns, until_wall_ns)
        self.book.write(lambda journal: journal.set_stop(stop))
        until_ns = reading.boottime_of(order.until) if order.until else None
        self.book.fact(Fact.STOPPED, reading, None, by=by, why=order.why, until_ns=until_ns)

    def _order_resume(self, by: str, reading: Reading) -> None:
        self.stopped = None
        self.book.write(lambda journal: journal.set_stop(None))
        self.book.fact(Fact.RESUMED, reading, None, by=by)

    def _end_of_stop(self, reading: Reading) -> None:
        if self.stopped and self.stopped.until and self.stopped.until <= reading.wall and reading.quality.plays:
            self._order_resume("until", reading)

    def _air(self, order: Air, by: str, reading: Reading) -> None:
        """Take the zone from what is scheduled, which is joined again afterwards."""
        if self._marked(order.mark):
            return  # our predecessor did it, or it came twice
        for mark in order.replaces:
            self._end_marked(mark, reading)
        self.plan = self.plan.with_extra(order.occurrence)
        if not reading.quality.plays:  # what is asked for now needs no clock
            self.pinned[order.occurrence.id] = reading.boottime_ns + WHOLE_LEAD_NS
        self.book.fact(Fact.COMMAND, reading, order.occurrence.id, by=by, what=order.what, why=order.why)
        self._replan(reading, by)

    def _end_aired(self, order: EndAired, by: str, reading: Reading) -> None:
        self.book.fact(Fact.COMMAND, reading, None, by=by, what=order.what, why=order.why)
        for mark in order.marks:
            self._end_marked(mark, reading, order.shortens)

    def _marked(self, mark: str) -> list[Occurrence]:
        return [o for o in self.plan.occurrences if mark in o.id]

    def _end_marked(self, mark: str, reading: Reading, shortens: bool = False) -> None:
        """It ends now, or never begins. What was to end whenever somebody says so was not planned any longer."""
        for occurrence in self._marked(mark):
            if occurrence.id in self.closed:
                continue
            self.closed.add(occurrence.id)
            playing = next((p for p in self.playing if p.occurrence.id == occurrence.id), None)
            if playing is None or playing.starts_ns > reading.boottime_ns:
                self._take_back(occurrence, reading)
            elif shortens:
                self._shorten(occurrence, playing, reading)
            if playing is not None:
                self._cut_causes[occurrence.id] = CANCELLED
                self.playing = tuple(p for p in self.playing if p is not playing)
                self.player.stop(occurrence.id)

    def _take_back(self, occurrence: Occurrence, reading: Reading) -> None:
        if occurrence.id not in self.begun | self.missed:
            self.missed.add(occurrence.id)
            self.book.fact(Fact.MISSED, reading, occurrence.id, cause=CANCELLED)

    def _shorten(self, occurrence: Occurrence, playing: Playing, reading: Reading) -> None:
        """Its plan ends with the last whole second that has sounded."""
        lasted_s = max(1, (reading.boottime_ns - playing.anchor_ns) // NS_PER_S)
        shorter = replace(occurrence, ends_at=occurrence.starts_at + timedelta(seconds=lasted_s))
        self.plan = self.plan.with_changed(shorter)
        self.book.write(lambda journal: journal.shorten(shorter))

    # -- plan ------------------------------------------------------------------------------------------------------

    def _replan(self, reading: Reading, by: str, file: str = "") -> None:
        cued = {p.occurrence.id for p in self.playing}
        self.plan, change = renew(self.plan, reading.wall, self.begun | cued, self.closed | self.missed, self.library())
        occurrences = self.plan.occurrences
        if self.guards.longest_session_min is not None:
            self._sessions = session_begins(occurrences)

        def store(journal: PlayoutJournal) -> None:
            journal.commit()  # replace_plan reads what is committed
            journal.replace_plan(occurrences, reading, by)

        self.book.write(store)
        if not change.is_empty:
            self.book.fact(Fact.PLAN_CHANGED, reading, None, by=by, file=file, **_ids_of(change))

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
            self.book.state({"source_missing": True}, reading, evidence, target=start.occurrence.source)
            return
        self._content_ms[id], self._contents[id] = opened.content_ms, opened.content
        playing = Playing.of(start)
        self.playing = obey(self.playing, [start])
        self.pinned.setdefault(id, start.anchor_ns)
        whole = start.occurrence.waits_ms > 0 and offset_ms == 0
        self.player.cue(Cue(id, opened.source, playing.starts_ns, playing.ends_ns, offset_ms, whole=whole))

    def _stop(self, stop: Stop) -> None:
        id = stop.occurrence.id
        self._cut_causes[id] = str(stop.cause)
        self.playing = obey(self.playing, [stop])
        if str(stop.cause) != "pre_empted":  # a take-over is cut by the deck, on the winner's first frame
            self.player.stop(id)

    def _miss(self, occurrence: Occurrence, cause: str, reading: Reading) -> None:
        _, known = self._failures.pop(occurrence.id, (0, cause))
        self.missed.add(occurrence.id)
        self.book.fact(Fact.MISSED, reading, occurrence.id, cause=known)

    def _began(self, began: Began, reading: Reading) -> None:
        id = began.occurrence_id
        self.begun.add(id)
        self._sounding.add(id)
        self.missed.discard(id)
        if self._failures.pop(id, None) is not None:
            self.book.state({"source_missing": False}, reading, target=self._source_of(id))
        anchor_ns = self._anchor_of(began)
        times = {"sink_ns": began.sink_ns, "wanted_ns": began.wanted_ns, "anchor_ns": anchor_ns}
        of_file = {"content_ms": self._content_ms.get(id), "content": self._contents.get(id)}
        self.book.fact(Fact.BEGAN, reading, id, **times, offset_ms=began.offset_ms, **of_file)

    def _anchor_of(self, began: Began) -> int:
        """Where its slot lies: pinned when it was ordered, but for what waited in the player for its first frame."""
        id, begun_ns = began.occurrence_id, began.wanted_ns - began.offset_ms * NS_PER_MS
        playing = next((p for p in self.playing if p.occurrence.id == id), None)
        if playing is not None and playing.occurrence.waits_ms and began.offset_ms == 0:
            late_ns = begun_ns - playing.anchor_ns
            later = Playing(playing.occurrence, begun_ns, playing.starts_ns + late_ns, playing.ends_ns + late_ns)
            self.playing = tuple(later if p is playing else p for p in self.playing)
            self.pinned[id] = begun_ns
        return self.pinned.get(id, begun_ns)

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
        self.book.fact(Fact.ENDED, reading, id, sink_ns=ended.sink_ns, frames=ended.frames, cause=cause)
        if cause in FINAL_ENDS:
            self.closed.add(id)
        if ended.cause is EndCause.SOURCE_FAILED:
            self._failures[id] = (reading.boottime_ns + SOURCE_RETRY_NS, "source_failed")

    def _source_of(self, id: str) -> str:
        return next((o.source for o in self.plan.occurrences if o.id == id), "")

    def _miss_of(self, id: str, cause: str, reading: Reading) -> None:
        """It was cued and its time passed: nothing could sound."""
        self.missed.add(id)
        self.book.fact(Fact.MISSED, reading, id, cause="source_failed" if cause == "source_failed" else "device_lost")

    def remind(self, has_source: Callable[[str], bool], reading: Reading) -> None:
        """Say what is planned soon and has no content yet, until it has."""
        if not reading.quality.plays:
            return
        waiting = awaiting(self.plan.occurrences, reading.wall, has_source)
        told = {target for code, target in self.book.conditions.bad() if code == AWAITING}
        for target in sorted(told | waiting.keys()):
            occurrence = waiting.get(target)
            evidence = {"occurrence": occurrence.id, "programme": occurrence.programme} if occurrence else None
            self.book.state({AWAITING: occurrence is not None}, reading, evidence, target)

    def _drop_ended(self, reading: Reading) -> None:
        """What the player would have told long ago is gone (its event came before ours was booked)."""
        self.playing = tuple(p for p in self.playing if p.ends_ns > reading.boottime_ns - 5_000 * NS_PER_MS)

    # -- what is said of the world ---------------------------------------------------------------------------------

    def _card(self, ok: bool, reading: Reading, **detail: Any) -> None:
        self.card_ok = ok
        self.book.fact(Fact.CARD_BACK if ok else Fact.CARD_LOST, reading, None, **detail)
        code, target = CARD_LOST
        self.book.state({code: not ok}, reading, detail, target)

    def _look_at_clock(self, reading: Reading) -> None:
        """After a step the plan of the coming days is made anew: it may be other days now."""
        if not reading.quality.plays:
            self._trusted_ns = None
        elif self._trusted_ns is None:
            self._trusted_ns = reading.boottime_ns
        if self.book.clock(reading):
            self.plan = replace(self.plan, made_on=None)

    def end(self, reading: Reading) -> None:
        """The last word of this process."""
        self.book.fact(Fact.SHUT_DOWN, reading, None)
        self.book.mark(reading)

    def progress(self, occurrence_id: str, sink_ns: int, frames: int, reading: Reading) -> None:
        self.book.fact(Fact.PROGRESS, reading, occurrence_id, sink_ns=sink_ns, frames=frames)

    def relayed(self, news: RelayNews, reading: Reading) -> None:
        """Book which link of a relay sounds, and whether the relay itself can be had."""
        if news.changed:
            self.book.fact(Fact.SOURCE_CHANGED, reading, news.occurrence_id, **news.detail)
        if news.lost is not None:
            self.book.state({"source_lost": news.lost}, reading, news.evidence, news.source)


def _ids_of(change: PlanChange) -> dict[str, list[str]]:
    return {
        "added": [o.id for o in change.added],
        "changed": [o.id for o in change.changed],
        "withdrawn": [o.id for o in change.withdrawn],
    }
