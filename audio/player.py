"""The player: one thread that keeps the card fed all day, and copies each block it wrote into the audio ring.

The stream stays open and carries silence between programmes (opening one loses its head, closing one its tail). What
sounds is decided block by block by the deck; here is only the order of things: fill, write, look at the clock, store,
tell. No lock is held while writing: commands come through a queue, progress goes out as one frozen value. The choice is
final for what lies in the card's buffer: about 350 ms.
"""

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from audio.card import CardError, Output
from audio.deck import Cue, Deck, Source, expire, fill
from audio.events import CardBack, CardLost, ClockJumped, EndCause, PlayerEvent
from audio.format import BLOCK_FRAMES, ns_to_frames
from audio.frameclock import FrameClock
from audio.quick_level import level_dbfs
from audio.ring import RingWriter

RETRY_FIRST_S = 0.2
RETRY_MOST_S = 2.0
MAX_UNDATED = 16  # blocks that wait for the frame clock to settle: 1.4 s


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the player is; replaced as a whole after every block."""

    card_ok: bool = False
    next_frame: int = 0  # the first frame that is not yet handed over
    next_sink_ns: int | None = None  # when it will sound: nothing can start earlier; None until the clock knows
    occurrence_id: str = ""
    frames_played: int = 0  # of that occurrence
    last_write_ns: int = 0  # boottime of the last return of a write: a watchdog looks for one stuck
    last_block: bytes = b""  # as written; its level is asked for less often than it changes

    @property
    def sent_dbfs(self) -> float:
        return level_dbfs(self.last_block)


@dataclass(frozen=True, slots=True)
class _Stop:
    occurrence_id: str
    cause: EndCause


@dataclass(frozen=True, slots=True)
class _Undated:
    pcm: bytes
    first_frame: int
    occurrence_id: str


class Player:
    """Feeds the card that *open_card* opens. *post* is called from the feeder thread and must not block.

    *lost*: the player before us had lost its card, so that the first good one is told as ``CardBack``.
    """

    def __init__(
        self,
        open_card: Callable[[], Output],
        ring: RingWriter,
        post: Callable[[PlayerEvent], None],
        boottime_ns: Callable[[], int],
        lost: bool = False,
    ) -> None:
        self._open_card = open_card
        self._ring = ring
        self._post = post
        self._boottime_ns = boottime_ns
        self._commands: queue.SimpleQueue[Cue | _Stop] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._deck = Deck()
        self._clock = FrameClock()
        self._next_frame = 0
        self._undated: deque[_Undated] = deque()
        self._lost = lost
        self._retry_s = RETRY_FIRST_S
        self._progress = Progress()
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def cue(self, cue: Cue) -> None:
        """Sound *cue* at its time. The player closes its source. A cue for an occurrence that is here is dropped."""
        self._commands.put(cue)

    def stop(self, occurrence_id: str, cause: EndCause = EndCause.STOPPED) -> None:
        """End an occurrence with the next block; harmless if it does not sound."""
        self._commands.put(_Stop(occurrence_id, cause))

    def progress(self) -> Progress:
        return self._progress

    def close(self, timeout_s: float = 2.0) -> bool:
        """Tell what plays that the house shuts down, and end; False if the card holds the feeder for longer."""
        self._closing.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # -- the feeder ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                card = self._open_card()
            except CardError as error:
                self._card_lost(error)
            else:
                self._feed(card)
            self._wait_without_card()
        self._shut_down()

    def _feed(self, card: Output) -> None:
        """Write blocks until the card fails or we close."""
        try:
            self._clock = FrameClock(card.latency_ns, self._clock.rate_error)
            self._ring.new_epoch()
            while not self._closing.is_set():
                self._obey_commands()
                self._write_block(card)
            self._drain(card)
        except CardError as error:
            self._card_lost(error)
        finally:
            _close(card)

    def _drain(self, card: Output) -> None:
        """Fade out what plays, then push it through the card's buffer: closing throws away what lies there."""
        self._stop_everything(EndCause.SHUTDOWN)
        for _ in range(1 + ns_to_frames(card.latency_ns) // BLOCK_FRAMES + 1):
            self._write_block(card)

    def _card_lost(self, error: CardError) -> None:
        now_ns = self._boottime_ns()
        self._date_blocks()
        if not self._lost:
            self._lost = True
            self._post(CardLost(now_ns, str(error)))
        self._deck = self._deck.card_lost(now_ns)
        self._progress = Progress(next_frame=self._next_frame, last_write_ns=now_ns)

    def _wait_without_card(self) -> None:
        """Time goes on: what ends or is stopped meanwhile ends."""
        self._closing.wait(self._retry_s)
        self._retry_s = min(2 * self._retry_s, RETRY_MOST_S)
        self._obey_commands()
        self._deck, expired = expire(self._deck, self._boottime_ns())
        self._tell(expired.events, expired.finished)

    def _obey_commands(self) -> None:
        while True:
            try:
                command = self._commands.get_nowait()
            except queue.Empty:
                return
            if isinstance(command, _Stop):
                self._deck = self._deck.stop(command.occurrence_id, command.cause)
            elif self._deck.holds(command.occurrence_id):
                command.source.close()
            else:
                self._deck = self._deck.add(command)

    def _write_block(self, card: Output) -> None:
        """One turn. A block that the card refuses never happened: the deck stays as it was before."""
        first = self._next_frame
        deck, filled = fill(self._deck, first, BLOCK_FRAMES, self._clock)
        card.write(filled.pcm)
        now_ns = self._boottime_ns()
        self._retry_s = RETRY_FIRST_S
        self._deck, self._next_frame = deck, first + BLOCK_FRAMES
        self._undated.append(_Undated(filled.pcm, first, filled.occurrence_id))
        self._look_at_clock(now_ns)
        if self._lost and self._clock.ready:
            self._lost = False
            self._post(CardBack(self._clock.sink_ns(self._next_frame)))
        self._tell(filled.events, filled.finished)
        playing = deck.playing
        self._progress = Progress(
            card_ok=True,
            next_frame=self._next_frame,
            next_sink_ns=self._clock.sink_ns(self._next_frame) if self._clock.ready else None,
            occurrence_id=playing.cue.occurrence_id if playing else "",
            frames_played=playing.frames if playing else 0,
            last_write_ns=now_ns,
            last_block=filled.pcm,
        )

    def _look_at_clock(self, now_ns: int) -> None:
        """A block gets its date from a clock that is sure of it: just after an opening or a break it waits."""
        jump = self._clock.add(self._next_frame, now_ns)
        if jump is not None:
            self._ring.new_epoch()
            self._deck = self._deck.jumped(jump.lost_ns)
            self._post(ClockJumped(now_ns, jump.lost_ns))
        if self._clock.settled or len(self._undated) > MAX_UNDATED:
            self._date_blocks()

    def _date_blocks(self) -> None:
        while self._undated:
            block = self._undated.popleft()
            if self._clock.ready:
                sink_ns = self._clock.sink_ns(block.first_frame)
                self._ring.put(block.pcm, block.first_frame, sink_ns, block.occurrence_id)

    def _tell(self, events: tuple[PlayerEvent, ...], finished: tuple[Source, ...]) -> None:
        for event in events:
            self._post(event)
        for source in finished:
            source.close()

    def _stop_everything(self, cause: EndCause) -> None:
        self._obey_commands()
        for cue in (*self._deck.waiting, *([self._deck.playing.cue] if self._deck.playing else [])):
            self._deck = self._deck.stop(cue.occurrence_id, cause)

    def _shut_down(self) -> None:
        """The card is closed; say how far everything got."""
        self._date_blocks()
        now_ns = self._boottime_ns()
        self._stop_everything(EndCause.SHUTDOWN)
        self._deck, expired = expire(self._deck.card_lost(now_ns), now_ns)
        self._tell(expired.events, expired.finished)


def _close(card: Output) -> None:
    with contextlib.suppress(CardError):  # it is gone, which is why we close it
        card.close()
