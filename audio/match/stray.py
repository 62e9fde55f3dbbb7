"""Ours for so short a time that the follower could not find its delay: between two jumps, or between one and a fault.

Looking back, both ends are known: it is sought at the ends of what is off air, at delays near those before and after,
and the path that is known has to explain it.
"""

import numpy as np

from audio.match import evidence, lag
from audio.match.channel import Channel
from audio.match.grid import RATE_HZ, rms, samples
from audio.match.lag import Track
from audio.match.material import Material
from audio.match.plain import STEP
from audio.match.sent import AUDIBLE

HEAD, TAIL = samples(900), samples(1_700)  # so much of what is off air is looked at, from its begin and from its end
LEAST, SHORTEST = samples(300), samples(150)  # what is off air for less is not looked at; a stray is no shorter
_WINDOW, _APART = samples(400), samples(300)
_NEAR = RATE_HZ  # a queue that was filled anew is longer, or shorter, by less
_KNOWN = 8  # samples: a delay as near to one that is known was looked at
_CLEAR = 7.0  # standard deviations, and nothing else as high
_TELLING, _SHARE = 12, 0.85  # looks of a window that have to tell, and the share of them that has to speak for it
_QUIET = 0.1  # of what is usual on air: there is nothing to be found
_POLISHED, _FAR = 2, 12.0  # times, samples
_DEVIATION = 0.3


def heads(start: int, stop: int) -> range:
    """Where to look at the begin of what is off air."""
    return range(start, min(start + HEAD, stop) - _WINDOW + 1, _APART)


def tails(start: int, stop: int) -> range:
    """Where to look at its end, the last first."""
    return range(stop - _WINDOW, max(start, stop - TAIL) - 1, -_APART)


def find(material: Material, channel: Channel, near: Track, start: int, loud: float) -> Track | None:
    """Another delay, near that of a track, along which what was heard about *start* is ours.

    *loud*: RMS of what is usually heard on air.
    """
    lag_there = near.lag_at(start)
    heard_at = int(start + lag_there - material.heard_at)
    heard = material.heard.read(heard_at, heard_at + _WINDOW)
    sent = material.sent.read(start - _NEAR, start + _NEAR + _WINDOW)
    if rms(heard) < _QUIET * loud or rms(sent) < AUDIBLE:
        return None
    peak = lag.search(heard, sent, [_NEAR])
    if peak.height < _CLEAR or not peak.stands_out or abs(peak.at - _NEAR) < _KNOWN:
        return None
    at = start - _NEAR + peak.at
    track = Track(round(at), heard_at + material.heard_at - at, near.slope)
    return track if _is_ours(material, channel, track, round(at)) else None


def _is_ours(material: Material, channel: Channel, track: Track, start: int) -> bool:
    start -= start % STEP
    stop = start + _WINDOW // STEP * STEP
    for _ in range(_POLISHED):
        peak = material.lag_left(track, start, stop, STEP)
        if peak.height > lag.CLEAR_FINE_PEAK and abs(peak.at) < _FAR:
            track.measure((start + stop) // 2, peak.at, _DEVIATION)
    expected = evidence.spectra(channel.predict(material.sent_for_looks(start, stop)), STEP)
    white = evidence.whitened(material.heard_looks(track, start, stop, STEP), expected, channel)
    seen = evidence.weigh(white, STEP)
    telling = seen.llr[seen.weight > 1.5]
    return len(telling) >= _TELLING and int(np.count_nonzero(telling > 0)) >= _SHARE * len(telling)
