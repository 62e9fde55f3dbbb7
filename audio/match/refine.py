"""A boundary to the millisecond: how HEARD is best explained if SENT left the air, or came back, at each instant.

What was sent before it left still rings in the path. So each instant has a prediction of its own: the path's answer to
SENT without what a gap that begins, or ends, there would have kept off the air.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.match import noise
from audio.match.channel import AFTER, BEFORE, Channel
from audio.match.grid import RATE_HZ, Floats, fast_size, samples
from audio.match.noise import AROUND, BARE, ORDER, Else, Rest

Instants = NDArray[np.intp]  # samples from the begin of a scene

REACH = 2_048  # samples either side that are looked at: 256 ms
SEARCH = 1_024  # a boundary is moved by at most this: 128 ms
_LEARNT = 1_024  # samples either side of it from which is learnt what is heard on air, and off …
_GUARDS = 32, 384  # … but for what is next to it: at first nobody knows on which side of it that lies
_COARSE, _FINE = 64, 8  # samples between the instants that are tried: first all, then those about the best
_NEAR = 96
_SETTLED = 8  # samples: a best one as near to the last would teach the same
_RINGS = 200, 800  # samples, at least and at most, for which each instant has a prediction of its own …
_RUNG_OUT = 25  # … times as long as the path rings
_TEMPER = 4.0  # neighbouring samples do not witness alone, and no model is right: so much flatter is the posterior
_AS_GOOD, _CLEARLY = 2.0, 400.0  # nats
_APART = 0.7  # of what two answers are apart: so unsure are both
_PAUSING = 1e-4  # −40 dB against the scene: softer, what is on air tells no gain
_PRESSED = 64  # as near to the limit of the search, the boundary may well lie beyond
_BEYOND = SEARCH * 0.4
_HIGH_PASS_HZ, _HIGH_PASS_HALF = 250, 16


def _high_pass() -> Floats:
    """Below, a path's own high pass rings on for longer than its filter was learnt for, and hum hides all else."""
    at = np.arange(-_HIGH_PASS_HALF, _HIGH_PASS_HALF + 1)
    low = np.sinc(2 * _HIGH_PASS_HZ / RATE_HZ * at) * np.hanning(len(at) + 2)[1:-1]
    return np.asarray((at == 0) - low / low.sum(), np.float32)


_HIGH_PASS = _high_pass()


@dataclass(frozen=True, slots=True)
class Boundary:
    """*offset* from the middle, and how sure that is: standard deviation in samples in which SENT is audible."""

    offset: int
    deviation: float


@dataclass(frozen=True, slots=True)
class Scene:
    """``2·REACH`` samples about a boundary; *sent* with what the filter reaches over; *audible*: 1 or 0 a sample.

    *before*, *after*: samples of the runs either side, as far as they are known.
    """

    heard: Floats
    sent: Floats
    audible: Floats
    ends: bool  # on air ends here; else it begins
    before: int
    after: int


