"""The tape: what a channel heard in the last minute, in a ring like the one of what was sent.

A meter decides up to ten seconds behind and commits every few seconds. What one that was killed had heard and not told
yet is still on its tape, and its successor goes on from there: only the time in which nobody captured is unobserved.
"""

from collections.abc import Callable
from pathlib import Path

from audio.capture import CapturedBlock
from audio.ring import Block, RingReader, RingWriter


class Tape:
    """Where a capture's thread puts its blocks. Raises RingError when the run folder takes no file."""

    def __init__(self, path: Path, boot: int) -> None:
        self._ring = RingWriter(path, boot)
        self._epoch = 0

    def put_nowait(self, block: CapturedBlock) -> None:
        if self._epoch not in (0, block.epoch):
            self._ring.new_epoch()
        self._epoch = block.epoch
        self._ring.put(block.pcm, block.first_frame, block.heard_ns)


class Bell:
    """A tape that rings with each third block: what was heard is judged while the process is awake for it anyway."""

    BLOCKS = 3

    def __init__(self, tape: Tape, ring: Callable[[], None]) -> None:
        self._tape, self._ring = tape, ring
        self._blocks = 0

    def put_nowait(self, block: CapturedBlock) -> None:
        self._tape.put_nowait(block)
        self._blocks = (self._blocks + 1) % self.BLOCKS
        if not self._blocks:
            self._ring()


class Follower:
    """Reads a ring's blocks of this boot in order, each once. A ring that nobody has made yet has no news."""

    def __init__(self, path: Path, boot: int) -> None:
        self._boot = boot
        self._ring = RingReader(path)
        self._seq = 0

    def news(self, since_ns: int = 0) -> list[Block]:
        """What came since the last call, without what sounded before boottime *since_ns*."""
        batch = self._ring.read_from(self._seq)
        self._seq = batch.next_seq
        return [block for block in batch.blocks if block.boot == self._boot and block.sink_ns >= since_ns]
