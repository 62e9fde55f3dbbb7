"""HEARD on SENT's axis along a track: samples by windowed-sinc interpolation, spectra by a turn of their phase."""

import numpy as np

from audio.match import evidence
from audio.match.grid import C64, FRAME, HIGH_BIN, HOP, LOW_BIN, Floats
from audio.match.signal import Signal
from audio.match.tracks import Track

_TAPS, _PHASES = 16, 128


def _kernels() -> Floats:
    phase = np.arange(_PHASES + 1)[:, None] / _PHASES
    x = np.arange(_TAPS)[None, :] - (_TAPS // 2 - 1) - phase
    return np.asarray(np.sinc(x) * np.cos(np.pi * np.clip(x / (_TAPS + 1), -0.5, 0.5)) ** 2, np.float32)


def _turns() -> C64:
    """For 0 … 4·_PHASES early, then negative indices for late: what a track drifts in half a look of two seconds."""
    phase = np.fft.fftfreq(8 * _PHASES, 1 / (8 * _PHASES))[:, None] / _PHASES
    return np.asarray(np.exp(2j * np.pi / FRAME * np.arange(LOW_BIN, HIGH_BIN) * phase), np.complex64)


_KERNELS, _TURNS = _kernels(), _turns()


def along(heard: Signal, starts_at: float, track: Track, start: int, hops: int) -> Floats:
    """HEARD for the SENT positions ``start … start + hops·HOP``. *starts_at*: position of HEARD's first sample."""
    begins = start + HOP * np.arange(hops)
    where = begins + (track.lag_at(HOP / 2) - starts_at) + track.slope * begins
    whole = np.floor(where).astype(np.int64)
    phase = np.rint((where - whole) * _PHASES).astype(np.int64)
    first = int(whole[0]) - _TAPS // 2 + 1
    stretch = heard.read(first, int(whole[-1]) + HOP + _TAPS // 2 + 1)
    step = stretch.itemsize
    shape = (len(stretch) - HOP - _TAPS + 2, HOP, _TAPS)
    near = np.ndarray(shape, stretch.dtype, stretch, 0, (step, step, step))[whole - whole[0]]
    return np.asarray(near @ _KERNELS[phase][:, :, None]).reshape(-1)


def spectra_along(heard: Signal, starts_at: float, track: Track, start: int, looks: int, hop: int) -> C64:
    """Spectra of HEARD's frames for those of SENT that begin at ``start + n·hop``."""
    cut, turns = frames_along(heard, starts_at, track, start, looks, hop)
    return evidence.spectra(cut, hop) * turns


def frames_along(heard: Signal, starts_at: float, track: Track, start: int, looks: int, hop: int) -> tuple[Floats, C64]:
    """The samples of these frames, and the turns that bring their spectra into place.

    Frames are cut at one whole sample; what each is early or late by is a turn of its phase.
    """
    lag = track.lag_at(start + FRAME / 2) - starts_at
    drifts = track.slope * hop
    whole = round(lag + drifts * (looks // 2))
    cut = heard.read(start + whole, start + whole + (looks - 1) * hop + FRAME)
    return cut, _turns_along((lag - whole) * _PHASES, drifts * _PHASES, looks)


def _turns_along(first: float, drifts: float, looks: int) -> C64:
    """For each of *looks*, or one for all of them where they do not drift apart."""
    if round(first) == round(first + drifts * (looks - 1)):
        return np.asarray(_TURNS[round(first)])
    return np.asarray(_TURNS[np.rint(first + drifts * np.arange(looks)).astype(np.int64)])
