"""Where what was sent is found in what was heard: generalised cross-correlation, tracks of lag, their drift."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import overload

import numpy as np

from audio.match.grid import BINS, C64, FRAME, HIGH_BIN, LOW_BIN, RATE_HZ, Floats, fast_size, rms

MOST_TRACKS = 5  # the current one, and those along which what is not decided yet was heard: in a burst, one a second
LOOK = 2 * RATE_HZ  # samples of HEARD that one search uses, at most
_SURE = 8.0  # standard deviations: a peak that may count
_UNMISTAKABLE = 30.0  # … and one that counts alone
_UNRIVALLED = 1.4
_OFTEN = 4  # times within some seconds that the highest peak lies at one delay: by chance it hardly does so twice
_APART = 80  # samples: 10 ms
VOTE_DEVIATION = 0.7  # samples: how sure a vote is
_FEW, _RECENT = 3, 60 * RATE_HZ  # votes that tell a drift, and samples: a delay may jump by little in a day
CLEAR_FINE_PEAK = 6.0  # standard deviations
_USUAL = 2.0  # standard deviations
MOST_DRIFT = 400e-6  # two crystals of 200 ppm; what seems to drift more is not ours
_FIRST_SLOPE = 100e-6  # what it may be off by, before anything is known …
_SURE_SLOPE, LEAST_SLOPE = 50e-6, 5e-6  # … and at most and at least when votes tell it
_FADE = 400  # samples: 50 ms
_RISE = np.sin(np.linspace(0, np.pi / 2, _FADE, dtype=np.float32)) ** 2
_FINE = 8  # steps a sample when a lag is refined


@dataclass(frozen=True, slots=True)
class Peak:
    at: float  # samples
    height: float  # standard deviations of the correlation
    rival: float = 0.0  # height of the next peak, at least 10 ms away

    @property
    def stands_out(self) -> bool:
        """Music that resembles itself makes many peaks of one height; a true delay makes one."""
        return self.height > _UNRIVALLED * self.rival


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
    top = float(correlation[at])
    for explained in (at, *map(round, known)):
        correlation[max(0, explained - _APART) : max(0, explained + _APART)] = 0
    return replace(peak, rival=float(np.max(correlation)) * peak.height / top)


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


@dataclass(slots=True)
class Probation:
    """A new delay has to explain what is heard *after* it was found: two voices may say the same word once."""

    wanted: int  # hops that speak for or against
    until: int  # position of SENT at which patience ends
    again: bool = False  # it was proven before: what was heard along it then still was
    pro: int = 0
    contra: int = 0

    def add(self, llr: Floats, weight: Floats) -> None:
        telling = llr[weight > 1.5]
        self.pro += int(np.count_nonzero(telling > 0))
        self.contra += int(np.count_nonzero(telling < 0))

    def restart(self) -> None:
        """What spoke until now did so of a path that was not known."""
        self.pro = self.contra = 0

    def verdict(self, position: int) -> bool | None:
        """True: proven, by three quarters of it when next to nothing speaks against it. None: not known yet."""
        if self.pro + self.contra >= self.wanted:
            return self.pro > 0.7 * (self.pro + self.contra)
        if self.pro >= self.wanted * 3 // 4 and self.contra <= 0.1 * self.pro:
            return True
        return False if position > self.until else None


_ids = itertools.count(1)


@dataclass(slots=True)
class Track:
    """One line of lag: HEARD is ``lag_at(position)`` samples later than SENT. A Kalman filter of lag and slope."""

    position: int  # of SENT, where ``lag`` holds
    lag: float
    slope: float = 0.0
    since: int = 0  # earliest position it may be used for
    last_seen: int = 0  # position of the last support
    number: int = field(default_factory=lambda: next(_ids))
    probation: "Probation | None" = None  # None: proven
    variance: tuple[float, float, float] = (1.0, 0.0, _FIRST_SLOPE**2)  # of lag, covariance, of slope

    @overload
    def lag_at(self, position: float) -> float: ...
    @overload
    def lag_at(self, position: Floats) -> Floats: ...
    def lag_at(self, position: float | Floats) -> float | Floats:
        return self.lag + self.slope * (position - self.position)

    @property
    def was_proven(self) -> bool:
        return self.probation is None or self.probation.again

    def doubt_lag(self, samples: float) -> None:
        """It may be off by as much, however often it was measured."""
        a, b, c = self.variance
        self.variance = (max(a, samples * samples), b, c)

    def doubt_slope(self, slope: float) -> None:
        """The one it has may be wrong by as much."""
        a, b, c = self.variance
        self.variance = (a, b, min(_FIRST_SLOPE, math.hypot(math.sqrt(c), slope)) ** 2)

    def advance(self, position: int) -> None:
        """Move the point of reference; doubt grows: a crystal wanders."""
        step = position - self.position
        a, b, c = self.variance
        seconds = abs(step) / RATE_HZ
        self.variance = (
            a + 2 * b * step + c * step * step + 2e-5 * seconds,
            b + c * step,
            c + (0.03e-6) ** 2 * seconds,
        )
        self.lag, self.position = self.lag_at(position), position

    def measure(self, position: int, excess: float, deviation: float) -> None:
        """HEARD was *excess* samples later than the track said at *position*; *deviation* is how sure that is.

        Less sure where it lies further off than it should (Huber 1964): resonances delay one sound more than another.
        """
        self.advance(position)
        a, b, c = self.variance
        deviation = max(deviation, (abs(excess) - _USUAL * math.sqrt(a)) / _USUAL)
        total = a + deviation * deviation
        self.lag += a / total * excess
        self.slope = min(MOST_DRIFT, max(-MOST_DRIFT, self.slope + b / total * excess))
        self.variance = (a - a * a / total, b - a * b / total, c - b * b / total)
        self.last_seen = position


@dataclass(frozen=True, slots=True)
class Vote:
    position: int  # of SENT: the middle of the stretch that gave it
    lag: float
    height: float
    size: int = LOOK  # of that stretch
    clear: bool = True  # it stood out, or lay where a track is; else it was but the highest

    @property
    def start(self) -> int:
        return self.position - self.size // 2

    def beside(self, track: Track) -> float:
        """Samples by which it misses a track."""
        return abs(track.lag_at(self.position) - self.lag)


def agreeing(votes: list[Vote], slope: float, alone_enough: bool) -> list[Vote]:
    """The votes that lie on one line with the newest, if there are enough of them to trust it; else none.

    *alone_enough*: a channel is known that has to explain what is heard along it, so that one clear vote will do.
    """
    newest = votes[-1]
    near = [
        v for v in votes if abs(v.lag - newest.lag - slope * (v.position - newest.position)) < _tolerance(v, newest)
    ]
    clear = [v for v in near if v.clear]
    heights = sorted(v.height for v in clear)
    several = len(heights) >= 2 and heights[0] >= _SURE and sum(heights) >= 2 * _SURE + 2
    unmistakable = alone_enough and newest.clear and newest.height >= _UNMISTAKABLE
    return near if several or unmistakable or len(near) >= _OFTEN else []


def drift_of(votes: Sequence[Vote]) -> tuple[float, float] | None:
    """The slope of the line through the last of *votes* that lie on one with the newest, and its standard deviation.

    None where they are few, or of one moment. They are found in two seconds, each anew, and do not lean with the sound
    that is heard, as fine measures of a lag do.
    """
    newest = votes[-1]
    near = [
        v
        for v in votes
        if v.clear and newest.position - v.position < _RECENT and abs(v.lag - newest.lag) < _tolerance(v, newest)
    ]
    if len(near) < _FEW:
        return None
    middle = sum(v.position for v in near) / len(near)
    reach = max(1.0, math.hypot(*(v.position - middle for v in near)))
    slope, deviation = sum((v.position - middle) * v.lag for v in near) / reach**2, VOTE_DEVIATION / reach
    return (slope, max(LEAST_SLOPE, deviation)) if deviation < _SURE_SLOPE else None


def _tolerance(one: Vote, other: Vote) -> float:
    return 2.5 + 250e-6 * abs(one.position - other.position)