def boundary(scene: Scene, channel: Channel) -> Boundary:
    """Where *scene* changes between on and off air.

    Begun twice: what is learnt close to a first guess explains itself where the guess was wrong, and what is learnt
    farther away fits worse where it was right. Only a plain difference speaks for the second; any makes both doubtful.
    """
    view = _View(scene, channel)
    steps = np.arange(-(min(scene.before, SEARCH) // _COARSE), min(scene.after, SEARCH) // _COARSE + 1)
    coarse = REACH + _COARSE * steps
    clock = np.concatenate([[0.0], np.cumsum(scene.audible)])
    gone = view.gone(coarse)
    scores = (_scores(view, coarse, gone, _learn(view, REACH, guard)) for guard in _GUARDS)
    near, far = (int(coarse[_best(score, coarse, clock[coarse])]) for score in scores)
    likely, found = _polished(view, near, coarse, clock)
    if abs(near - far) > _COARSE:
        likelier, other = _polished(view, far, coarse, clock)
        apart = _APART * abs(float(clock[REACH + found.offset] - clock[REACH + other.offset]))
        better = other if likelier > likely + _CLEARLY else found
        return Boundary(better.offset, math.hypot(better.deviation, apart))
    return found


def _polished(view: "_View", at: int, coarse: Instants, clock: Floats) -> tuple[float, Boundary]:
    """The best about one of the *coarse* instants, and its log-likelihood."""
    for _ in range(2):
        middle, instants = at, _about(at, coarse)
        score = _scores(view, instants, view.gone(instants), _learn(view, middle, _GUARDS[0]))
        best = _best(score, instants, clock[instants])
        at = int(instants[best])
        if abs(at - middle) <= _SETTLED:
            break
    return float(score[best]), Boundary(at - REACH, _deviation(score, instants, clock[instants], best))


def _best(score: Floats, instants: Instants, clock: Floats) -> int:
    """The likeliest. *clock*: audible samples before each. In a pause of SENT many may be as good: the last of them.

    So it is when programme is next due, and not what an even score's own noise, or ``noise.BARE``, makes of it.
    """
    best = int(np.argmax(score))
    as_good = score > score[best] - _AS_GOOD - 1.5 * BARE * (instants - instants[best])
    return int(np.flatnonzero(as_good & (clock == clock[best]))[-1])


def _about(at: int, coarse: Instants) -> Instants:
    """All about the best so far, and some of the others: how sure it is depends on them too."""
    near = at + np.arange(-_NEAR, _NEAR + 1, _FINE)
    inside = near[(near >= coarse[0]) & (near <= coarse[-1])]
    # No np.union1d: it imports masked arrays, 1.4 MiB for life.
    return np.array(sorted({*coarse[::4].tolist(), int(coarse[-1]), *inside.tolist()}))


class _View:
    """A scene above the bottom of its band: what was heard, and the path's answer to any part of SENT."""

    def __init__(self, scene: Scene, channel: Channel) -> None:
        self.scene = scene
        self.heard = np.convolve(scene.heard, _HIGH_PASS, "same").astype(np.float32)
        self._taps = np.convolve(channel.taps, _HIGH_PASS).astype(np.float32)
        self._sent = np.pad(scene.sent, _HIGH_PASS_HALF)
        self._size = fast_size(len(self._sent))
        self._transform = np.asarray(np.fft.rfft(self._taps, self._size), np.complex64)
        self._answers: dict[tuple[int, int], Floats] = {}  # each is asked for by what is learnt, and by what is scored
        self.predicted = self.answer(-AFTER, 2 * REACH + BEFORE)
        self.decay = channel.decay(2 * REACH)
        self.rings = int(np.clip(_RUNG_OUT * samples(channel.ringing_ms()), *_RINGS))
        self.row = self.rings + AROUND  # samples

    def answer(self, start: int, stop: int) -> Floats:
        """To SENT between two samples of the scene, over all of the scene."""
        if (start, stop) not in self._answers:
            self._answers[start, stop] = self._answer(start, stop)
        return self._answers[start, stop]

    def _answer(self, start: int, stop: int) -> Floats:
        part = np.zeros_like(self._sent)
        low, high = (at + AFTER + _HIGH_PASS_HALF for at in (start, stop))
        part[low:high] = self._sent[low:high]
        full = np.fft.irfft(np.fft.rfft(part, self._size) * self._transform, self._size)
        return np.asarray(full[len(self._taps) : len(self._sent)], np.float32)

    def gap(self, instant: int) -> tuple[int, int]:
        """What is kept off the air if the gap begins, or ends, at an instant."""
        if self.scene.ends:
            return instant, max(instant, min(REACH + self.scene.after, 2 * REACH))
        return min(instant, max(REACH - self.scene.before, -AFTER)), instant

    def gone(self, instants: Instants) -> Floats:
        """The answer to what the gap of each keeps off the air, from ``ORDER`` samples before it, for a ``row``."""
        taps, ends = self._taps, self.scene.ends
        first = int(instants[-1] if ends else instants[0])
        answer = np.zeros(2 * REACH + 2 * len(taps), np.float32)
        answer[len(taps) : len(taps) + 2 * REACH] = self.answer(*self.gap(first))
        rows = np.empty((len(instants), ORDER + self.row), np.float32)
        known = first
        for n in range(len(instants) - 1, -1, -1) if ends else range(len(instants)):
            low, high = sorted((known, int(instants[n])))
            if high > low:
                part = self._sent[low + AFTER + _HIGH_PASS_HALF : high + AFTER + _HIGH_PASS_HALF]
                begin = len(taps) + low - BEFORE - _HIGH_PASS_HALF
                answer[begin : begin + len(part) + len(taps) - 1] += np.convolve(part, taps)
            known = int(instants[n])
            rows[n] = answer[len(taps) + known - ORDER : len(taps) + known + self.row]
        return rows


@dataclass(frozen=True, slots=True)
class _Learnt:
    """What is heard on air and off, if *middle* is the boundary."""

    middle: int
    gain: float
    rest: Floats  # of HEARD: what the prediction leaves
    envelope: Floats  # of the prediction
    on_air: Rest
    off_air: Else
    off: Floats  # HEARD without ours
    rung: Floats  # power of that about each sample, as ``on_air`` has it: so loud is what begins to ring out there


def _learn(view: _View, middle: int, guard: int) -> _Learnt:
    on, off = _either_side(view.scene, middle, guard)
    gain = _gain(view, on)
    rest, envelope = view.heard - gain * view.predicted, noise.envelope(gain * view.predicted)
    without = rest + gain * view.answer(*view.gap(middle))
    on_air = noise.rest_of(rest[on], envelope[on])
    rung = np.zeros(0, np.float32) if view.scene.ends else on_air.loudness(without)
    return _Learnt(middle, gain, rest, envelope, on_air, noise.else_of(without[off], on_air), without, rung)


def _scores(view: _View, instants: Instants, gone: Floats, learnt: _Learnt) -> Floats:
    """Log-likelihood of each of *instants*, as what is heard is *learnt* about one of them, the middle.

    Up to an instant all is as if it never came, and ``rings`` after it as if it had come at the middle. *gone*: of the
    view, for each.
    """
    middle = learnt.middle
    on_air, off_air, rest, envelope = learnt.on_air, learnt.off_air, learnt.rest, learnt.envelope
    rows = _at(rest, instants, view.row) + learnt.gain * gone
    start, stop = int(instants[0]), int(instants[-1]) + view.rings
    here = slice(start - ORDER, stop)
    if view.scene.ends:
        first = on_air.log_likelihood(rest[here], envelope[start:stop])
        off = np.concatenate([view.heard[:middle], learnt.off[middle:]])  # an earlier one has rung out long before
        then = off_air.log_likelihood(off[here])
        own = off_air.log_likelihood(rows)
    else:
        never = rest + learnt.gain * view.answer(*view.gap(int(instants[-1])))
        later = np.maximum(np.arange(start, stop) - middle, 0)
        first = off_air.log_likelihood(never[here])
        then = on_air.log_likelihood(rest[here], envelope[start:stop], learnt.rung[middle] * view.decay[later])
        rings = learnt.rung[instants][:, None] * view.decay[: view.row]
        own = on_air.log_likelihood(rows, _at(envelope, instants, view.row)[:, ORDER:], rings)
    before, after = (np.concatenate([[0.0], np.cumsum(one, dtype=np.float64)]) for one in (first, then))
    own_sum = own[:, : view.rings].sum(1)
    return np.asarray(before[instants - start] + own_sum + after[-1] - after[instants - start + view.rings])


def _at(sound: Floats, instants: Instants, row: int) -> Floats:
    return np.asarray(sound[instants[:, None] + np.arange(-ORDER, row)])


def _either_side(scene: Scene, middle: int, guard: int) -> tuple[slice, slice]:
    """What is surely on air, and what is surely not, if *middle* is the boundary."""
    before = slice(max(middle - guard - _LEARNT, REACH - scene.before, 0), middle - min(guard, scene.before // 2))
    after = slice(middle + min(guard, scene.after // 2), min(middle + guard + _LEARNT, REACH + scene.after, 2 * REACH))
    return (before, after) if scene.ends else (after, before)


def _deviation(score: Floats, instants: Instants, clock: Floats, best: int) -> float:
    """Of the posterior about *best*, on the clock of audible samples: where nothing is heard no time is lost."""
    if len(instants) < 2:
        return 0.0
    likely = np.exp((score - score[best]) / _TEMPER) * np.gradient(instants)
    variance = float(likely @ (clock - clock[best]) ** 2) / float(likely.sum())
    pressed = min(instants[best] - instants[0], instants[-1] - instants[best]) < _PRESSED
    return float(np.sqrt(variance + (_BEYOND**2 if pressed else 0.0)))


def _gain(view: _View, on: slice) -> float:
    """Of HEARD against the prediction, where it is on air; where SENT pauses there, the path's own."""
    heard, expected = view.heard[on], view.predicted[on]
    unknown = _PAUSING * float(np.mean(view.predicted**2)) * len(expected) + 1e-12
    return float((np.dot(heard, expected) + unknown) / (np.dot(expected, expected) + unknown))
