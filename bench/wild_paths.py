"""The roads from player to return, for ``bench.wild``: codecs, buffers, transmitters, horns, cheap receivers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.wild_codecs import A_LAW, AAC, GSM, MP3, OPUS, Codec
from bench.wild_noises import ambience, discriminator, fading_discriminator, mains, white
from bench.wild_signal import (
    Random,
    Response,
    Sound,
    Stretch,
    active_rms,
    band_rms,
    convolved,
    db,
    high_pass,
    impulse_of,
    levelled,
    limited,
    low_pass,
    resonance,
    warped,
)

BEFORE_S, AFTER_S = 10.0, 2.5  # of the air that is handed to a path, beyond both ends of the programme
TAIL_S = 1.0  # of HEARD after the programme's end
HOTTEST = (
    1.4  # the 99.9th percentile of HEARD beside full scale: a gain set too high, not one that leaves a square wave
)


@dataclass(frozen=True)
class Path:
    """What a road does to what is on air. ``snr_db``: the programme's active RMS against all else, in ``band_hz``."""

    name: str
    snr_db: float
    band_hz: tuple[float, float]
    noise: str = "white"  # white, fm, weak fm, or surroundings joined by "+"
    filters: tuple[Response, ...] = ()
    impulse: tuple[tuple[float, float], ...] = (
        (0.0, 1.0),
    )  # (seconds, gain) of loudspeakers and walls, the first at 0
    rt60_s: float = 0.0
    reverberant: float = 0.0  # energy of the tail beside that of the direct sound
    overdrive_db: float = 0.0
    codec: Codec | None = None
    delay_s: float = 0.3
    drift_ppm: float = 0.0
    jumps: tuple[tuple[float, float], ...] = ()  # (second of SENT, seconds by which the delay grows or shrinks)
    hum_db: float | None = None  # beside the programme; part of what ``snr_db`` counts
    agc: bool = False
    clip_db: float = 0.0
    level_dbfs: float = -22.0
    inverted: bool = False
    offset: float = 0.0

    @property
    def lost(self) -> tuple[tuple[float, float], ...]:
        """Of SENT, in seconds: what a shorter buffer threw away."""
        return tuple((at, at - by) for at, by in self.jumps if by < 0)


# ---- applying ----


def heard(path: Path, air: Sound, sent: Sound, rate: int, random: Random) -> Sound:
    """*air* begins ``BEFORE_S`` before *sent*, ends ``AFTER_S`` after it, and is what is on air instead of it."""
    impulse = _impulse(path, rate, random)
    reference = active_rms(convolved(sent, impulse), sent)
    made = warped(air, _stretches(path, len(sent), rate))
    made = convolved(limited(made, path.overdrive_db) if path.overdrive_db else made, impulse)
    made = made + _beside(path, len(made), rate, random, reference)
    if path.agc:
        made = levelled(made, rate, float(random.choice([2.0, 4.0, 20.0])), float(random.uniform(0.2, 1.5)), 20)
    if path.clip_db:
        made = limited(made, path.clip_db)
    loudest = float(np.percentile(np.abs(made[::7]), 99.9)) or 1.0
    gain = min(db(path.level_dbfs) / (reference or 1.0), HOTTEST / loudest)
    return np.clip((-gain if path.inverted else gain) * made + path.offset, -1, 1).astype(np.float32)


def _stretches(path: Path, length: int, rate: int) -> list[Stretch]:
    step = 1 / (1 + path.drift_ppm * 1e-6)
    at = (BEFORE_S - path.delay_s) * rate
    made = []
    for jump_s, by_s in path.jumps:
        until = (BEFORE_S + jump_s) * rate
        made.append(Stretch(round((until - at) / step), at, step))
        at += made[-1].length * step
        if by_s > 0:
            made.append(Stretch(round(by_s * rate), None))
        else:
            at -= by_s * rate
    return [*made, Stretch(round(((BEFORE_S + TAIL_S) * rate + length - at) / step), at, step)]


