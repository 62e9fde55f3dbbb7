"""How loud the whole path is now, against what is usual: what has become low."""

import numpy as np
from numpy.typing import NDArray

from audio.match.channel import Channel
from audio.match.evidence import Evidence
from audio.match.grid import Floats, median

_RATE = 0.002  # a telling block moves the usual gain by that share: some minutes


class UsualGain:
    """The path's gain as it was over some minutes. Linear."""

    def __init__(self) -> None:
        self._usual = 0.0

    def of(self, seen: Evidence, channel: Channel) -> tuple[float, float]:
        """(now, usually): of the channel's filter and of what these looks have over it."""
        return self._now(seen.gain[_telling(seen)], channel), self._usual

    def learn(self, seen: Evidence, channel: Channel) -> tuple[float, float]:
        """The same, of a tick that is on air, which is now part of what is usual."""
        telling = _telling(seen)
        nats, gain = seen.llr[telling], self._now(seen.gain[telling], channel)
        if len(nats) and median(nats) > 1:
            self._usual += (gain - self._usual) * (_RATE if self._usual else 1)
        return gain, self._usual

    def _now(self, gains: Floats, channel: Channel) -> float:
        return median(gains) * channel.taps_gain if len(gains) else self._usual


def _telling(seen: Evidence) -> NDArray[np.bool_]:
    return np.asarray((seen.weight > 2) & (seen.llr > 0))
