"""What playout sent, laid without holes on the axis of boottime: one for all channels that hear it."""

import numpy as np

from audio.format import BLOCK_FRAMES
from audio.match import Sent
from audio.ring import Block
from audio.timeline import SentTimeline, Span

SAMPLE = np.dtype("<i2")


class SentAxis:
    """Begins at boottime *starts_ns*."""

    def __init__(self, starts_ns: int) -> None:
        self.timeline = SentTimeline(starts_ns)
        self.sent = Sent()

    def take(self, block: Block) -> None:
        """The next block, and what was not sent before it."""
        for span in self.timeline.place(block.sink_ns, BLOCK_FRAMES):
            self._extend(span, block)

    def fill_until(self, boottime_ns: int) -> bool:
        """Nothing was sent until then. Whether the axis had yet to reach it."""
        spans = self.timeline.fill_until(boottime_ns)
        for span in spans:
            self._extend(span, None)
        return bool(spans)

    def _extend(self, span: Span, block: Block | None) -> None:
        if span.sent and block is not None:
            self.sent.push(np.frombuffer(block.pcm, SAMPLE), bool(block.occurrence_id))
        else:
            self.sent.push(np.zeros(span.frames, np.int16), False)
