"""How much a look of 32 ms speaks for "what was sent is what is heard": log-likelihood ratios."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audio.match.channel import FRAME_WINDOW, Channel
from audio.match.grid import BINS, C64, FRAME, HIGH_BIN, HOP, LOW_BIN, Floats
from audio.match.windows import windows

_LEAKAGE = 1.35  # neighbouring bins of a Hann window are not independent: the spread of z is this much larger
_OVERLAP = 3.0  # nor are frames that overlap by three quarters (looks each ``HOP``): that many count as one
_CLIP = 12.0  # nats a frame may say
_MODEL_ERROR = 0.003  # −25 dB: no filter that was learnt predicts better
_LOUD_ERROR = 0.01  # −20 dB: nor at an instant at which it is loud
_RINGING_ERROR = 0.001  # −30 dB: nor soon after
_BELOW_FLOOR = 0.5  # of the floor: differences far below it say nothing
_NOTHING = 0.35  # nats: in a pause, less than that would only be rounding that dates a change
RECENT = 14  # hops: the reach of the filter; even, so that looks may be two hops apart
_WEAK, _TELLING = 0.5, 2.0  # below that the programme is too quiet to say anything; much
_CLEAN_BINS = 9.0  # independent bins that a hop adds, tempered by half: no model is right
_FAR_BELOW = 1e-3  # −30 dB against the prediction: whatever it is, it is not on air
_PRIORS = np.log([[0.7], [0.1], [0.2]]).astype(np.float32)  # how likely ours is, masked or distorted, beforehand
_ONES = np.ones(BINS, np.float32)


@dataclass(frozen=True, slots=True)
class Evidence:
    """An array a field, one value a look."""

    llr: Floats  # nats for on air, whatever else is heard with it; 0: nothing can be said
    weight: Floats  # what could be said at best, √nats
    coherence: Floats  # 0 … 1
    gain: Floats  # of HEARD against the prediction
    heard_power: Floats
    expected_power: Floats

    def part(self, at: slice) -> "Evidence":
        return Evidence(
            self.llr[at],
            self.weight[at],
            self.coherence[at],
            self.gain[at],
            self.heard_power[at],
            self.expected_power[at],
        )


def together(parts: Sequence[Evidence]) -> Evidence:
    """One after another."""
    fields = ((one.llr, one.weight, one.coherence, one.gain, one.heard_power, one.expected_power) for one in parts)
    return Evidence(*map(np.concatenate, zip(*fields, strict=True)))


def spectra(sound: Floats, hop: int = HOP) -> C64:
    """Frames of ``FRAME`` each *hop* in the band that every path passes."""
    return np.asarray(np.fft.rfft(windows(sound, FRAME, hop) * FRAME_WINDOW, axis=1)[:, LOW_BIN:HIGH_BIN], np.complex64)


def spectra_together(sounds: Sequence[Floats], hop: int) -> list[C64]:
    """Of each of several sounds of as many frames: one call costs hardly more than for one of them."""
    framed = [windows(sound, FRAME, hop) for sound in sounds]
    frames = np.empty((len(framed), *framed[0].shape), np.float32)
    for row, one in zip(frames, framed, strict=True):
        np.multiply(one, FRAME_WINDOW, out=row)
    return list(np.fft.rfft(frames)[:, :, LOW_BIN:HIGH_BIN])


def power(spectrum: C64) -> Floats:
    return np.abs(spectrum) ** 2


@dataclass(frozen=True, slots=True)
class Whitened:
    """Looks × bins of power, each bin divided by its noise; ``ringing``: the loudest look within the filter's reach."""

    heard: Floats
    expected: Floats
    cross: Floats
    ringing: Floats


@dataclass(frozen=True, slots=True)
class _Sums:
    """Over the bins of each look."""

    heard: Floats
    expected: Floats
    cross: Floats


def whitened(heard: C64, expected: C64, late: Floats, channel: Channel) -> Whitened:
    """Each bin as important as it is quiet when nothing else is there.

    *late*: of the looks of *expected*. Where these begin earlier than those of *heard*, by the reach of the filter,
    what was loud just now may still ring.
    """
    white = 1 / (channel.floor_at(late) + _MODEL_ERROR * channel.mean_power)
    earlier = power(expected) * white
    recent = len(expected) - len(heard)
    sums = earlier @ _ONES
    ringing = windows(sums, recent + 1, 1).max(1) if recent else sums
    now = white[recent:]
    cross = (heard * expected[recent:].conj()).real * now
    return Whitened(power(heard) * now, earlier[recent:], cross, ringing)


