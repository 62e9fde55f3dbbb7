"""Where what was sent is found in what was heard: generalised cross-correlation, coarse and fine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audio.match.grid import BINS, C64, FRAME, HIGH_BIN, LOW_BIN, RATE_HZ, Floats, fast_size, rms

LOOK = 2 * RATE_HZ  # samples of HEARD that one search uses, at most
_UNRIVALLED = 1.4
_MOST_RIVALS, _LOWEST_RIVAL = 9, 0.35  # of a peak's height
_APART = 80  # samples: 10 ms
CLEAR_FINE_PEAK = 6.0  # standard deviations
_FADE = 400  # samples: 50 ms
_RISE = np.sin(np.linspace(0, np.pi / 2, _FADE, dtype=np.float32)) ** 2
_FINE = 8  # steps a sample when a lag is refined


@dataclass(frozen=True, slots=True)
class Peak:
    at: float  # samples
    height: float  # standard deviations of the correlation
    rivals: tuple["Peak", ...] = ()  # the next highest, each at least 10 ms from the others; one if this one stands out

    @property
    def stands_out(self) -> bool:
        """Music that resembles itself makes many peaks of one height; a true delay makes one."""
        return all(self.height > _UNRIVALLED * rival.height for rival in self.rivals)


def search(heard: Floats, sent: Floats, known: Sequence[float] = ()) -> Peak:
    """Find *heard* inside the longer *sent*. ``at`` is where in *sent* the first sample of *heard* lies.

    By generalised cross-correlation, whitened in part (by the power of 0.75): wholly (GCC-PHAT), bins that hold nothing
    but noise weigh as much as the few tones of a flute or a choir (Donohue, Hannemann, Dietz: Performance of phase
    transform for detecting sound sources with microphone arrays in reverberant and noisy environments, 2007).
    A highest point on the border of what was searched is no peak: its height is 0. *known*: where it was found until
    now; after a jump some of *heard* still lies there, which is no rival.
    """
    reach = len(sent) - len(heard)
    size = fast_size(len(sent))
    band = slice(*(int(hz / RATE_HZ * size) for hz in (200, 3_500)))
    both = np.fft.rfft(_faded(sent), size)[band] * np.conj(np.fft.rfft(_faded(heard), size)[band])
    root, cross = np.sqrt(np.abs(both)), np.zeros(size // 2 + 1, np.complex64)
    cross[band] = both * (1 / (root * np.sqrt(root) + 1e-12))  # a quotient of complex numbers costs five times it
    correlation = np.abs(np.fft.irfft(cross, size)[: reach + 1])
    peak = _highest(correlation)
    at = round(peak.at)
    if not 1 < at < reach - 1:  # no top, but the slope of one that lies outside: periodic music has them
        return replace(peak, height=0.0)
    per_height = float(correlation[at]) / peak.height
    for explained in (at, *map(round, known)):
        _clear(correlation, explained)
    return replace(peak, rivals=tuple(_rivals(correlation, peak.height, per_height)))


def _rivals(correlation: Floats, height: float, per_height: float) -> Iterator[Peak]:
    """The next highest: one, and where that comes near *height* some more. *correlation* is used up."""
    least = height / _UNRIVALLED
    for _ in range(_MOST_RIVALS):
        at = int(np.argmax(correlation))
        rival = Peak(at + _vertex(correlation, at), float(correlation[at]) / per_height)
        yield rival
        if rival.height < least:
            return
        least = _LOWEST_RIVAL * height
        _clear(correlation, at)


def _clear(correlation: Floats, at: int) -> None:
    correlation[max(0, at - _APART) : max(0, at + _APART)] = 0


def _faded(sound: Floats) -> Floats:
    """Without clicks where it is cut off: whitened, those of two signals outweigh a tune of a few notes."""
    faded = np.array(sound)
    faded[:_FADE] *= _RISE
    faded[-_FADE:] *= _RISE[::-1]
    return faded


def _highest(correlation: Floats) -> Peak:
    at = int(np.argmax(correlation))
    spread = rms(correlation) + 1e-12
    return Peak(at + _vertex(correlation, at), float(correlation[at]) / spread)


def _vertex(values: Floats, at: int) -> float:
    """Offset of a parabola's top through the highest point and its neighbours."""
    if not 0 < at < len(values) - 1:
        return 0.0
    left, top, right = (float(v) for v in values[at - 1 : at + 2])
    curve = left - 2 * top + right
    return 0.5 * (left - right) / curve if curve < 0 else 0.0


class FineLag:
    """The small lag left between two aligned signals, from the spectra of their frames (Hannan–Thomson weights)."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._cross = np.zeros(BINS, np.complex64)
        self._heard = np.zeros(BINS, np.float32)
        self._sent = np.zeros(BINS, np.float32)
        self.frames, self._positions = 0, 0.0

    @property
    def position(self) -> int:
        """The mean of those that were given with the frames."""
        return round(self._positions / self.frames)

    def add(self, heard: C64, sent: C64, position: int) -> None:
        """Frames × bins of both. Each frame is weighted by its loudness, so that a loud one cannot lead."""
        power = np.abs(heard) ** 2
        weight = 1 / (power.sum(1) / BINS + np.float32(1e-9))
        self._cross += weight @ (heard * sent.conj())
        self._heard += weight @ power
        self._sent += weight @ np.abs(sent) ** 2
        self.frames += len(heard)
        self._positions += float(position) * len(heard)

    def peak(self) -> Peak:
        """``at``: samples that HEARD is later than the track says, ±128."""
        coherence = np.abs(self._cross) ** 2 / (self._heard * self._sent + 1e-20)
        coherence = np.clip(coherence - 3.0 / max(3, self.frames), 0, 0.97)
        weighted = np.zeros(FRAME * _FINE // 2 + 1, np.complex64)
        weighted[LOW_BIN:HIGH_BIN] = self._cross / (np.abs(self._cross) + 1e-20) * coherence / (1 - coherence)
        correlation = np.abs(np.fft.irfft(weighted))
        half = len(correlation) // 2
        top = _highest(np.concatenate([correlation[half:], correlation[:half]]))
        return Peak((top.at - half) / _FINE, top.height)
