"""Loudness and true peak of 48 kHz mono by ITU-R BS.1770-4 and EBU R128. Knows no device and no file; flat in memory.

All is done in hops of 100 ms, counted from the first sample, so no split of the input changes an answer. K-weighting is
the recursion that defines it, arranged as products of matrices: no tail is cut off, and rounding is below -105 dB.
"""

import functools
import math
from collections import deque
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from audio.format import FULL_SCALE, RATE_HZ
from audio.segments import Loudness

Pcm = NDArray[np.int16]
Single = NDArray[np.float32]  # holds 16 bit exactly, and is half the work
Matrix = NDArray[np.float64]

HOP_FRAMES = RATE_HZ // 10
MOMENTARY_HOPS = 4  # 400 ms, also the gating block: they overlap by 75 % (BS.1770-4 annex 1, (3))
SHORT_TERM_HOPS = 30  # 3 s (EBU Tech 3341, 2.2)

_OFFSET_LU = -0.691  # of BS.1770-4 annex 1, (2): 997 Hz at 0 dBFS in one channel is -3.01 LUFS
_FLOOR_LUFS = -70.0  # the absolute gate, (5)
_RELATIVE_GATE = 0.1  # -10 LU as a ratio of energies, (6)
_BIN_LU = 0.01
_BINS = 7_500  # up to +5 LUFS: a full-scale square wave at half the rate has +3.3

# b0 b1 b2 a1 a2 at 48 kHz: the head's shelf and the RLB high-pass (BS.1770-4 annex 1, tables 1 and 2)
_SHELF = (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585)
_HIGH_PASS = (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621)
_STRETCH = 80  # frames filtered by one row of a product; 60 rows a hop: the cheapest of the divisors of a hop
_ROWS = HOP_FRAMES // _STRETCH
_GROUP = 10  # stretches that the state is carried over at once, then from group to group: small tables
_GROUPS = _ROWS // _GROUP
_TOGETHER = 4  # hops that are filtered at once, or when the meter is asked: half the cost of one by one
_STATES = 4
_NOTHING = 1e-30  # a state below is 0: in silence it would fade to subnormal numbers, which are slow

# Phases of the 48-tap interpolator, by 4 (BS.1770-4 annex 2); the other two are these backwards.
_PHASE_0 = (
    *(0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875, 0.1373291015625),
    *(0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250, 0.0148925781250, -0.0083007812500),
)
_PHASE_1 = (
    *(-0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500, 0.4650878906250),
    *(0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625, 0.0330810546875, -0.0189208984375),
)
_PHASES = np.array((_PHASE_0, _PHASE_1, _PHASE_1[::-1], _PHASE_0[::-1]), np.float32)
_OVERSHOOT = float(np.abs(_PHASES).sum(axis=1).max())  # no sample in between exceeds its neighbours by more
_BEFORE = _PHASES.shape[1] - 1  # frames that the interpolator looks back
_CHUNK = 32  # frames interpolated together


class LoudnessMeter:
    """Takes int16 mono in blocks of any size and can be asked at any time. Holds about 0.15 MB."""

    def __init__(self) -> None:
        self._weighting = _KWeighting()
        self._peak = _TruePeak()
        self._gates = _Gates()
        self._max_short_term = 0.0
        self._begin()

    def _begin(self) -> None:
        self._waiting = np.zeros(_TOGETHER * HOP_FRAMES, np.int16)
        self._filled = 0
        self._hops = deque[float]((), SHORT_TERM_HOPS)  # K-weighted mean squares

    def push(self, block: Pcm) -> None:
        """The next frames, directly after those before."""
        at = 0
        while at < len(block):
            new = block[at : at + len(self._waiting) - self._filled]
            self._waiting[self._filled : self._filled + len(new)] = new
            self._filled, at = self._filled + len(new), at + len(new)
            if self._filled == len(self._waiting):
                self._settle()

    def _settle(self) -> None:
        """Take the whole hops that wait."""
        whole = self._filled - self._filled % HOP_FRAMES
        if not whole:
            return
        self._peak.take(self._waiting[:whole])
        for energy in self._weighting.energies(self._waiting[:whole].reshape(-1, HOP_FRAMES)):
            self._take(energy)
        self._filled -= whole
        self._waiting[: self._filled] = self._waiting[whole : whole + self._filled]

    def _take(self, energy: float) -> None:
        """*energy*: of a hop."""
        self._hops.append(energy / (HOP_FRAMES * FULL_SCALE**2))
        if (momentary := self._mean(MOMENTARY_HOPS)) is not None:
            self._gates.take(momentary)
        if (short_term := self._mean(SHORT_TERM_HOPS)) is not None:
            self._max_short_term = max(self._max_short_term, short_term)

    def cut(self) -> None:
        """Frames are missing here: no window spans the gap. What the unfinished hop held counts for the peak alone."""
        self._settle()
        self._peak.take(self._waiting[: self._filled])
        self._weighting, self._peak = _KWeighting(), _TruePeak(self._peak.highest)
        self._begin()

    def momentary_lufs(self) -> float | None:
        """Of the last 400 ms, up to the last whole 100 ms. None before, and for digital silence."""
        self._settle()
        return _lufs(self._mean(MOMENTARY_HOPS))

    def short_term_lufs(self) -> float | None:
        """Of the last 3 s, else as ``momentary_lufs``."""
        self._settle()
        return _lufs(self._mean(SHORT_TERM_HOPS))

    def so_far(self) -> Loudness:
        """Of everything since the beginning."""
        self._settle()
        peak = self._peak.highest_with(self._waiting[: self._filled])
        dbtp = 20 * math.log10(peak) if peak else None
        return Loudness(_lufs(self._gates.mean()), _lufs(self._max_short_term), dbtp)

    def _mean(self, hops: int) -> float | None:
        if len(self._hops) < hops:
            return None
        return sum(islice(self._hops, len(self._hops) - hops, None)) / hops


