"""The playout process: wires the desk to the card, the journal, the spool, the clock and the ring."""

import queue
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from audio.card import Output, open_output
from audio.format import BLOCK_FRAMES, frames_to_ns
from audio.library import read_index
from audio.player import Player, Progress
from audio.ring import RingWriter
from firmware_py import spool
from firmware_py.chores import Chores
from firmware_py.clocks import StationClock, boot_ordinal, boottime_ns
from firmware_py.config import Config
from firmware_py.files import read_json, write_json
from firmware_py.journaling import JournalDied, JournalThread
from firmware_py.playout.book import STATION, Book
from firmware_py.playout.desk import Desk
from firmware_py.playout.on_air import OnAir
from firmware_py.playout.past import Past, read_past
from firmware_py.playout.sources import Sources
from firmware_py.playout.status import status
from firmware_py.process import TICK, Mailbox, decide_forever, log, notify, station_process
from scheduler.book import TimetableBook
from scheduler.clock import NS_PER_MS
from scheduler.repeats import ContentOf
from telemetry.journal import PlayoutJournal
from telemetry.retention import prune

TICK_S = 0.5
REQUESTED = "requested"  # something was dropped into the spool
LOOK_NS = 1_000 * NS_PER_MS  # the kernel tells of a request; where it cannot, one is found within this
PROGRESS_EVERY_NS = 5_000 * NS_PER_MS
STUCK_NS = 10_000 * NS_PER_MS  # a write that takes this long never returns: systemd's watchdog ends us
STOOD_STILL_NS = 2_000 * NS_PER_MS  # no tick for so long: we were frozen, and no write of ours could return
CLOSE_TIMEOUT_S = 4.0
PRUNE_HOURS = 6


class WriteStuck(Exception):
    """The sound driver holds our write; only a new process helps."""


def main(config: Config) -> None:
    """Run until told to end. Raises JournalError, CardError only for what cannot get better by waiting."""
    mailbox: Mailbox = queue.Queue()
    with station_process("playout", mailbox):
        boot = boot_ordinal(config.paths.state_dir)
        written, past = open_journal(config, boot)
        clock = StationClock(boot, config.clock.trust, past.newest_wall_ns)
        journal = JournalThread(written, mailbox.put)
        ring = RingWriter(config.ring_path, boot)
        player = Player(_card_opener(config), ring, mailbox.put, boottime_ns, past.card_lost)
        sources = Sources(config, boottime_ns)
        book = Book(journal.put)
        air = OnAir(player, book, sources.open)
        desk = Desk(air, book, config.station_guards, partial(known_contents, config), config.filler.gaps_s)
        shell = Shell(config, clock, desk, player, journal, sources)
        journal.start()
        player.start()
        shell.begin(past, ring)
        if written.quarantined is not None:
            desk.book.begun_anew(written.quarantined.name, clock.read())
        spool.watch(config.spool_dir, lambda: mailbox.put(REQUESTED))
        decide_forever(mailbox, shell.handle, TICK_S)
        shell.end(mailbox, ring)


def open_journal(config: Config, boot: int) -> tuple[PlayoutJournal, Past]:
    """The journal, and what it knows; one that is damaged is set aside before it is asked. Raises JournalError.

    A station must not fall silent for that: the new one takes its timetables from their copy.
    """
    path = config.playout_db
    found: list[Past] = []
    journal = PlayoutJournal(path, lambda path: found.append(read_past(path, boot)))
    if journal.quarantined is None:
        return journal, found[0]
    with suppress(ValueError):
        timetables = TimetableBook.from_json(read_json(config.timetables_copy)).to_json()
        journal.adopt_timetables(timetables, StationClock(boot, config.clock.trust).read(), STATION)
        journal.commit()
    return journal, read_past(path, boot)


def write_copy(path: Path, timetables: TimetableBook) -> None:
    try:
        write_json(path, timetables.to_json(), durable=True)
    except OSError as error:
        log.warning("%s: %s", path, error)


def _card_opener(config: Config) -> Callable[[], Output]:
    delay_ms = config.output.delay_ms
    delay_ns = None if delay_ms is None else round(delay_ms * NS_PER_MS)
    return lambda: open_output(config.output.device, delay_ns)


def known_contents(config: Config) -> ContentOf:
    """What the files of the library hold, as it is now."""
    return {name: entry.pcm_digest for name, entry in read_index(config.library_dir).items()}.get


