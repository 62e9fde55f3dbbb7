"""How much a look of 32 ms speaks for "what was sent is what is heard": log-likelihood ratios."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from audio.match.channel import FRAME_WINDOW, Channel
from audio.match.grid import BINS, C64, FRAME, HIGH_BIN, HOP, LOW_BIN, Floats

_LEAKAGE = 1.35  # neighbouring bins of a Hann window are not independent: the spread of z is this much larger
_OVERLAP = 3.0  # nor are frames that overlap by three quarters: that many count as one
_CLIP = 12.0  # nats a frame may say
_MODEL_ERROR = 0.003  # −25 dB: no filter that was learnt predicts better
_LOUD_ERROR = 0.01  # −20 dB: nor at an instant at which it is loud
_RINGING_ERROR = 0.001  # −30 dB: nor soon after
_BELOW_FLOOR = 0.5  # of the floor: differences far below it say nothing
_NOTHING = 0.35  # nats: in a pause, less than that would only be rounding that dates a change
RECENT = 15  # hops: the reach of the filter
_WEAK = 0.5  # below that the programme is too quiet to say anything
_CLEAN_BINS = 9.0  # independent bins that a hop adds, tempered by half: no model is right
_FAR_BELOW = 1e-3  # −30 dB against the prediction: whatever it is, it is not on air
_ONES = np.ones(BINS, np.float32)


@dataclass(frozen=True, slots=True)
class Evidence:
    """An array a field, one value a hop."""

    llr: Floats  # nats for on air, whatever else is heard with it; 0: nothing can be said
    clean: Floats  # nats for on air, and nothing else heard than the floor that is known
    weight: Floats  # what could be said at best, √nats
    coherence: Floats  # 0 … 1
    gain: Floats  # of HEARD against the prediction
    heard_power: Floats
    expected_power: Floats


def spectra(sound: Floats) -> C64:
    """Frames of ``FRAME`` each ``HOP`` in the band that every path passes."""
    frames = as_strided(sound, ((len(sound) - FRAME) // HOP + 1, FRAME), (HOP * sound.itemsize, sound.itemsize))
    return np.asarray(np.fft.rfft(frames * FRAME_WINDOW, axis=1)[:, LOW_BIN:HIGH_BIN], np.complex64)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Over the bins of each frame, each bin divided by its noise."""

    heard: Floats
    expected: Floats
    cross: Floats


def weigh(heard: C64, expected: C64, channel: Channel) -> Evidence:
    """Compare HEARD with the prediction, each bin as important as it is quiet when nothing else is there.

    *expected* has ``RECENT`` frames more, before those of *heard*: what was loud just now may still ring.
    """
    white = 1 / (channel.floor + _MODEL_ERROR * channel.mean_power + np.float32(1e-12))
    earlier = _power(expected) * white
    ringing = _loudest_of_recent(earlier @ _ONES)
    expected, power = expected[RECENT:], earlier[RECENT:]
    heard_power = _power(heard) * white
    cross = (heard.real * expected.real + heard.imag * expected.imag) * white
    sums = _Sums(heard_power @ _ONES, power @ _ONES, cross @ _ONES)
    squares = _dot(power, power)
    z = sums.cross / np.sqrt(0.5 * _dot(heard_power, power) + 1e-20) / _LEAKAGE
    bins = sums.expected**2 / (squares + 1e-20)
    share = squares / (squares * (1 + _MODEL_ERROR * 10) + sums.expected + 1e-20)
    best = np.sqrt(2 * bins * share) / _LEAKAGE
    llr = _ratio(z, best)
    llr[(sums.heard < _FAR_BELOW * sums.expected) & (best > 2)] = -_CLIP / _OVERLAP
    coherence = np.clip(sums.cross / np.sqrt(sums.heard * sums.expected + 1e-20), 0, 1)
    clean = _clean(heard_power, power, cross, ringing, channel)
    return Evidence(llr, clean, best, coherence, sums.cross / (sums.expected + 1e-20), sums.heard, sums.expected)


def _clean(heard_power: Floats, power: Floats, cross: Floats, ringing: Floats, channel: Channel) -> Floats:
    """HEARD is gain · prediction + floor, against HEARD is noise of any level: a ratio of Gaussian likelihoods.

    The level of the rest may differ from the floor by what it usually does (``channel.scatter``); beyond that it counts
    against: something else is heard, or the floor itself has gone.
    """
    share = 1 / (1 + _LOUD_ERROR * power + _RINGING_ERROR / BINS * ringing[:, None])
    sums = _Sums(_dot(heard_power, share), _dot(power, share), _dot(cross, share))
    gain = np.clip(sums.cross / (sums.expected + 1e-12), 0.6 * channel.gain, 1.6 * channel.gain)
    loud, rest = sums.heard / BINS + 1e-9, _rest(sums, gain)
    louder, quieter = np.log(rest) - channel.scatter, channel.lowest - 1 - np.log(rest)
    strange = np.expm1(np.clip(louder, 0, 5)) + np.maximum(quieter, 0)
    nats = _CLEAN_BINS * (np.log((loud + _BELOW_FLOOR) / (rest + _BELOW_FLOOR)) - strange)
    return np.asarray(np.where(np.abs(nats) < _NOTHING, 0, np.clip(nats, -_CLIP / _OVERLAP, _CLIP / _OVERLAP)))


def _loudest_of_recent(loudness: Floats) -> Floats:
    step = loudness.itemsize
    return np.asarray(np.max(as_strided(loudness, (len(loudness) - RECENT, RECENT + 1), (step, step)), 1))


def _rest(sums: _Sums, gain: Floats | float) -> Floats:
    """Power that gain · prediction leaves, against the noise: 1 when only the floor is left."""
    rest = sums.heard - 2 * gain * sums.cross + gain * gain * sums.expected
    return np.asarray(np.maximum(rest, 0) / BINS + np.float32(1e-9))


def rest_over_floor(heard: C64, expected: C64, channel: Channel) -> Floats:
    """log of what the prediction leaves over the floor, a frame: its usual spread is ``channel.scatter``."""
    power = _power(expected)
    noise = channel.floor + _MODEL_ERROR * channel.mean_power + _LOUD_ERROR * power + np.float32(1e-12)
    rest = _power(heard - np.float32(channel.gain) * expected)
    return np.asarray(np.log(np.mean(rest / noise, 1) + 1e-9), np.float32)


def _dot(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.einsum("fb,fb->f", one, other))


def _power(spectrum: C64) -> Floats:
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)


def _ratio(z: Floats, best: Floats) -> Floats:
    """Mixture: as coherent as expected, or half as coherent (other audio on top, distortion); against no relation."""
    full = z * best - best * best / 2
    half = z * best / 2 - best * best / 8
    llr = np.logaddexp(full + np.log(0.8), half + np.log(0.2))
    return np.where(best < _WEAK, 0, np.clip(llr, -_CLIP, _CLIP) / _OVERLAP)
