"""Capture: one thread a return channel that reads blocks, dates them and hands them on; it never waits for its readers.

What the card or we lost is told as frames, found from the channel's own frame clock: PortAudio drops input in silence.
"""

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from audio.card import CardError, Input
from audio.format import BYTES_PER_FRAME, ns_to_frames
from audio.frameclock import FrameClock

RETRY_FIRST_S = 0.2
RETRY_MOST_S = 2.0
# A monitor source hands out fragments: reads return in a saw tooth of 85 ms and 1.7 s (null sink, PulseAudio 16).
# A smaller loss is found from the lag track, by whoever compares sent and heard.
JUMP_NS = 150_000_000
MAX_UNDATED = 16  # blocks that wait for the frame clock to settle: 1.4 s


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


class BlockSink(Protocol):
    """Where blocks go: a queue, a ring."""

    def put_nowait(self, block: CapturedBlock, /) -> None:
        """Take it at once. Raises queue.Full when there is no room."""


class Capture:
    """Reads the card that *open_input* opens, again and again. *post* and *blocks* are used from its own thread.

    A full sink costs the block, counted in the ``lost_frames`` of the next one that finds room.
    """

    def __init__(
        self,
        channel: str,
        open_input: Callable[[], Input],
        blocks: BlockSink,
        post: Callable[[CaptureEvent], None],
        boottime_ns: Callable[[], int],
    ) -> None:
        self.channel = channel
        self._open_input = open_input
        self._blocks = blocks
        self._post = post
        self._boottime_ns = boottime_ns
        self._closing = threading.Event()
        self._clock = FrameClock(jump_ns=JUMP_NS)
        self._epoch = 0
        self._next_frame = 0
        self._lost_frames = 0
        self._undated: deque[tuple[bytes, int]] = deque()  # (samples, first frame), while the clock is unsure
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
        self._clock = FrameClock(rate_error=self._clock.rate_error, jump_ns=JUMP_NS)
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
            self._hand_on_all()
            self._post(CaptureLost(self.channel, self._boottime_ns(), str(error)))

    def _take(self, pcm: bytes, now_ns: int) -> None:
        if self._down:
            self._input_back(now_ns, len(pcm) // BYTES_PER_FRAME)
        self._retry_s, self._last_read_ns = RETRY_FIRST_S, now_ns
        self._undated.append((pcm, self._next_frame))
        self._next_frame += len(pcm) // BYTES_PER_FRAME
        jump = self._clock.add(self._next_frame, now_ns)
        if jump is not None:
            self._epoch += 1
            self._lost_frames += max(0, ns_to_frames(jump.lost_ns))
        if self._clock.settled or len(self._undated) > MAX_UNDATED:
            self._hand_on_all()

    def _input_back(self, now_ns: int, n_frames: int) -> None:
        self._down = False
        self._post(CaptureBack(self.channel, now_ns))
        if self._last_read_ns:
            self._lost_frames += max(0, ns_to_frames(now_ns - self._last_read_ns) - n_frames)

    def _hand_on_all(self) -> None:
        """Date what waits. A clock that never gets ready (a card that is not paced) gives nothing to date it by."""
        while self._undated:
            pcm, first = self._undated.popleft()
            if self._clock.ready:
                self._hand_on(
                    CapturedBlock(self.channel, self._epoch, first, self._clock.sink_ns(first), self._lost_frames, pcm)
                )
            else:
                self._lost_frames += len(pcm) // BYTES_PER_FRAME

    def _hand_on(self, block: CapturedBlock) -> None:
        try:
            self._blocks.put_nowait(block)
        except queue.Full:
            self._lost_frames += len(block.pcm) // BYTES_PER_FRAME
        else:
            self._lost_frames = 0