class _KWeighting:
    """The two filters of BS.1770-4 as one recursion of four states, s' = A s + B x and y = C s + D x."""

    def __init__(self) -> None:
        self._rows = np.zeros((_TOGETHER * _ROWS, _STRETCH + _STATES), np.float32)  # frames, and the state before them
        self._state = np.zeros(_STATES)
        self._at_rest = True

    def energies(self, hops: Pcm) -> list[float]:
        """Sum of squares of each of a few hops, filtered. Silence after silence costs nothing."""
        if self._at_rest and not np.count_nonzero(hops):
            return [0.0] * len(hops)
        weighted = self.filtered(hops)
        self._at_rest = not self._state.any()
        return [float(energy) for energy in np.vecdot(weighted, weighted)]

    def filtered(self, hops: Pcm) -> Single:
        """Rows of 80 frames: each is what its own frames give, and what the state at its beginning gives.

        The product is of one size, whatever of it is new: so its rounding does not depend on how the hops come.
        """
        frames = hops.reshape(-1, _STRETCH)
        self._rows[: len(frames), :_STRETCH] = frames
        self._rows[: len(frames), _STRETCH:] = self._states(frames)
        return (self._rows @ _tables().give).reshape(-1, HOP_FRAMES)[: len(hops)]

    def _states(self, stretches: Pcm) -> Matrix:
        """Before each stretch of a few hops; the one after them is kept. Products are those of one hop, as above."""
        tables = _tables()
        pushes = stretches.astype(np.float64).reshape(-1, _ROWS, _STRETCH) @ tables.push
        pushes = pushes.reshape(len(pushes), _GROUPS, -1)
        before = np.empty((len(pushes), _GROUPS, _STATES))
        for n, gathered in enumerate((pushes @ tables.gather).reshape(len(pushes), -1)):
            states = (tables.across @ np.concatenate((self._state, gathered))).reshape(-1, _STATES)
            before[n], after = states[:-1], states[-1]
            self._state = np.where(np.abs(after) < _NOTHING, 0.0, after)
        return (np.concatenate((before, pushes), axis=2) @ tables.within).reshape(-1, _STATES)


@dataclass(frozen=True, slots=True)
class _Tables:
    """Only the states, which go on for ever, need double precision."""

    give: Single  # _STRETCH + _STATES × _STRETCH: what frame i, and each state, adds to output j
    push: Matrix  # _STRETCH × _STATES: what frame i leaves in the state after the stretch
    gather: Matrix  # from the pushes of a group's stretches to what they leave in the state after it
    across: Matrix  # from the state before the hop, and what the groups leave, to the states before each and after all
    within: Matrix  # from the state before a group, and its stretches' pushes, to the states before each


@functools.cache
def _tables() -> _Tables:
    a, b, c, d = _cascade(_section(_SHELF), _section(_HIGH_PASS))
    powers = [np.linalg.matrix_power(a, n) for n in range(_STRETCH)]
    impulse = np.array([d, *((c @ power @ b).item() for power in powers[:-1])])
    back = np.subtract.outer(np.arange(_STRETCH), np.arange(_STRETCH)).T  # output's frame less input's
    own = np.where(back >= 0, impulse[back], 0.0)
    free = np.concatenate([c @ power for power in powers]).T
    push = np.stack([(power @ b).ravel() for power in reversed(powers)])
    give = np.concatenate((own, free)).astype(np.float32)
    step = np.linalg.matrix_power(a, _STRETCH)
    group, across = _carry(step, _GROUP), _carry(np.linalg.matrix_power(step, _GROUP), _GROUPS)
    return _Tables(give, push, group[-_STATES:, _STATES:].T.copy(), across, group[:-_STATES].T.copy())


def _carry(step: Matrix, steps: int) -> Matrix:
    """From the state before and what each of *steps* adds, to the states before each, and after the last.

    *step*: of the state over one.
    """
    powers = [np.linalg.matrix_power(step, n) for n in range(steps + 1)]
    nothing = np.zeros_like(step)
    return np.block([[powers[r - q] if q <= r else nothing for q in range(steps + 1)] for r in range(steps + 1)])


_System = tuple[Matrix, Matrix, Matrix, float]  # A, B, C, D


