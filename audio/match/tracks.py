"""Lines of lag along which something was heard: how each drifts, which are proven, and which is the current one."""

import itertools
import math
from dataclasses import dataclass, field
from typing import overload

import numpy as np

from audio.match.grid import BLOCK, RATE_HZ, Floats

MOST_TRACKS = 5  # the current one, and those along which what is not decided yet was heard: in a burst, one a second
LEAST_SLOPE = 5e-6  # how sure a drift is at best, when it was not followed
_FIRST_SLOPE = 100e-6  # what it may be off by, before anything is known
MOST_DRIFT = 400e-6  # two crystals of 200 ppm; what seems to drift more is not ours
_USUAL = 2.0  # standard deviations
_OLD = 20 * RATE_HZ  # a track is thought of that long after it was last seen: what is judged lags by 16 s


@dataclass(slots=True)
class Probation:
    """A new delay has to explain what is heard *after* it was found: two voices may say the same word once."""

    wanted: int  # hops that speak for or against
    until: int  # position of SENT at which patience ends
    again: bool = False  # it was proven before: what was heard along it then still was
    pro: int = 0
    contra: int = 0

    def add(self, llr: Floats, weight: Floats) -> None:
        telling = llr[weight > 1.5]
        self.pro += int(np.count_nonzero(telling > 0))
        self.contra += int(np.count_nonzero(telling < 0))

    def restart(self) -> None:
        """What spoke until now did so of a path that was not known."""
        self.pro = self.contra = 0

    def verdict(self, position: int) -> bool | None:
        """True: proven, by three quarters of it when next to nothing speaks against it. None: not known yet."""
        if self.pro + self.contra >= self.wanted:
            return self.pro > 0.7 * (self.pro + self.contra)
        if self.pro >= self.wanted * 3 // 4 and self.contra <= 0.1 * self.pro:
            return True
        return False if position > self.until else None


_ids = itertools.count(1)


@dataclass(slots=True)
class Track:
    """One line of lag: HEARD is ``lag_at(position)`` samples later than SENT. A Kalman filter of lag and slope."""

    position: int  # of SENT, where ``lag`` holds
    lag: float
    slope: float = 0.0
    since: int = 0  # earliest position it may be used for
    last_seen: int = 0  # position of the last support
    number: int = field(default_factory=lambda: next(_ids))
    probation: Probation | None = None  # None: proven
    variance: tuple[float, float, float] = (1.0, 0.0, _FIRST_SLOPE**2)  # of lag, covariance, of slope

    @overload
    def lag_at(self, position: float) -> float: ...
    @overload
    def lag_at(self, position: Floats) -> Floats: ...
    def lag_at(self, position: float | Floats) -> float | Floats:
        return self.lag + self.slope * (position - self.position)

    @property
    def was_proven(self) -> bool:
        return self.probation is None or self.probation.again

    def doubt_lag(self, samples: float) -> None:
        """It may be off by as much, however often it was measured."""
        a, b, c = self.variance
        self.variance = (max(a, samples * samples), b, c)

    def doubt_slope(self, slope: float) -> None:
        """The one it has may be wrong by as much."""
        a, b, c = self.variance
        self.variance = (a, b, min(_FIRST_SLOPE, math.hypot(math.sqrt(c), slope)) ** 2)

    def advance(self, position: int) -> None:
        """Move the point of reference; doubt grows: a crystal wanders."""
        step = position - self.position
        a, b, c = self.variance
        seconds = abs(step) / RATE_HZ
        self.variance = (
            a + 2 * b * step + c * step * step + 2e-5 * seconds,
            b + c * step,
            c + (0.03e-6) ** 2 * seconds,
        )
        self.lag, self.position = self.lag_at(position), position

    def measure(self, position: int, excess: float, deviation: float) -> None:
        """HEARD was *excess* samples later than the track said at *position*; *deviation* is how sure that is.

        Less sure where it lies further off than it should (Huber 1964): resonances delay one sound more than another.
        """
        self.advance(position)
        a, b, c = self.variance
        deviation = max(deviation, (abs(excess) - _USUAL * math.sqrt(a)) / _USUAL)
        total = a + deviation * deviation
        self.lag += a / total * excess
        self.slope = min(MOST_DRIFT, max(-MOST_DRIFT, self.slope + b / total * excess))
        self.variance = (a - a * a / total, b - a * b / total, c - b * b / total)
        self.last_seen = position


class Tracks:
    def __init__(self, prior: int | None) -> None:
        """*prior*: a delay that is supposed, in samples."""
        self._prior = prior
        self.known: list[Track] = []  # the last is the current one
        self.slope = self._proven_slope = 0.0  # of the one that was followed last

    @property
    def current(self) -> Track | None:
        return self.known[-1] if self.known else None

    @property
    def proven(self) -> Track | None:
        """The newest whose delay was proven: one on probation is most often another text by the same voice."""
        return next((t for t in reversed(self.known) if not t.probation), None)

    def numbered(self, number: int) -> Track | None:
        return next((t for t in self.known if t.number == number), None)

    def delay(self, position: float) -> float:
        """The one that is known or supposed, in samples."""
        newest = self.proven
        return newest.lag_at(position) if newest else float(self._prior or 0)

    def carriers(self, start: int) -> list[Track]:
        """Those along which the block at *start* may have been heard; where any was proven, there is one."""
        newest = self.proven
        begun = [t for t in self.known if t.was_proven and t.since <= start + BLOCK]
        return [t for t in begun if t is newest or start - t.last_seen < RATE_HZ] or begun[-1:]

    def followed(self, track: Track) -> None:
        """Its drift is that of the clocks; should it be refuted, that of the last proven one is."""
        self.slope = track.slope
        if not track.probation:
            self._proven_slope = track.slope

    def take(self, track: Track, position: int) -> None:
        """It is the current one, as was seen at *position*."""
        others = [t for t in self.known if t is not track and position - t.last_seen < _OLD]
        track.last_seen = position
        if others:
            others[-1].last_seen = max(position, others[-1].last_seen)  # nothing else was known until now
        self.known = [*others[1 - MOST_TRACKS :], track]

    def drop(self, track: Track) -> None:
        """One that was proven before is only not the current one any more: what is undecided may lie along it."""
        self.known.remove(track)
        if track.was_proven:
            track.probation = None
            self.known.insert(max(0, len(self.known) - 1), track)
        if not self.known:
            self.slope = self._proven_slope
