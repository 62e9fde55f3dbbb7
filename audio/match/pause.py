"""What is decided inside a pause of SENT: nothing of ours is due there, so the neighbours decide.

Where they differ, what else is heard, and ends, dates the change.
"""

import numpy as np
from numpy.typing import NDArray

from audio.match import evidence
from audio.match.channel import Channel
from audio.match.grid import C64, FRAME, HOP, LEAD, Floats

LEAST = 10 * HOP  # samples: a shorter pause is left to the boundary's own search
LONGEST = 250 * HOP  # 2 s: so far back it is looked, and so long its naming waits
BORDER = 4 * HOP  # samples of a stretch's either end in which SENT may still, or again, be heard
_TELLING = 6  # looks before the end of something else, most of which have to hear it
_MOST, _SOME = 0.7, 0.1
_ABOUT = 3 * HOP  # samples either side of where the looks saw it end
_LEAST_POWER = 1e-12


def last_pause(audible: Floats) -> tuple[int, int]:
    """From and to: whole hops in which SENT says nothing, the last of *audible* (1 or 0 a sample) or nearly."""
    silent = np.flatnonzero(audible == 0)
    if not len(silent) or len(audible) - silent[-1] > _ABOUT:
        return 0, 0
    stop = int(silent[-1]) + 1
    heard = np.flatnonzero(audible[:stop])
    size = (stop - (int(heard[-1]) + 1 if len(heard) else 0)) // HOP * HOP
    return stop - size, stop


def is_quiet(looks: C64, late: Floats, channel: Channel) -> bool:
    """Whether nothing but the path's floor, or less, is heard while SENT is silent."""
    return float(_something_else(looks, late, channel).mean()) < _SOME


def else_until(looks: C64, late: Floats, heard: Floats, channel: Channel) -> int | None:
    """Samples after which nothing but the path's floor is heard; None where nothing else was heard, or it goes on.

    *looks*: spectra of HEARD for each hop of a stretch in which SENT is silent, and *late* what it rings late with;
    *heard*: its samples.
    """
    other = _something_else(looks, late, channel)
    if not other.any() or other[-1]:
        return None
    last = len(other) - int(np.argmax(other[::-1]))
    if float(other[max(0, last - _TELLING) : last].mean()) < _MOST:
        return None  # a click, or the floor's own chance
    about = last * HOP - LEAD + FRAME // 8
    low, high = max(0, about - _ABOUT), min(len(heard), about + _ABOUT)
    return low + _quieter_from(heard[low:high])


def _something_else(looks: C64, late: Floats, channel: Channel) -> NDArray[np.bool_]:
    """Looks in which more than the path's floor is heard."""
    silence = np.zeros((1, looks.shape[1]), np.float32)
    return np.asarray(evidence.rest_over_floor(evidence.power(looks), silence, late, channel) > channel.scatter)


def _quieter_from(sound: Floats) -> int:
    """The instant that parts *sound* best into a louder and a quieter Gaussian noise."""
    power = np.cumsum(sound.astype(np.float64) ** 2)
    first = np.arange(1, len(sound))
    then = len(sound) - first
    before, after = power[:-1] / first + _LEAST_POWER, (power[-1] - power[:-1]) / then + _LEAST_POWER
    likely = -0.5 * (first * np.log(before) + then * np.log(after))
    return int(first[np.argmax(np.where(before > after, likely, -np.inf))])