@dataclass
class Shell:
    """Feeds the desk: the time with every message, the spool with every tick; writes what eyes look at."""

    config: Config
    clock: StationClock
    desk: Desk
    player: Player
    journal: JournalThread[PlayoutJournal]
    sources: Sources
    chores: Chores = field(default_factory=Chores)
    _taken: set[Path] = field(default_factory=set)  # requests that this process has looked at
    _copied: TimetableBook | None = None
    _looked_ns: int = 0
    _progress_ns: int = 0
    _ticked_ns: int = 0
    _awake_ns: int = 0

    def begin(self, past: Past, ring: RingWriter) -> None:
        self.chores.every_hours(PRUNE_HOURS, self._prune)
        self.chores.every_minutes(1, self._remind)
        last = ring.last_block()
        sounded_until = {}
        if last is not None and last.boot == self.clock.boot and last.occurrence_id:
            sounded_until[last.occurrence_id] = last.sink_ns + frames_to_ns(BLOCK_FRAMES)
        self.desk.begin(past, self.clock.read(), sounded_until)
        log.info("playing from boot %d, %d occurrences planned", self.clock.boot, len(self.desk.plan.occurrences))

    def handle(self, message: object) -> None:
        """Raises JournalDied, WriteStuck: only a new process helps."""
        if isinstance(message, JournalDied):
            raise message
        self.desk.handle(message, self.clock.read())
        if message == REQUESTED or boottime_ns() - self._looked_ns >= LOOK_NS:
            self._take_requests()
        if message == TICK:
            self._book_relays()
            self._book_progress()
            self._show()
            self._feed_watchdog()
            self._copy_timetables()
            self.chores.run_due()

    def _prune(self) -> None:
        reading = self.clock.read()
        self.journal.put(lambda journal: prune(self.config.playout_db, reading))

    def _copy_timetables(self) -> None:
        """Keep them a second time, for the day on which the card damages the journal."""
        held = self.desk.plan.timetables
        if held is self._copied:
            return
        self._copied = held
        self.journal.put(lambda journal: write_copy(self.config.timetables_copy, held))

    def _remind(self) -> None:
        may_air = {name for name, entry in read_index(self.config.library_dir).items() if not entry.unheard}
        self.desk.remind(may_air.__contains__, self.clock.read())

    def end(self, mailbox: Mailbox, ring: RingWriter) -> None:
        """Let the player tell how far everything got, and make it durable."""
        self.player.close(CLOSE_TIMEOUT_S / 2)
        with suppress(queue.Empty):
            while True:
                self.desk.handle(mailbox.get_nowait(), self.clock.read())
        self.desk.end(self.clock.read())
        if not self.journal.close(CLOSE_TIMEOUT_S):
            log.error("the journal could not be written before the end")
        ring.close()

    def _take_requests(self) -> None:
        self._looked_ns = boottime_ns()
        for path, request in spool.pending(self.config.spool_dir):
            if path in self._taken:
                continue
            tried = path if request is None else spool.count_try(path)
            self._taken.add(tried)
            refusal = self._refusal(request)
            if refusal is None:
                self._done_when_durable(tried)
            else:
                log.warning("%s refused: %s", path.name, refusal)
                spool.set_aside(tried)

    def _refusal(self, request: spool.Request | None) -> str | None:
        """Carry out a request, or say why not. What a process has died of so often is not tried again."""
        if request is None:
            return "it is no request"
        if request.tries > spool.MOST_TRIES:
            return f"tried {spool.MOST_TRIES} times and never done"
        return self.desk.request(request.id, request.command, request.by, request.body, self.clock.read())

    def _done_when_durable(self, path: Path) -> None:
        """A request leaves the spool after what it changed is committed, not before."""

        def finish(journal: PlayoutJournal) -> None:
            journal.commit()
            spool.done(path)

        self.journal.put(finish)

    def _book_relays(self) -> None:
        for news in self.sources.news():
            self.desk.relayed(news, self.clock.read())

    def _book_progress(self) -> None:
        now_ns = boottime_ns()
        if now_ns - self._progress_ns < PROGRESS_EVERY_NS:
            return
        self._progress_ns = now_ns
        progress = self.player.progress()
        if progress.occurrence_id and progress.next_sink_ns is not None:
            self.desk.progress(progress.occurrence_id, progress.next_sink_ns, progress.frames_played, self.clock.read())

    def _show(self) -> None:
        progress = self.player.progress()
        relay = self.sources.relay_of(progress.occurrence_id)
        document: dict[str, Any] = status(self.desk, progress, self.clock.read(), relay)
        try:
            write_json(self.config.paths.run_dir / "playout.json", document)
        except OSError as error:
            log.warning("playout.json: %s", error)

    def _feed_watchdog(self) -> None:
        """Fed by progress of the sound, not by being alive."""
        progress: Progress = self.player.progress()
        now_ns = boottime_ns()
        if now_ns - self._ticked_ns > STOOD_STILL_NS:
            self._awake_ns = now_ns
        self._ticked_ns = now_ns
        if progress.card_ok and now_ns - max(progress.last_write_ns, self._awake_ns) > STUCK_NS:
            raise WriteStuck(f"no write has returned for {STUCK_NS // 10**9} s")
        notify("WATCHDOG=1")
