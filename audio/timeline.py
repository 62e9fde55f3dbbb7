"""Lays what was sent on one contiguous 48 kHz axis and keeps its map to boottime.

The matcher wants two streams without holes; the world has a playout that dies, freezes and starts again. A stretch in
which nothing was sent is filled with "nothing sent", so that the axis goes on as boottime does. Pure: knows no clock.
"""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass

from audio.format import RATE_HZ, frames_to_ns, ns_to_frames

NS_PER_S = 1_000_000_000
GAP_NS = 20_000_000  # a block this much later than the one before ends did not follow it
ANCHORS_KEPT = 2_048  # ~3 min of blocks: more than any decision looks back


@dataclass(frozen=True, slots=True)
class Span:
    """The next stretch of the axis: a block that was sent, or *frames* of nothing."""

    frames: int
    sent: bool


class SentTimeline:
    """Axis frame 0 is boottime *starts_ns*; frames follow the card within a run of blocks, boottime between runs."""

    def __init__(self, starts_ns: int) -> None:
        self.end_frame = 0
        self._end_ns = starts_ns
        self._frames: deque[int] = deque([0], maxlen=ANCHORS_KEPT)
        self._instants: deque[int] = deque([starts_ns], maxlen=ANCHORS_KEPT)

    @property
    def end_ns(self) -> int:
        """Boottime at which the axis ends now."""
        return self._end_ns

    def place(self, sink_ns: int, frames: int) -> list[Span]:
        """A block of *frames* that sounds at *sink_ns* comes next; says what to append, a gap first if there is one.

        A block that begins before the axis ends (the frame clock was fitted anew) is appended where the axis ends.
        """
        spans = []
        if sink_ns - self._end_ns > GAP_NS:
            spans += self.fill_until(sink_ns)
        self._anchor(max(sink_ns, self._end_ns - GAP_NS))
        self._advance(frames)
        return [*spans, Span(frames, sent=True)]

    def fill_until(self, boottime_ns: int) -> list[Span]:
        """Nothing was sent until *boottime_ns*."""
        frames = ns_to_frames(boottime_ns - self._end_ns)
        if frames <= 0:
            return []
        self._anchor(self._end_ns)
        self._advance(frames)
        return [Span(frames, sent=False)]

    def ns_of(self, frame: int) -> int:
        """Boottime at which an axis frame was sent; older than what is kept: by the oldest anchor."""
        index = max(0, bisect_right(self._frames, frame) - 1)
        ns = self._instants[index] + (frame - self._frames[index]) * NS_PER_S // RATE_HZ
        if index + 1 < len(self._instants):
            ns = min(ns, self._instants[index + 1])
        return ns

    def frame_of(self, boottime_ns: int) -> int:
        """The axis frame that was sent at *boottime_ns* (nominal rate beyond either end)."""
        index = max(0, bisect_right(self._instants, boottime_ns) - 1)
        return self._frames[index] + ns_to_frames(boottime_ns - self._instants[index])

    def _anchor(self, ns: int) -> None:
        ns = max(ns, self._instants[-1])
        if self._frames[-1] == self.end_frame:
            self._instants[-1] = ns
        else:
            self._frames.append(self.end_frame)
            self._instants.append(ns)
        self._end_ns = ns

    def _advance(self, frames: int) -> None:
        self.end_frame += frames
        self._end_ns += frames_to_ns(frames)
