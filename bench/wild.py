"""A second maker of recordings, independent of ``bench.recordings``: what a fair rival would try the matcher with.

The truth is known to the sample, and all of it is something that a commune's station meets: speech and music of many
kinds, over lines, streams, telephones, FM and horns in all weathers, with silence, strangers, replays and broken
contacts instead of it. A recording has a minute at least, or a replay would come round into the delays that are ours.
Written without sight of the matcher or of the recordings that it was tuned on. Judged by ``bench.measure_wild``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.recordings import Channel, Fault, Recording
from bench.wild_codecs import coded
from bench.wild_music import MUSIC
from bench.wild_noises import crackle, discriminator, mains, steady_tone
from bench.wild_paths import AFTER_S, BEFORE_S, PATHS, Path, choose, heard
from bench.wild_sent import KINDS, programme
from bench.wild_signal import Random, Sound, active_rms, db, resampled, rms, to_length
from bench.wild_speech import SOURCE_HZ, stranger

OFF = ("silence", "hiss", "hum", "voice", "same_voice", "music", "replay", "tone", "crackle")
ON = ("low", "loud", "clip", "overlay")  # still on air
BEHIND_THE_CODEC = ("silence", "hiss", "hum", "tone", "crackle")  # of the receiver or the amplifier
FADE_S = 0.005
SHORTEST_S, LONGEST_S = 0.08, 25.0
APART_S = 0.4  # between faults
LOW_ABOVE_NOISE_DB = 6.0  # what is low must still be there to be heard


@dataclass(frozen=True)
class Wild(Recording):
    """``lost`` and the kinds of ``OFF`` are off air."""

    what: str = ""  # the programme
    path: Path | None = None

    @property
    def off_air(self) -> list[tuple[float, float]]:
        faults = ((one.start_s, one.start_s + one.length_s) for one in self.faults if one.kind in OFF)
        return sorted((*faults, *self.lost))


@dataclass(frozen=True)
class Plan:
    """What is decided before any sound is made."""

    kind: int  # of ``bench.wild_sent.KINDS``
    rate: int
    path: Path
    faults: tuple[Fault, ...]
    never: bool


def plan(number: int, seconds: float, seed: int) -> Plan:
    """Kinds of programme and path come round in the seed's own order."""
    of_path, of_faults = _dice(seed, number, 1), _dice(seed, number, 2)
    rate = int(of_path.choice([8_000, 16_000, 16_000, 16_000, 24_000, 32_000, 48_000]))
    faults, never = _faults(number, seconds, of_faults)
    taken = [(one.start_s, one.start_s + one.length_s) for one in faults]
    path = choose(_turn(number, len(PATHS), seed + 1), of_path, rate, seconds, taken)
    return Plan(_turn(number, len(KINDS), seed), rate, path, faults, never)


def make(number: int, seconds: float, seed: int) -> Wild:
    """The *number*-th recording of a *seed*: always the same."""
    planned, of_others = plan(number, seconds, seed), _dice(seed, number, 3)
    said = programme(planned.kind, _dice(seed, number, 0), seconds, planned.rate)

    def same(length_s: float) -> Sound:
        return KINDS[planned.kind].other(_dice(seed, number, 0), of_others, length_s)

    air = _dice(seed, number, 4)
    return assemble(f"{number}", said, planned.rate, planned.path, planned.faults, same, air, planned.never)


def _dice(seed: int, number: int, part: int) -> Random:
    return np.random.default_rng((seed, number, part))


def assemble(
    name: str,
    said: tuple[str, Sound],
    rate: int,
    path: Path,
    faults: Sequence[Fault],
    same: Callable[[float], Sound],
    random: Random,
    never: bool = False,
) -> Wild:
    """What is heard of *said* (its description, SENT) with *faults* in it. *same*: others by its voices, so many s."""
    what, sent = said
    air = np.concatenate([_around(random, BEFORE_S, rate, sent), sent, _around(random, AFTER_S, rate, sent)])
    late = round(BEFORE_S * rate)
    for behind in (False, True):
        for fault in faults:
            if (fault.kind in BEHIND_THE_CODEC) == behind:
                _put(air[late : late + len(sent)], sent, fault, _instead(fault, sent, rate, path, same, random), rate)
        if path.codec and not behind:
            air = coded(air, rate, path.codec)
    channel = Channel(
        path.snr_db, path.band_hz, path.delay_s, path.drift_ppm, path.rt60_s, hum_db=path.hum_db,
        clicks=path.noise == "weak fm", agc=path.agc, jumps=len(path.jumps),
    )  # fmt: skip
    returned = heard(path, air, sent, rate, random)
    return Wild(name, rate, sent, returned, tuple(faults), channel, never, path.lost, what, path)


