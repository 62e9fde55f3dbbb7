"""How much of HEARD's head is missing, where it begins more than the matcher's two seconds after SENT does.

Some two seconds of HEARD are looked for in all of SENT, by the matcher's own correlation. Only a recording that began
too late is searched for so: a programme that *returns* late is a replay, and no part of it is airtime. Pure.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from audio.format import RATE_HZ
from audio.match.decimate import Decimator
from audio.match.grid import RATE_HZ as LOW_RATE_HZ
from audio.match.grid import Floats
from audio.match.lag import LOOK, search

HEARD_S = 30  # so much of HEARD's beginning is looked at
LOOKS = 6  # in it
CHUNK = 60 * LOW_RATE_HZ  # of SENT that one search covers
UNMISTAKABLE = 20.0  # deviations of the correlation; what is not there reaches 6
AGREE = (
    LOW_RATE_HZ // 50
)  # samples by which two looks may differ: 20 ms, a drift of 200 ppm over half a minute and more
SILENT = 1e-5  # power


def missing_head_s(sent: Iterable[NDArray[np.int16]], heard: Iterable[NDArray[np.int16]]) -> float | None:
    """Seconds of SENT that had passed when HEARD began; None: HEARD is not found in SENT. Blocks of 48 kHz s16.

    Where HEARD begins with SENT that is known after a search or two. What HEARD has at several places of SENT (a fault
    that plays the programme itself) is where least is missing.
    """
    looks = _looks(_beginning(heard))
    places: list[float] = []
    for at, chunk in _chunks(sent):
        agreed: list[float] = []
        for begins, look in looks:
            peak = search(look, chunk)
            if peak.height >= UNMISTAKABLE and peak.stands_out:
                places.append(at + peak.at - begins)
                if any(abs(other - places[-1]) < AGREE for other in places[:-1]):
                    agreed.append(places[-1])
                    if places[-1] < LOOK:
                        break
        if agreed:
            return min(agreed) / LOW_RATE_HZ
    return None


def _beginning(heard: Iterable[NDArray[np.int16]]) -> Floats:
    parts, wanted = [np.zeros(0, np.float32)], HEARD_S * LOW_RATE_HZ
    for low in _decimated(heard):
        parts.append(low)
        wanted -= len(low)
        if wanted <= 0:
            break
    return np.concatenate(parts)


def _looks(heard: Floats) -> list[tuple[int, Floats]]:
    """Stretches that are not silent, with the sample at which each begins."""
    every = max(1, (len(heard) - LOOK) // LOOKS)
    stretches = [(begins, heard[begins : begins + LOOK]) for begins in range(0, len(heard) - LOOK + 1, every)]
    return [(begins, look) for begins, look in stretches if float(np.mean(look**2)) > SILENT]


def _chunks(sent: Iterable[NDArray[np.int16]]) -> Iterator[tuple[int, Floats]]:
    """Stretches of SENT that overlap by a look, with the sample at which each begins."""
    at, kept = 0, np.zeros(0, np.float32)
    for low in _decimated(sent):
        kept = np.concatenate([kept, low])
        if len(kept) >= CHUNK:
            yield at, kept
            at, kept = at + len(kept) - LOOK, kept[-LOOK:]
    if len(kept) > LOOK:
        yield at, kept


def _decimated(blocks: Iterable[NDArray[np.int16]]) -> Iterator[Floats]:
    decimator = Decimator()
    for block in blocks:
        yield from decimator.push(block)
    yield from decimator.push(np.zeros(RATE_HZ // 4, np.int16))  # what its filter still holds
