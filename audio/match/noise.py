"""What is heard beside the prediction, as noise whose likelihood can be said a sample: on air, and off."""

from dataclasses import dataclass

import numpy as np

from audio.match.grid import HOP, Floats

ORDER = 10  # of linear prediction: a likelihood needs so many samples before its first
AROUND = HOP // 2  # samples either side that say how loud one is
_LEAST_POWER = 1e-10
_MODEL_ERROR = 0.001  # −30 dB: no filter that was learnt predicts better
_MOST_ERROR = 10.0  # +10 dB: where SENT pauses, a slope against next to nothing could be anything
_FREEDOM, _SCALE = 4.0, 0.7  # of Student's t, where it suits a Gaussian of power 1 best
_PAUSE = 0.03  # −15 dB: what else is heard is never quieter than this against itself …
BARE = 0.02  # … unless only the path's floor is left, which a sample has to prefer by so many nats
_NOTHING = 1e-4  # −40 dB against the programme: the filter rings on falsely as loud; what is softer is silence
_FITS, _STEPS = 2, 4


@dataclass(frozen=True, slots=True)
class Rest:
    """What the prediction leaves while on air: the path's floor, and an error that grows with the prediction.

    Both autoregressive; *whitener* makes them white, *floor* and *share* are of their innovation's power.
    """

    whitener: Floats
    floor: float
    share: float
    least: float  # power below which differences say nothing

    def log_likelihood(self, sound: Floats, envelope: Floats, rings: Floats | None = None) -> Floats:
        """Of each sample of one or more rows that begin ``ORDER`` samples earlier. *envelope*: of the prediction.

        *rings*: so loud, as ``loudness`` has it, something else may be that rings out.
        """
        squared = _whitened(sound, self.whitener) ** 2
        power = self.floor + self.share * envelope
        return _student(squared, power if rings is None else power + np.minimum(rings, _around(squared)))

    def loudness(self, sound: Floats) -> Floats:
        """Power about each sample, beyond the floor."""
        power = np.zeros(len(sound), np.float32)
        power[ORDER:] = _around(_whitened(sound, self.whitener) ** 2)
        return np.asarray(np.maximum(power - np.float32(self.floor), 0))


@dataclass(frozen=True, slots=True)
class Else:
    """What is heard off air: a noise of its own, which may be soft, or pause and leave the path's floor."""

    whitener: Floats
    power: float
    bare: Rest

    def log_likelihood(self, sound: Floats) -> Floats:
        """As that of ``Rest``."""
        squared = _whitened(sound, self.whitener) ** 2
        own = _student(
            squared, np.maximum(self.bare.least, np.minimum(self.power, _around(squared) + _PAUSE * self.power))
        )
        if self.bare.floor > self.power:
            return own
        floor = self.bare.log_likelihood(sound, np.zeros(1, np.float32)) - np.float32(BARE)
        return np.where(_around(floor - own) > 0, floor, own)


def rest_of(sound: Floats, envelope: Floats) -> Rest:
    """Learn from what the prediction left, and the prediction's envelope."""
    if len(sound) < 8 * ORDER:
        return Rest(_whitener(sound[:0]), _power(sound), _MODEL_ERROR, _LEAST_POWER)
    mean, loudness = _power(sound), float(np.mean(envelope)) + _LEAST_POWER
    least = _NOTHING * loudness
    fitted, heard_with = Rest(_whitener(sound), mean / 2, mean / 2 / loudness, least), envelope[ORDER:]
    for _ in range(_FITS):
        whitener = _whitener(sound / np.sqrt(fitted.floor + fitted.share * envelope))
        fitted = _fitted(_whitened(sound, whitener) ** 2, heard_with, whitener, fitted)
    return fitted


def _fitted(squared: Floats, envelope: Floats, whitener: Floats, start: Rest) -> Rest:
    """floor + share · envelope, the likeliest for powers that scatter as far as they are high."""
    floor, share, white = start.floor, start.share, float(whitener @ whitener)
    least, most = _MODEL_ERROR * white, _MOST_ERROR * white
    for _ in range(_STEPS):
        weight = 1 / (floor + share * envelope) ** 2
        loud = weight * envelope
        total, mixed, louder = float(weight.sum()), float(loud.sum()), float(loud @ envelope)
        left, left_loud = float(weight @ squared), float(loud @ squared)
        apart = total * louder - mixed * mixed
        slope = (total * left_loud - mixed * left) / apart if apart > 1e-9 * total * louder else 0.0
        share = min(most, max(least, slope))
        floor = max(0.1 * floor, (left - share * mixed) / total) + _LEAST_POWER
    return Rest(whitener, max(floor, start.least), share, start.least)


def else_of(sound: Floats, bare: Rest) -> Else:
    """Learn from what is heard off air; *bare*: of the path when nothing is heard."""
    whitener = _whitener(sound)
    return Else(whitener, _power(_whitened(sound, whitener)), bare)


def envelope(sound: Floats) -> Floats:
    """Power about each sample."""
    return _around(sound**2)


def _student(squared: Floats, power: Floats | float) -> Floats:
    """Student's t instead of a Gaussian: a click, or a filter that still rings, must not decide."""
    scale = _SCALE * power
    return np.asarray(-0.5 * (np.log(scale) + (_FREEDOM + 1) * np.log1p(squared / (_FREEDOM * scale))), np.float32)


def _power(sound: Floats) -> float:
    return float(np.dot(sound, sound)) / max(1, len(sound)) + _LEAST_POWER


def _around(power: Floats) -> Floats:
    """Mean over 8 ms about each sample, or what there is of them."""
    size, half = power.shape[-1], AROUND
    total = np.zeros((*power.shape[:-1], size + 2 * half + 1), np.float32)  # of all before, from too early on …
    np.cumsum(power, axis=-1, out=total[..., half + 1 : size + half + 1])
    total[..., size + half + 1 :] = total[..., size + half, None]  # … until too late
    at = np.arange(size)
    there = np.minimum(at + half, size) - np.maximum(at - half, 0)
    return np.asarray((total[..., 2 * half : size + 2 * half] - total[..., :size]) / there.astype(np.float32))


def _whitened(sound: Floats, whitener: Floats) -> Floats:
    size = sound.shape[-1]
    made = np.array(sound[..., ORDER:])
    for back, weight in enumerate(whitener[1:], 1):
        made += weight * sound[..., ORDER - back : size - back]
    return made


def _whitener(sound: Floats) -> Floats:
    """1 and minus the coefficients of linear prediction (autocorrelation method, 30 dB of white noise added)."""
    if len(sound) < 4 * ORDER:
        return np.ones(1, np.float32)
    lags = np.array([np.dot(sound[: len(sound) - k], sound[k:]) for k in range(ORDER + 1)])
    lags[0] = lags[0] * 1.001 + 1e-12
    matrix = lags[np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))]
    return np.concatenate([[1.0], -np.linalg.solve(matrix, lags[1:])]).astype(np.float32)
