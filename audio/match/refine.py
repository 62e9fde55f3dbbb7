"""A boundary to the sample: where "HEARD is prediction plus noise" stops being likelier than "it is something else"."""

from dataclasses import dataclass

import numpy as np

from audio.match.grid import HOP, Floats

REACH = 1_024  # samples either side from which the two models are learnt: 128 ms
SEARCH = 512  # a boundary is moved by at most this: 64 ms
_GUARD = 128  # next to the boundary nothing is learnt
_LEAST_POWER = 1e-10
_MODEL_ERROR = 0.003
_ORDER = 10
_FREEDOM = 4.0
_TEMPER = 4.0  # neighbouring samples do not witness alone, and neither model is right: so much flatter is the posterior
_PRESSED = 64  # as near to the limit of the search, the boundary may well lie beyond
_BEYOND = SEARCH * 0.75


@dataclass(frozen=True, slots=True)
class Boundary:
    """*offset* from the middle, and how sure that is: standard deviation in samples in which SENT is audible."""

    offset: int
    deviation: float


def first_off_sample(heard: Floats, expected: Floats, audible: Floats, before: int, after: int) -> Boundary:
    """Where on air ends, from the middle of the arrays (2·REACH samples). *audible*: 1 where SENT is, else 0.

    *before*, *after*: how many samples either side belong to the two runs. For a return to air, reverse all arrays.
    """
    on = slice(REACH - min(before, REACH), REACH - min(_GUARD, before // 2))
    off = slice(REACH + min(_GUARD, after // 2), REACH + min(after, REACH))
    gain = _gain(heard[on], expected[on])
    on_air = _log_likelihood(heard - gain * expected, on, _MODEL_ERROR * _envelope(gain * expected))
    off_air = _log_likelihood(heard, off, 0.0)
    score = np.concatenate([[0.0], np.cumsum(on_air - off_air)])
    low, high = REACH - min(before, SEARCH), REACH + min(after, SEARCH)
    best = int(np.argmax(score[low : high + 1]))
    return Boundary(best + low - REACH, _deviation(score[low : high + 1], audible[low:high], best))


def _deviation(score: Floats, audible: Floats, best: int) -> float:
    """Of the posterior about *best*, on the clock of audible samples: where nothing is heard no time is lost."""
    clock = np.concatenate([[0.0], np.cumsum(audible)])
    likely = np.exp((score - score[best]) / _TEMPER)
    variance = float(likely @ (clock - clock[best]) ** 2) / float(likely.sum())
    pressed = min(best, len(score) - 1 - best) < _PRESSED
    return float(np.sqrt(variance + (_BEYOND**2 if pressed else 0.0)))


def _gain(heard: Floats, expected: Floats) -> float:
    return float(np.dot(heard, expected) / (np.dot(expected, expected) + 1e-12))


def _envelope(sound: Floats) -> Floats:
    return np.asarray(np.convolve(sound**2, np.ones(HOP) / HOP, "same"), np.float32)


def _log_likelihood(sound: Floats, where: slice, error: Floats | float) -> Floats:
    """Of each sample under an autoregressive model learnt at *where*, plus *error* (power).

    Student's t instead of a Gaussian: a click, or a filter that still rings, must not decide.
    """
    whitener = _whitener(sound[where])
    innovation = np.convolve(sound, whitener)[: len(sound)]
    variance = float(np.mean(innovation[where] ** 2)) + _LEAST_POWER if len(innovation[where]) else _LEAST_POWER
    spread = variance + error * float(np.sum(whitener**2))
    squared = innovation**2 / spread
    return np.asarray(-0.5 * np.log(spread) - (_FREEDOM + 1) / 2 * np.log1p(squared / _FREEDOM), np.float32)


def _whitener(sound: Floats) -> Floats:
    """1 and minus the coefficients of linear prediction (autocorrelation method, 30 dB of white noise added)."""
    if len(sound) < 4 * _ORDER:
        return np.ones(1, np.float32)
    lags = np.array([np.dot(sound[: len(sound) - k], sound[k:]) for k in range(_ORDER + 1)])
    lags[0] = lags[0] * 1.001 + 1e-12
    matrix = lags[np.abs(np.subtract.outer(np.arange(_ORDER), np.arange(_ORDER)))]
    return np.concatenate([[1.0], -np.linalg.solve(matrix, lags[1:])]).astype(np.float32)
