"""One return channel: its captured blocks, its matcher, and segments on the axis of boottime. Knows no device."""

import numpy as np

from audio.capture import CapturedBlock
from audio.format import BYTES_PER_FRAME, frames_to_ns, ns_to_frames
from audio.match import Live, Matcher, Settings
from audio.segments import MatchSegment, Segment, State
from audio.timeline import SentTimeline, Span

GAP_NS = 20_000_000  # a captured block this much later than expected did not follow the one before
LIVE_SETTINGS = Settings(earliest_ms=-100.0, latest_ms=10_000.0)  # a live return cannot come before it was sent
SAMPLE = np.dtype("<i2")


class Listener:
    """Lays a channel's captured blocks on the axis of what was sent and lets the matcher judge them."""

    def __init__(self, channel: str, boot: int, timeline: SentTimeline, prior_delay_ms: float | None) -> None:
        self.channel = channel
        self.heard_until_ns: int | None = None  # boottime at which the last captured block ended
        self._boot = boot
        self._timeline = timeline
        self._prior_ms = prior_delay_ms
        self._matcher: Matcher | None = None
        self._sent_before: list[tuple[Span, bytes, bool]] = []

    def sent(self, span: Span, pcm: bytes, programme: bool) -> None:
        """The next stretch of the axis: *pcm* of a block, or nothing for a gap."""
        if self._matcher is None:
            self._sent_before.append((span, pcm, programme))
        else:
            _push_sent(self._matcher, span, pcm, programme)

    def heard(self, block: CapturedBlock) -> None:
        frames = len(block.pcm) // BYTES_PER_FRAME
        if self._matcher is None:
            self._matcher = self._begin(block.heard_ns)
        elif self.heard_until_ns is not None and block.heard_ns - self.heard_until_ns > GAP_NS:
            self._matcher.lose_heard(ns_to_frames(block.heard_ns - self.heard_until_ns))
        self._matcher.push_heard(np.frombuffer(block.pcm, SAMPLE))
        self.heard_until_ns = block.heard_ns + frames_to_ns(frames)

    def nothing_heard_until(self, boottime_ns: int) -> None:
        """The capture is gone: time goes on, unobserved."""
        if self._matcher is None or self.heard_until_ns is None:
            return
        frames = ns_to_frames(boottime_ns - self.heard_until_ns)
        if frames > 0:
            self._matcher.lose_heard(frames)
            self.heard_until_ns += frames_to_ns(frames)

    def decide(self) -> list[Segment]:
        return self._placed(self._matcher.step()) if self._matcher else []

    def finish(self) -> list[Segment]:
        return self._placed(self._matcher.finish()) if self._matcher else []

    def live(self) -> Live | None:
        return self._matcher.live() if self._matcher else None

    @property
    def decided_ns(self) -> int | None:
        """Boottime up to which all is final; None before anything was heard."""
        return None if self._matcher is None else self._timeline.ns_of(self._matcher.decided_to)

    def _begin(self, starts_ns: int) -> Matcher:
        heard_starts_at = self._timeline.frame_of(starts_ns)
        matcher = Matcher(heard_starts_at=heard_starts_at, prior_delay_ms=self._prior_ms, settings=LIVE_SETTINGS)
        for span, pcm, programme in self._sent_before:
            _push_sent(matcher, span, pcm, programme)
        self._sent_before = []
        return matcher

    def _placed(self, segments: list[MatchSegment]) -> list[Segment]:
        live = self.live()
        level = live.heard_dbfs if live else None
        return [self._place(segment, level) for segment in segments if segment.to_frame > segment.from_frame]

    def _place(self, s: MatchSegment, heard_dbfs: float | None) -> Segment:
        from_ns, to_ns = self._timeline.ns_of(s.from_frame), self._timeline.ns_of(s.to_frame)
        heard = None if s.state is State.UNOBSERVED else heard_dbfs
        return Segment(self.channel, self._boot, from_ns, to_ns, s.state, s.quality, s.delay_ms, s.coherence, heard)


def _push_sent(matcher: Matcher, span: Span, pcm: bytes, programme: bool) -> None:
    samples = np.frombuffer(pcm, SAMPLE) if span.sent else np.zeros(span.frames, np.int16)
    matcher.push_sent(samples, programme and span.sent)
