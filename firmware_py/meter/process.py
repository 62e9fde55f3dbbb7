"""The meter process: reads the audio ring, captures every return channel, journals what was truly heard."""

import logging
import os
import queue
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from audio.capture import Capture, CaptureBack, CapturedBlock, CaptureLost
from audio.card import open_input
from audio.format import BLOCK_FRAMES
from audio.ring import Batch, Block, RingReader
from audio.segments import Quality, Segment, State
from audio.timeline import SentTimeline
from firmware_py.chores import Chores
from firmware_py.clocks import StationClock, boot_ordinal, boottime_ns
from firmware_py.config import Config
from firmware_py.files import write_json
from firmware_py.meter.expectation import PlanWatch
from firmware_py.meter.listener import Listener
from firmware_py.process import TICK, Mailbox, decide_forever, notify, station_process
from scheduler.clock import NS_PER_MS, Reading, local_iso
from telemetry.conditions import ConditionBook, Heard, heard_conditions
from telemetry.facts import Watermark
from telemetry.journal import JournalError, MeterJournal
from telemetry.retention import prune

TICK_S = 0.2
HISTORY_NS = 2_000 * NS_PER_MS  # of what was sent before the first block is heard
SENT_LATE_NS = 1_000 * NS_PER_MS  # no block for so long: nothing was sent
ABSENT_NS = 1_500 * NS_PER_MS  # no captured block for so long: nobody listens
BUSY_COMMIT_NS = 5_000 * NS_PER_MS
IDLE_COMMIT_NS = 60_000 * NS_PER_MS
RETRY_NS = 1_000 * NS_PER_MS
PRUNE_HOURS = 6
log = logging.getLogger("smartradio")


def main(config: Config) -> None:
    """Run until told to end. Raises JournalError when the disk takes no journal at all."""
    mailbox: Mailbox = queue.Queue()
    with station_process("meter", mailbox):
        boot = boot_ordinal(config.paths.state_dir)
        clock = StationClock(boot, config.clock.trust)
        meter = Meter(config, clock, MeterJournal(config.meter_db))
        captures = [
            Capture(c.name, partial(open_input, c.device), mailbox, mailbox.put, boottime_ns) for c in config.channel
        ]
        for capture in captures:
            capture.start()
        decide_forever(mailbox, meter.handle, lambda: TICK_S)
        for capture in captures:
            capture.close()
        meter.end()


@dataclass
class Ear:
    """A channel as the meter keeps it."""

    listener: Listener
    account: bool
    listening: bool = False
    lost_reason: str = ""
    last_block_ns: int = 0
    learnt_ms: float | None = None


