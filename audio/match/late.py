"""What a path still rings with beyond its filter's reach: nobody can say its samples, but how loud it is.

Late reverberation decays exponentially: its power, a bin, is a share of the decaying sum of what was sent long enough
before (Lebart, Boucher, Denbigh: A New Method Based on Spectral Subtraction for Speech Dereverberation, 2001). The
share is the path's (``Channel.floor_at``); what is here is SENT's alone.
"""

import math
from itertools import islice

import numpy as np

from audio.match import evidence
from audio.match.grid import FRAME, LEAD, RATE_HZ, Floats
from audio.match.signal import Signal

ROW = FRAME  # samples: frames that follow one another
_CHUNK = 4  # rows that are reckoned at once
_AFTER = 4  # rows: 128 ms, where the filter ends
_REACH = 16  # rows: half a second more
_DECAY_S = 0.07  # a path of RT60 1 s; 0.04 and 0.11 explain as much of horns of 0.35 and 1.2 s
_KEPT = 96  # chunks, 12 s: what the account looks at again


def _weights() -> Floats:
    """Chunk × the rows of the chunks before it that still ring there."""
    ages = _CHUNK * (1 + _REACH // _CHUNK) + np.arange(_CHUNK)[:, None] - np.arange(_CHUNK + _REACH) - _AFTER
    keep = math.exp(-ROW / RATE_HZ / _DECAY_S)
    return np.where((ages >= 0) & (ages < _REACH), (1 - keep) * keep ** np.maximum(ages, 0), 0).astype(np.float32)


_WEIGHTS = _weights()
_BEFORE = _WEIGHTS.shape[1] // _CHUNK  # chunks


class Late:
    """Of SENT. What was reckoned once is kept for who asks next."""

    def __init__(self, sent: Signal) -> None:
        self._sent = sent
        self._powers: dict[int, Floats] = {}  # by chunk
        self._late: dict[int, Floats] = {}

    def looks(self, start: int, stop: int, hop: int) -> Floats:
        """Power that rings late at each look from *start* on, × bins, as if the path kept all of it."""
        first, last = start // (ROW * _CHUNK), (stop - 1) // (ROW * _CHUNK)
        rows = np.concatenate([self._chunk(n) for n in range(first, last + 1)])
        return rows[np.arange(start, stop, hop) // ROW - first * _CHUNK]

    def _chunk(self, number: int) -> Floats:
        if number not in self._late:
            powers = np.concatenate([self._power(n) for n in range(number - _BEFORE, number)])
            _keep(self._late, number, _WEIGHTS @ powers)
        return self._late[number]

    def _power(self, number: int) -> Floats:
        if number not in self._powers:
            start = number * _CHUNK * ROW - LEAD
            sent = self._sent.read(start, start + _CHUNK * ROW)
            _keep(self._powers, number, evidence.power(evidence.spectra(sent, ROW)))
        return self._powers[number]


def _keep(known: dict[int, Floats], number: int, made: Floats) -> None:
    known[number] = made
    for old in list(islice(known, max(0, len(known) - _KEPT))):
        del known[old]
