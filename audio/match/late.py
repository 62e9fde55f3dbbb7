"""What a path still rings with beyond its filter's reach: nobody can say its samples, but how loud it is.

Late reverberation decays exponentially: its power, a bin, is a share of the decaying sum of what was sent long enough
before (Lebart, Boucher, Denbigh: A New Method Based on Spectral Subtraction for Speech Dereverberation, 2001). The
share is the path's (``Channel.floor_at``); what is here is SENT's alone.
"""

import math

import numpy as np
from numpy.typing import NDArray

from audio.match import evidence
from audio.match.grid import BINS, FRAME, LEAD, RATE_HZ, Floats
from audio.match.signal import Signal

ROW = FRAME  # samples: frames that follow one another
_CHUNK = 4  # rows that are reckoned at once
_SAMPLES = _CHUNK * ROW
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
        self._powers, self._late = _Chunks(), _Chunks()

    def looks(self, start: int, stop: int, hop: int) -> Floats:
        """Power that rings late at each look from *start* on, × bins, as if the path kept all of it."""
        for number in range(start // _SAMPLES, (stop - 1) // _SAMPLES + 1):
            if not self._late.has(number):
                self._late.put(number, _WEIGHTS @ self._powers_before(number))
        return self._late.rows(np.arange(start, stop, hop) // ROW)

    def _powers_before(self, number: int) -> Floats:
        """Of the rows of the chunks before one, that still ring there."""
        for earlier in range(number - _BEFORE, number):
            if not self._powers.has(earlier):
                start = earlier * _SAMPLES - LEAD
                sent = self._sent.read(start, start + _SAMPLES)
                self._powers.put(earlier, evidence.power(evidence.spectra(sent, ROW)))
        return self._powers.rows(np.arange((number - _BEFORE) * _CHUNK, number * _CHUNK))


class _Chunks:
    """The last ``_KEPT`` chunks of rows, in a ring."""

    def __init__(self) -> None:
        self._numbers: list[int | None] = [None] * _KEPT
        self._rows = np.zeros((_KEPT * _CHUNK, BINS), np.float32)

    def has(self, number: int) -> bool:
        return self._numbers[number % _KEPT] == number

    def put(self, number: int, rows: Floats) -> None:
        at = number % _KEPT
        self._numbers[at] = number
        self._rows[at * _CHUNK : (at + 1) * _CHUNK] = rows

    def rows(self, numbers: NDArray[np.intp]) -> Floats:
        return self._rows.take(numbers, 0, mode="wrap")
