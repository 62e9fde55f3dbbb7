"""What speaks against how a stretch was booked.

On air: dips of the evidence, too short or too weak to be called gaps. A gap has to pay for two changes
(``Settings.switch_nats``). Sound that stays on air dips by more than two nats once in five minutes; a gap of 50–130 ms
that was not called dips by 2 to 12: what is doubted is mostly such gaps.

Off air: gaps that the evidence hardly speaks for. Each hop of what was not ours contradicts it by about a nat, and
next to none of them speaks for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audio.match.grid import HOP, Floats, milliseconds

REACH = 32  # hops: no longer dip stays uncalled
_DEEP = 2.2  # nats: less is chance
_HARDLY = 0.6  # nats a telling hop: less speaks but weakly against what may be ours …
_SOMETHING = 0.1  # … and so does what is contradicted itself by such a share of it
_BORDER = 2  # hops at either end of a gap: their looks reach over it, to what is ours
_SMEAR_MS = 16.0  # a look reaches over the edges of a gap: half a look of it still tells of what was sent


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something of *length_ms* about *position* (samples of SENT) may be the other way round than it was booked."""

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


def may_be_ours(nats: Floats, cold: bool) -> bool:
    """Does what was heard off air hardly speak against us? *nats*: one a hop of all of it.

    *cold*: before anything was on air along any track. The path was not known then, and what is ours has little to say.
    """
    nats = nats[_BORDER:-_BORDER]
    ours, against = float(nats[nats > 0].sum()), -float(nats[nats < 0].sum())
    return against - ours < _HARDLY * int(np.count_nonzero(nats)) and (cold or ours > _SOMETHING * against)
