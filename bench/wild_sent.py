"""The programmes of ``bench.wild``: what a commune's station plays, from bulletins to gongs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.wild_music import MUSIC, bells, held, song, tone
from bench.wild_signal import (
    Random,
    Sound,
    at_active_rms,
    db,
    filtered,
    high_pass,
    levelled,
    limited,
    low_pass,
    resampled,
    rms,
    smoothed,
)
from bench.wild_speech import SOURCE_HZ, bulletin, dialogue, same_speakers, stranger

Maker = Callable[[Random, float], Sound]


def _over_music(random: Random, seconds: float) -> Sound:
    speech, bed = bulletin(random, seconds), MUSIC[str(random.choice(list(MUSIC)))](random, seconds)
    return np.asarray(speech / (rms(speech) or 1) + bed / (rms(bed) or 1) * db(random.uniform(-20, -8)), np.float32)


def _ducked(random: Random, seconds: float) -> Sound:
    """A song that goes down while somebody speaks."""
    speech, bed = bulletin(random, seconds), song(random, seconds)
    step = SOURCE_HZ // 100
    spoken = np.abs(speech[: len(speech) // step * step]).reshape(-1, step).max(axis=1) > 0.01
    down = smoothed(spoken.astype(np.float64), 0.1, 0.01)
    gain = np.interp(np.arange(len(bed)), (np.arange(len(down)) + 0.5) * step, 10 ** (-0.8 * down))
    return np.asarray(speech / (rms(speech) or 1) + bed / (rms(bed) or 1) * gain, np.float32)


def _pips(random: Random) -> Sound:
    """A time signal: five short ones and a long one, a second apart."""
    made = np.zeros(round(5.6 * SOURCE_HZ), np.float32)
    for n in range(6):
        one = tone(random, 1_000, 0.5 if n == 5 else 0.1, held, [(1.0, 1.0)])
        made[n * SOURCE_HZ : n * SOURCE_HZ + len(one)] = 0.4 * one
    return made


def _magazine(random: Random, seconds: float) -> Sound:
    """Gong, pips, then items of all sorts, with seconds of silence between some, and a reporter on the telephone."""
    parts: list[Sound] = [bells(random, 4.0), _pips(random)]
    while sum(map(len, parts)) < seconds * SOURCE_HZ:
        item = str(random.choice(["bulletin", "dialogue", "telephone", "music", "silence"]))
        length_s = float(random.uniform(8, 30))
        if item == "music":
            parts.append(0.6 * MUSIC[str(random.choice(list(MUSIC)))](random, length_s))
        elif item == "silence":
            parts.append(np.zeros(round(random.uniform(0.5, 5) * SOURCE_HZ), np.float32))
        else:
            spoken = (dialogue if item == "dialogue" else bulletin)(random, length_s)
            narrow = (high_pass(300), low_pass(3_400)) if item == "telephone" else ()
            parts.append(filtered(spoken, SOURCE_HZ, *narrow) * np.float32(0.15 / (rms(spoken) or 1)))
    return np.concatenate(parts)[: round(seconds * SOURCE_HZ)]


@dataclass(frozen=True)
class Kind:
    """*other* makes something else by the same voices or instruments; it is given the programme's own dice anew."""

    name: str
    maker: Maker
    other: Callable[[Random, Random, float], Sound]


def _again(maker: Maker) -> Callable[[Random, Random, float], Sound]:
    return lambda _programme, random, seconds: maker(random, seconds)


def _speakers(how_many: int) -> Callable[[Random, Random, float], Sound]:
    return lambda programme, random, seconds: same_speakers(programme, random, seconds, how_many)


KINDS = (
    Kind("bulletin", bulletin, _speakers(1)),
    Kind("dialogue", dialogue, _speakers(2)),
    Kind("speech over music", _over_music, _speakers(1)),
    Kind("speech, music ducked", _ducked, _speakers(1)),
    Kind("magazine", _magazine, lambda _programme, random, seconds: stranger(random, seconds)),
    *(Kind(name, maker, _again(maker)) for name, maker in MUSIC.items()),
)


def _dynamic(random: Random, sound: Sound) -> Sound:
    """Soft passages of some seconds, down to 25 dB below the rest."""
    knots = random.choice([0.0, 0.0, -10.0, -25.0], len(sound) // (6 * SOURCE_HZ) + 3)
    gain = np.interp(np.arange(len(sound)) / (6 * SOURCE_HZ), np.arange(len(knots)), knots)
    return np.asarray(sound * 10 ** (gain / 20), np.float32)


def programme(number: int, random: Random, seconds: float, rate: int) -> tuple[str, Sound]:
    """(its description, SENT) of the kind of that *number*, mastered in one of several ways."""
    sound = KINDS[number].maker(random, seconds)
    sound = sound / np.float32(np.max(np.abs(sound), initial=1e-9))
    recorded = random.choice([0.0, db(-60), db(-50)])  # a keyboard is clean, a hall or a tape is not
    sound = sound + (recorded * random.standard_normal(len(sound))).astype(np.float32)
    mastered = str(random.choice(["", "", "limited", "dynamic"]))
    if mastered == "limited":
        sound = limited(levelled(sound, SOURCE_HZ, 8, 0.15, 18), float(random.uniform(4, 10)))
    elif mastered == "dynamic":
        sound = _dynamic(random, sound)
    sound = at_active_rms(resampled(sound, SOURCE_HZ, rate), float(random.uniform(-26, -15)))
    return " ".join((KINDS[number].name, mastered)).strip(), np.clip(sound, -0.99, 0.99)
