"""A boundary to the millisecond: how HEARD is best explained if SENT left the air, or came back, at each instant.

What was sent before it left still rings in the path. So each instant has a prediction of its own: the path's answer to
SENT without what a gap that begins, or ends, there would have kept off the air.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.match.channel import AFTER, Channel
from audio.match.grid import HOP, Floats

Instants = NDArray[np.intp]  # samples from the begin of a scene

REACH = 2_048  # samples either side that are looked at: 256 ms
SEARCH = 1_024  # a boundary is moved by at most this: 128 ms
_LEARNT = 1_024  # samples either side of it from which the two models are learnt …
_GUARD = 64  # … but for what is next to it
_COARSE, _FINE = 64, 8  # samples between the instants that are tried: first all, then those about the best
_NEAR = 96
_RINGS = 256  # samples after the last instant that may still tell
_LEAST_POWER = 1e-10
_MODEL_ERROR = 0.001  # −30 dB: no filter that was learnt predicts better
_PAUSE = 0.03  # −15 dB: what else is heard is never quieter than this against itself
_ORDER = 10
_FREEDOM = 4.0
_TEMPER = 4.0  # neighbouring samples do not witness alone, and neither model is right: so much flatter is the posterior
_PRESSED = 64  # as near to the limit of the search, the boundary may well lie beyond
_BEYOND = SEARCH * 0.4


@dataclass(frozen=True, slots=True)
class Boundary:
    """*offset* from the middle, and how sure that is: standard deviation in samples in which SENT is audible."""

    offset: int
    deviation: float


@dataclass(frozen=True, slots=True)
class Scene:
    """``2·REACH`` samples about a boundary; *sent* with what the filter reaches over; *audible*: 1 or 0 a sample.

    *before*, *after*: samples of the runs either side, as far as they are known.
    """

    heard: Floats
    sent: Floats
    audible: Floats
    ends: bool  # on air ends here; else it begins
    before: int
    after: int


def boundary(scene: Scene, channel: Channel) -> Boundary:
    """Where *scene* changes between on and off air."""
    predicted = channel.predict(scene.sent)
    steps = np.arange(-(min(scene.before, SEARCH) // _COARSE), min(scene.after, SEARCH) // _COARSE + 1)
    coarse = REACH + _COARSE * steps
    at = int(coarse[np.argmax(_scores(scene, channel, predicted, coarse, REACH))])
    near = at + np.arange(-_NEAR, _NEAR + 1, _FINE)
    # No np.union1d: it imports masked arrays, 1.4 MiB for life.
    instants = np.array(sorted({*coarse[::2].tolist(), *near[(near >= coarse[0]) & (near <= coarse[-1])].tolist()}))
    score = _scores(scene, channel, predicted, instants, at)
    best = int(np.argmax(score))
    return Boundary(int(instants[best]) - REACH, _deviation(score, instants, scene.audible, best))


def _scores(scene: Scene, channel: Channel, predicted: Floats, instants: Instants, middle: int) -> Floats:
    """Log-likelihood of each of *instants*. What is heard either side is learnt about one of them, the *middle*."""
    on, off = _either_side(scene, middle)
    gain = _gain(scene.heard[on], predicted[on])
    rest, gone = scene.heard - gain * predicted, gain * _gone(scene, channel.taps, instants)
    on_air = _of_the_rest(rest, on, gain * predicted)
    off_air = _of_what_else(rest + gone[int(np.searchsorted(instants, middle))], off)
    window = slice(int(instants[0]), min(2 * REACH, int(instants[-1]) + _RINGS))
    # Before an instant all is as it would be if it never came: that is one row, the same for all of them.
    first, then, before = (on_air, off_air, rest) if scene.ends else (off_air, on_air, rest + gone[-1])
    so_far = np.concatenate([[0.0], np.cumsum(first.log_likelihood(before, window))])
    from_then_on = then.log_likelihood(rest + gone, window)
    from_then_on *= np.arange(window.start, window.stop) >= instants[:, None]
    return np.asarray(so_far[instants - window.start] + from_then_on.sum(1))


def _either_side(scene: Scene, middle: int) -> tuple[slice, slice]:
    """What is surely on air, and what is surely not, if *middle* is the boundary."""
    before = slice(max(middle - _LEARNT, REACH - scene.before, _ORDER), middle - min(_GUARD, scene.before // 2))
    after = slice(middle + min(_GUARD, scene.after // 2), min(middle + _LEARNT, REACH + scene.after, 2 * REACH))
    return (before, after) if scene.ends else (after, before)


def _gone(scene: Scene, taps: Floats, instants: Instants) -> Floats:
    """Instants × samples: the path's answer to what the gap kept off the air, if it has an end at that instant."""
    answer = np.zeros(2 * REACH + 2 * len(taps), np.float32)
    rows = np.empty((len(instants), 2 * REACH), np.float32)
    if scene.ends:
        known, order = min(REACH + scene.after, 2 * REACH), range(len(instants) - 1, -1, -1)
    else:
        known, order = max(REACH - scene.before, -AFTER), range(len(instants))
    for n in order:  # from the end of the gap that is known to the farthest instant
        low, high = sorted((known, int(instants[n])))
        if high > low:
            part = np.convolve(scene.sent[low + AFTER : high + AFTER], taps)
            answer[low + AFTER : low + AFTER + len(part)] += part
        rows[n], known = answer[len(taps) : len(taps) + 2 * REACH], int(instants[n])
    return rows


