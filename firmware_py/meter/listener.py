"""One return channel: its captured blocks, its matcher, and segments on the axis of boottime. Knows no device."""

import numpy as np

from audio.format import BLOCK_FRAMES, ns_to_frames
from audio.match import Live, Matcher, Settings
from audio.ring import Block
from audio.segments import MatchSegment, Segment, State
from firmware_py.meter.axis import SAMPLE, SentAxis
from firmware_py.meter.past import end_ns

AT_ONCE = 50  # blocks, 4 s, that are given to the matcher before it takes a step
GAP_FRAMES = 960  # 20 ms: less between two epochs is no loss, but how well their clocks are fitted
LIVE_SETTINGS = Settings(earliest_ms=-100.0, latest_ms=10_000.0)  # a live return cannot come before it was sent


class Listener:
    """Lays a channel's captured blocks on the axis of what was sent and lets the matcher judge them.

    It begins with the axis. Of what it decides, all before *told_until_ns* is in the journal already.
    """

    def __init__(
        self, channel: str, boot: int, axis: SentAxis, prior_delay_ms: float | None, told_until_ns: int
    ) -> None:
        self.channel = channel
        self._boot = boot
        self._timeline = axis.timeline
        self._told_until_ns = told_until_ns
        self._heard_until_ns = axis.timeline.end_ns  # boottime at which the last captured block ended
        self._given_up = 0  # frames after it that were taken for lost
        self._expected = 0, 0  # epoch and first frame of a block that follows the last one
        self._blocks = 0  # since the last step
        self._decided: list[Segment] = []  # while many blocks came at once
        self._matcher = Matcher(prior_delay_ms=prior_delay_ms, settings=LIVE_SETTINGS, sent=axis.sent)

    def heard(self, block: Block) -> None:
        """The next block. Within an epoch frames follow one another, however the capture's clock is fitted."""
        if (block.epoch, block.first_frame) != self._expected:
            self._lay(block.sink_ns)
        again = min(self._given_up, BLOCK_FRAMES)
        self._matcher.push_heard(np.frombuffer(block.pcm, SAMPLE)[again:])
        self._given_up -= again
        self._heard_until_ns = end_ns(block)
        self._expected = block.epoch, block.first_frame + BLOCK_FRAMES
        self._blocks += 1
        if self._blocks >= AT_ONCE:
            self._decided = self.decide()

    def _lay(self, heard_ns: int) -> None:
        """What comes next was heard at *heard_ns*: leave out what nobody heard before it."""
        late = ns_to_frames(heard_ns - self._heard_until_ns) - self._given_up
        if late > GAP_FRAMES:
            self._matcher.lose_heard(late)
        self._given_up = min(self._given_up, max(0, -late))

    def nothing_heard_until(self, boottime_ns: int) -> None:
        """Nothing came for too long: time goes on, unobserved."""
        frames = ns_to_frames(boottime_ns - self._heard_until_ns) - self._given_up
        if frames > 0:
            self._matcher.lose_heard(frames)
            self._given_up += frames

    def decide(self) -> list[Segment]:
        self._blocks, decided, self._decided = 0, self._decided, []
        return decided + self._placed(self._matcher.step())

    def finish(self) -> list[Segment]:
        return self.decide() + self._placed(self._matcher.finish())

    def live(self) -> Live:
        return self._matcher.live()

    @property
    def decided_ns(self) -> int:
        """Boottime up to which all is final."""
        return self._timeline.ns_of(self._matcher.decided_to)

    def _placed(self, segments: list[MatchSegment]) -> list[Segment]:
        level = self.live().heard_dbfs
        placed = (self._place(segment, level) for segment in segments)
        return [segment for segment in placed if segment.to_ns > segment.from_ns]

    def _place(self, s: MatchSegment, heard_dbfs: float) -> Segment:
        from_ns, to_ns = (max(self._told_until_ns, self._timeline.ns_of(f)) for f in (s.from_frame, s.to_frame))
        heard = None if s.state is State.UNOBSERVED else heard_dbfs
        return Segment(
            *(self.channel, self._boot, from_ns, to_ns, s.state, s.quality, s.delay_ms, s.coherence, heard),
            *(s.edge_ms, s.doubt_ms, s.evidence_share, s.snr_db),
        )
