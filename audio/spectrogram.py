"""A spectrogram in a fixed number of columns, summed while the sound streams by: its memory knows no length."""

import numpy as np
from numpy.typing import NDArray

from audio.format import FULL_SCALE, RATE_HZ

Floats = NDArray[np.float32]

BANDS = 128
LOW_HZ, HIGH_HZ = 50.0, 8_000.0
_WINDOW = 2_048  # 43 ms, 23 Hz
_SHORTEST_HOP, _LONGEST_HOP = 240, 2_048


class Spectrogram:
    """Mean power of *columns* equal stretches of *frames* frames of 48 kHz, in ``BANDS`` bands equal in mel."""

    def __init__(self, columns: int, frames: int) -> None:
        self._frames = frames
        self._sums = np.zeros((columns, BANDS), np.float32)
        self._counts = np.zeros(columns, np.int64)
        self._hop = min(_LONGEST_HOP, max(_SHORTEST_HOP, frames // columns))
        self._pending = np.zeros(_WINDOW // 2, np.float32)  # so that the first look is centred on frame 0
        self._looks = 0

    def push(self, block: NDArray[np.int16]) -> None:
        self._pending = np.concatenate([self._pending, block.astype(np.float32)])
        count = (len(self._pending) - _WINDOW) // self._hop + 1
        if count > 0:
            looks = np.lib.stride_tricks.sliding_window_view(self._pending, _WINDOW)[:: self._hop][:count]
            self._add(_band_power(looks))
            self._pending = self._pending[count * self._hop :]

    def finish(self) -> None:
        """Look at the last half window too."""
        self.push(np.zeros(_WINDOW // 2, np.int16))

    def sums(self) -> tuple[Floats, NDArray[np.int64]]:
        """Power sums (columns, BANDS) and how many looks each column has; full scale sine is about 1.0 a look."""
        return self._sums, self._counts

    def _add(self, power: Floats) -> None:
        centres = (self._looks + np.arange(len(power))) * self._hop
        self._looks += len(power)
        columns = centres * len(self._sums) // self._frames
        inside = columns < len(self._sums)
        np.add.at(self._sums, columns[inside], power[inside])
        np.add.at(self._counts, columns[inside], 1)


def decibels(sums: Floats, counts: NDArray[np.int64]) -> Floats:
    """Mean level in dB; NaN where no look fell."""
    looks = np.where(counts > 0, counts, np.nan)[:, None]
    return np.asarray(10 * np.log10(sums / looks + 1e-12), np.float32)


def place_of_hz(hz: float) -> float:
    """Where a frequency lies on the axis of bands: 0.0 at its lower end, 1.0 at its upper."""
    return (_mel(hz) - _mel(LOW_HZ)) / (_mel(HIGH_HZ) - _mel(LOW_HZ))


def _mel(hz: float) -> float:
    """O'Shaughnessy's formula: the ear's scale of pitch."""
    return float(2_595 * np.log10(1 + hz / 700))


def _edges_hz() -> Floats:
    mel = np.linspace(_mel(LOW_HZ), _mel(HIGH_HZ), BANDS + 1)
    return np.asarray(700 * (10 ** (mel / 2_595) - 1), np.float32)


def _pooling() -> Floats:
    """(bins, BANDS): the mean of the bins of each band, at least one."""
    edges = _edges_hz() * _WINDOW / RATE_HZ
    made = np.zeros((int(edges[-1]) + 2, BANDS), np.float32)
    for band in range(BANDS):
        first = round(float(edges[band]))
        stop = max(first + 1, round(float(edges[band + 1])))
        made[first:stop, band] = 1 / (stop - first)
    return made


_HANN = np.hanning(_WINDOW).astype(np.float32)
_SCALE = 2 / (FULL_SCALE * float(_HANN.sum()))
_POOLING = _pooling()


def _band_power(looks: Floats) -> Floats:
    spectra = np.fft.rfft(looks * (_HANN * np.float32(_SCALE)))[:, : len(_POOLING)]
    return np.asarray((spectra.real**2 + spectra.imag**2) @ _POOLING, np.float32)
