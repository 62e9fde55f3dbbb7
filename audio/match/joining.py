"""Segments joined and cut."""

from collections.abc import Iterable
from dataclasses import replace

from audio.segments import MatchSegment

_SAME_DELAY_MS = 2.0


def merged(segments: Iterable[MatchSegment]) -> list[MatchSegment]:
    """Join neighbours that say the same."""
    out: list[MatchSegment] = []
    for segment in segments:
        if segment.to_frame <= segment.from_frame:
            continue
        if out and _alike(out[-1], segment):
            out[-1] = replace(out[-1], to_frame=segment.to_frame, coherence=_mean_coherence(out[-1], segment))
        else:
            out.append(segment)
    return out


def cut(segments: Iterable[MatchSegment], end: int) -> list[MatchSegment]:
    """Only what lies before *end*."""
    return [replace(s, to_frame=min(s.to_frame, end)) for s in segments if s.from_frame < end]


def _alike(one: MatchSegment, other: MatchSegment) -> bool:
    same = one.state == other.state and one.quality == other.quality
    if not same or one.delay_ms is None or other.delay_ms is None:
        return same and one.delay_ms is other.delay_ms
    return abs(one.delay_ms - other.delay_ms) < _SAME_DELAY_MS


def _mean_coherence(one: MatchSegment, other: MatchSegment) -> float | None:
    known = [(s.coherence, s.to_frame - s.from_frame) for s in (one, other) if s.coherence is not None]
    return sum(c * n for c, n in known) / sum(n for _, n in known) if known else None
