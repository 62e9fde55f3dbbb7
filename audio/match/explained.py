"""Whether a path that is known explains what was heard at a delay that was found."""

import math
from collections.abc import Sequence

import numpy as np

from audio.match import evidence
from audio.match.channel import Channel
from audio.match.evidence import Evidence
from audio.match.grid import HOP, RATE_HZ, median
from audio.match.looks import Looks
from audio.match.plain import STEP
from audio.match.tracks import Track
from audio.match.votes import Vote

_PLAINLY, _MOSTLY = 0.15, 0.6  # log of power; share of what nearly every look keeps within
_TELLING, _ALL_BUT = 24, 0.95  # looks of a second that have to tell, and the share of them that has to speak for it


def explains(looks: Looks, track: Track, vote: Vote) -> bool:
    """Does the channel fit the new delay? Music that resembles itself does not."""
    start = vote.start // HOP * HOP
    seen = looks.weigh(track, start, start + vote.size // STEP * STEP).seen
    telling = seen.llr[seen.weight > 2]
    return int(np.count_nonzero(telling > 0)) > 0.4 * max(5, len(telling))


def plainest(looks: Looks, found: Sequence[Vote], slope: float, channel: Channel) -> Vote | None:
    """Of two votes and more the one along which no more of what was heard is left than the path's floor.

    And plainly less than along the others: a chord that is held is explained at each of its periods.
    """
    rests = [_rest_along(looks, vote, slope, channel) for vote in found]
    least, next_least = sorted(rests)[:2]
    most = min(_MOSTLY * channel.scatter, next_least - _PLAINLY)
    return found[rests.index(least)] if least <= most else None


def speak_for(seen: Evidence, weight: float, least: int, share: float) -> bool:
    """Do as many as *share* of the looks that tell something speak for on air, and are these *least* and more?

    *weight*: what a look can say at best from which on it tells something, √nats.
    """
    telling = seen.llr[seen.weight > weight]
    return len(telling) >= least and int(np.count_nonzero(telling > 0)) >= share * len(telling)


def _rest_along(looks: Looks, vote: Vote, slope: float, channel: Channel) -> float:
    """Over the floor, as it mostly is in the last second of it; infinite where too little speaks for *vote*."""
    size = min(vote.size, RATE_HZ) // STEP * STEP
    start = (vote.stop - size) // HOP * HOP
    stretch = looks.weigh(Track(vote.position, vote.lag, slope), start, start + size)
    look = stretch.look
    if not speak_for(stretch.seen, 2, _TELLING, _ALL_BUT):
        return math.inf
    expected = evidence.power(look.expected)
    return median(evidence.rest_over_floor(look.left(channel.gain), expected, look.late, channel))
