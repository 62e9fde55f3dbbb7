"""What is heard beside or instead of a programme, for ``bench.wild``: weather, traffic, animals, mains, hiss."""

from collections.abc import Callable

import numpy as np

from bench.wild_music import held, plucked, tone
from bench.wild_signal import (
    Random,
    Sound,
    add_at,
    db,
    de_emphasis,
    differentiated,
    filtered,
    high_pass,
    low_pass,
    resampled,
    resonance,
    rms,
    to_length,
)
from bench.wild_speech import SOURCE_HZ, stranger


def white(random: Random, length: int) -> Sound:
    return random.standard_normal(length, np.float32)


def _slow(random: Random, length: int, rate: int, seconds: float) -> Sound:
    """A gentle random curve of RMS about 1, with changes about every *seconds*."""
    knots = random.standard_normal(int(length / rate / seconds) + 4)
    at = np.arange(length, dtype=np.float32) / (rate * seconds)
    return np.interp(at, np.arange(len(knots)), knots).astype(np.float32)


# ---- a receiver ----


def discriminator(random: Random, length: int, rate: int) -> Sound:
    """Hiss of FM: white noise, differentiated and de-emphasised (50 µs), up to 15 kHz. RMS 1."""
    made = filtered(white(random, length), rate, differentiated, de_emphasis(), low_pass(15_000), high_pass(50))
    return made / rms(made)


def fading_discriminator(random: Random, length: int, rate: int) -> Sound:
    """Below the threshold: hiss that swells by some dB as the signal fades, and clicks that come thick then. RMS 1."""
    fade = _slow(random, length, rate, float(random.uniform(0.5, 3)))
    hiss = discriminator(random, length, rate) * np.exp(0.35 * fade)
    clicks = np.zeros(length, np.float32)
    at = random.integers(0, length, round(length / rate * random.uniform(3, 25)))
    at = at[random.random(len(at)) < np.clip(0.4 + 0.6 * fade[at], 0.02, 1)]
    clicks[at] = random.choice([-1.0, 1.0], len(at)) * random.uniform(0.5, 1.0, len(at))
    clicks = filtered(clicks, rate, low_pass(6_000), de_emphasis(), high_pass(80))
    peak = float(np.max(np.abs(clicks), initial=0.0)) or 1.0
    made = hiss + clicks * (random.uniform(4, 10) / peak)
    return np.asarray(made / rms(made), np.float32)


def mains(random: Random, length: int, rate: int, most_hz: float = 1_200) -> Sound:
    """Hum of 49.8–50.2 Hz with harmonics, the even ones louder (a rectifier). RMS 1."""
    base_hz = 50 * random.uniform(0.996, 1.004)
    t = np.arange(length) / rate
    made = np.zeros(length)
    for n in range(1, int(most_hz / base_hz)):
        amplitude = (1.0 if n % 2 == 0 or n == 1 else 0.4) * n ** -random.uniform(0.6, 1.2)
        made += amplitude * np.sin(2 * np.pi * n * base_hz * t + random.uniform(0, 6))
    return (made / rms(made)).astype(np.float32)


# ---- instead of the programme ----


def crackle(random: Random, length: int, rate: int) -> Sound:
    """A loose contact: clicks of all sizes, 20 to 200 a second."""
    made = np.zeros(length, np.float32)
    at = random.integers(0, length, max(1, round(length / rate * random.uniform(20, 200))))
    made[at] = random.laplace(0, 1, len(at))
    made = filtered(made, rate, low_pass(5_000), high_pass(100))
    return made / (rms(made) or 1.0)


def steady_tone(random: Random, length: int, rate: int) -> Sound:
    """A test tone or an oscillating amplifier."""
    hz = random.uniform(400, 2_000)
    return (1.414 * np.sin(2 * np.pi * hz * np.arange(length) / rate + random.uniform(0, 6))).astype(np.float32)


# ---- round a microphone, at SOURCE_HZ ----


def _wind(random: Random, length: int) -> Sound:
    rumble = filtered(white(random, length), SOURCE_HZ, low_pass(120), low_pass(400))
    return rumble * np.exp(0.8 * _slow(random, length, SOURCE_HZ, 1.5)) + 0.02 * white(random, length) * rms(rumble)


def _rain(random: Random, length: int) -> Sound:
    drops = np.zeros(length, np.float32)
    at = random.integers(0, length, int(length / SOURCE_HZ * 150))
    drops[at] = random.exponential(1, len(at))
    drops = filtered(drops, SOURCE_HZ, resonance(2_500, 4, 12), high_pass(600))
    hiss = filtered(white(random, length), SOURCE_HZ, high_pass(800))
    return (hiss / rms(hiss) + 0.7 * drops / rms(drops)) * np.exp(0.2 * _slow(random, length, SOURCE_HZ, 8))


