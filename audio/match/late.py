"""What a path still rings with beyond its filter's reach: nobody can say its samples, but how loud it is.

Late reverberation decays exponentially: its power, a bin, is a share of the decaying sum of what was sent long enough
before (Lebart, Boucher, Denbigh: A New Method Based on Spectral Subtraction for Speech Dereverberation, 2001). The
share is the path's (``Channel.floor_at``); what is here is SENT's alone.
"""

import math

import numpy as np
from numpy.typing import NDArray

from audio.match import evidence
from audio.match.grid import BINS, C64, FRAME, LEAD, RATE_HZ, Floats
from audio.match.signal import Signal

ROW = FRAME  # samples: frames that follow one another
_CHUNK = 4  # rows that are reckoned at once
_SAMPLES = _CHUNK * ROW
_AFTER = 4  # rows: 128 ms, where the filter ends
_REACH = 16  # rows: half a second more
_DECAY_S = 0.07  # a path of RT60 1 s; 0.04 and 0.11 explain as much of horns of 0.35 and 1.2 s
_KEPT = 128 * _CHUNK  # rows, 16 s: what the account looks at again


def _weights() -> Floats:
    """Chunk × the rows of the chunks before it that still ring there."""
    ages = _CHUNK * (1 + _REACH // _CHUNK) + np.arange(_CHUNK)[:, None] - np.arange(_CHUNK + _REACH) - _AFTER
    keep = math.exp(-ROW / RATE_HZ / _DECAY_S)
    return np.where((ages >= 0) & (ages < _REACH), (1 - keep) * keep ** np.maximum(ages, 0), 0).astype(np.float32)


_WEIGHTS = _weights()
_BEFORE = _WEIGHTS.shape[1]  # rows


class Late:
    """Of SENT. What was reckoned once is kept for who asks next."""

    def __init__(self, sent: Signal) -> None:
        self._sent = sent
        self._powers, self._late = _Rows(), _Rows()

    def looks(self, start: int, stop: int, hop: int) -> Floats:
        """Power that rings late at each look from *start* on, × bins, as if the path kept all of it."""
        for first in range(start // _SAMPLES * _CHUNK, -(-stop // ROW), _CHUNK):
            if not self._late.has(first):
                self._late.put(first, _WEIGHTS @ self._powers_before(first))
        return self._late.take(np.arange(start, stop, hop) // ROW)

    def know(self, start: int, spectra: C64, hop: int) -> None:
        """SENT's looks from *start* on, which somebody else needed as well."""
        skipped, between = divmod(-start % ROW, hop)
        if not between:
            self._powers.put(-(-start // ROW), evidence.power(spectra[skipped :: ROW // hop]))

    def _powers_before(self, row: int) -> Floats:
        """Of those that still ring in the chunk that begins with *row*."""
        wanted = np.arange(row - _BEFORE, row)
        missing = wanted[~self._powers.have(wanted)]
        if len(missing):
            first, stop = int(missing[0]), int(missing[-1]) + 1
            sent = self._sent.read(first * ROW - LEAD, stop * ROW - LEAD)
            self._powers.put(first, evidence.power(evidence.spectra(sent, ROW)))
        return self._powers.take(wanted)


class _Rows:
    """The last that were put in, by their number: a ring."""

    def __init__(self) -> None:
        self._numbers = np.full(_KEPT, np.iinfo(np.intp).min)
        self._rows = np.zeros((_KEPT, BINS), np.float32)

    def has(self, number: int) -> bool:
        return bool(self._numbers[number % _KEPT] == number)

    def have(self, numbers: NDArray[np.intp]) -> NDArray[np.bool_]:
        return np.asarray(self._numbers.take(numbers, mode="wrap") == numbers)

    def put(self, first: int, rows: Floats) -> None:
        numbers = np.arange(first, first + len(rows))
        at = numbers % _KEPT
        self._numbers[at], self._rows[at] = numbers, rows

    def take(self, numbers: NDArray[np.intp]) -> Floats:
        return self._rows.take(numbers, 0, mode="wrap")
