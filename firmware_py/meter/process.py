"""The meter process: reads the audio ring, captures every return channel, journals what was truly heard."""

import logging
import os
import queue
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from audio.capture import Capture, CaptureBack, CaptureLost
from audio.card import open_input
from audio.ring import Block
from audio.segments import Segment, State
from firmware_py.chores import Chores
from firmware_py.clocks import StationClock, boot_ordinal, boottime_ns
from firmware_py.config import Config
from firmware_py.files import write_json
from firmware_py.journaling import CannotCommit, Committed, JournalDied, JournalThread
from firmware_py.meter.axis import SentAxis
from firmware_py.meter.expectation import PlanWatch
from firmware_py.meter.levels import Levels
from firmware_py.meter.listener import Listener
from firmware_py.meter.past import REACH_NS, Death, Past, past_of, told_until
from firmware_py.meter.tape import Bell, Follower, Tape
from firmware_py.process import TICK, Mailbox, decide_forever, notify, station_process
from scheduler.clock import NS_PER_MS, Reading, local_iso
from telemetry.conditions import ConditionBook, Heard, heard_conditions
from telemetry.facts import Watermark
from telemetry.journal import MeterJournal
from telemetry.retention import prune

HEARD = "heard"  # a few blocks lie on a tape
TICK_S = 0.5  # where nobody listens
STEP_NS = 220 * NS_PER_MS  # blocks come each 85 ms, and the matcher takes three at once
IDLE_STEP_NS = 700 * NS_PER_MS  # nothing due, nor lately: what is heard waits on its tape
SENT_LATE_NS = 1_000 * NS_PER_MS  # no block for so long: nothing was sent
ENDING_NS = 1_000 * NS_PER_MS  # a programme's end has this long to be noticed, beyond the path's delay
ABSENT_NS = 1_500 * NS_PER_MS  # no captured block for so long: nobody listens
BUSY_COMMIT_NS = 5_000 * NS_PER_MS
IDLE_COMMIT_NS = 60_000 * NS_PER_MS
SHOW_NS = 400 * NS_PER_MS  # between two looks at the levels
CLOSE_TIMEOUT_S = 8.0
PRUNE_HOURS = 6
log = logging.getLogger("smartradio")

Entry = Callable[[MeterJournal], object]


def main(config: Config) -> None:
    """Run until told to end. Raises JournalError or RingError when the disk, or the run folder, takes no file."""
    mailbox: Mailbox = queue.Queue()
    with station_process("meter", mailbox):
        boot = boot_ordinal(config.paths.state_dir)
        clock = StationClock(boot, config.clock.trust)
        journal = MeterJournal(config.meter_db)
        writer = JournalThread(journal, mailbox.put)
        meter = Meter(config, clock, journal, writer.put)
        writer.start()
        ring = partial(mailbox.put, HEARD)
        captures = [
            Capture(
                c.name, partial(open_input, c.device), Bell(meter.ears[c.name].tape, ring), mailbox.put, boottime_ns
            )
            for c in config.channel
        ]
        for capture in captures:
            capture.start()
        decide_forever(mailbox, meter.handle, TICK_S)
        for capture in captures:
            capture.close()
        meter.end()
        if not writer.close(CLOSE_TIMEOUT_S):
            log.error("the journal could not be written before the end")


@dataclass
class Ear:
    """A channel as the meter keeps it."""

    account: bool
    tape: Tape
    heard: Follower  # of the tape
    listener: Listener
    last_block_ns: int  # boottime
    listening: bool | None = None  # None: not heard of yet
    lost_reason: str = ""
    learnt_ms: float | None = None
    prior_ms: float | None = None  # the delay of an earlier life
    levels: Levels | None = None  # of the account's channel

    @property
    def delay_ns(self) -> int | None:
        """Of the path, as far as it is known."""
        delay_ms = self.prior_ms if self.learnt_ms is None else self.learnt_ms
        return None if delay_ms is None else round(delay_ms * NS_PER_MS)


