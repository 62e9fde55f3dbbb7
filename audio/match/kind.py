"""What HEARD is where it is not what was sent: silence, hum, hiss or other audio; and how good it is where it is."""

import math
from dataclasses import dataclass

import numpy as np

from audio.match.channel import FRAME_WINDOW
from audio.match.evidence import Evidence, power
from audio.match.grid import BINS, C64, FRAME, RATE_HZ, Floats, median, peak, rms
from audio.segments import Quality, State

_QUIET = 10 ** (-55 / 20)  # full scale 1.0
_BELOW_ON_AIR = 10 ** (-30 / 20)
_MAINS_HZ = 50
_HUM_CORRELATION = 0.8
_PERIOD = RATE_HZ // _MAINS_HZ
_HUM_IN_HISS = 0.07  # share of the power that repeats with the mains
_FLAT, _STEADY_DB, _MIDDLE_HALF_DB = 0.2, 2.2, 1.3


def kind_of(heard: Floats, on_air_rms: float) -> State:
    """Name a stretch of at least 32 ms that is off air. *on_air_rms*: our own sound's, 0 if unknown."""
    sound = heard - heard.mean()
    if rms(sound) < max(_QUIET, on_air_rms * _BELOW_ON_AIR):
        return State.SILENCE
    if _is_hum(sound):
        return State.HUM
    if not _is_hiss(sound):
        return State.FOREIGN
    return State.HUM if _share_of_mains(sound) > _HUM_IN_HISS else State.NOISE


def _is_hum(sound: Floats) -> bool:
    """Mains and its harmonics repeat each 20 ms, and still do 100 ms later, which no voice does."""
    delays = [periods * _PERIOD for periods in (1, 2, 5, 10) if periods * _PERIOD <= len(sound) // 2]
    return bool(delays) and all(_correlation(sound, d) > _HUM_CORRELATION for d in delays)


def _correlation(sound: Floats, delay: int) -> float:
    one, other = sound[delay:], sound[:-delay]
    return float(np.dot(one, other) / (np.sqrt(np.dot(one, one) * np.dot(other, other)) + 1e-12))


def _share_of_mains(sound: Floats) -> float:
    """Of the power, by the mean of five or more periods: a horn lets little of a hum pass, and hiss lies over it."""
    periods = len(sound) // _PERIOD
    together = 5 if periods >= 10 else periods
    if together < 5:
        return 0.0
    groups = sound[: periods // together * together * _PERIOD].reshape(-1, together, _PERIOD)
    share = float(np.mean(groups.mean(1) ** 2) / (np.mean(groups**2) + 1e-15))
    return (share - 1 / together) / (1 - 1 / together)  # so much is what the mean leaves of noise


def _is_hiss(sound: Floats) -> bool:
    """Flat in the band that it fills, and steady: a voice in noise stirs more than the loudest of its frames."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    if not len(frames):
        return False
    levels = 10 * np.log10(np.vecdot(frames, frames) / FRAME + 1e-15)
    if float(levels.std()) >= _STEADY_DB or _middle_half(levels) >= _MIDDLE_HALF_DB:
        return False
    bins = (np.abs(np.fft.rfft(frames * FRAME_WINDOW, axis=1)[:, 10:96]) ** 2).sum(0) + 1e-15
    return bool(math.exp(np.log(bins).mean()) > _FLAT * bins.mean())


def _middle_half(levels: Floats) -> float:
    """How far apart the quarters of *levels* lie, a trend left out."""
    half = len(levels) // 2
    if half:
        slope = (median(levels[-half:]) - median(levels[:half])) / (len(levels) - half)
        levels = levels - slope * np.arange(len(levels))
    ordered = np.sort(levels)
    return float(ordered[len(levels) * 3 // 4] - ordered[len(levels) // 4])


# Other audio on top makes ours no louder (0.91 to 1.17 of what the path's estimate says): where ours comes back so much
# louder than that, it is the estimate that is wrong, as that of tones not heard before.
_LOUDER_THAN_THE_PATH = 1.3
_CUT = 0.8
_HISS = 0.75  # flatness: of hiss beside a programme it is 0.81 to 0.98, of a voice in a horn's noise 0.03 to 0.67
_KNOWN_REST, _YOUNG_REST = 2.0, 12.0  # times the floor: what the path itself may leave
_ON_TOP = 0.03  # −15 dB: softer than this under our programme nobody hears it


@dataclass(frozen=True, slots=True)
class Heard:
    """A block that is on air: samples, and looks × bins of their spectra, of HEARD and of what was expected."""

    sound: Floats
    expected_sound: Floats
    looks: C64
    expected_looks: C64


def quality_of(evidence: Evidence, block: Heard, is_known: bool, gain_now: float, gain_usual: float) -> Quality:
    """*is_known*: the path, for long enough that its floor is. *gain_now*, *gain_usual*: of the whole path, linear."""
    telling = np.flatnonzero((evidence.weight > 2) & (evidence.llr > 0))
    if len(telling) < 6:
        return Quality.OK
    if gain_usual and gain_now < 0.35 * gain_usual:
        return Quality.LOW
    gains, floor = evidence.gain[telling], len(telling) * BINS
    gain = median(gains)
    if _is_clipped(block, gain):
        return Quality.CLIPPED
    wanted = float(gains**2 @ evidence.expected_power[telling])
    rest = float(evidence.heard_power[telling].sum()) - wanted
    usual = (_KNOWN_REST if is_known else _YOUNG_REST) * floor
    if rest <= usual or rest - floor <= 0.3 * wanted or gain > _LOUDER_THAN_THE_PATH:
        return Quality.OK
    return Quality.OVERLAID if _has_other_audio(block, gain) else Quality.OK


def _has_other_audio(block: Heard, gain: float) -> bool:
    """Whether what is not ours is heard, by the ear's measure, and is no hiss that has become louder.

    The whitened spectra of sparse tones overstate what the channel's estimate misses between them.
    """
    bins = power(block.looks - np.float32(gain) * block.expected_looks).sum(0) + np.float32(1e-15)
    mean, heard = float(bins.mean()), float(power(block.looks).sum()) / BINS
    return mean > _ON_TOP * heard and math.exp(np.log(bins).mean()) < _HISS * mean


def _is_clipped(block: Heard, gain: float) -> bool:
    """Its peaks are lower than they should be; noise, or other audio, makes a crest small and the peaks higher."""
    lower = peak(block.sound) < _CUT * gain * peak(block.expected_sound)
    return lower and _crest(block.sound) < 0.62 * _crest(block.expected_sound)


def _crest(sound: Floats) -> float:
    """A card's offset from zero is no part of it."""
    sound = sound - sound.mean()
    return peak(sound) / (rms(sound) + 1e-9)
