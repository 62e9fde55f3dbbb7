"""A boundary to the sample: where "HEARD is the prediction plus noise" stops being likelier than "HEARD is something else"."""

import numpy as np

from audio.match.grid import F32, HOP

REACH = 1_024  # samples either side from which the two models are learnt: 128 ms
SEARCH = 512  # a boundary is moved by at most this: 64 ms
_GUARD = 128  # next to the boundary nothing is learnt
_LEAST_POWER = 1e-10


def first_off_sample(heard: F32, expected: F32, before: int, after: int) -> int:
    """Offset in samples from the middle of both arrays (2·REACH) at which on air ends.

    *before*, *after*: how many samples either side belong to the two runs. For a return to air, reverse both arrays.
    """
    on = slice(REACH - min(before, REACH), REACH - min(_GUARD, before // 2))
    off = slice(REACH + min(_GUARD, after // 2), REACH + min(after, REACH))
    gain = _gain(heard[on], expected[on])
    residual = heard - gain * expected
    on_air = _log_likelihood(residual, _power(residual[on]) + 0.003 * _envelope(gain * expected))
    off_air = _log_likelihood(heard, np.full(len(heard), _power(heard[off])))
    score = np.concatenate([[0.0], np.cumsum(on_air - off_air)])
    low, high = REACH - min(before, SEARCH), REACH + min(after, SEARCH)
    return int(np.argmax(score[low : high + 1])) + low - REACH


def _gain(heard: F32, expected: F32) -> float:
    return float(np.dot(heard, expected) / (np.dot(expected, expected) + 1e-12))


def _power(sound: F32) -> float:
    return float(np.mean(sound**2)) + _LEAST_POWER if len(sound) else _LEAST_POWER


def _envelope(sound: F32) -> F32:
    return np.asarray(np.convolve(sound**2, np.ones(HOP) / HOP, "same"), np.float32)


def _log_likelihood(sound: F32, variance: F32) -> F32:
    """Gaussian, a sample; bounded, so that one click decides nothing."""
    return np.asarray(-0.5 * (np.log(variance) + np.minimum(sound**2 / variance, 30.0)), np.float32)
