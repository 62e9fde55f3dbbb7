"""Capture: one thread a return channel, that reads blocks, dates them, and opens the card again for ever.

It decides nothing: a block is posted with the boottime at which its first frame was heard, by the capture's own frame
clock; whoever takes it sees from the dates where frames are missing (an xrun shows nowhere else).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from audio.card import CardError, Input
from audio.format import BLOCK_FRAMES, frames_to_ns
from audio.frameclock import FrameClock

RETRY_FIRST_S = 0.2
RETRY_MOST_S = 2.0


@dataclass(frozen=True, slots=True)
class Captured:
    """A block as the card gave it; *starts_ns* is the boottime at which its first frame was heard."""

    channel: str
    starts_ns: int
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


CaptureEvent = Captured | CaptureLost | CaptureBack


class Capture:
    """Reads *channel* from the card that *open_card* opens. *post* is called from the thread and must not block."""

    def __init__(
        self,
        channel: str,
        open_card: Callable[[], Input],
        post: Callable[[CaptureEvent], None],
        boottime_ns: Callable[[], int],
    ) -> None:
        self._channel = channel
        self._open_card = open_card
        self._post = post
        self._boottime_ns = boottime_ns
        self._closing = threading.Event()
        self._lost = False
        self._thread = threading.Thread(target=self._run, name=f"capture {channel}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout_s: float = 2.0) -> bool:
        """End; False if the card holds the thread for longer."""
        self._closing.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        retry_s = RETRY_FIRST_S
        while not self._closing.is_set():
            try:
                card = self._open_card()
            except CardError as error:
                self._tell_lost(error)
                self._closing.wait(retry_s)
                retry_s = min(2 * retry_s, RETRY_MOST_S)
                continue
            retry_s = RETRY_FIRST_S
            self._listen(card)

    def _listen(self, card: Input) -> None:
        """Read until the card fails or we close."""
        try:
            self._read_blocks(card)
        except CardError as error:
            self._tell_lost(error)
        finally:
            _close(card)

    def _read_blocks(self, card: Input) -> None:
        clock, frames = FrameClock(), 0
        while not self._closing.is_set():
            pcm = card.read()
            returned_ns = self._boottime_ns()
            clock.add(frames + BLOCK_FRAMES, returned_ns)
            starts_ns = clock.sink_ns(frames) if clock.ready else returned_ns - frames_to_ns(BLOCK_FRAMES)
            frames += BLOCK_FRAMES
            if self._lost:
                self._lost = False
                self._post(CaptureBack(self._channel, returned_ns))
            self._post(Captured(self._channel, starts_ns, pcm))

    def _tell_lost(self, error: CardError) -> None:
        if not self._lost:
            self._lost = True
            self._post(CaptureLost(self._channel, self._boottime_ns(), str(error)))


def _close(card: Input) -> None:
    try:
        card.close()
    except CardError:
        pass  # it is gone, which is why we close it