@dataclass
class Meter:
    """State of the deciding thread."""

    config: Config
    clock: StationClock
    journal: MeterJournal
    ears: dict[str, Ear] = field(default_factory=dict)
    conditions: ConditionBook = field(default_factory=ConditionBook)
    chores: Chores = field(default_factory=Chores)
    _seq: int = 0
    _sending: str = ""
    _stepped_ns: int = 0
    _commit_due_ns: int = 0
    _busy_until_ns: int = 0

    def __post_init__(self) -> None:
        self._ring = RingReader(self.config.ring_path)
        self._plan = PlanWatch(self.config.playout_db)
        self._started_ns = started_ns = boottime_ns()
        self._timeline = SentTimeline(started_ns - HISTORY_NS)
        delays = self.journal.learnt_delays()
        for channel in self.config.channel:
            listener = Listener(channel.name, self.clock.boot, self._timeline, delays.get(channel.name))
            self.ears[channel.name] = Ear(listener, channel.account, last_block_ns=started_ns)
        self._seq = self._first_seq(started_ns - HISTORY_NS)
        self.chores.every_hours(PRUNE_HOURS, lambda: prune(self.config.meter_db, self.clock.read()))
        self.journal.mark(self._watermark(self.clock.read()))
        self._commit()

    # -- messages --------------------------------------------------------------------------------------------------

    def handle(self, message: object) -> None:
        match message:
            case CapturedBlock(channel):
                self._heard(self.ears[channel], message)
            case CaptureLost(channel, _, reason):
                self.ears[channel].listening, self.ears[channel].lost_reason = False, reason
            case CaptureBack(channel):
                self.ears[channel].lost_reason = ""
        if boottime_ns() - self._stepped_ns >= TICK_S * 1e9 * 0.9 or message == TICK:
            self._step()

    def _heard(self, ear: Ear, block: CapturedBlock) -> None:
        self._read_ring()
        ear.listener.heard(block)
        ear.listening, ear.last_block_ns = True, boottime_ns()

    def _step(self) -> None:
        reading = self.clock.read()
        self._stepped_ns = reading.boottime_ns
        self._read_ring()
        for span in self._timeline.fill_until(reading.boottime_ns - SENT_LATE_NS):
            self._sending = ""
            self._tell_ears(span, b"", False)
        for ear in self.ears.values():
            self._decide(ear, reading)
        self._judge(reading)
        self._commit_when_due(reading)
        self._show(reading)
        self.chores.run_due()
        notify("WATCHDOG=1")

    def end(self) -> None:
        """Decide what remains, and store it."""
        self._read_ring()
        for ear in self.ears.values():
            self._store(ear.listener.finish())
        self.journal.mark(self._watermark(self.clock.read(), final=True))
        self._commit()
        self.journal.close()

    # -- what was sent ---------------------------------------------------------------------------------------------

    def _first_seq(self, since_ns: int) -> int:
        batch = self._ring.read_from(0)
        recent = [block.seq for block in batch.blocks if self._ours(block) and block.sink_ns >= since_ns]
        return recent[0] if recent else batch.next_seq

    def _ours(self, block: Block) -> bool:
        return block.boot == self.clock.boot  # boottime of another boot says nothing here

    def _read_ring(self) -> None:
        batch: Batch = self._ring.read_from(self._seq)
        self._seq = batch.next_seq
        for block in batch.blocks:
            if not self._ours(block):
                continue
            self._sending = block.occurrence_id
            for span in self._timeline.place(block.sink_ns, BLOCK_FRAMES):
                self._tell_ears(span, block.pcm, bool(block.occurrence_id))

    def _tell_ears(self, span: Any, pcm: bytes, programme: bool) -> None:
        for ear in self.ears.values():
            ear.listener.sent(span, pcm, programme)

    # -- what was heard --------------------------------------------------------------------------------------------

    def _decide(self, ear: Ear, reading: Reading) -> None:
        if reading.boottime_ns - ear.last_block_ns > ABSENT_NS:
            ear.listening = False
            ear.listener.nothing_heard_until(reading.boottime_ns - ABSENT_NS)
        self._store(ear.listener.decide())
        live = ear.listener.live()
        if live and live.locked and live.delay_ms is not None and _is_news(ear.learnt_ms, live.delay_ms):
            ear.learnt_ms = live.delay_ms
            self.journal.learn_delay(ear.listener.channel, live.delay_ms, reading)

    def _store(self, segments: list[Segment]) -> None:
        for segment in segments:
            self.journal.append_segment(segment)

    def _judge(self, reading: Reading) -> None:
        due = self._plan.expected(reading).due(reading) is not None or bool(self._sending)
        if due:
            self._busy_until_ns = reading.boottime_ns + IDLE_COMMIT_NS
        for ear in self.ears.values():
            live = ear.listener.live()
            state = live.state if live and ear.listening else State.UNOBSERVED
            quality = live.quality if live else Quality.OK
            heard = Heard(state, quality, due, bool(self._sending), ear.listening, bool(live and live.locked))
            evidence: Mapping[str, Any] = {"state": str(state), "reason": ear.lost_reason}
            codes = heard_conditions(heard)
            for condition in self.conditions.changes(ear.listener.channel, codes, reading, evidence):
                self.journal.append_condition(condition)
                self._commit_due_ns = min(self._commit_due_ns, reading.boottime_ns)

    # -- out -------------------------------------------------------------------------------------------------------

    def _watermark(self, reading: Reading, final: bool = False) -> Watermark:
        """All facts up to the least decided channel are in; without channels, up to now."""
        decided = [ear.listener.decided_ns for ear in self.ears.values()]
        known = [ns for ns in decided if ns is not None]
        upto_ns = reading.boottime_ns if final or not known else max(self._started_ns, min(known))
        return Watermark(reading.boot, upto_ns, reading.wall_ns - (reading.boottime_ns - upto_ns))

    def _commit_when_due(self, reading: Reading) -> None:
        if reading.boottime_ns < self._commit_due_ns:
            return
        busy = reading.boottime_ns < self._busy_until_ns
        self._commit_due_ns = reading.boottime_ns + (BUSY_COMMIT_NS if busy else IDLE_COMMIT_NS)
        self.journal.mark(self._watermark(reading))
        self._commit()

    def _commit(self) -> None:
        """A full or failing disk keeps the facts in memory until it takes them."""
        try:
            self.journal.commit()
        except JournalError as error:
            log.error("meter.db: %s", error)
            self._commit_due_ns = boottime_ns() + RETRY_NS

    def _show(self, reading: Reading) -> None:
        document = {
            "at": local_iso(reading.wall),
            "boottime_ns": reading.boottime_ns,
            "channels": [_channel_json(name, ear) for name, ear in self.ears.items()],
            "pid": os.getpid(),
        }
        try:
            write_json(self.config.paths.run_dir / "meter.json", document)
        except OSError as error:
            log.warning("meter.json: %s", error)


def _is_news(learnt_ms: float | None, delay_ms: float) -> bool:
    return learnt_ms is None or abs(learnt_ms - delay_ms) > 2.0


def _channel_json(name: str, ear: Ear) -> dict[str, Any]:
    live = ear.listener.live()
    return {
        "name": name,
        "account": ear.account,
        "state": str(live.state) if live and ear.listening else str(State.UNOBSERVED),
        "quality": str(live.quality) if live else str(Quality.OK),
        "locked": bool(live and live.locked),
        "sent_dbfs": live.sent_dbfs if live else None,
        "heard_dbfs": live.heard_dbfs if live and ear.listening else None,
        "delay_ms": live.delay_ms if live else None,
        "device": "ok" if ear.listening else "lost",
    }
