"""Filters, levels and clocks for ``bench.wild``. Sounds are float32, ±1 full scale; filters are causal.

Written without a look at ``bench.recordings``: the two makers share no signal processing, so no slip hides in both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
Response = Callable[[NDArray[np.float64]], NDArray[np.complex128]]  # of frequencies in Hz
Random = np.random.Generator

AUDIBLE = 0.003  # |sample| of SENT from which the judge counts it as active
_TAPS, _PHASES = 24, 1_024


def db(decibels: float) -> float:
    """The amplitude that is *decibels*."""
    return float(10 ** (decibels / 20))


def rms(sound: Sound) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0


def active_rms(sound: Sound, sent: Sound) -> float:
    """RMS of *sound* where *sent*, on the same axis, is active in the sense of ``bench.measure.audible``."""
    active = np.abs(sent) > AUDIBLE
    return rms(sound[active]) if active.any() else 0.0


def at_active_rms(sound: Sound, level_db: float) -> Sound:
    """Scaled so that its active parts have *level_db* dBFS; silence stays silence."""
    peak = float(np.max(np.abs(sound), initial=0.0))
    if peak == 0.0:
        return sound
    scaled = sound * (0.5 / peak)
    for _ in range(2):  # what is active depends on the level
        scaled = scaled * (db(level_db) / (active_rms(scaled, scaled) or 1.0))
    return np.asarray(scaled, np.float32)


def to_length(sound: Sound, length: int) -> Sound:
    """Cut, or followed by silence."""
    return np.pad(sound[:length], (0, max(0, length - len(sound))))


def add_at(base: Sound, at: int, part: Sound, gain: float = 1.0) -> None:
    """Add *part* in place; what lies beyond either end of *base* is dropped."""
    first, last = max(0, at), min(len(base), at + len(part))
    if first < last:
        base[first:last] += gain * part[first - at : last - at]


# ---- filters: responses of analogue circuits, evaluated in the frequency domain ----


def fast_length(least: int) -> int:
    """The next length that the Fourier transform is quick at: 2^n times 1, 9/8, 5/4 or 3/2."""
    power = 1 << max(3, (least - 1).bit_length() - 1)
    return next(int(power * part) for part in (1, 9 / 8, 5 / 4, 3 / 2, 2) if power * part >= least)


def impulse_of(rate: int, *responses: Response) -> Sound:
    """What the filters, one after the other, answer to a click: half a second of it."""
    size = fast_length(rate // 2)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    spectrum = np.ones(len(frequencies), np.complex128)
    for response in responses:
        spectrum *= response(frequencies)
    return np.fft.irfft(spectrum, size).astype(np.float32)


def filtered(sound: Sound, rate: int, *responses: Response) -> Sound:
    return convolved(sound, impulse_of(rate, *responses)) if responses else sound


def convolved(sound: Sound, impulse: Sound) -> Sound:
    """As long as *sound*: the tail after its end is dropped. In blocks that the processor's cache can hold."""
    size = max(1 << 15, 1 << (2 * len(impulse)).bit_length())
    hop = size - len(impulse) + 1
    answer = np.fft.rfft(impulse, size)
    made = np.zeros(len(sound), np.float32)
    for at in range(0, len(sound), hop):
        block = np.fft.irfft(np.fft.rfft(sound[at : at + hop], size) * answer, size)
        add_at(made, at, np.asarray(block, np.float32))
    return made


def low_pass(corner_hz: float) -> Response:
    return lambda f: 1 / (1 + 1.414j * (f / corner_hz) - (f / corner_hz) ** 2)


def high_pass(corner_hz: float) -> Response:
    return lambda f: -((f / corner_hz) ** 2) / (1 + 1.414j * (f / corner_hz) - (f / corner_hz) ** 2)


def resonance(at_hz: float, q: float, gain_db: float) -> Response:
    def response(f: NDArray[np.float64]) -> NDArray[np.complex128]:
        x = f / at_hz
        return (1 + 1j * x * db(gain_db) / q - x**2) / (1 + 1j * x / q - x**2)

    return response


def de_emphasis(seconds: float = 50e-6) -> Response:
    return lambda f: 1 / (1 + 2j * np.pi * f * seconds)


def differentiated(f: NDArray[np.float64]) -> NDArray[np.complex128]:
    """What a discriminator makes of white noise: proportional to the frequency (1 at 3 kHz)."""
    return 1j * f / 3_000


