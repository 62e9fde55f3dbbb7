"""Capture: one thread a return channel that reads blocks, dates them and hands them on; it never waits for its readers.

What the card or we lost is told as frames, found from the channel's own frame clock: PortAudio drops input in silence.
"""

import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from audio.card import CardError, Input
from audio.format import BLOCK_FRAMES, BYTES_PER_FRAME, frames_to_ns, ns_to_frames
from audio.frameclock import FrameClock

RETRY_FIRST_S = 0.2
RETRY_MOST_S = 2.0


@dataclass(frozen=True, slots=True)
class CapturedBlock:
    """A block of the return. Within one epoch frames are contiguous; epochs of one process only grow."""

    channel: str
    epoch: int
    first_frame: int
    heard_ns: int  # boottime at which its first frame entered the card
    lost_frames: int  # missing between the block before (of any epoch) and this one, as far as it is known
    pcm: bytes  # s16le mono 48 kHz


@dataclass(frozen=True, slots=True)
class CaptureLost:
    channel: str
    at_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class CaptureBack:
    channel: str
    at_ns: int


CaptureEvent = CaptureLost | CaptureBack


class Capture:
    """Reads the card that *open_input* opens, again and again. *post* and *blocks* are used from its own thread.

    A full queue costs the block, counted in the ``lost_frames`` of the next one that finds room.
    """

    def __init__(
        self,
        channel: str,
        open_input: Callable[[], Input],
        blocks: "queue.Queue[CapturedBlock]",
        post: Callable[[CaptureEvent], None],
        boottime_ns: Callable[[], int],
    ) -> None:
        self.channel = channel
        self._open_input = open_input
        self._blocks = blocks
        self._post = post
        self._boottime_ns = boottime_ns
        self._closing = threading.Event()
        self._clock = FrameClock()
        self._epoch = 0
        self._next_frame = 0
        self._lost_frames = 0
        self._heard_until_ns: int | None = None  # boottime at the end of the last block, to count what a loss took
        self._down = False
        self._retry_s = RETRY_FIRST_S
        self._last_read_ns = 0
        self._thread = threading.Thread(target=self._run, name=f"capture-{channel}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float = 2.0) -> bool:
        """End; False if the card holds the thread for longer."""
        self._closing.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def last_read_ns(self) -> int:
        """Boottime at which a read last returned: a watchdog looks for one that is stuck."""
        return self._last_read_ns

    # -- the reading thread -------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                card = self._open_input()
            except CardError as error:
                self._input_lost(error)
            else:
                self._listen(card)
            self._closing.wait(self._retry_s)
            self._retry_s = min(2 * self._retry_s, RETRY_MOST_S)

    def _listen(self, card: Input) -> None:
        self._clock = FrameClock(rate_error=self._clock.rate_error)
        self._epoch += 1
        try:
            while not self._closing.is_set():
                self._take(card.read(), self._boottime_ns())
        except CardError as error:
            self._input_lost(error)
        finally:
            with contextlib.suppress(CardError):  # it is gone, which is why we close it
                card.close()

    def _input_lost(self, error: CardError) -> None:
        if not self._down:
            self._down = True
            self._post(CaptureLost(self.channel, self._boottime_ns(), str(error)))

    def _take(self, pcm: bytes, now_ns: int) -> None:
        self._retry_s, self._last_read_ns = RETRY_FIRST_S, now_ns
        first, n_frames = self._next_frame, len(pcm) // BYTES_PER_FRAME
        self._next_frame += n_frames
        if self._down:
            self._down = False
            self._post(CaptureBack(self.channel, now_ns))
        jump = self._clock.add(self._next_frame, now_ns)
        if jump is not None:
            self._epoch += 1
            self._lost_frames += max(0, ns_to_frames(jump.lost_ns))
        self._hand_on(pcm, first, self._heard_ns(first, now_ns))

    def _heard_ns(self, first: int, now_ns: int) -> int:
        """Until the clock knows better, a block is as old as it is long."""
        if self._clock.ready:
            return self._clock.sink_ns(first)
        return now_ns - frames_to_ns(BLOCK_FRAMES)

    def _hand_on(self, pcm: bytes, first: int, heard_ns: int) -> None:
        block = CapturedBlock(self.channel, self._epoch, first, heard_ns, self._lost_frames, pcm)
        try:
            self._blocks.put_nowait(block)
        except queue.Full:
            self._lost_frames += len(pcm) // BYTES_PER_FRAME
        else:
            self._lost_frames = 0