def _impulse(path: Path, rate: int, random: Random) -> Sound:
    """Filters, loudspeakers, walls and tail in one: the road's answer to a click."""
    made = np.zeros(round((max(path.rt60_s, 0.05) + max(at for at, _ in path.impulse)) * rate) + 2, np.float32)
    for at_s, gain in path.impulse:
        made[round(at_s * rate)] += gain
    if path.rt60_s:
        t = np.arange(len(made)) / rate
        tail = random.standard_normal(len(made)) * 10 ** (-3 * t / path.rt60_s) * np.minimum(1, t / 0.01)
        made += (tail * np.sqrt(path.reverberant / np.sum(tail**2))).astype(np.float32)
    return convolved(np.pad(made, (0, rate // 2)), impulse_of(rate, *path.filters)) if path.filters else made


def _beside(path: Path, length: int, rate: int, random: Random, reference: float) -> Sound:
    """Noise and hum, together ``snr_db`` below *reference* in the path's band."""
    makers: dict[str, Callable[[Random, int, int], Sound]] = {
        "white": lambda r, n, _: white(r, n), "fm": discriminator, "weak fm": fading_discriminator,
    }  # fmt: skip
    made = makers[path.noise](random, length, rate) if path.noise in makers else None
    if made is None:
        made = ambience(random, length, rate, tuple(path.noise.split("+")))
    total = (reference * db(-path.snr_db)) ** 2
    hum = np.zeros(length, np.float32)
    if path.hum_db is not None:
        hum = mains(random, length, rate)
        hum *= reference * db(path.hum_db) / (band_rms(hum, rate, path.band_hz) or 1.0)
        total -= (reference * db(path.hum_db)) ** 2
    if total <= 0:
        raise ValueError(f"{path.name}: hum alone is more than the noise that was asked for")
    return made * np.float32(np.sqrt(total) / band_rms(made, rate, path.band_hz)) + hum


# ---- choosing ----


def _line(random: Random, top_hz: float) -> Path:
    return Path("line", float(random.uniform(45, 75)), (50, top_hz), delay_s=float(random.uniform(0.02, 0.5)))


def _stream(random: Random, top_hz: float) -> Path:
    codec = (*MP3, *AAC, *OPUS)[int(random.integers(12))]
    return replace(_line(random, top_hz), name="stream", codec=codec, delay_s=float(random.uniform(0.3, 8)))


def _telephone(random: Random, _top_hz: float) -> Path:
    codec = GSM if random.random() < 0.5 else A_LAW
    snr_db = float(random.uniform(25, 40))
    return Path(
        "telephone", snr_db, (300, 3_400), filters=(high_pass(250), low_pass(3_600)), codec=codec,
        delay_s=float(random.uniform(0.1, 0.8)),
    )  # fmt: skip


def _fm(random: Random, top_hz: float) -> Path:
    snr_db, corner = float(random.uniform(15, 45)), float(random.uniform(5_000, 14_000))
    multipath = ((0.0, 1.0), (float(random.uniform(5e-5, 4e-4)), float(random.uniform(-0.3, 0.3))))
    return Path(
        "FM", snr_db, (50, min(top_hz, corner)), "fm", (high_pass(40), low_pass(corner)), multipath,
        overdrive_db=float(random.choice([0, 2])), delay_s=float(random.uniform(0.02, 0.2)),
    )  # fmt: skip


def _weak_fm(random: Random, top_hz: float) -> Path:
    return replace(_fm(random, top_hz), name="weak FM", snr_db=float(random.uniform(-3, 12)), noise="weak fm")


def _horn(random: Random, top_hz: float) -> Path:
    """Horns on a mast, heard by a microphone in the village: their band and resonances, walls, weather, people."""
    low, high = float(random.uniform(250, 500)), min(0.9 * top_hz, float(random.uniform(3_000, 6_000)))
    peaks = tuple(resonance(*(float(random.uniform(*of)) for of in ((500, 3_000), (2, 7), (3, 10))))
                  for _ in range(int(random.integers(1, 4))))  # fmt: skip
    walls = tuple((float(random.uniform(0.01, 0.3)), db(random.uniform(-18, -6)) * random.choice([-1, 1]))
                  for _ in range(int(random.integers(2, 8))))  # fmt: skip
    second = ((float(random.uniform(0.002, 0.09)), db(random.uniform(-8, -1))),) if random.random() < 0.4 else ()
    around = random.choice(
        ["wind", "rain", "motorbikes", "animals", "crowd"], int(random.integers(1, 4)), replace=False
    )
    return Path(
        "two horns" if second else "horn", float(random.uniform(3, 28)), (low, high), "+".join(around),
        (high_pass(low), high_pass(low), low_pass(high), low_pass(high), *peaks), ((0.0, 1.0), *second, *walls),
        rt60_s=float(random.uniform(0.3, 1.2)), reverberant=db(2 * random.uniform(-12, 0)) ,
        overdrive_db=float(random.choice([0, 0, 3, 8])), delay_s=float(random.uniform(0.05, 1.0)),
    )  # fmt: skip


def _room(random: Random, top_hz: float) -> Path:
    """A radio in the office, heard by a microphone beside it."""
    walls = tuple((float(random.uniform(0.002, 0.03)), db(random.uniform(-15, -5)) * random.choice([-1, 1]))
                  for _ in range(6))  # fmt: skip
    return Path(
        "room", float(random.uniform(12, 35)), (150, min(top_hz, 6_000)),
        str(random.choice(["rain", "crowd", "animals"])),
        (high_pass(150), low_pass(7_000), resonance(float(random.uniform(200, 900)), 4, 6)), ((0.0, 1.0), *walls),
        rt60_s=float(random.uniform(0.3, 0.6)), reverberant=db(2 * random.uniform(-10, -2)),
        delay_s=float(random.uniform(0.02, 0.5)),
    )  # fmt: skip


PATHS: tuple[Callable[[Random, float], Path], ...] = (
    _line,
    _stream,
    _telephone,
    _fm,
    _weak_fm,
    _horn,
    _room,
    _horn,
    _stream,
)


def choose(number: int, random: Random, rate: int, seconds: float, taken: Sequence[tuple[float, float]]) -> Path:
    """A path with troubles of its own. Buffers jump where nothing of *taken* (in seconds) is near."""
    path = PATHS[number](random, 0.45 * rate)
    if random.random() < 0.35 and path.codec is None:  # many transmitters are fed over the network
        path = replace(path, codec=(*MP3, *AAC, *OPUS)[int(random.integers(12))], delay_s=float(random.uniform(0.3, 8)))
    if path.delay_s > 0.3 and random.random() < 0.3:
        path = replace(path, jumps=_jumps(random, seconds, path.delay_s, taken))
    if random.random() < 0.3:
        path = replace(path, hum_db=-path.snr_db - float(random.uniform(0.5, 12)))
    level_dbfs = float(random.choice([-22, -22, -30, -14, -46, -9]))
    return replace(
        path,
        snr_db=min(path.snr_db, level_dbfs + 96),  # HEARD has 16 bits
        drift_ppm=float(random.choice([0.0, random.uniform(-200, 200)])),
        agc=bool(random.random() < 0.25),
        clip_db=float(random.choice([0, 0, 0, 0, 6, 12])),
        level_dbfs=level_dbfs,
        inverted=bool(random.random() < 0.3),
        offset=float(random.choice([0, 0, 0, 0.01, -0.03])),
    )


def _jumps(
    random: Random, seconds: float, delay_s: float, taken: Sequence[tuple[float, float]]
) -> tuple[tuple[float, float], ...]:
    """Up to three, either way, the delay always within 0.02–9 s; a second or more from each other and what is taken."""
    made: list[tuple[float, float]] = []
    for at_s in np.sort(random.uniform(3, seconds - 12, 3)).tolist():
        by_s = float(random.choice([-1, 1]) * random.uniform(0.02, 2.5))
        reach = (at_s - 1, at_s + abs(by_s) + 1)
        others = [*taken, *((a, a + abs(b)) for a, b in made)]
        if 0.02 < delay_s + by_s < 9 and all(reach[1] < first or reach[0] > last for first, last in others):
            made.append((at_s, by_s))
            delay_s += by_s
    return tuple(made)
