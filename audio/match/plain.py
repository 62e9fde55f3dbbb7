"""What was plainly on air when it came: the account takes it as it was seen, and looks again at all the rest."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from audio.match.channel import Channel
from audio.match.evidence import Evidence, together
from audio.match.grid import HOP, RATE_HZ, Floats

STEP = 2 * HOP  # between the looks of what is kept
_MOST_AGAINST = 2.0  # nats of all looks of a tick that speak against it: neither a gap nor a doubt (see ``doubt``)
_KEPT = 16 * RATE_HZ  # samples: longer than an account waits


def is_plain(seen: Evidence, rest: Floats, channel: Channel) -> bool:
    """Nothing speaks against on air, and nothing else is heard.

    *rest*: log of what the prediction leaves over the floor. Far below it the path's own noise has gone.
    """
    against = float(np.minimum(seen.llr, 0).sum())
    return against > -_MOST_AGAINST and bool(rest.max() <= channel.scatter) and bool(rest.min() >= channel.lowest - 1)


@dataclass(frozen=True, slots=True)
class _Stretch:
    start: int
    stop: int
    track: int
    seen: Evidence


class Plain:
    """Stretches of SENT that were plainly on air, by the number of the track along which they were heard."""

    def __init__(self) -> None:
        self._stretches: deque[_Stretch] = deque()

    def forget(self) -> None:
        self._stretches.clear()

    def add(self, start: int, stop: int, track: int, seen: Evidence) -> None:
        """*seen*: a look each ``STEP`` of these positions."""
        self._stretches.append(_Stretch(start, stop, track, seen))
        while self._stretches[0].stop < stop - _KEPT:
            self._stretches.popleft()

    def has(self, start: int, stop: int, track: int) -> bool:
        """Was all of it, between two positions?"""
        at = start
        for one in self._inside(start, stop, track):
            if one.start > at:
                return False
            at = one.stop
        return at >= stop

    def seen(self, start: int, stop: int, track: int) -> Evidence | None:
        """The looks between two positions that lie on whole steps; None where not all of it was plain."""
        if not self.has(start, stop, track):
            return None
        inside = self._inside(start, stop, track)
        first = (start - inside[0].start) // STEP
        return together([one.seen for one in inside]).part(slice(first, first + (stop - start) // STEP))

    def _inside(self, start: int, stop: int, track: int) -> list[_Stretch]:
        return [one for one in self._stretches if one.stop > start and one.start < stop and one.track == track]
