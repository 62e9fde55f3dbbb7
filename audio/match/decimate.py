"""48 kHz int16 to 8 kHz float32, in any pieces: the same samples come out whatever the pieces."""

import numpy as np
from numpy.typing import NDArray

from audio.match.grid import DECIMATION, Floats

_TAPS = 385  # symmetric; its delay is 192 frames = 32 samples, taken out below
_NEW = 5_760  # frames a transform: 120 ms
_SIZE = _NEW + _TAPS - 1
_DELAY = (_TAPS - 1) // 2 // DECIMATION
_PASS_HZ, _RATE_HZ = 3_800.0, 48_000.0


def _response() -> NDArray[np.complex64]:
    """Low pass (Kaiser, about 80 dB), for the bins that survive; scaled for the shorter inverse transform."""
    n = np.arange(_TAPS) - (_TAPS - 1) / 2
    taps = 2 * _PASS_HZ / _RATE_HZ * np.sinc(2 * _PASS_HZ / _RATE_HZ * n) * np.kaiser(_TAPS, 8.0)
    return np.asarray(np.fft.rfft(taps, _SIZE)[: _SIZE // DECIMATION // 2 + 1] / (DECIMATION * 32_768), np.complex64)


class Decimator:
    """Overlap-save: transform, keep the low bins only, transform back at a sixth of the size."""

    _H = _response()

    def __init__(self) -> None:
        self._pending = np.zeros(_SIZE, np.int16)  # the last _TAPS-1 frames, then new ones
        self._filled = _TAPS - 1
        self._drop = _DELAY

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
        low = self._low()[self._drop :]
        self._drop = 0
        self._pending[: _TAPS - 1] = self._pending[_NEW:]
        self._filled = _TAPS - 1
        return low

    def _low(self) -> Floats:
        skip = (_TAPS - 1) // DECIMATION
        if not self._pending.any():  # an idle day costs nothing
            return np.zeros(_NEW // DECIMATION, np.float32)
        spectrum = np.fft.rfft(self._pending.astype(np.float32))[: len(self._H)] * self._H
        return np.asarray(np.fft.irfft(spectrum, _SIZE // DECIMATION)[skip:], np.float32)