def _motorbikes(random: Random, length: int) -> Sound:
    """One every 10 s or so: harmonics of an engine and its roar, louder for some seconds, lower as it drives away."""
    made = np.zeros(length, np.float32)
    for _ in range(max(1, round(length / SOURCE_HZ / 11))):
        count = int(random.uniform(3, 8) * SOURCE_HZ)
        t = np.linspace(-1, 1, count)
        phase = 2 * np.pi * np.cumsum(random.uniform(60, 120) * (1 - 0.06 * np.tanh(6 * t))) / SOURCE_HZ
        engine = sum(np.sin(n * phase + random.uniform(0, 6)) / n**0.8 for n in range(1, 20))
        roar = filtered(white(random, count), SOURCE_HZ, low_pass(1_500), high_pass(150))
        swell = 1 / (1 + (t / random.uniform(0.1, 0.3)) ** 2)
        add_at(made, int(random.integers(0, length)), ((engine + 2 * roar) * swell).astype(np.float32))
    return made


def _animals(random: Random, length: int) -> Sound:
    """Roosters (a call of four glides) and dogs (barks in a row)."""
    made = np.zeros(length, np.float32)
    voiced = [(float(n), n**-0.5) for n in range(1, 9)]
    for _ in range(max(1, round(length / SOURCE_HZ / 9))):
        at = int(random.integers(0, length))
        if random.random() < 0.5:
            for ratio, length_s in ((0.8, 0.18), (1.0, 0.22), (1.25, 0.35), (1.0, 0.6)):
                call = tone(random, 700 * ratio * random.uniform(0.95, 1.05), length_s, held, voiced, (0.03, 7))
                add_at(made, at, call)
                at += len(call)
        else:
            for _bark in range(int(random.integers(1, 6))):
                bark = tone(random, float(random.uniform(350, 500)), 0.16, plucked, voiced, (0.08, 12))
                add_at(made, at, bark + 0.5 * white(random, len(bark)) * np.abs(bark))
                at += int(random.uniform(0.25, 0.6) * SOURCE_HZ)
    return made


def _crowd(random: Random, length: int) -> Sound:
    """A market: one minute of three voices, over itself at many places and speeds."""
    seconds = min(60.0, length / SOURCE_HZ)
    voices = [stranger(random, seconds) for _ in range(3)]
    made = np.zeros(length, np.float32)
    for n in range(9):
        one = resampled(voices[n % 3], SOURCE_HZ, int(random.integers(136, 185)) * 100)
        made += random.uniform(0.3, 1) * np.resize(np.roll(one, int(random.integers(len(one)))), length)
    return made


LOW_CUT_HZ = 120.0  # of the microphone: without it nothing but wind is heard in wind
SURROUNDINGS: dict[str, Callable[[Random, int], Sound]] = {
    "wind": _wind, "rain": _rain, "motorbikes": _motorbikes, "animals": _animals, "crowd": _crowd,
}  # fmt: skip


def ambience(random: Random, length: int, rate: int, names: tuple[str, ...]) -> Sound:
    """All that is named, about equally loud, over the hiss of a microphone. RMS 1, nowhere 8 dB above it for long.

    The judge knows one signal-to-noise ratio for a recording: a rooster 20 dB above it would make that a lie.
    """
    count = round(length * SOURCE_HZ / rate) + 1
    made = 0.05 * white(random, count)
    for name in names:
        one = SURROUNDINGS[name](random, count)
        made += one * (db(random.uniform(-5, 5)) / (rms(one) or 1.0))
    for _ in range(3):  # what is less loud at its loudest has a lower mean
        made = _no_louder(made / rms(made), db(8))
    made = filtered(made, SOURCE_HZ, high_pass(LOW_CUT_HZ), high_pass(LOW_CUT_HZ))
    made = to_length(resampled(made, SOURCE_HZ, rate), length)
    return made / rms(made)


def _no_louder(sound: Sound, most: float) -> Sound:
    """Frames of 50 ms of a higher RMS than *most* are brought down to it."""
    step = SOURCE_HZ // 20
    frames = to_length(sound, -(-len(sound) // step) * step).reshape(-1, step)
    gain = np.minimum(1, most / (np.sqrt(np.mean(frames**2, axis=1)) + 1e-9))
    return (sound * np.interp(np.arange(len(sound)), (np.arange(len(gain)) + 0.5) * step, gain)).astype(np.float32)
