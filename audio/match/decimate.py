"""48 kHz int16 to 8 kHz float32, in any pieces: the same samples come out whatever the pieces."""

import numpy as np
from numpy.typing import NDArray

from audio.match.grid import DECIMATION, TICK, Floats
from audio.match.windows import windows

_TAPS = 385  # symmetric; it needs 192 frames beyond what it makes
_NEW = TICK * DECIMATION  # frames a turn: so a tick waits for no more than what it needs
_SIZE = _NEW + _TAPS - 1
_PASS_HZ, _RATE_HZ = 3_800.0, 48_000.0
_ROW = 16  # samples made by one row of the product
_REACH = (_ROW - 1) * DECIMATION + _TAPS  # frames that a row sees


def _filters() -> Floats:
    """Low pass (Kaiser, about 80 dB): a column for each sample of a row, each six frames later than the one before."""
    n = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = 2 * _PASS_HZ / _RATE_HZ * np.sinc(2 * _PASS_HZ / _RATE_HZ * n) * np.kaiser(_TAPS, 8.0) / 32_768
    made = np.zeros((_REACH, _ROW), np.float32)
    for column in range(_ROW):
        made[column * DECIMATION : column * DECIMATION + _TAPS, column] = taps
    return made


class Decimator:
    """One matrix product a turn: five times faster than transforms of that size."""

    _FILTERS = _filters()

    def __init__(self) -> None:
        self._pending = np.zeros(_SIZE, np.int16)  # the last _TAPS-1 frames, then new ones
        self._filled = (_TAPS - 1) // 2  # the filter looks as far ahead as back

    def push(self, frames: NDArray[np.int16]) -> list[Floats]:
        made = []
        at = 0
        while at < len(frames):
            take = min(_SIZE - self._filled, len(frames) - at)
            self._pending[self._filled : self._filled + take] = frames[at : at + take]
            self._filled += take
            at += take
            if self._filled == _SIZE:
                made.append(self._turn())
        return made

    def _turn(self) -> Floats:
        low = self._low()
        self._pending[: _TAPS - 1] = self._pending[_NEW:]
        self._filled = _TAPS - 1
        return low

    def _low(self) -> Floats:
        if not np.count_nonzero(self._pending):  # an idle day costs nothing
            return np.zeros(_NEW // DECIMATION, np.float32)
        rows = windows(self._pending.astype(np.float32), _REACH, _ROW * DECIMATION)
        return np.asarray(np.ascontiguousarray(rows) @ self._FILTERS).reshape(-1)
