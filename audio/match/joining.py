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
            out[-1] = _joined(out[-1], segment)
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


def _joined(one: MatchSegment, other: MatchSegment) -> MatchSegment:
    return replace(
        one,
        to_frame=other.to_frame,
        coherence=_mean(one, other, one.coherence, other.coherence),
        doubt_ms=one.doubt_ms + other.doubt_ms,
        evidence_share=_mean(one, other, one.evidence_share, other.evidence_share),
        snr_db=_mean(one, other, one.snr_db, other.snr_db),
    )


def _mean(one: MatchSegment, other: MatchSegment, of_one: float | None, of_other: float | None) -> float | None:
    """Of a figure of both, by their length; of one where the other has none."""
    if of_one is None or of_other is None:
        return of_other if of_one is None else of_one
    a, b = one.to_frame - one.from_frame, other.to_frame - other.from_frame
    return (of_one * a + of_other * b) / (a + b)
