"""How sure the total on air is: from the segments of a programme to the half-width of its 95 % interval. Pure.

It speaks of the milliseconds in which the programme is audible. Where it pauses, nobody can say whether it was on air.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from audio.segments import MatchSegment, State

_FRAMES_A_MS = 48
_NORMAL_95 = 1.96
_SAME_DELAY_MS = 5.0
_LONGEST_RELOCK_MS = 3_000.0  # a new delay is found in that time; what was off air longer was so for another reason
_SHARE_OF_RELOCK = 0.5  # of such a stretch, as its standard deviation: it may all have been on air, or none
_HIDDEN_MS = 15.0  # a gap that left no trace: standard deviation that each gap found adds
_LEAST_MS = 1.0  # the totals are whole milliseconds


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the sum has to know of a segment."""

    length_ms: float
    state: State
    delay_ms: float | None = None
    edge_ms: float | None = None  # standard deviation of its start; None: no change between on and off air
    doubt_ms: float = 0.0
    evidence_share: float | None = None
    snr_db: float | None = None

    @property
    def on_air(self) -> bool:
        return self.state is State.ON_AIR


def stretches(segments: Iterable[MatchSegment]) -> list[Stretch]:
    return [
        Stretch(
            (s.to_frame - s.from_frame) / _FRAMES_A_MS,
            *(s.state, s.delay_ms, s.edge_ms, s.doubt_ms, s.evidence_share, s.snr_db),
        )
        for s in segments
    ]


class Evidence(NamedTuple):
    """What the total of a programme rests on; None where nothing of it was observed, or on air."""

    uncertainty_ms: int
    evidence_share: float | None
    snr_db: float | None


def evidence_of(found: Sequence[Stretch]) -> Evidence:
    """*found* follow one another."""
    share, snr = (_mean(found, figure) for figure in ("evidence_share", "snr_db"))
    return Evidence(
        math.ceil(half_width_ms(found)),
        None if share is None else round(share, 3),
        None if snr is None else round(snr, 1),
    )


def _mean(found: Iterable[Stretch], figure: str) -> float | None:
    """By the length of the stretches that have it."""
    known = [(value, one.length_ms) for one in found if (value := getattr(one, figure)) is not None]
    weight = sum(length_ms for _, length_ms in known)
    return sum(value * length_ms for value, length_ms in known) / weight if weight else None


def half_width_ms(found: Sequence[Stretch]) -> float:
    """The truth lies within this of the sum on air, 19 times in 20. *found* follow one another.

    Edges are independent: their variances add, with those of re-locks and of gaps that hid. What was doubted adds as it
    is, for it is wrong in one direction: a short gap that was not called was booked on air.
    """
    variance = sum(one.edge_ms**2 for one in found[1:] if one.edge_ms is not None)
    variance += sum(_relock_ms(*three) ** 2 for three in zip(found, found[1:], found[2:], strict=False))
    variance += sum(_skipped_ms(*two) ** 2 for two in pairwise(found))
    variance += _HIDDEN_MS**2 * sum(1 for one, other in pairwise(found) if one.on_air and not other.on_air)
    return sum(one.doubt_ms for one in found) + max(_LEAST_MS, _NORMAL_95 * math.sqrt(variance))


def _relock_ms(before: Stretch, between: Stretch, after: Stretch) -> float:
    """Off air between two delays: until the new one was found, nothing could be recognised."""
    if not (before.on_air and after.on_air) or between.on_air or not _delay_change_ms(before, after):
        return 0.0
    return _SHARE_OF_RELOCK * min(between.length_ms, _LONGEST_RELOCK_MS)


def _skipped_ms(before: Stretch, after: Stretch) -> float:
    """From one delay to a shorter without a gap: what the queue threw away was never heard, though it is booked."""
    return max(0.0, -_delay_change_ms(before, after)) / 2 if before.on_air and after.on_air else 0.0


def _delay_change_ms(before: Stretch, after: Stretch) -> float:
    if before.delay_ms is None or after.delay_ms is None:
        return 0.0
    change = after.delay_ms - before.delay_ms
    return change if abs(change) > _SAME_DELAY_MS else 0.0
