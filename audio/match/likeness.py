"""Whether what was heard has the notes of what was sent, whatever their phases.

A path turns each note by a phase of its own, which nobody knows before it was heard: of a new note of a tune nothing
shows but that it is there, for as long and as loud. Another programme has other notes, and words are in other places.
"""

import math

import numpy as np

from audio.match import evidence
from audio.match.grid import C64, Floats

_ALIKE = 0.85  # of 455 gaps of less than 1.25 s one was as like, of 43 that were none 13
_LEAST = 25  # looks each 8 ms: in 50 ms one word in thirty is as like another of the same voice, in 200 ms one in 280
_SOFTEST = 0.01  # of the power that is expected


def is_alike(heard: C64, expected: C64, floor: Floats) -> bool:
    """*heard*, *expected*: looks × bins; *floor*: power of what else the path is heard with."""
    if len(heard) < _LEAST:
        return False
    ours, there = evidence.power(expected), np.maximum(evidence.power(heard) - floor, 0)
    expected_power, heard_power = float(ours.sum()), float(there.sum())
    together = float(np.sqrt(ours * there).sum())
    return heard_power > _SOFTEST * expected_power and together > _ALIKE * math.sqrt(heard_power * expected_power)
