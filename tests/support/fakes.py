"""Fakes that behave: small classes with the real contract and a way to fail."""

import threading
from collections.abc import Callable

from audio.card import CardError
from audio.format import BLOCK_BYTES, BLOCK_FRAMES, BYTES_PER_FRAME, RATE_HZ

NS_PER_S = 1_000_000_000


class FakeTime:
    """A boottime that only moves when told."""

    def __init__(self, now_ns: int = 1_000 * NS_PER_S) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns

    def sleep_ns(self, duration_ns: float) -> None:
        self.now_ns += round(duration_ns)


class FakeCard:
    """An output with a buffer of three blocks whose cable can be pulled at a chosen block.

    Writes block in fake time as a card's do: the first three return at once, then one returns whenever a block has
    sounded. ``freeze_at`` = (block, seconds): the whole machine stands still inside that write. ``heard`` is what was
    accepted.
    """

    BUFFER_BLOCKS = 3

    def __init__(
        self,
        time: FakeTime,
        unplug_at_block: int | None = None,
        freeze_at: tuple[int, float] | None = None,
        rate_error: float = 0.0,
        jitter_ns: Callable[[int], int] = lambda _: 0,
    ) -> None:
        self.time = time
        self.unplug_at_block = unplug_at_block
        self.freeze_at = freeze_at
        self.rate_error = rate_error
        self.jitter_ns = jitter_ns
        self.heard: list[bytes] = []
        self.started_ns: float = time.now_ns  # when frame 0 of the card sounded (or would have, after a freeze)
        self.closed = False
        self.after_write: Callable[[int], None] = lambda _: None

    @property
    def latency_ns(self) -> int:
        return round(self.BUFFER_BLOCKS * self._block_ns)

    @property
    def _block_ns(self) -> float:
        return BLOCK_FRAMES * NS_PER_S / RATE_HZ * (1 + self.rate_error)

    def sounds_at_ns(self, frame: int) -> float:
        """The truth: when a frame of this card sounds, after all freezes so far."""
        return self.started_ns + frame * NS_PER_S / RATE_HZ * (1 + self.rate_error)

    def write(self, block: bytes) -> None:
        assert len(block) == BLOCK_BYTES
        assert not self.closed
        n = len(self.heard)
        if n == self.unplug_at_block:
            raise CardError("fake: No such device")
        if n == 0:
            self.started_ns = self.time.now_ns
        if self.freeze_at and n == self.freeze_at[0]:
            self._stand_still(self.freeze_at[1])
        room_ns = self.sounds_at_ns((n + 1 - self.BUFFER_BLOCKS) * BLOCK_FRAMES) + self.jitter_ns(n)
        self.time.now_ns = max(self.time.now_ns, round(room_ns))
        self.heard.append(block)
        self.after_write(n)

    def _stand_still(self, seconds: float) -> None:
        """The buffer runs empty meanwhile; the next block sounds at once after it."""
        self.time.sleep_ns(seconds * NS_PER_S)
        would_sound_ns = self.sounds_at_ns(len(self.heard) * BLOCK_FRAMES)
        self.started_ns += max(0.0, self.time.now_ns - would_sound_ns)

    def close(self) -> None:
        self.closed = True

    @property
    def pcm(self) -> bytes:
        return b"".join(self.heard)


class FakeInput:
    """An input that gives what it is handed, one block a read, and fails when that is used up."""

    def __init__(self, time: FakeTime, blocks: list[bytes], gap_before: tuple[int, float] | None = None) -> None:
        self.time = time
        self.blocks = blocks
        self.gap_before = gap_before  # (block, seconds): so much sound was lost before it
        self.given = 0
        self.closed = False

    def read(self) -> bytes:
        if self.given == len(self.blocks):
            raise CardError("fake: No such device")
        if self.gap_before and self.given == self.gap_before[0]:
            self.time.sleep_ns(self.gap_before[1] * NS_PER_S)
        self.time.sleep_ns(BLOCK_FRAMES * NS_PER_S / RATE_HZ)
        self.given += 1
        return self.blocks[self.given - 1]

    def close(self) -> None:
        self.closed = True


class FakeSource:
    """Samples from memory. ``ready_until`` grows like a decoder's buffer; ``fails_at`` ends it with an error there."""

    def __init__(self, pcm: bytes, live: bool = False, fails_at: int | None = None) -> None:
        self.pcm = pcm
        self.live = live
        self.fails_at = fails_at
        self.ready_until = len(pcm) // BYTES_PER_FRAME
        self.closed = threading.Event()
        self.asked_at: list[int] = []

    @property
    def frames(self) -> int:
        return len(self.pcm) // BYTES_PER_FRAME

    @property
    def ready(self) -> bool:
        return self.ready_until > 0

    @property
    def failure(self) -> str | None:
        return "fake: broken" if self.fails_at is not None else None

    def take(self, n_frames: int, at_frame: int) -> bytes:
        self.asked_at.append(at_frame)
        limit = min(self.ready_until, self.frames if self.fails_at is None else self.fails_at)
        end = min(at_frame + n_frames, limit)
        return self.pcm[at_frame * BYTES_PER_FRAME : max(at_frame, end) * BYTES_PER_FRAME]

    def ended_by(self, frame: int) -> bool:
        return self.fails_at is None and frame >= self.frames

    def close(self) -> None:
        self.closed.set()
