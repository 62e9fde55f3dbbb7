"""How sure the total on air is: from the segments of a programme to the half-width of its 95 % interval. Pure.

It speaks of the milliseconds in which the programme is audible. Where it pauses, nobody can say whether it was on air.
"""

import math
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from audio.segments import MatchSegment, State

_FRAMES_A_MS = 48
_NORMAL_95 = 1.96
_SAME_DELAY_MS = 5.0
_LONGEST_RELOCK_MS = 3_000.0  # a new delay is found in that time
_SHORT_GAP_MS = 1_000.0  # what is off air between two delays for so little may be ours altogether
_LATE_RELOCK_MS = 250.0  # standard deviation of where a longer stretch ended
_HIDDEN_MS, _MOST_HIDDEN = 16.0, 2.5  # standard deviation of what left no trace, on a clear path; at most times that
_CLEAR_DB, _SHARP_MS = 6.0, 8.0  # what a clear path is
_ALIKE = 0.1  # correlation between the errors of two edges
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

    What is independent adds as variances. What was doubted adds as it is, for it is wrong in one direction: a short gap
    that was not called was booked on air. Gaps of a tune that are none err the other way, but all alike.
    """
    gaps = list(_gaps(found))
    edges_ms = [one.edge_ms for one in found[1:] if one.edge_ms is not None]
    variance = _edges_ms2(edges_ms)
    variance += sum(_relock_ms(gap) ** 2 for gap in gaps)
    variance += sum(_skipped_ms(*two) ** 2 for two in pairwise(found))
    variance += _hidden_ms(_mean(found, "snr_db"), edges_ms) ** 2 * len(gaps)
    return sum(one.doubt_ms for one in found) + max(_LEAST_MS, _NORMAL_95 * math.sqrt(variance))


def _edges_ms2(deviations_ms: Sequence[float]) -> float:
    """Edges of one path err partly alike: the end of what rings is found late each time."""
    return (1 - _ALIKE) * sum(ms**2 for ms in deviations_ms) + _ALIKE * sum(deviations_ms) ** 2


def _hidden_ms(snr_db: float | None, edges_ms: Sequence[float]) -> float:
    """For each gap that was found, one like it may have left no trace; the clearer and drier the path, the shorter."""
    noise = 1.0 if snr_db is None else 10 ** ((_CLEAR_DB - snr_db) / 20)
    blur = statistics.median(edges_ms) / _SHARP_MS if edges_ms else 1.0
    return _HIDDEN_MS * min(_MOST_HIDDEN, max(1.0, noise)) * max(1.0, blur)


@dataclass(frozen=True, slots=True)
class _Gap:
    """Not on air, though observed throughout, between two stretches that are; *sound_ms* of it was other sound."""

    before: Stretch
    sound_ms: float
    after: Stretch


def _gaps(found: Sequence[Stretch]) -> Iterator[_Gap]:
    runs = [(on_air, list(parts)) for on_air, parts in groupby(found, key=lambda one: one.on_air)]
    for (_, before), (on_air, parts), (_, after) in zip(runs, runs[1:], runs[2:], strict=False):
        if not on_air and all(one.state is not State.UNOBSERVED for one in parts):
            yield _Gap(before[-1], _sound_ms(parts), after[0])


def _sound_ms(parts: Sequence[Stretch]) -> float:
    """What is short may have been named wrongly: our own, softly spoken, is noise."""
    is_short = sum(one.length_ms for one in parts) <= _SHORT_GAP_MS
    named = (State.FOREIGN, State.NOISE, State.HUM) if is_short else (State.FOREIGN,)
    return sum(one.length_ms for one in parts if one.state in named)


def _relock_ms(gap: _Gap) -> float:
    """Other sound between two delays may be ours, until the new delay was found; what lasts was something else."""
    change_ms = _delay_change_ms(gap.before, gap.after)
    if not change_ms:
        return 0.0
    unexplained_ms = max(0.0, gap.sound_ms - max(0.0, -change_ms))  # what a shorter queue threw away was not heard
    return unexplained_ms / 2 if unexplained_ms <= _LONGEST_RELOCK_MS else _LATE_RELOCK_MS


def _skipped_ms(before: Stretch, after: Stretch) -> float:
    """From one delay to a shorter without a gap: what the queue threw away was never heard, though it is booked."""
    return max(0.0, -_delay_change_ms(before, after)) / 2 if before.on_air and after.on_air else 0.0


def _delay_change_ms(before: Stretch, after: Stretch) -> float:
    if before.delay_ms is None or after.delay_ms is None:
        return 0.0
    change = after.delay_ms - before.delay_ms
    return change if abs(change) > _SAME_DELAY_MS else 0.0
