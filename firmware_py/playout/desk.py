"""The deciding thread of playout: compares what should sound with what sounds, and books what was done.

Everything it needs of the world is handed in: a clock to read, a player to command, a journal thread to tell, a way to
open sources. It asks nothing that could wait.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from audio.events import Began, CardBack, CardLost, ClockJumped, EndCause, Ended
from firmware_py.journaling import CannotCommit, Committed
from firmware_py.playout.book import Book
from firmware_py.playout.on_air import OnAir
from firmware_py.playout.orders import (
    Air,
    Arrange,
    DropTimetable,
    EndAired,
    EndLive,
    Heard,
    LearnLevel,
    NewTimetable,
    Order,
    Resume,
    StopAll,
    is_live_by_hand,
    read_order,
)
from firmware_py.playout.past import CARD_LOST, Past
from firmware_py.playout.planning import Plan, renew
from firmware_py.playout.relay_news import RelayNews
from scheduler.agenda import WHOLE_LEAD_NS, Cause, Command, Miss, Situation, Start, Stop, Stopped, decide
from scheduler.awaiting import awaiting
from scheduler.book import TimetableBook
from scheduler.clock import NS_PER_MS, Reading, local_day, wall_ns_of
from scheduler.diff import PlanChange
from scheduler.filler import filler_after
from scheduler.guards import NO_GUARDS, Guards, session_begins
from scheduler.occurrence import BulletinClass, Kind, Occurrence
from scheduler.overrun import run_over
from scheduler.repeats import ContentOf, nothing_known
from telemetry.facts import LEARN_LEVEL, Fact, PlayoutFact
from telemetry.journal import PlayoutJournal
from telemetry.journal import Stop as JournaledStop

AWAITING = "awaiting_content"
MISSING = "source_missing"


@dataclass
class Desk:
    """State of the deciding thread."""

    on_air: OnAir
    book: Book
    guards: Guards = NO_GUARDS
    library: Callable[[], ContentOf] = lambda: nothing_known  # what its files hold now
    longest_gap_s: int = 0  # so long a gap within a session is filled
    plan: Plan = field(default_factory=Plan)
    stopped: Stopped | None = None
    card_ok: bool = True
    _awake_ns: int = 0
    _trusted_ns: int | None = None
    _sessions: Mapping[str, datetime] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)  # id → boottime, of what was asked for without a clock
    _requests_seen: set[str] = field(default_factory=set)

    # -- start ---------------------------------------------------------------------------------------------------

    def begin(self, past: Past, reading: Reading, sounded_until: Mapping[str, int]) -> None:
        """Take over from the predecessor. *sounded_until*: id → boottime, of what the ring says was sounding last."""
        fillers = tuple(o for o in past.occurrences if o.kind is Kind.FILLER)
        self.plan = Plan(past.timetables, past.occurrences, fillers, holidays=self.guards.holidays)
        self.on_air.recall(past)
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
                self.on_air.began(message, reading)
            case Ended():
                self.on_air.ended(message, reading)
                if message.cause is EndCause.SOURCE_FAILED:
                    self._fill_rest(message, reading)
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
        while not self._obey(decide(self.plan.occurrences, self.situation(reading)), reading):
            pass  # what could not be opened is asked for no more until its next try, so there is an end
        self.on_air.drop_ended(reading)
        self.book.heartbeat(self.on_air.is_busy(reading), reading)

    def _obey(self, commands: Iterable[Command], reading: Reading) -> bool:
        """Carry them out; False where one made the plan, or what can sound, another: the rest is decided anew."""
        beaten: list[Stop] = []  # by the next start, if that has anything to sound
        for command in commands:
            match command:
                case Stop(_, Cause.PRE_EMPTED, _):
                    beaten.append(command)
                case Stop():
                    self.on_air.stop(command)
                case Start():
                    if not self._start(command, beaten, reading):
                        return False
                    beaten = []
                case Miss():
                    self.on_air.miss(command, reading)
        return True

    def _start(self, start: Start, beaten: Iterable[Stop], reading: Reading) -> bool:
        """Cue it in place of *beaten*; False if there is nothing to play or the plan is another one by its end rule."""
        opened = self.on_air.open(start, reading)
        if opened is None:
            self._fill(start.occurrence, 0)
            return False
        for stop in beaten:
            self.on_air.stop(stop)
        occurrence = self._run_over(start.occurrence, opened.content_ms)
        filler = None if opened.content_ms is None else self._fill(occurrence, opened.content_ms)
        sounds_ms = min(occurrence.planned_ms, opened.content_ms or 0) if filler else occurrence.planned_ms
        self.on_air.cue(replace(start, occurrence=occurrence), opened, sounds_ms)
        return occurrence is start.occurrence and filler is None

    def _run_over(self, occurrence: Occurrence, content_ms: int | None) -> Occurrence:
        """The same, longer, if it is to be played to its end; what follows it is moved."""
        if content_ms is None:
            return occurrence
        plan, cued = self.plan.occurrences, self.on_air.cued | self.on_air.begun
        changed = run_over(occurrence, content_ms, plan, cued, self.guards)
        if not changed:
            return occurrence
        self._amend(*changed)
        return changed[0]

    def _fill(self, occurrence: Occurrence, content_ms: int) -> Occurrence | None:
        """The filler that follows what *occurrence* has to sound, planned from now on; None if it needs none."""
        filler = filler_after(occurrence, content_ms, self.plan.occurrences, self.longest_gap_s)
        if filler is not None and all(o.id != filler.id for o in self.plan.occurrences):
            self.plan = self.plan.with_extra(filler)
            self.book.write(lambda journal: journal.amend(filler))
        return filler

    def _fill_rest(self, broke: Ended, reading: Reading) -> None:
        """Its file broke: from there on its slot is a filler's, if that is its rule."""
        for one in (o for o in self.plan.occurrences if o.id == broke.occurrence_id):
            anchor_ns = self.on_air.pinned.get(one.id, reading.boottime_of(one.starts_at))
            self._fill(one, max(0, (broke.sink_ns - anchor_ns) // NS_PER_MS))

    def _amend(self, *changed: Occurrence) -> None:
        self.plan = self.plan.with_changed(*changed)
        self.book.write(lambda journal: journal.amend(*changed))

    def situation(self, reading: Reading) -> Situation:
        return Situation(
            reading,
            self.on_air.playing,
            self.on_air.closed,
            self.on_air.missed,
            self.on_air.pinned,
            self.stopped,
            self.guards,
            self._sessions,
            self._awake_ns,
            self._trusted_ns if self._trusted_ns is not None else reading.boottime_ns,
            self.on_air.unavailable(reading),
            self._asked,
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
            case EndLive(why):
                self._end_live(why, by, reading)
            case Arrange():
                self._arrange(order, by, reading)
            case Heard(source, why):
                self.book.fact(Fact.COMMAND, reading, None, by=by, what=f"heard {source}", why=why)

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
            self._asked[order.occurrence.id] = reading.boottime_ns + WHOLE_LEAD_NS
        self.book.fact(Fact.COMMAND, reading, order.occurrence.id, by=by, what=order.what, why=order.why)
        self._replan(reading, by)

    def _end_aired(self, order: EndAired, by: str, reading: Reading) -> None:
        self.book.fact(Fact.COMMAND, reading, None, by=by, what=order.what, why=order.why)
        for mark in order.marks:
            self._end_marked(mark, reading)

    def _end_live(self, why: str, by: str, reading: Reading) -> None:
        self.book.fact(Fact.COMMAND, reading, None, by=by, what="live_stop", why=why)
        for occurrence in filter(is_live_by_hand, self.plan.occurrences):
            lasted_ms = self.on_air.cancel(occurrence, reading)
            if lasted_ms is not None:
                self._shorten(occurrence, lasted_ms)

    def waiting(self, reading: Reading) -> list[Occurrence]:
        """The priority bulletins whose turn has not come, in the order in which they will be heard."""
        air = self.on_air
        done = air.closed | air.missed | air.begun | air.cued
        waits = [o for o in self.plan.occurrences if o.waits_ms and o.bulletin_class is BulletinClass.PRIORITY]
        return sorted((o for o in waits if o.id not in done), key=lambda o: (o.turn, o.starts_at, o.id))

    def _arrange(self, order: Arrange, by: str, reading: Reading) -> None:
        """What was named comes first, in that order; a turn is kept in the journal, over a restart."""
        waiting = {o.id: o for o in self.waiting(reading)}
        first = [id for id in dict.fromkeys(order.ids) if id in waiting]
        turns = dict.fromkeys(waiting, 0) | {id: n - len(first) for n, id in enumerate(first)}
        self._amend(*(replace(o, turn=turns[id]) for id, o in waiting.items() if o.turn != turns[id]))
        self.book.fact(Fact.COMMAND, reading, None, by=by, what="arrange", why=order.why, ids=first)

    def _marked(self, mark: str) -> list[Occurrence]:
        return [o for o in self.plan.occurrences if o.id.endswith(mark)]

    def _end_marked(self, mark: str, reading: Reading) -> None:
        """It ends now, or never begins."""
        for occurrence in self._marked(mark):
            self.on_air.cancel(occurrence, reading)

    def _shorten(self, occurrence: Occurrence, lasted_ms: int) -> None:
        """Its plan ends with the last whole second that has sounded."""
        lasted_s = max(1, lasted_ms // 1_000)
        shorter = replace(occurrence, ends_at=occurrence.starts_at + timedelta(seconds=lasted_s))
        self._amend(shorter)

    # -- plan ------------------------------------------------------------------------------------------------------

    def _replan(self, reading: Reading, by: str, file: str = "") -> None:
        air = self.on_air
        begun, closed = air.begun | air.cued, air.closed | air.missed
        self.plan, change = renew(self.plan, reading.wall, begun, closed, self.library())
        occurrences = self.plan.occurrences
        if self.guards.longest_session_min is not None:
            self._sessions = session_begins(occurrences)

        def store(journal: PlayoutJournal) -> None:
            journal.commit()  # replace_plan reads what is committed
            journal.replace_plan(occurrences, reading, by)
            journal.amend(*(o for o in change.changed if o.starts_at <= reading.wall))  # a corrected name

        self.book.write(store)
        if not change.is_empty:
            self.book.fact(Fact.PLAN_CHANGED, reading, None, by=by, file=file, **_ids_of(change))

    # -- what is said of the world ---------------------------------------------------------------------------------

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
        self._forget_missing(reading)

    def _forget_missing(self, reading: Reading) -> None:
        """What no timetable names any more is nobody's fault: what was corrected, or came only on a day gone by."""
        named = {o.source or o.programme for o in self.plan.occurrences}
        for code, target in self.book.conditions.bad():
            if code == MISSING and target not in named:
                self.book.state({MISSING: False}, reading, target=target)

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