def _section(coefficients: tuple[float, ...]) -> _System:
    """A biquad in transposed direct form II, whose states stay small."""
    b0, b1, b2, a1, a2 = coefficients
    return np.array([[-a1, 1.0], [-a2, 0.0]]), np.array([[b1 - a1 * b0], [b2 - a2 * b0]]), np.array([[1.0, 0.0]]), b0


def _cascade(first: _System, then: _System) -> _System:
    (a1, b1, c1, d1), (a2, b2, c2, d2) = first, then
    a = np.block([[a1, np.zeros_like(a1)], [b2 @ c1, a2]])
    return a, np.concatenate((b1, b2 * d1)), np.concatenate((d2 * c1, c2), axis=1), d1 * d2


class _TruePeak:
    """The highest magnitude of the sound at 192 kHz (BS.1770-4 annex 2), or of its samples where one is higher.

    Only what can exceed the highest so far is interpolated: after the first loud syllables that is little. Of what has
    corners (a hard clipper's output) 48 taps see up to 1 dB less than longer interpolators; in band, all agree.
    """

    def __init__(self, highest: float = 0.0) -> None:
        self.highest = highest  # full scale 1.0
        self._before = np.zeros(
            _BEFORE + _CHUNK - 1, np.int16
        )  # chunks are counted from the end: one may begin in here

    def take(self, sound: Pcm) -> None:
        heard = np.concatenate((self._before, sound))
        self.highest = self._highest(heard, len(sound))
        self._before = heard[-len(self._before) :].copy()  # a view would keep the whole

    def highest_with(self, sound: Pcm) -> float:
        """As it would be after *sound*, of any length. Between its last 6 samples nothing is seen yet."""
        return self._highest(np.concatenate((self._before, sound)), len(sound))

    def _highest(self, heard: Pcm, new: int) -> float:
        """*heard*: the *new* frames, and those before that the interpolator looks back on."""
        samples = max(int(heard.max()), -int(heard.min())) / FULL_SCALE
        highest = max(self.highest, samples)
        if samples * _OVERSHOOT <= highest:
            return highest
        chunks = -(-new // _CHUNK)
        near = _windows(heard, chunks)[_with_one_above(highest / _OVERSHOOT, heard, chunks)]
        between = (near * np.float32(1 / FULL_SCALE)) @ _interpolator()
        return max(highest, float(between.max(initial=0.0)), -float(between.min(initial=0.0)))


def _with_one_above(level: float, heard: Pcm, chunks: int) -> NDArray[np.intp]:
    """Which of the last *chunks* hold, or look back on, a sample of a higher magnitude: they are few."""
    least = int(level * FULL_SCALE)
    seen = heard[len(heard) - chunks * _CHUNK - _BEFORE :]
    loud = np.flatnonzero((seen > least) | (seen < -least))
    held = np.zeros(
        chunks + 1, bool
    )  # the last: of those that only the chunk before the first, or after the last, sees
    held[loud // _CHUNK] = held[(loud - _BEFORE) // _CHUNK] = True
    return np.flatnonzero(held[:chunks])


def _windows(sound: Pcm, chunks: int) -> Pcm:
    """The last *chunks*, each a row with what the interpolator looks back on: a view of the contiguous *sound*."""
    size = sound.itemsize
    begin = (len(sound) - chunks * _CHUNK - _BEFORE) * size
    return np.ndarray((chunks, _BEFORE + _CHUNK), sound.dtype, sound, begin, (_CHUNK * size, size))


@functools.cache
def _interpolator() -> Single:
    """From a chunk with what is before it to its samples at four times the rate."""
    table = np.zeros((_BEFORE + _CHUNK, _CHUNK, len(_PHASES)), np.float32)
    for frame in range(_CHUNK):
        table[frame : frame + _BEFORE + 1, frame] = _PHASES[:, ::-1].T
    return table.reshape(_BEFORE + _CHUNK, -1)


class _Gates:
    """Both gates of BS.1770-4 without keeping the blocks: their numbers and energies in bins of 0.01 LU from -70 on.

    Energies are kept exactly; only the bin that the relative gate falls into counts as a whole, or not at all. Where it
    holds p blocks for one that passes, the error is below 10·log10(1 + p) LU: 0.01 LU for speech and music (p < 0.002).
    """

    def __init__(self) -> None:
        self._blocks = np.zeros(_BINS, np.int64)
        self._energies = np.zeros(_BINS)

    def take(self, energy: float) -> None:
        """*energy*: mean square of a 400 ms block."""
        loudness = _lufs(energy)
        if loudness is not None and loudness > _FLOOR_LUFS:
            at = min(int((loudness - _FLOOR_LUFS) / _BIN_LU), _BINS - 1)
            self._blocks[at] += 1
            self._energies[at] += energy

    def mean(self) -> float | None:
        """Mean energy of the blocks that pass both gates; None where none does."""
        blocks = int(self._blocks.sum())
        if not blocks:
            return None
        gate = _RELATIVE_GATE * float(self._energies.sum()) / blocks
        passed = self._energies > gate * self._blocks
        return float(self._energies[passed].sum()) / int(self._blocks[passed].sum())


def _lufs(energy: float | None) -> float | None:
    return _OFFSET_LU + 10 * math.log10(energy) if energy else None