def weigh(white: Whitened, hop: int = HOP) -> Evidence:
    """Is HEARD coherent with the prediction, whatever else is there?"""
    sums = _Sums(white.heard @ _ONES, white.expected @ _ONES, white.cross @ _ONES)
    squares = _dot(white.expected, white.expected)
    spread = np.sqrt(0.5 * _dot(white.heard, white.expected) + 1e-20)
    spread *= _LEAKAGE
    z = sums.cross / spread
    # √(2 · bins · share) of a look's independent bins, and of what of them the model's error leaves:
    best = sums.expected * np.sqrt(2 / (squares * (1 + _MODEL_ERROR * 10) + sums.expected + 1e-20)) / _LEAKAGE
    room = np.minimum(best, sums.expected / spread)
    llr = _ratio(z, best, room)
    llr[(sums.heard < _FAR_BELOW * sums.expected) & (best > 2)] = -_CLIP
    llr *= hop / (HOP * _OVERLAP)
    coherence = np.minimum(np.maximum(sums.cross / np.sqrt(sums.heard * sums.expected + 1e-20), 0), 1)
    return Evidence(llr, best, coherence, sums.cross / (sums.expected + 1e-20), sums.heard, sums.expected)


def looked_back(
    heard: C64, expected: C64, ringing: C64, late: Floats, channel: Channel
) -> tuple[Evidence, Floats, Floats]:
    """What is seen, and nats a look for clean and for mixed.

    *ringing*: of *expected* what was sent a while ago. It is heard in a gap, too, for as long as the path rings, and is
    like what we expect: so what is heard has to have more of ours than that.
    """
    white = whitened(heard, expected, late, channel)
    recent = len(expected) - len(heard)
    direct = whitened(heard - np.float32(channel.gain) * ringing[recent:], expected - ringing, late, channel)
    seen = weigh(white)
    return seen, clean(white, direct.heard, channel, seen), np.minimum(seen.llr, weigh(direct).llr)


def clean(white: Whitened, direct: Floats, channel: Channel, coherent: Evidence) -> Floats:
    """Nats a look for on air and nothing else heard than the floor that is known.

    HEARD is gain · prediction + floor, against HEARD is noise of any level, with what rings (*direct*: the power of
    HEARD without that) or without: a ratio of Gaussian likelihoods.
    The level of the rest may differ from the floor by what it usually does (``channel.scatter``); beyond that it counts
    against: something else is heard, or the floor itself has gone. Where the levels say nothing, *coherent* may, of the
    same looks: a few tones stand out of a floor that hides them from all bins together.
    """
    share = 1 / (1 + _LOUD_ERROR * white.expected + _RINGING_ERROR / BINS * white.ringing[:, None])
    sums = _Sums(_dot(white.heard, share), _dot(white.expected, share), _dot(white.cross, share))
    gain = np.clip(sums.cross / (sums.expected + 1e-12), 0.6 * channel.gain, 1.6 * channel.gain)
    loud, rest = np.minimum(sums.heard, _dot(direct, share)) / BINS + 1e-9, _rest(sums, gain)
    louder, quieter = np.log(rest) - channel.scatter, channel.lowest - 1 - np.log(rest)
    strange = np.expm1(np.clip(louder, 0, 5)) + np.maximum(quieter, 0)
    nats = _CLEAN_BINS * (np.log((loud + _BELOW_FLOOR) / (rest + _BELOW_FLOOR)) - strange)
    telling = (coherent.weight > _TELLING) & (coherent.expected_power > 4 * _RINGING_ERROR * white.ringing)
    mute = np.where(telling, coherent.llr, 0)
    return np.asarray(np.where(np.abs(nats) < _NOTHING, mute, np.clip(nats, -_CLIP / _OVERLAP, _CLIP / _OVERLAP)))


def _rest(sums: _Sums, gain: Floats | float) -> Floats:
    """Power that gain · prediction leaves, against the noise: 1 when only the floor is left."""
    rest = sums.heard - 2 * gain * sums.cross + gain * gain * sums.expected
    return np.asarray(np.maximum(rest, 0) / BINS + np.float32(1e-9))


def rest_over_floor(rest: Floats, expected: Floats, late: Floats, channel: Channel) -> Floats:
    """log of the power that the prediction leaves over the floor, a look: its usual spread is ``channel.scatter``."""
    noise = channel.floor_at(late) + _MODEL_ERROR * channel.mean_power + _LOUD_ERROR * expected
    return np.asarray(np.log((rest / noise) @ _ONES / BINS + 1e-9), np.float32)


def _dot(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.vecdot(one, other))


def _ratio(z: Floats, best: Floats, room: Floats) -> Floats:
    """Mixture against no relation: as coherent as expected, as what is heard leaves room for, half that (distortion).

    *room*: what z is where our sound lies under a louder one; there a word that is masked says little.
    """
    coherent = np.array((best, room, room / 2))
    likely = np.logaddexp.reduce((z - coherent / 2) * coherent + _PRIORS)
    llr: Floats = np.minimum(np.maximum(likely, -_CLIP), _CLIP)
    llr[best < _WEAK] = 0
    return llr