def resampled(sound: Sound, from_hz: int, to_hz: int) -> Sound:
    """By cutting or extending the spectrum of a length that both rates divide, and that is quickly transformed."""
    length = round(len(sound) * to_hz / from_hz)
    if from_hz == to_hz or not len(sound):
        return sound
    shared_hz = gcd(from_hz, to_hz)
    count = fast_length(-(-len(sound) * shared_hz // from_hz) + 1)
    before, after = from_hz // shared_hz * count, to_hz // shared_hz * count
    spectrum = np.fft.rfft(sound, before)
    kept = np.zeros(after // 2 + 1, np.complex128)
    shared = min(len(kept), len(spectrum))
    kept[:shared] = spectrum[:shared]
    return (np.fft.irfft(kept, after)[:length] * (after / before)).astype(np.float32)


def band_rms(sound: Sound, rate: int, band_hz: tuple[float, float]) -> float:
    """RMS of what lies between two frequencies, from spectra of a quarter of a second or so."""
    size = 1 << (rate // 4).bit_length()
    blocks = to_length(sound, -(-len(sound) // size) * size).reshape(-1, size)
    window = np.hanning(size).astype(np.float32)
    first, last = (int(hz * size / rate) for hz in band_hz)
    energy = sum(float(np.sum(np.abs(np.fft.rfft(one * window)[first : last + 1]) ** 2)) for one in blocks)
    return float(np.sqrt(2 * energy / float(np.sum(window**2)) / size / (len(sound) / size)))


# ---- levels ----


def smoothed(values: NDArray[np.float64], rise: float, fall: float) -> NDArray[np.float64]:
    """One-pole follower with its own coefficient (0 … 1 a step) either way."""
    followed, state = np.empty(len(values)), float(values[0]) if len(values) else 0.0
    for n, value in enumerate(values):
        state += (rise if value > state else fall) * (value - state)
        followed[n] = state
    return followed


def levelled(sound: Sound, rate: int, ratio: float, release_s: float, most_db: float) -> Sound:
    """A compressor or AGC: quick attack, gain up to *most_db*; *ratio* 1 leaves all as it is."""
    step = rate // 200
    frames = sound[: len(sound) // step * step].reshape(-1, step)
    level = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1)) + 1e-6
    followed = smoothed(level, 0.6, min(1.0, 0.005 / release_s))
    reference = float(np.percentile(followed, 80))
    gain = np.minimum((reference / followed) ** (1 - 1 / ratio), db(most_db))
    at = np.arange(len(sound))
    return (sound * np.interp(at, (np.arange(len(gain)) + 0.5) * step, gain)).astype(np.float32)


def limited(sound: Sound, drive_db: float) -> Sound:
    """Soft clipping (tanh) with *drive_db* more than its 99.9th percentile has room for; as loud as before."""
    peak = float(np.percentile(np.abs(sound[::7]), 99.9)) or 1.0
    squashed = np.tanh(sound * (db(drive_db) / peak))
    return np.asarray(squashed * (rms(sound) / (rms(squashed) or 1.0)), np.float32)


# ---- clocks ----


@dataclass(frozen=True)
class Stretch:
    """*length* frames of HEARD, the first of them at position *start* of the source; each next one *step* on.

    A *start* of None is silence: a buffer that ran dry.
    """

    length: int
    start: float | None
    step: float = 1.0


def warped(sound: Sound, stretches: Sequence[Stretch]) -> Sound:
    """The source as another clock and a buffer play it, by a windowed sinc; nothing lies beyond its ends."""
    return np.concatenate([_stretch(sound, one) for one in stretches])


def _sinc_table() -> NDArray[np.float32]:
    at = np.arange(_TAPS) - (_TAPS // 2 - 1) - np.arange(_PHASES + 1)[:, None] / _PHASES
    return (np.sinc(at) * np.cos(np.pi * at / (_TAPS + 2)) ** 2).astype(np.float32)


_SINC = _sinc_table()


def _stretch(sound: Sound, one: Stretch) -> Sound:
    if one.start is None:
        return np.zeros(one.length, np.float32)
    end = one.start + one.step * one.length
    first, last = int(np.floor(one.start)) - _TAPS, int(np.ceil(end)) + _TAPS
    part = np.zeros(last - first, np.float32)
    add_at(part, -first, sound)
    made = np.empty(one.length, np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(part, _TAPS)
    for begin in range(0, one.length, 1 << 16):
        positions = one.start - first + one.step * np.arange(begin, min(one.length, begin + (1 << 16)))
        whole = np.floor(positions).astype(np.int64)
        phase = np.rint((positions - whole) * _PHASES).astype(np.int64)
        made[begin : begin + len(positions)] = np.einsum(
            "nt,nt->n", windows[whole - (_TAPS // 2 - 1)], _SINC[phase], optimize=False
        )
    return made
