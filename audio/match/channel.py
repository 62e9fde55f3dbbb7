"""The path from the card to the return, learnt while it is on air: what HEARD should be, given SENT."""

import numpy as np

from audio.match.grid import BINS, F32, FRAME, RATE_HZ

_SIZE = 2_048
BEFORE, AFTER = 64, 960  # taps before and after the direct path: 8 and 120 ms
_MEMORY_S = 30.0
_WINDOW = np.hanning(_SIZE + 1)[:_SIZE].astype(np.float32)


class Channel:
    """A filter from averaged cross spectra, and the floor: what of HEARD it does not explain, a bin of a frame."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._sent = np.zeros(_SIZE // 2 + 1, np.float64)
        self._cross = np.zeros(_SIZE // 2 + 1, np.complex128)
        self._seconds = 0.0
        self.taps = np.zeros(BEFORE + AFTER, np.float32)
        self.floor = np.zeros(BINS, np.float32)
        self.mean_power = np.zeros(BINS, np.float32)  # of the prediction
        self._floor_s = 0.0
        self.known = False

    def learn(self, sent: F32, heard: F32) -> None:
        """Both aligned, 2048 samples that are on air. Weighted by loudness, so that loud wrong audio cannot lead."""
        x, y = np.fft.rfft(sent * _WINDOW), np.fft.rfft(heard * _WINDOW)
        weight = 1 / (float(np.mean(np.abs(y) ** 2)) + 1e-9)
        seconds = _SIZE / 2 / RATE_HZ
        keep = max(0.0, 1 - seconds / _MEMORY_S)
        self._sent = self._sent * keep + weight * np.abs(x) ** 2
        self._cross = self._cross * keep + weight * y * np.conj(x)
        self._seconds = min(_MEMORY_S, self._seconds * keep + seconds)

    def settle(self) -> None:
        """Make the filter from what was learnt. Taps no larger than the noise of far taps are shrunk."""
        if not self._seconds:
            return
        response = np.fft.irfft(self._cross / (self._sent + 1e-4 * np.mean(self._sent) + 1e-20))
        noise = float(np.mean(response[AFTER + 128 : _SIZE - BEFORE - 384] ** 2))
        taps = np.concatenate([response[-BEFORE:], response[:AFTER]])
        self.taps = (taps * np.clip(1 - 2 * noise / (_smooth(taps**2) + 1e-20), 0, 1)).astype(np.float32)
        self.known = True

    def predict(self, sent: F32) -> F32:
        """Convolve. *sent* reaches ``AFTER`` samples before and ``BEFORE`` beyond what is predicted."""
        size = _good_size(len(sent))
        full = np.fft.irfft(np.fft.rfft(sent, size) * np.fft.rfft(self.taps, size), size)
        return np.asarray(full[len(self.taps) : len(sent)], np.float32)

    def learn_floor(self, residual_power: F32, prediction_power: F32) -> None:
        """Frames × bins of power that are on air. A click is capped at eight times the floor that is known."""
        seconds = len(residual_power) * 64 / RATE_HZ
        rate = min(0.5, seconds / min(12.0, self._floor_s + seconds))
        capped = residual_power if self._floor_s < 2 else np.minimum(residual_power, 8 * self.floor + 1e-12)
        self._floor_s = min(12.0, self._floor_s + seconds)
        self.floor = self.floor + np.float32(rate) * (np.mean(capped, 0) - self.floor)
        self.mean_power = self.mean_power + np.float32(rate) * (np.mean(prediction_power, 0) - self.mean_power)


def _smooth(values: F32) -> F32:
    kernel = np.ones(9) / 9
    return np.asarray(np.convolve(values, kernel, "same"), np.float32)


def _good_size(least: int) -> int:
    """The next size that the transform is fast at: 2ⁿ or 3·2ⁿ."""
    power = 1 << (least - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= least else power


FRAME_WINDOW = np.hanning(FRAME + 1)[:FRAME].astype(np.float32)
