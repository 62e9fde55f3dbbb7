"""Music for ``bench.wild``: songs, hymns, drums, bells, a flute, a singer. Made from notes, no two played alike.

Verses repeat as musicians repeat them: tempo, loudness, tuning and ornaments differ a little each time. A loop that is
equal to the sample could not be told from itself, and no truth could be stated for it.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.wild_signal import Random, Sound, add_at, filtered, low_pass, resonance
from bench.wild_speech import SOURCE_HZ

Envelope = Callable[[NDArray[np.float64], float], NDArray[np.float64]]  # of seconds since the onset, and the length

SCALES = ((0, 2, 4, 7, 9), (0, 3, 5, 7, 10), (0, 2, 5, 7, 9), (0, 2, 4, 5, 7, 9, 11))  # Vietnamese pentatonics, major
GONG = (1.0, 1.52, 2.03, 2.71, 3.63, 4.92)
SKIN = (1.0, 1.59, 2.14, 2.3, 2.65, 3.5)  # modes of a membrane
BELL = (0.5, 1.0, 1.19, 1.51, 2.0, 2.52, 3.01, 4.17)


def plucked(t: NDArray[np.float64], length_s: float) -> NDArray[np.float64]:
    return np.exp(-t / (0.35 * length_s)) * np.minimum(1, t / 0.004) * np.clip((length_s - t) / 0.03, 0, 1)


def held(t: NDArray[np.float64], length_s: float) -> NDArray[np.float64]:
    return np.clip(np.minimum(t / 0.06, (length_s - t) / 0.12), 0, 1)


def struck(t: NDArray[np.float64], length_s: float) -> NDArray[np.float64]:
    return np.exp(-4 * t / length_s) * np.minimum(1, t / 0.002)


def tone(
    random: Random,
    hz: float,
    length_s: float,
    envelope: Envelope,
    partials: Sequence[tuple[float, float]],
    vibrato: tuple[float, float] = (0.0, 5.0),
) -> Sound:
    """A note. *partials*: (ratio, amplitude); *vibrato*: (depth as a share of the frequency, Hz). Phases by chance."""
    t = np.arange(round(length_s * SOURCE_HZ)) / SOURCE_HZ
    depth, rate_hz = vibrato
    sway = np.minimum(1, t / 0.3) * np.sin(2 * np.pi * rate_hz * t + random.uniform(0, 6))
    phase = 2 * np.pi * hz * (t + np.cumsum(depth * sway) / SOURCE_HZ)
    made = np.zeros(len(t))
    for ratio, amplitude in partials:
        if hz * ratio < 0.45 * SOURCE_HZ:
            made += amplitude * np.sin(ratio * phase + random.uniform(0, 2 * np.pi))
    return (made * envelope(t, length_s)).astype(np.float32)


def _harmonics(count: int, slope: float) -> list[tuple[float, float]]:
    return [(float(n), n**-slope) for n in range(1, count + 1)]


def _melody(random: Random, notes: int) -> list[tuple[int, float]]:
    """(step of the scale, beats), with phrases that end on a long note."""
    steps, at = [], int(random.integers(0, 5))
    for n in range(notes):
        at = int(np.clip(at + random.integers(-2, 3), -3, 9))
        steps.append((at, 2.0 if n % 8 == 7 else float(random.choice([0.5, 1.0, 1.0, 1.5]))))
    return steps


def _hz(root_hz: float, scale: Sequence[int], step: int) -> float:
    octave, degree = divmod(step, len(scale))
    return float(root_hz * 2 ** (octave + scale[degree] / 12))


def _empty(seconds: float) -> Sound:
    return np.zeros(round(seconds * SOURCE_HZ), np.float32)


def song(random: Random, seconds: float) -> Sound:
    """Verse and chorus in turn over plucked chords, with a little percussion."""
    made, at_s = _empty(seconds), 0.0
    root, scale = float(random.uniform(180, 300)), SCALES[int(random.integers(len(SCALES)))]
    tempo_s, parts = float(random.uniform(0.35, 0.65)), [_melody(random, 24), _melody(random, 16)]
    lead, verse, beaten = _harmonics(6, random.uniform(0.7, 1.6)), 0, bool(random.integers(2))
    while at_s < seconds:
        beat_s = tempo_s * random.uniform(0.97, 1.03)  # no verse is as fast as the one before
        for number, (step, beats) in enumerate(parts[verse % 2]):
            if random.random() < 0.12:  # an ornament
                step += int(random.choice([-1, 1]))
            length_s, hz = beats * beat_s, _hz(root, scale, step) * random.uniform(0.997, 1.003)
            note = tone(random, hz, 1.15 * length_s, held if verse % 4 > 1 else plucked, lead, (0.004, 5.5))
            add_at(made, int((at_s + random.normal(0, 0.008)) * SOURCE_HZ), note, float(random.uniform(0.25, 0.4)))
            if number % 4 == 0:
                for third in (0, 2, 4):
                    under = tone(random, _hz(root / 2, scale, third + step // 4), 2 * beat_s, plucked, _harmonics(5, 1))
                    add_at(
                        made, int((at_s + random.normal(0, 0.01)) * SOURCE_HZ), under, float(random.uniform(0.08, 0.16))
                    )
            if beaten and number % 2 == 0:
                add_at(made, int(at_s * SOURCE_HZ), _drum(random, 90, 0.2), float(random.uniform(0.1, 0.25)))
            at_s += length_s
        verse += 1
        at_s += float(random.choice([0.0, 0.3, 1.0]))
    return made


def hymn(random: Random, seconds: float) -> Sound:
    """An organ: chords of four voices, held for seconds, changing with a breath or without."""
    made, at_s = _empty(seconds), 0.0
    root, scale = float(random.uniform(110, 160)), SCALES[3]
    stops = [(1.0, 1.0), (2.0, 0.6), (3.0, 0.25), (4.0, 0.35), (6.0, 0.12), (8.0, 0.1)]
    while at_s < seconds:
        length_s, degree = float(random.uniform(1.2, 4.5)), int(random.integers(0, 7))
        for step in (degree, degree + 2, degree + 4, degree + 7):
            hz = _hz(root, scale, step) * random.uniform(0.998, 1.002)
            add_at(
                made, int((at_s + random.normal(0, 0.012)) * SOURCE_HZ), tone(random, hz, length_s, held, stops), 0.12
            )
        at_s += length_s * random.uniform(0.93, 1.0) + float(random.choice([0.0, 0.0, 0.25]))
    return made


def _drum(random: Random, hz: float, length_s: float) -> Sound:
    """One hit. Where the stick falls changes how much of each mode of the skin sounds, and its pitch a little."""
    t = np.arange(round(length_s * SOURCE_HZ)) / SOURCE_HZ
    bent = hz * random.uniform(0.97, 1.03) * (t + 0.02 * np.exp(-t / 0.03))
    skin = np.zeros(len(t))
    for ratio in SKIN:
        amplitude = random.uniform(0.1, 1) / ratio**1.5
        dying = np.exp(-ratio * t / (0.3 * length_s))
        skin += amplitude * np.sin(2 * np.pi * ratio * bent + random.uniform(0, 6)) * dying
    stick = random.standard_normal(len(t)) * np.exp(-t / 0.012)
    return (skin + random.uniform(0.2, 0.8) * stick).astype(np.float32)


def drums(random: Random, seconds: float) -> Sound:
    """Two drums and a woodblock, in patterns that are never hit alike; rolls and rests."""
    made, at_s, beat_s = _empty(seconds), 0.0, float(random.uniform(0.16, 0.3))
    pattern = random.random(16) < 0.6
    low, high = float(random.uniform(60, 100)), float(random.uniform(160, 260))
    while at_s < seconds:
        if random.random() < 0.2:
            pattern = random.random(16) < random.uniform(0.3, 0.9)
        for n, hit in enumerate(pattern):
            if hit:
                one = _drum(random, low if n % 4 == 0 else high, 0.5 if n % 4 == 0 else 0.18)
                add_at(made, int((at_s + random.normal(0, 0.006)) * SOURCE_HZ), one, float(random.uniform(0.15, 0.5)))
            if random.random() < 0.15:
                block = tone(random, float(random.uniform(900, 1_300)), 0.08, struck, [(1, 1), (2.6, 0.4)])
                add_at(made, int(at_s * SOURCE_HZ), block, 0.2)
            at_s += beat_s * random.uniform(0.97, 1.03)
        at_s += float(random.choice([0.0, 0.0, 0.0, 1.5]))
    return made


def bells(random: Random, seconds: float) -> Sound:
    """Bells and gongs that ring for seconds, one into the other; sometimes all has died away before the next."""
    made, at_s = _empty(seconds), float(random.uniform(0, 0.5))
    roots = random.uniform(90, 700, 6)
    while at_s < seconds:
        hz = float(random.choice(roots)) * random.uniform(0.996, 1.004)
        ratios = GONG if hz < 220 else BELL
        length_s = float(random.uniform(2.5, 7))
        for ratio in ratios:  # the higher a partial, the sooner it is gone
            one = tone(random, hz * ratio, length_s / ratio**0.6, struck, [(1.0, 1.0), (1.003, 0.5)])
            add_at(made, int(at_s * SOURCE_HZ), one, float(random.uniform(0.04, 0.12)))
        at_s += float(random.choice([0.4, 0.8, 1.6, 3.0])) * random.uniform(0.9, 1.1)
    return made


def flute(random: Random, seconds: float) -> Sound:
    """A bamboo flute alone: long notes, breath, a wide vibrato, rests of up to three seconds."""
    made, at_s = _empty(seconds), 0.0
    root, scale = float(random.uniform(330, 520)), SCALES[int(random.integers(3))]
    air = float(random.uniform(0.01, 0.04))
    while at_s < seconds:
        for step, beats in _melody(random, 8):
            length_s, hz = 0.55 * beats * random.uniform(0.8, 1.4), _hz(root, scale, step) * random.uniform(0.99, 1.01)
            depth = float(random.uniform(0.003, 0.015))
            note = tone(random, hz, length_s, held, [(1, 1), (2, 0.25), (3, 0.1)], (depth, random.uniform(4, 6)))
            breath = filtered(random.standard_normal(len(note)).astype(np.float32), SOURCE_HZ, resonance(2 * hz, 3, 12))
            note += air * breath * held(np.arange(len(note)) / SOURCE_HZ, length_s).astype(np.float32)
            add_at(made, int(at_s * SOURCE_HZ), note, float(random.uniform(0.1, 0.4)))
            at_s += length_s * random.uniform(0.97, 1.02)
        at_s += float(random.uniform(0.2, 3.0))
    return made


def singer(random: Random, seconds: float) -> Sound:
    """A voice without words over a drone: glides, vibrato of a semitone, formants that change with the vowel."""
    made, at_s = _empty(seconds), 0.0
    root, scale = float(random.uniform(170, 260)), SCALES[int(random.integers(3))]
    while at_s < seconds:
        for step, beats in _melody(random, 8):
            length_s = 0.6 * beats * random.uniform(0.85, 1.3)
            depth = float(random.uniform(0.01, 0.03))
            hz = _hz(root, scale, step) * random.uniform(0.995, 1.005)
            note = tone(random, hz, length_s, held, _harmonics(14, 0.8), (depth, random.uniform(5, 6.5)))
            vowel = [resonance(f, 5, 15) for f in (random.uniform(300, 800), random.uniform(900, 2_200), 2_800)]
            add_at(made, int(at_s * SOURCE_HZ), filtered(note, SOURCE_HZ, *vowel, low_pass(4_500)), 0.08)
            at_s += length_s * random.uniform(0.95, 1.0)
        at_s += float(random.uniform(0.1, 1.2))
    return made


MUSIC: dict[str, Callable[[Random, float], Sound]] = {
    "song": song, "hymn": hymn, "drums": drums, "bells": bells, "flute": flute, "singer": singer,
}  # fmt: skip
