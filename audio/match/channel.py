"""The path from the card to the return, learnt while it is on air: what HEARD should be, given SENT."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audio.match.grid import BINS, C64, FRAME, RATE_HZ, Floats, fast_size, milliseconds

Doubles = NDArray[np.float64]

WINDOW = 4_096  # samples learnt from at once: four times the filter, so that its tail is not lost at their borders
_SIZE = 2_048  # of a product with a Toeplitz matrix, by transforms
BEFORE, AFTER = 64, 960  # taps before and after the direct path: 8 and 120 ms
_DIRECT = 192  # taps after it, 24 ms, that are not said to ring: an ear takes them for one sound, too
_MEMORY_S, _GROWN_S = 30.0, 15.0
_RISE_S, _FALL_S = (
    12.0,
    3.0,
)  # memory of the floor: a better filter shows at once, other audio on top does not raise it soon
_LOUDEST = 0.9  # of the highest peak
_STEPS, _RIDGE = 12, 0.01
_LOWEST_S, _NO_FLOOR = 2.0, -12.0
_MOST_LATE = 0.9  # of the floor
_LATE_RIDGE_S = 0.5  # so much would have to show that nothing rings late
_HZ = np.fft.rfftfreq(WINDOW, 1 / RATE_HZ)
_BAND = ((_HZ > 100) & (_HZ < 3_750)).astype(np.float64)
_WINDOW = np.hanning(WINDOW + 1)[:WINDOW].astype(np.float32)


@dataclass(slots=True, eq=False)
class Learnt:
    """Spectra of what was sent and heard, averaged over some seconds of a path."""

    sent: Doubles = field(default_factory=lambda: np.zeros(WINDOW // 2 + 1, np.float64))
    heard: Doubles = field(default_factory=lambda: np.zeros(WINDOW // 2 + 1, np.float64))
    cross: NDArray[np.complex128] = field(default_factory=lambda: np.zeros(WINDOW // 2 + 1, np.complex128))
    seconds: float = 0.0

    def add(self, sent: Floats, heard: Floats) -> None:
        """``WINDOW`` samples of both. Weighted by loudness: loud wrong audio cannot lead."""
        x, y = np.fft.rfft(np.array((sent, heard)) * _WINDOW)
        weight = np.float32(1 / (float(np.vdot(y, y).real) / len(y) + 1e-9))
        seconds = WINDOW / 2 / RATE_HZ
        keep = max(0.0, 1 - seconds / _MEMORY_S)
        weighted = weight * x.conj()
        self.sent *= keep
        self.sent += (weighted * x).real
        self.heard *= keep
        self.heard += weight * (y.conj() * y).real
        self.cross *= keep
        self.cross += weighted * y
        self.seconds = min(_MEMORY_S, self.seconds * keep + seconds)

    def noise(self) -> Doubles:
        """Power of what HEARD has beside SENT, a bin, as loud as it would have to be sent."""
        left = np.maximum(self.heard - np.abs(self.cross) ** 2 / (self.sent + 1e-30), 0)
        return np.asarray(left * (self.sent.sum() / (self.heard.sum() + 1e-30)))


class Channel:
    """A filter from averaged cross spectra, and the floor: what of HEARD it does not explain, a bin of a frame."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.learnt = Learnt()
        self._calls = 0
        self.taps = np.zeros(BEFORE + AFTER, np.float32)
        self.taps_gain = 0.0  # for white sound
        self._transforms: dict[tuple[int, int], C64] = {}  # of the taps, by the first that counts and size
        self.floor = np.zeros(BINS, np.float32)
        self.mean_power = np.zeros(BINS, np.float32)  # of the prediction
        self._floor_s = 0.0  # seconds that the floor has seen
        self._late_mean = np.zeros(BINS, np.float32)  # of what rings late (``late``): then the floor is ``floor`` …
        self._late_slope = np.zeros(BINS, np.float32)  # … and so much higher, against itself, where more does
        self._late_sums: Floats = np.zeros((5, BINS), np.float32)  # see ``_learn_late``
        self.gain = 1.0  # of the last looks, against the filter: automatic gain control moves it
        self._spread = 0.5  # mean square of log(rest / floor)
        self.lowest = _NO_FLOOR  # log of the least rest / floor that is usual: a path with noise is never quieter
        self._window_min, self._window_s = 0.0, 0.0
        self.known = False

    def learn(self, sent: Floats, heard: Floats) -> None:
        """Both aligned, ``WINDOW`` samples that are on air."""
        self.learnt.add(sent, heard)

    def recall(self, learnt: Learnt) -> None:
        """What was learnt before it was forgotten counts again, with what comes."""
        self.learnt = learnt

    @property
    def is_young(self) -> bool:
        return self.learnt.seconds < _GROWN_S

    def settle_now_and_then(self) -> None:
        """Once a second, later in eight: a filter of 30 s does not change sooner."""
        self._calls += 1
        if self._calls % (4 if self.is_young else 16) == 0:
            self.settle()

    def settle(self) -> None:
        """Solve for the filter: least squares over what was learnt, both sides whitened, so that quiet bands count too.

        Conjugate gradients from the last filter (the matrix is Toeplitz: a product is two transforms). Few steps and a
        ridge keep it from inventing a response where the programme had no sound, or less than the path has noise: there
        it is thought to be as flat as the direct path alone, for after the first notes of a tune others come.
        """
        learnt = self.learnt
        if not learnt.seconds:
            return
        loud = learnt.sent + learnt.noise()
        white = _BAND / (_smooth_over_bins(loud) + 1e-9 * float(np.max(loud)) + 1e-30)
        wanted = np.fft.irfft(learnt.cross * white)
        wanted = np.concatenate([wanted[-BEFORE:], wanted[:AFTER]])
        lags = np.fft.irfft(learnt.sent * white)
        matrix = np.fft.rfft(np.concatenate([lags[: _SIZE // 2], lags[-_SIZE // 2 :]])).real
        ridge = float(lags[0]) * max(_RIDGE, 0.3 / learnt.seconds)
        wanted[BEFORE] += ridge * _direct(wanted) / float(lags[0])
        self.taps = _solve(matrix, wanted, self.taps.astype(np.float64), ridge).astype(np.float32)
        self.taps_gain = math.sqrt(float(self.taps @ self.taps))
        self._transforms.clear()
        self.known = True

    def predict(self, sent: Floats) -> Floats:
        """Convolve. *sent* reaches ``AFTER`` samples before and ``BEFORE`` beyond what is predicted."""
        return next(self._answers(sent, 0))

    def predict_and_ringing(self, sent: Floats) -> tuple[Floats, Floats]:
        """``predict``, and the part of it that was sent some time before: heard when the programme has stopped."""
        predicted, ringing = self._answers(sent, 0, BEFORE + _DIRECT)
        return predicted, ringing

    def _answers(self, sent: Floats, *firsts: int) -> Iterator[Floats]:
        """For each of *firsts*: of the taps from there on."""
        size = fast_size(len(sent))
        spectrum = np.fft.rfft(sent, size)
        for first in firsts:
            if (first, size) not in self._transforms:
                taps = np.concatenate([np.zeros(first, np.float32), self.taps[first:]])
                self._transforms[first, size] = np.asarray(np.fft.rfft(taps, size), np.complex64)
            yield np.fft.irfft(spectrum * self._transforms[first, size], size)[len(self.taps) : len(sent)]

    def decay(self, size: int) -> Floats:
        """Share of a steady sound's power that is left, a sample from its end on (Schroeder 1965)."""
        energy = self.taps.astype(np.float64)[BEFORE:] ** 2
        left = np.zeros(size, np.float32)
        left[: len(energy)] = np.cumsum(energy[::-1])[::-1][:size] / (float(energy.sum()) + 1e-12)
        return left

    def ringing_ms(self) -> float:
        """How long after its end what was sent still stands out of the floor: the decay of the filter's energy."""
        energy = self.taps.astype(np.float64) ** 2
        peak = int(np.argmax(energy))
        decay = float(energy[peak:] @ np.arange(len(energy) - peak)) / (float(energy.sum()) + 1e-12)
        return milliseconds(decay) * math.log1p(self._snr())

    @property
    def is_clear(self) -> bool:
        """Is the programme louder than the floor? Else no look says much, whatever is heard."""
        return self._snr() > 1

    def _snr(self) -> float:
        return float(self.mean_power.sum()) / (float(self.floor.sum()) + 1e-12)

    def floor_at(self, late: Floats) -> Floats:
        """The floor of each look. *late*: looks × bins of what SENT rings late with."""
        return self.floor * self._shape(late) + np.float32(1e-12)

    def _shape(self, late: Floats) -> Floats:
        """What rings late against the mean of it makes the floor so many times as high."""
        return np.asarray(1 + self._late_slope * (late - self._late_mean))

    def learn_floor(self, residual_power: Floats, prediction_power: Floats, late: Floats, seconds: float) -> None:
        """Looks × bins of power that are on air. A click is capped at eight times the floor that is known."""
        shape = self._shape(late)
        level = residual_power / shape
        if self._floor_s >= 2:
            level = np.minimum(level, 8 * self.floor + np.float32(1e-12))
        now = level.sum(0) / len(level)
        memory = np.where(now < self.floor, _FALL_S, _RISE_S)
        rate = np.minimum(0.5, seconds / np.minimum(memory, self._floor_s + seconds)).astype(np.float32)
        self._floor_s = min(_RISE_S, self._floor_s + seconds)
        self.floor = self.floor + rate * (now - self.floor)
        self.mean_power = self.mean_power + rate * (prediction_power.sum(0) / len(level) - self.mean_power)
        self._learn_late(level / (self.floor + np.float32(1e-12)), shape, late, seconds)

    def _learn_late(self, level: Floats, shape: Floats, late: Floats, seconds: float) -> None:
        """How far the floor follows what rings late: a line through looks, each weighted by how surely it is known.

        *level*: of the rest against the floor and its *shape*.
        """
        weight = 1 / (shape * shape)
        heavy, left = weight * late, level / shape
        parts = weight, heavy, heavy * late, left, left * late
        keep = np.float32(max(0.0, 1 - seconds / _MEMORY_S))
        part_s = np.float32(seconds / len(level))
        self._late_sums = keep * self._late_sums + part_s * np.array([part.sum(0) for part in parts])
        whole, mean, square, high, both = self._late_sums
        mean = mean / whole
        apart = square - (whole - np.float32(_LATE_RIDGE_S)) * mean * mean + np.float32(1e-20)
        slope = (both - mean * high) / apart * whole / (high + np.float32(1e-12))
        self._late_mean, self._late_slope = mean, np.clip(slope, 0, _MOST_LATE / (mean + np.float32(1e-12)))

    def learn_scatter(self, rest: Floats, seconds: float) -> None:
        """log(rest / floor) of looks that are on air."""
        rate = min(0.2, seconds / _RISE_S)
        excess = rest.clip(0, 3)
        self._spread += rate * (float(excess @ excess) / len(rest) - self._spread)

    def learn_lowest(self, rest: Floats, hop: int) -> None:
        """The same of looks in which the programme pauses: there nothing but the path's own noise is left."""
        self._window_min = min(self._window_min, float(rest.min()))
        self._window_s += len(rest) * hop / RATE_HZ
        if self._window_s > _LOWEST_S:
            rise = 0.25 if self._window_min > self.lowest else 1.0
            self.lowest += rise * (self._window_min - self.lowest)
            self._window_min, self._window_s = 0.0, 0.0

    @property
    def scatter(self) -> float:
        """log of the factor within which the rest of nearly every frame lies."""
        return 0.2 + 2.0 * math.sqrt(self._spread)


def _direct(wanted: Doubles) -> float:
    """Of the cross-correlation, what came straight; 0 where that is not known.

    Turned upside down (a line that was wired the other way round, an amplifier that inverts) it is only if nothing else
    is as loud: else the sound of a few tones has a trough there by chance.
    """
    direct = float(wanted[BEFORE])
    return direct if direct > 0 or -direct >= _LOUDEST * float(np.abs(wanted).max()) else 0.0


def _smooth_over_bins(power: Doubles) -> Doubles:
    """Mean over 129 bins (250 Hz)."""
    total = np.cumsum(np.pad(power, (65, 64), "edge"))
    return np.asarray((total[129:] - total[:-129]) / 129)


def _solve(matrix: Doubles, wanted: Doubles, start: Doubles, ridge: float) -> Doubles:
    """(R + ridge) taps = wanted. *matrix*: the transform of R's first row, circular at twice the filter's size."""
    taps = start.copy()
    rest = wanted - _product(matrix, taps) - ridge * taps
    step, size = rest.copy(), float(rest @ rest)
    for _ in range(_STEPS):
        if size < 1e-18:
            break
        turned = _product(matrix, step) + ridge * step
        length = size / float(step @ turned)
        taps += length * step
        rest -= length * turned
        size, before = float(rest @ rest), size
        step = rest + size / before * step
    return taps


def _product(matrix: Doubles, taps: Doubles) -> Doubles:
    return np.fft.irfft(np.fft.rfft(taps, _SIZE) * matrix)[: len(taps)]


FRAME_WINDOW = np.hanning(FRAME + 1)[:FRAME].astype(np.float32)
