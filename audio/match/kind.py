"""What HEARD is where it is not what was sent: silence, hum, hiss or other audio; and how good it is where it is."""

import numpy as np

from audio.match.evidence import Evidence
from audio.match.grid import BINS, FRAME, RATE_HZ, Floats
from audio.segments import Quality, State

_QUIET = 10 ** (-55 / 20)  # full scale 1.0
_BELOW_ON_AIR = 10 ** (-30 / 20)
_MAINS_HZ = 50
_HUM_CORRELATION = 0.8
_FLAT, _STEADY_DB = 0.2, 2.2


def kind_of(heard: Floats, on_air_rms: float) -> State:
    """Name a stretch of at least 32 ms that is off air. *on_air_rms*: our own sound's, 0 if unknown."""
    sound = heard - np.mean(heard)
    rms = float(np.sqrt(np.mean(sound**2)))
    if rms < max(_QUIET, on_air_rms * _BELOW_ON_AIR):
        return State.SILENCE
    if _is_hum(sound):
        return State.HUM
    return State.NOISE if _is_hiss(sound) else State.FOREIGN


def _is_hum(sound: Floats) -> bool:
    """Mains and its harmonics repeat each 20 ms, and still do 100 ms later, which no voice does."""
    period = RATE_HZ // _MAINS_HZ
    delays = [d for d in (period, 2 * period, 5 * period, 10 * period) if d <= len(sound) // 2]
    return bool(delays) and all(_correlation(sound, d) > _HUM_CORRELATION for d in delays)


def _correlation(sound: Floats, delay: int) -> float:
    one, other = sound[delay:], sound[:-delay]
    return float(np.dot(one, other) / (np.sqrt(np.dot(one, one) * np.dot(other, other)) + 1e-12))


def _is_hiss(sound: Floats) -> bool:
    """Flat in the band that it fills, and steady."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    if not len(frames):
        return False
    power = np.mean(np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)[:, 10:96]) ** 2, 0) + 1e-15
    flatness = float(np.exp(np.mean(np.log(power))) / np.mean(power))
    levels = 10 * np.log10(np.mean(frames**2, 1) + 1e-15)
    return flatness > _FLAT and float(np.std(levels)) < _STEADY_DB


_ON_TOP = 0.03  # −15 dB: softer than this under our programme nobody hears it


def quality_of(evidence: Evidence, heard: Floats, expected: Floats, gain_now: float, gain_usual: float) -> Quality:
    """Judge a block that is on air. *gain_now*, *gain_usual*: of the whole path, linear."""
    telling = evidence.weight > 2
    if np.count_nonzero(telling) < 6:
        return Quality.OK
    if gain_usual and gain_now < 0.35 * gain_usual:
        return Quality.LOW
    if _crest(heard) < 0.62 * _crest(expected):
        return Quality.CLIPPED
    wanted = float(np.sum(evidence.gain[telling] ** 2 * evidence.expected_power[telling]))
    rest = float(np.sum(evidence.heard_power[telling])) - wanted
    floor = np.count_nonzero(telling) * BINS
    if rest <= 12 * floor or rest <= 0.3 * wanted:
        return Quality.OK
    return Quality.OVERLAID if _unexplained(heard, expected, evidence.gain[telling]) > _ON_TOP else Quality.OK


def _unexplained(heard: Floats, expected: Floats, gains: Floats) -> float:
    """Share of the heard power that is not ours, by the ear's measure.

    The whitened spectra of sparse tones overstate what the channel's estimate misses between them.
    """
    size = min(len(heard), len(expected))
    rest = heard[-size:] - np.float32(np.median(gains)) * expected[-size:]
    return float(np.sum(rest**2) / max(float(np.sum(heard[-size:] ** 2)), 1e-12))


def _crest(sound: Floats) -> float:
    return float(np.max(np.abs(sound)) / (np.sqrt(np.mean(sound**2)) + 1e-9))