def _deviation(score: Floats, instants: Instants, audible: Floats, best: int) -> float:
    """Of the posterior about *best*, on the clock of audible samples: where nothing is heard no time is lost."""
    clock = np.concatenate([[0.0], np.cumsum(audible)])[instants]
    if len(instants) < 2:
        return 0.0
    likely = np.exp((score - score[best]) / _TEMPER) * np.gradient(instants)
    variance = float(likely @ (clock - clock[best]) ** 2) / float(likely.sum())
    pressed = min(instants[best] - instants[0], instants[-1] - instants[best]) < _PRESSED
    return float(np.sqrt(variance + (_BEYOND**2 if pressed else 0.0)))


def _gain(heard: Floats, expected: Floats) -> float:
    return float(np.dot(heard, expected) / (np.dot(expected, expected) + 1e-12))


@dataclass(frozen=True, slots=True)
class _Model:
    """An autoregressive noise: its whitener, and the power of its innovation: one for all samples, or one each."""

    whitener: Floats
    power: Floats

    def log_likelihood(self, sound: Floats, window: slice) -> Floats:
        """Of each sample in *window* of one or more rows.

        Student's t instead of a Gaussian: a click, or a filter that still rings, must not decide.
        """
        squared = _whitened(sound, self.whitener, window) ** 2
        power = (
            self.power[window] if self.power.ndim else np.minimum(self.power, _around(squared) + _PAUSE * self.power)
        )
        spread = np.log(power) + (_FREEDOM + 1) * np.log(1 + squared / (_FREEDOM * power))
        return np.asarray(-0.5 * spread, np.float32)


def _of_what_else(sound: Floats, where: slice) -> _Model:
    """Learnt from *sound* at *where*. It may pause: its power is what it is at the moment, at most what is usual."""
    whitener = _whitener(sound[where])
    return _Model(whitener, np.asarray(_mean(_whitened(sound, whitener, where) ** 2) + _LEAST_POWER, np.float32))


def _of_the_rest(sound: Floats, where: slice, predicted: Floats) -> _Model:
    """Of what the prediction leaves: a floor, and an error that grows with it, as both are seen at *where*."""
    whitener = _whitener(sound[where])
    left, envelope = _whitened(sound, whitener, where) ** 2, _envelope(predicted)
    loudness = envelope[where]
    loud = loudness > np.sort(loudness)[len(loudness) // 2] if len(loudness) else np.zeros(0, bool)
    quiet_power, quiet_loudness = _mean(left[~loud]), _mean(loudness[~loud])
    apart = _mean(loudness[loud]) - quiet_loudness
    share = max(
        _MODEL_ERROR * float(whitener @ whitener), (_mean(left[loud]) - quiet_power) / apart if apart > 0 else 0.0
    )
    floor = max(0.1 * quiet_power, quiet_power - share * quiet_loudness)
    return _Model(whitener, np.asarray(floor + _LEAST_POWER + share * envelope, np.float32))


def _mean(values: Floats) -> float:
    return float(np.mean(values)) if len(values) else 0.0


def _around(power: Floats) -> Floats:
    """Mean over 8 ms about each sample."""
    total = np.cumsum(np.pad(power, [(0, 0)] * (power.ndim - 1) + [(HOP // 2 + 1, HOP // 2 - 1)]), axis=-1)
    return np.asarray((total[..., HOP:] - total[..., :-HOP]) / HOP)


def _envelope(sound: Floats) -> Floats:
    return np.asarray(np.convolve(sound**2, np.ones(HOP) / HOP, "same"), np.float32)


def _whitened(sound: Floats, whitener: Floats, window: slice) -> Floats:
    made = np.zeros_like(sound[..., window])
    for back, weight in enumerate(whitener):
        made += weight * sound[..., window.start - back : window.stop - back]
    return made


def _whitener(sound: Floats) -> Floats:
    """1 and minus the coefficients of linear prediction (autocorrelation method, 30 dB of white noise added)."""
    if len(sound) < 4 * _ORDER:
        return np.ones(1, np.float32)
    lags = np.array([np.dot(sound[: len(sound) - k], sound[k:]) for k in range(_ORDER + 1)])
    lags[0] = lags[0] * 1.001 + 1e-12
    matrix = lags[np.abs(np.subtract.outer(np.arange(_ORDER), np.arange(_ORDER)))]
    return np.concatenate([[1.0], -np.linalg.solve(matrix, lags[1:])]).astype(np.float32)
