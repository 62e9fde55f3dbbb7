"""HEARD on SENT's axis: windowed-sinc interpolation along a track, the fraction held for one hop."""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from audio.match.grid import HOP, Floats
from audio.match.lag import Track
from audio.match.signal import Signal

_TAPS, _PHASES = 16, 128


def _kernels() -> Floats:
    phase = np.arange(_PHASES + 1)[:, None] / _PHASES
    x = np.arange(_TAPS)[None, :] - (_TAPS // 2 - 1) - phase
    return np.asarray(np.sinc(x) * np.cos(np.pi * np.clip(x / (_TAPS + 1), -0.5, 0.5)) ** 2, np.float32)


_KERNELS = _kernels()


def along(heard: Signal, starts_at: float, track: Track, start: int, hops: int) -> Floats:
    """HEARD for the SENT positions ``start … start + hops·HOP``. *starts_at*: position of HEARD's first sample."""
    middle = start + HOP * np.arange(hops) + HOP / 2
    where = start + HOP * np.arange(hops) + track.lag_at(0) + track.slope * middle - starts_at
    whole = np.floor(where).astype(np.int64)
    phase = np.rint((where - whole) * _PHASES).astype(np.int64)
    first = int(whole.min()) - _TAPS // 2 + 1
    stretch = heard.read(first, int(whole.max()) + HOP + _TAPS // 2 + 1)
    step = stretch.itemsize
    windows = as_strided(stretch, (len(stretch) - HOP - _TAPS + 2, HOP, _TAPS), (step, step, step))
    return np.asarray(np.einsum("hst,ht->hs", windows[whole - int(whole.min())], _KERNELS[phase]).reshape(-1))
