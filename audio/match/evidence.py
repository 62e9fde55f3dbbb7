"""How much a look of 32 ms speaks for "what was sent is what is heard": whitened coherence as a log-likelihood ratio."""

from dataclasses import dataclass

import numpy as np

from audio.match.channel import FRAME_WINDOW, Channel
from audio.match.grid import C64, F32, FRAME, HIGH_BIN, HOP, LOW_BIN

_LEAKAGE = 1.35  # neighbouring bins of a Hann window are not independent: the spread of z is this much larger
_OVERLAP = 3.0  # nor are frames that overlap by three quarters: that many count as one
_CLIP = 12.0  # nats a frame may say
_MODEL_ERROR = 0.003  # −25 dB: no filter that was learnt predicts better
_WEAK = 0.5  # below that the programme is too quiet to say anything
_CLEAN_BINS = 9.0  # independent bins that a hop adds, tempered by half: no model is right
_FAR_BELOW = 1e-3  # −30 dB against the prediction: whatever it is, it is not on air


@dataclass(frozen=True, slots=True)
class Evidence:
    """An array a field, one value a hop."""

    llr: F32  # nats for on air, whatever else is heard with it; 0: nothing can be said
    clean: F32  # nats for on air, and nothing else heard than the floor that is known
    weight: F32  # what could be said at best, √nats
    coherence: F32  # 0 … 1
    gain: F32  # of HEARD against the prediction
    heard_power: F32
    expected_power: F32


def spectra(sound: F32) -> C64:
    """Frames of ``FRAME`` each ``HOP`` in the band that every path passes."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP]
    return np.asarray(np.fft.rfft(frames * FRAME_WINDOW, axis=1)[:, LOW_BIN:HIGH_BIN], np.complex64)


def weigh(heard: C64, expected: C64, channel: Channel) -> Evidence:
    """Compare HEARD with the prediction, each bin as important as it is quiet when nothing else is there."""
    floor = channel.floor + _MODEL_ERROR * channel.mean_power + np.float32(1e-12)
    white = 1 / floor
    heard_power, power = _power(heard) * white, _power(expected) * white
    cross = (heard.real * expected.real + heard.imag * expected.imag) * white
    both = np.sum(heard_power * power, 1)
    z = np.sum(cross, 1) / np.sqrt(0.5 * both + 1e-20) / _LEAKAGE
    squares = np.sum(power * power, 1)
    bins = np.sum(power, 1) ** 2 / (squares + 1e-20)
    share = squares / (squares * (1 + _MODEL_ERROR * 10) + np.sum(power, 1) + 1e-20)
    best = np.sqrt(2 * bins * share) / _LEAKAGE
    heard_sum, expected_sum = np.sum(heard_power, 1), np.sum(power, 1)
    llr = _ratio(z, best)
    llr[(heard_sum < _FAR_BELOW * expected_sum) & (best > 2)] = -_CLIP / _OVERLAP
    return Evidence(
        llr.astype(np.float32),
        _clean(heard, expected, channel).astype(np.float32),
        best.astype(np.float32),
        np.clip(np.sum(cross, 1) / np.sqrt(heard_sum * expected_sum + 1e-20), 0, 1),
        np.sum(cross, 1) / (expected_sum + 1e-20),
        heard_sum,
        expected_sum,
    )


def _clean(heard: C64, expected: C64, channel: Channel) -> F32:
    """HEARD is gain · prediction + floor, against HEARD is noise of any level: a ratio of Gaussian likelihoods.

    The level of the rest may differ from the floor by what it usually does (``channel.scatter``); beyond that it counts
    against: something else is heard, or the floor itself has gone.
    """
    cross = heard.real * expected.real + heard.imag * expected.imag
    power = _power(expected)
    noise = channel.floor + _MODEL_ERROR * channel.mean_power + 0.01 * power + np.float32(1e-12)
    own = np.sum(cross / noise, 1) / (np.sum(power / noise, 1) + 1e-12)
    gain = np.clip(own, 0.6 * channel.gain, 1.6 * channel.gain)[:, None]
    loud = np.mean(_power(heard) / noise, 1) + 1e-9
    rest = np.mean((_power(heard) - 2 * gain * cross + gain * gain * power) / noise, 1) + 1e-9
    excess = np.abs(np.log(rest)) - channel.scatter
    strange = np.where(excess > 0, np.where(rest > 1, np.expm1(np.minimum(excess, 5)), excess), 0)
    return np.clip(_CLEAN_BINS * (np.log(loud / rest) - strange), -_CLIP / _OVERLAP, _CLIP / _OVERLAP)


def rest_over_floor(heard: C64, expected: C64, channel: Channel) -> F32:
    """log of what the prediction leaves over the floor, a frame: its usual spread is ``channel.scatter``."""
    noise = channel.floor + _MODEL_ERROR * channel.mean_power + 0.01 * _power(expected) + np.float32(1e-12)
    return np.asarray(np.log(np.mean(_power(heard - np.float32(channel.gain) * expected) / noise, 1) + 1e-9), np.float32)


def _power(spectrum: C64) -> F32:
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)


def _ratio(z: F32, best: F32) -> F32:
    """Mixture: as coherent as expected, or half as coherent (other audio on top, distortion); against no relation."""
    full = z * best - best * best / 2
    half = z * best / 2 - best * best / 8
    llr = np.logaddexp(full + np.log(0.8), half + np.log(0.2))
    return np.where(best < _WEAK, 0, np.clip(llr, -_CLIP, _CLIP) / _OVERLAP)
