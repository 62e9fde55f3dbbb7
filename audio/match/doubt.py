"""What speaks against a stretch that was booked on air: dips of the evidence, too short or too weak to be called gaps.

A gap has to pay for two changes (``Settings.switch_nats``). Sound that stays on air dips by more than two nats once in
five minutes; a gap of 50–130 ms that was not called dips by 2 to 12: what is doubted is mostly such gaps.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audio.match.grid import HOP, Floats, milliseconds

REACH = 32  # hops: no longer dip stays uncalled
_DEEP = 2.2  # nats: less is chance
_SMEAR_MS = 16.0  # a look reaches over the edges of a gap: half a look of it still tells of what was sent


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something of *length_ms* around *position* (samples of SENT) may not have been on air."""

    position: int
    length_ms: float


def doubts(nats: Floats, first_hop: int) -> Iterator[Doubt]:
    """*nats*: for on air, one a hop of SENT from *first_hop* on, all of one stretch that is on air."""
    if not len(nats) or float(nats.min()) >= 0:
        return
    total = np.concatenate([[0.0], np.cumsum(nats)])
    below = np.maximum.accumulate(total) - total
    edges = np.flatnonzero(np.diff(np.concatenate([[False], below > 0, [False]])))
    for start, stop in edges.reshape(-1, 2).tolist():
        deepest = start + int(np.argmax(below[start:stop]))
        if below[deepest] > _DEEP:
            length = (deepest - start + 1) * HOP
            yield Doubt((first_hop + start - 1) * HOP + length // 2, milliseconds(length) + _SMEAR_MS)