@dataclass
class Meter:
    """State of the deciding thread. ``journal`` is asked what a predecessor left; then only *write* takes entries."""

    config: Config
    clock: StationClock
    journal: MeterJournal
    write: Callable[[Entry], None]
    ears: dict[str, Ear] = field(default_factory=dict)
    conditions: ConditionBook = field(default_factory=ConditionBook)
    chores: Chores = field(default_factory=Chores)
    _sending: str = ""
    _due_since_ns: int = field(default_factory=boottime_ns)
    _due_ns: int = -ENDING_NS  # boottime at which something was last due
    _stepped_ns: int = 0
    _commit_due_ns: int = 0
    _busy_until_ns: int = 0
    _shown: Sequence[tuple[object, ...]] = ()
    _show_due_ns: int = 0
    _failing: bool = False
    _said: list[Entry] = field(default_factory=list)  # since the last commit

    def __post_init__(self) -> None:
        """Take up what a predecessor left. Raises RingError."""
        started = self.clock.read()
        self._plan = PlanWatch(self.config.playout_db)
        tapes = {c.name: Tape(self._tape_path(c.name), started.boot) for c in self.config.channel}
        heard = {name: Follower(self._tape_path(name), started.boot) for name in tapes}
        told = self.journal.told_until(started.boot, started.boottime_ns - REACH_NS)
        left = {name: follower.news() for name, follower in heard.items()}
        past = past_of(left.get(self._witness, []), told.values(), started.boottime_ns)
        self._axis = SentAxis(past.axis_ns)
        delays = self.journal.learnt_delays()
        for channel in self.config.channel:
            name = channel.name
            told_ns = told_until(told, name, past)
            listener = Listener(name, started.boot, self._axis, delays.get(name), told_ns)
            ear = Ear(channel.account, tapes[name], heard[name], listener, started.boottime_ns)
            ear.prior_ms = delays.get(name)
            ear.levels = Levels(name, started.boot) if channel.account else None
            self.ears[name] = ear
        self._path_ns = round(delays.get(self._witness, 0.0) * NS_PER_MS)
        self._sent = Follower(self.config.ring_path, started.boot)
        self._take_sent(self._sent.news(past.axis_ns))
        for name, blocks in left.items():
            self._take_heard(self.ears[name], [block for block in blocks if block.sink_ns >= past.axis_ns])
        self._begin_life(past, started)
        if self.journal.quarantined is not None:
            self._begun_anew(self.journal.quarantined.name, started)
        self.chores.every_hours(PRUNE_HOURS, self._prune)

    def _begun_anew(self, set_aside: str, reading: Reading) -> None:
        """The journal was damaged and lies in the file *set_aside*."""
        log.error("meter.db was damaged: it lies in %s, and a new one is begun", set_aside)
        for bad in (True, False):
            for condition in self.conditions.changes("meter", {"journal_corrupt": bad}, reading, {"file": set_aside}):
                self._say(MeterJournal.append_condition, condition)

    def _prune(self) -> None:
        reading = self.clock.read()
        self.write(lambda journal: prune(self.config.meter_db, reading))

    def _tape_path(self, channel: str) -> Path:
        return self.config.paths.run_dir / f"heard-{channel}"

    @property
    def _witness(self) -> str:
        """The channel whose tape says when a meter lived."""
        return self.config.account_channel or next((c.name for c in self.config.channel), "")

    def _begin_life(self, past: Past, started: Reading) -> None:
        """A life that can be completed is gone on with, until the death that ended it."""
        goes_on = past.deaths and self.journal.go_on(started.boot, past.axis_ns)
        self._marked_ns = goes_on or past.life_ns
        left = (d for d in past.deaths if d.until_ns is None or d.until_ns - self._path_ns > self._marked_ns)
        self._deaths = deque(left)
        self._mark(started)
        self._commit()

    # -- messages --------------------------------------------------------------------------------------------------

    def handle(self, message: object) -> None:
        match message:
            case CaptureLost(channel, _, reason):
                self.ears[channel].listening, self.ears[channel].lost_reason = False, reason
            case CaptureBack(channel):
                self.ears[channel].lost_reason = ""
            case CannotCommit(_, reason):
                self._cannot_commit(reason)
            case Committed():
                self._failing = False
            case JournalDied():
                raise message
        reading = self.clock.read()
        idle = self._stepped_ns >= self._busy_until_ns
        if message == TICK or reading.boottime_ns - self._stepped_ns >= (IDLE_STEP_NS if idle else STEP_NS):
            self._step(reading)

    def _step(self, reading: Reading) -> None:
        self._stepped_ns = reading.boottime_ns
        self._listen(reading)
        if self._axis.fill_until(reading.boottime_ns - SENT_LATE_NS):
            self._sending = ""
        for ear in self.ears.values():
            self._decide(ear, reading)
        self._judge(reading)
        self._commit_when_due(reading)
        self._show(reading)
        self.chores.run_due()
        notify("WATCHDOG=1")

    def end(self) -> None:
        """Decide what remains, and store it."""
        reading = self.clock.read()
        self._listen(reading)
        for ear in self.ears.values():
            self._store(ear.listener.finish())
        self._tell_levels(reading)
        self._end_death(reading.boottime_ns)
        self._mark(reading, final=True)
        self._commit()

    # -- what was sent, what was heard -----------------------------------------------------------------------------

    def _listen(self, reading: Reading) -> None:
        self._take_sent(self._sent.news())
        for name, ear in self.ears.items():
            blocks = ear.heard.news()
            self._take_heard(ear, blocks)
            if blocks:
                ear.listening = not ear.lost_reason  # what was read before a loss may come after the word of it
                ear.last_block_ns = reading.boottime_ns
                if name == self._witness:
                    self._end_death(blocks[0].sink_ns)

    def _take_sent(self, blocks: list[Block]) -> None:
        for block in blocks:
            self._sending = block.occurrence_id
            for ear in self.ears.values():
                if ear.levels:
                    ear.levels.sent(block)
            self._axis.take(block)

    @staticmethod
    def _take_heard(ear: Ear, blocks: list[Block]) -> None:
        for block in blocks:
            ear.listener.heard(block)
            if ear.levels:
                ear.levels.heard(block, ear.delay_ns)

    def _end_death(self, at_ns: int) -> None:
        """We hear, or know that we cannot: from here on it is our life."""
        if self._deaths and self._deaths[-1].until_ns is None:
            self._deaths[-1] = Death(self._deaths[-1].since_ns, at_ns)

    def _decide(self, ear: Ear, reading: Reading) -> None:
        if reading.boottime_ns - ear.last_block_ns > ABSENT_NS:
            ear.listening = False
            ear.listener.nothing_heard_until(reading.boottime_ns - ABSENT_NS)
        if ear.listening is False and ear.listener.channel == self._witness:
            self._end_death(reading.boottime_ns)
        self._store(ear.listener.decide())
        live = ear.listener.live()
        if live.locked and live.delay_ms is not None and _is_news(ear.learnt_ms, live.delay_ms):
            ear.learnt_ms = live.delay_ms
            self._say(MeterJournal.learn_delay, ear.listener.channel, live.delay_ms, reading)

    def _store(self, segments: list[Segment]) -> None:
        for segment in segments:
            self._say(MeterJournal.append_segment, segment)

    def _tell_levels(self, reading: Reading) -> None:
        for ear in self.ears.values():
            for level in ear.levels.told(reading.boottime_ns) if ear.levels else ():
                self._say(MeterJournal.put_level, level)

    def _judge(self, reading: Reading) -> None:
        due = self._plan.expected(reading).due(reading) is not None or bool(self._sending)
        if not due:
            self._due_since_ns = reading.boottime_ns
        else:
            self._due_ns = reading.boottime_ns
            self._busy_until_ns = reading.boottime_ns + IDLE_COMMIT_NS
            self._commit_due_ns = min(self._commit_due_ns, reading.boottime_ns + BUSY_COMMIT_NS)
        for ear in self.ears.values():
            if ear.listening is None:
                continue
            live = ear.listener.live()
            state = live.state if ear.listening else State.UNOBSERVED
            sending, due_ns = self._is_fading(ear, reading), reading.boottime_ns - self._due_since_ns
            heard = Heard(state, live.quality, due, sending, ear.listening, live.locked, due_ns)
            evidence: Mapping[str, Any] = {"state": str(state), "reason": ear.lost_reason}
            codes = heard_conditions(heard)
            for condition in self.conditions.changes(ear.listener.channel, codes, reading, evidence):
                self._say(MeterJournal.append_condition, condition)
                self._commit_due_ns = min(self._commit_due_ns, reading.boottime_ns)

    def _is_fading(self, ear: Ear, reading: Reading) -> bool:
        """Sending, or so lately that the path still carries it: the end of a programme is no sound out of hours."""
        path_ns = round((ear.learnt_ms or 0.0) * NS_PER_MS)
        return bool(self._sending) or reading.boottime_ns - self._due_ns < path_ns + ENDING_NS

    # -- out -------------------------------------------------------------------------------------------------------

    def _mark(self, reading: Reading, final: bool = False) -> None:
        """All facts up to the least decided channel are in; without channels, up to now.

        A death parts two lives: the one before it is completed from its tape. It lies where what was sent then would
        have been heard, for that is the axis of all that is decided.
        """
        decided = [ear.listener.decided_ns for ear in self.ears.values()]
        upto_ns = reading.boottime_ns if final or not decided else min(decided)
        while self._deaths:
            since_ns, until_ns = self._deaths[0].since_ns, self._deaths[0].until_ns
            if until_ns is None or upto_ns < until_ns - self._path_ns:
                upto_ns = min(upto_ns, since_ns - self._path_ns)
                break
            self._deaths.popleft()
            self._mark_at(since_ns - self._path_ns, reading)
            self._say(MeterJournal.begin_life)
            self._mark_at(until_ns - self._path_ns, reading)
        self._mark_at(upto_ns, reading)

    def _mark_at(self, upto_ns: int, reading: Reading) -> None:
        self._marked_ns = max(self._marked_ns, upto_ns)
        wall_ns = reading.wall_ns - (reading.boottime_ns - self._marked_ns)
        self._say(MeterJournal.mark, Watermark(reading.boot, self._marked_ns, wall_ns))

    def _commit_when_due(self, reading: Reading) -> None:
        if reading.boottime_ns < self._commit_due_ns:
            return
        busy = reading.boottime_ns < self._busy_until_ns
        self._commit_due_ns = reading.boottime_ns + (BUSY_COMMIT_NS if busy else IDLE_COMMIT_NS)
        self._tell_levels(reading)
        self._mark(reading)
        self._commit()

    def _say(self, what: Callable[..., object], *about: object) -> None:
        """Remember a call of the journal for the next commit."""
        self._said.append(lambda journal: what(journal, *about))

    def _commit(self) -> None:
        """Hand over what was said. A full or failing disk keeps it waiting until it takes it; we do not wait."""
        said, self._said = self._said, []
        self.write(partial(_apply, said))

    def _cannot_commit(self, reason: str) -> None:
        if not self._failing:
            log.error("meter.db: %s", reason)
        self._failing = True

    def _show(self, reading: Reading) -> None:
        """At once when a state changed; levels twice a second."""
        channels = [_channel_json(name, ear) for name, ear in self.ears.items()]
        states = [(c["state"], c["quality"], c["locked"], c["device"]) for c in channels]
        if states == self._shown and reading.boottime_ns < self._show_due_ns:
            return
        self._shown, self._show_due_ns = states, reading.boottime_ns + SHOW_NS
        document = {
            "at": local_iso(reading.wall),
            "boottime_ns": reading.boottime_ns,
            "channels": channels,
            "pid": os.getpid(),
        }
        try:
            write_json(self.config.paths.run_dir / "meter.json", document)
        except OSError as error:
            log.warning("meter.json: %s", error)


def _apply(said: list[Entry], journal: MeterJournal) -> None:
    for entry in said:
        entry(journal)


def _is_news(learnt_ms: float | None, delay_ms: float) -> bool:
    return learnt_ms is None or abs(learnt_ms - delay_ms) > 2.0


def _channel_json(name: str, ear: Ear) -> dict[str, Any]:
    live = ear.listener.live()
    return {
        "name": name,
        "account": ear.account,
        "state": str(live.state if ear.listening else State.UNOBSERVED),
        "quality": str(live.quality),
        "locked": live.locked,
        "sent_dbfs": live.sent_dbfs,
        "heard_dbfs": live.heard_dbfs if ear.listening else None,
        "delay_ms": live.delay_ms,
        "device": "ok" if ear.listening else "lost",
    }