def _turn(number: int, count: int, seed: int) -> int:
    """Each of *count* once before any comes again."""
    return int(np.random.default_rng((seed, number // count, count)).permutation(count)[number % count])


def _around(random: Random, seconds: float, rate: int, sent: Sound) -> Sound:
    """Before and after the programme: nothing, or another one."""
    length = round(seconds * rate)
    if random.random() < 0.5:
        return np.zeros(length, np.float32)
    other = to_length(resampled(stranger(random, seconds), SOURCE_HZ, rate), length)
    return other * np.float32(active_rms(sent, sent) / (active_rms(other, other) or 1.0))


# ---- faults ----


def _faults(number: int, seconds: float, random: Random) -> tuple[tuple[Fault, ...], bool]:
    """(faults, whether nothing was on air at all). One recording of ten has none, one of fifteen is never on air."""
    if number % 15 == 7:
        kinds = ("silence", "hiss", "hum", "voice", "same_voice", "music", "replay")
        return (Fault(0.0, seconds, str(random.choice(kinds))),), True
    count = 0 if number % 10 == 3 else int(random.integers(1, max(3, round(12 * seconds / 180) + 1)))
    lengths = np.exp(random.uniform(np.log(SHORTEST_S), np.log(LONGEST_S), count))
    while len(lengths) and np.sum(lengths) > 0.5 * seconds:
        lengths = np.delete(lengths, np.argmax(lengths))
    free = seconds - float(np.sum(lengths)) - APART_S * (len(lengths) + 1)
    spaces = APART_S + free * random.dirichlet(np.ones(len(lengths) + 1))
    if len(lengths) and random.random() < 0.15:
        spaces[0] = 0.0  # from the beginning, or to the end
    if len(lengths) and random.random() < 0.15:
        spaces[0] += spaces[-1]
    starts = np.cumsum(spaces[:-1]) + np.concatenate([[0.0], np.cumsum(lengths)[:-1]]) if len(lengths) else ()
    some = random.choice([*OFF, *ON], int(random.integers(1, 8)), replace=False)
    return tuple(
        Fault(round(float(start), 4), round(float(length), 4), str(random.choice(some)))
        for start, length in zip(starts, lengths, strict=True)
    ), False


def _instead(fault: Fault, sent: Sound, rate: int, path: Path, same: Callable[[float], Sound], random: Random) -> Sound:
    """What is on air during the fault, with room for the fades."""
    first, length = _frames(fault, rate)
    ours = sent[first : first + length]
    loud = active_rms(sent, sent) * db(random.uniform(-6, 6))
    made = {
        "silence": lambda: np.zeros(length, np.float32),
        "hiss": lambda: loud * discriminator(random, length, rate),
        "hum": lambda: loud * mains(random, length, rate),
        "tone": lambda: loud * steady_tone(random, length, rate),
        "crackle": lambda: loud * crackle(random, length, rate),
        "voice": lambda: _other(stranger, random, length, rate, loud),
        "music": lambda: _other(_any_music, random, length, rate, loud),
        "same_voice": lambda: _other(lambda _random, length_s: same(length_s), random, length, rate, loud),
        "replay": lambda: np.roll(sent, round(random.uniform(20, 40) * rate))[first : first + length],
        "low": lambda: ours * db(-min(20.0, max(0.0, path.snr_db - LOW_ABOVE_NOISE_DB))),
        "loud": lambda: ours * db(random.uniform(4, 9)),
        "clip": lambda: np.clip(ours, -0.7 * loud, 0.7 * loud),
        "overlay": lambda: ours + _other(random.choice([stranger, _any_music]), random, len(ours), rate, loud),
    }[fault.kind]()
    return np.asarray(made, np.float32)


def _any_music(random: Random, seconds: float) -> Sound:
    return MUSIC[str(random.choice(list(MUSIC)))](random, seconds)


def _other(maker: Callable[[Random, float], Sound], random: Random, length: int, rate: int, loud: float) -> Sound:
    """Something else that is not silent where it begins or ends: its longest stretch of sound, round and round."""
    made = maker(random, max(12.0, length / rate + 4))
    steps = np.abs(made[: len(made) // 160 * 160]).reshape(-1, 160).max(axis=1) > 0.1 * rms(made)
    first = int(np.argmax(np.convolve(steps, np.ones(30), "valid"))) * 160  # 0.3 s of sound
    begun = to_length(resampled(made[first:], SOURCE_HZ, rate), length)
    return begun * np.float32(loud / (active_rms(begun, begun) or 1.0))


def _frames(fault: Fault, rate: int) -> tuple[int, int]:
    """(first frame, frames) of a fault with half a fade more at either end."""
    half = round(FADE_S / 2 * rate)
    first = max(0, round(fault.start_s * rate) - half)
    return first, round((fault.start_s + fault.length_s) * rate) + half - first


def _put(air: Sound, sent: Sound, fault: Fault, instead: Sound, rate: int) -> None:
    """Fades of 5 ms, or none, by the fault's own start; the truth is the middle of a fade."""
    first, _ = _frames(fault, rate)
    instead = instead[: len(air) - first]
    at = (first + np.arange(len(instead))) / rate
    fade_s = FADE_S if int(fault.start_s * 1_000) % 2 else 1e-9
    end_s = fault.start_s + fault.length_s if fault.start_s + fault.length_s < len(sent) / rate else np.inf
    rise = (at - fault.start_s) / fade_s + 0.5 if fault.start_s > 0 else np.ones(len(at))
    inside = np.clip(np.minimum(rise, (end_s - at) / fade_s + 0.5), 0, 1).astype(np.float32)
    part = air[first : first + len(instead)]
    part += inside * (instead - part)
