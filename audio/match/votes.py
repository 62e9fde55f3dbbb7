"""What several searches say about the delay together: votes, those that agree, and the drift that they show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audio.match.grid import RATE_HZ
from audio.match.lag import LOOK
from audio.match.tracks import LEAST_SLOPE, Track

_SURE = 8.0  # standard deviations: a peak that may count
_UNMISTAKABLE = 30.0  # … and one that counts alone
_OFTEN = 4  # times within some seconds that the highest peak lies at one delay: by chance it hardly does so twice
DEVIATION = 0.7  # samples: how sure a vote is
_FEW, _RECENT = 3, 60 * RATE_HZ  # votes that tell a drift, and samples: a delay may jump by little in a day
_SURE_SLOPE = 50e-6  # how sure a drift has to be at least when votes tell it


@dataclass(frozen=True, slots=True)
class Vote:
    position: int  # of SENT: the middle of the stretch that gave it
    lag: float
    height: float
    size: int = LOOK  # of that stretch
    clear: bool = True  # it stood out, or lay where a track is; else it was but the highest

    @property
    def start(self) -> int:
        return self.position - self.size // 2

    @property
    def stop(self) -> int:
        return self.start + self.size

    @property
    def is_unmistakable(self) -> bool:
        return self.clear and self.height >= _UNMISTAKABLE

    def beside(self, track: Track) -> float:
        """Samples by which it misses a track."""
        return abs(track.lag_at(self.position) - self.lag)


@dataclass(frozen=True, slots=True)
class Finds:
    """How often one delay was found, one time after the other."""

    times: int = 0
    apart: int = 0  # of these, unmistakably and each in something else
    lag: float = 0.0
    to: int = 0  # position of SENT: up to here it was found unmistakably

    def and_by(self, vote: Vote) -> "Finds":
        new = vote.is_unmistakable and vote.start >= self.to
        return Finds(self.times + 1, self.apart + new, vote.lag, vote.stop if new else self.to)


def agreeing(votes: list[Vote], slope: float, alone_enough: bool) -> list[Vote]:
    """The votes that lie on one line with the newest, if there are enough of them to trust it; else none.

    *alone_enough*: a channel is known that has to explain what is heard along it, so that one clear vote will do.
    """
    newest = votes[-1]
    near = [
        v for v in votes if abs(v.lag - newest.lag - slope * (v.position - newest.position)) < _tolerance(v, newest)
    ]
    clear = [v for v in near if v.clear]
    heights = sorted(v.height for v in clear)
    several = len(heights) >= 2 and heights[0] >= _SURE and sum(heights) >= 2 * _SURE + 2
    alone = alone_enough and newest.is_unmistakable
    return near if several or alone or len(near) >= _OFTEN else []


def drift_of(votes: Sequence[Vote]) -> tuple[float, float] | None:
    """The slope of the line through the last of *votes* that lie on one with the newest, and its standard deviation.

    None where they are few, or of one moment. They are found in two seconds, each anew, and do not lean with the sound
    that is heard, as fine measures of a lag do.
    """
    newest = votes[-1]
    near = [
        v
        for v in votes
        if v.clear and newest.position - v.position < _RECENT and abs(v.lag - newest.lag) < _tolerance(v, newest)
    ]
    if len(near) < _FEW:
        return None
    middle = sum(v.position for v in near) / len(near)
    reach = max(1.0, math.hypot(*(v.position - middle for v in near)))
    slope, deviation = sum((v.position - middle) * v.lag for v in near) / reach**2, DEVIATION / reach
    return (slope, max(LEAST_SLOPE, deviation)) if deviation < _SURE_SLOPE else None


def _tolerance(one: Vote, other: Vote) -> float:
    return 2.5 + 250e-6 * abs(one.position - other.position)
