"""A seeded maker of recordings with known truth: what was sent, what a return channel carried, and its faults.

Speech is Vietnamese by espeak-ng (words in random order, so nothing repeats), music is synthetic and does not repeat.
Everything is mono float32 at ``rate`` Hz, full scale 1.0. Truth lies on SENT's own time line, in seconds.
"""

import functools
import subprocess
import wave
from dataclasses import dataclass, field
from itertools import pairwise
from math import gcd
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

TEXT = """
ủy ban nhân dân xã thông báo lịch tiêm phòng cho gia súc gia cầm bà con chú ý thời tiết hôm nay mưa rào và dông
rải rác hợp tác xã nông nghiệp vận động thu hoạch lúa mùa đúng khung thời vụ phòng chống cháy rừng trong mùa khô
hội phụ nữ tổ chức sinh hoạt định kỳ vào tối thứ bảy đoàn thanh niên ra quân dọn vệ sinh đường làng ngõ xóm trạm
y tế khám sức khỏe người cao tuổi trường tiểu học khai giảng năm học mới bầu cử đại biểu hội đồng nhân dân các
cấp nước sạch điện chiếu sáng giao thông nông thôn quỹ vì người nghèo văn nghệ thể thao chào mừng ngày thành lập
sáu giờ mười lăm phút sáng chiều mai
"""
WORDS = TEXT.split()
VOICES = ("vi+m3", "vi-vn-x-south+f4", "vi-vn-x-central+m7", "vi+f2")


@functools.lru_cache(maxsize=32)
def speech(seconds: float, seed: int, voice: str = "vi+m3", rate: int = 16_000) -> Samples:
    """Random Vietnamese sentences with natural pauses, RMS about −20 dBFS while speaking."""
    random = np.random.default_rng((seed, 1))
    parts: list[Samples] = []
    made = 0
    while made < seconds * rate:
        said = _say(_sentences(random), voice, int(random.integers(150, 200)), rate)
        pause = np.zeros(int(random.uniform(0.1, 1.2) * rate), np.float32)
        parts += [said, pause]
        made += len(said) + len(pause)
    sound = np.concatenate(parts)[: int(seconds * rate)]
    return (sound * (0.1 / np.sqrt(np.mean(sound[np.abs(sound) > 0.003] ** 2)))).astype(np.float32)


def _sentences(random: np.random.Generator) -> str:
    return " ".join(
        " ".join(random.choice(WORDS, int(random.integers(5, 14)))) + random.choice([".", ","]) for _ in range(8)
    )


def _say(text: str, voice: str, speed: int, rate: int) -> Samples:
    spoken = subprocess.run(
        ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", "--stdin"],
        input=text.encode(),
        capture_output=True,
        check=True,
    ).stdout
    made_rate = int.from_bytes(spoken[24:28], "little")
    return resample(np.frombuffer(spoken[44:], np.int16).astype(np.float32) / 32768, made_rate, rate)


def resample(sound: Samples, from_hz: int, to_hz: int) -> Samples:
    """The whole sound at another rate, by cutting or padding its spectrum."""
    if from_hz == to_hz:
        return sound
    common = gcd(from_hz, to_hz)
    step = from_hz // common * 1_024  # lengths that the transform is fast at
    padded = np.pad(sound, (0, -len(sound) % step))
    spectrum = np.fft.rfft(padded)
    made = len(padded) * to_hz // from_hz
    kept = np.zeros(made // 2 + 1, spectrum.dtype)
    size = min(len(kept), len(spectrum))
    kept[:size] = spectrum[:size]
    whole = np.fft.irfft(kept, made) * (to_hz / from_hz)
    return whole[: round(len(sound) * to_hz / from_hz)].astype(np.float32)


def music(seconds: float, seed: int, rate: int = 16_000) -> Samples:
    """Plucked chords and drums over a random walk of keys and tempi: no bar is played twice."""
    random = np.random.default_rng((seed, 2))
    sound = np.zeros(int(seconds * rate) + 3 * rate, np.float32)
    at = 0.0
    root = 110.0
    while at < seconds:
        root *= 2 ** (float(random.choice([-5, -2, 2, 3, 5, 7])) / 12)
        root = root / 2 if root > 260 else root * 2 if root < 90 else root
        length = float(random.uniform(0.18, 0.5))
        for semitone in random.choice([0, 3, 4, 7, 10, 12, 16, 19], 3, replace=False):
            _add(sound, int(at * rate), _pluck(root * 2 ** (semitone / 12), length * 3, random, rate))
        if random.random() < 0.5:
            _add(sound, int(at * rate), _drum(random, rate))
        at += length
    sound = sound[: int(seconds * rate)]
    return (sound * (0.1 / np.sqrt(np.mean(sound**2)))).astype(np.float32)


def _pluck(hz: float, seconds: float, random: np.random.Generator, rate: int) -> Samples:
    t = np.arange(int(seconds * rate), dtype=np.float32) / rate
    tone = np.zeros_like(t)
    for k in range(1, 9):
        if hz * k < 0.45 * rate:
            tone += (
                np.sin(2 * np.pi * hz * k * t + random.uniform(0, 6.28))
                * np.exp(-t * 2 * k)
                * random.uniform(0.3, 1)
                / k
            )
    return (tone * random.uniform(0.3, 1)).astype(np.float32)


def _drum(random: np.random.Generator, rate: int) -> Samples:
    t = np.arange(int(0.15 * rate), dtype=np.float32) / rate
    return (random.standard_normal(len(t)) * np.exp(-t * 40) * random.uniform(0.3, 1)).astype(np.float32)


def _add(sound: Samples, at: int, part: Samples) -> None:
    room = sound[at : at + len(part)]
    room += part[: len(room)]


def programme(seconds: float, seed: int, rate: int = 16_000, voice: str = "vi+m3") -> Samples:
    """A bulletin: tune, speech with some music in between, tune."""
    tune = music(min(12.0, seconds / 6), seed, rate)
    middle = music(min(20.0, seconds / 8), seed + 1, rate)
    talk = speech(seconds - 2 * len(tune) / rate - len(middle) / rate, seed, voice, rate)
    half = len(talk) // 2
    return np.concatenate([tune, talk[:half], middle, talk[half:], tune * 0 + music(len(tune) / rate, seed + 2, rate)])


@dataclass(frozen=True)
class Fault:
    """From *start_s* for *length_s* of SENT the air carries something else. Kinds: see ``_replace``."""

    start_s: float
    length_s: float
    kind: str


@dataclass(frozen=True)
class Channel:
    """A return path. Levels in dB relative to the programme's active RMS."""

    snr_db: float = 70.0
    band_hz: tuple[float, float] = (50.0, 7_500.0)
    delay_s: float = 0.3
    drift_ppm: float = 0.0
    reverb_s: float = 0.0
    direct_db: float = 0.0  # direct to reverberant
    hum_db: float | None = None
    clicks: bool = False
    agc: bool = False
    clip_db: float | None = None  # overdrive over the programme's peak
    jumps: int = 0
    jump_s: tuple[float, float] = (0.02, 0.5)


@dataclass(frozen=True)
class Recording:
    name: str
    rate: int
    sent: Samples
    heard: Samples
    faults: tuple[Fault, ...]
    channel: Channel
    never: bool = False  # nothing of it was on air
    lost: tuple[tuple[float, float], ...] = field(default=())  # skipped by delay jumps, (from, to) s of SENT

    @property
    def off_air(self) -> list[tuple[float, float]]:
        """True off-air stretches, seconds of SENT, in order."""
        if self.never:
            return [(0.0, len(self.sent) / self.rate)]
        gone = [(f.start_s, f.start_s + f.length_s) for f in self.faults if f.kind not in ON_AIR_KINDS]
        return sorted(gone + list(self.lost))


ON_AIR_KINDS = ("low", "clip", "overlay")
KIND_OF = {
    "silence": "silence",
    "hiss": "noise",
    "hum": "hum",
    "voice": "foreign",
    "same_voice": "foreign",
    "replay": "foreign",
}


def random_faults(
    seconds: float, count: int, kinds: tuple[str, ...], seed: int, shortest_s: float = 0.1
) -> tuple[Fault, ...]:
    """*count* faults of *shortest_s* to 20 s, log-uniform; the long ones are shortened to leave most of it on air."""
    random = np.random.default_rng((seed, 3))
    lengths = np.exp(random.uniform(np.log(shortest_s), np.log(20), count))
    lengths = np.where(lengths > 1, lengths * min(1, 0.4 * seconds / lengths.sum()), lengths)
    gaps = random.dirichlet(np.full(count + 1, 3.0)) * (seconds - lengths.sum() - (count + 1) * 0.6)
    starts = np.cumsum(gaps[:-1] + 0.6 + np.concatenate([[0], lengths[:-1]]))
    return tuple(
        Fault(float(s), float(n), kinds[i % len(kinds)]) for i, (s, n) in enumerate(zip(starts, lengths, strict=True))
    )


def record(
    name: str,
    sent: Samples,
    channel: Channel,
    faults: tuple[Fault, ...],
    seed: int,
    rate: int = 16_000,
    never: bool = False,
) -> Recording:
    """Send *sent* through the faults and the channel; HEARD starts with SENT's first sample."""
    random = np.random.default_rng((seed, 4))
    active = float(np.sqrt(np.mean(sent[np.abs(sent) > 0.003] ** 2))) if np.any(np.abs(sent) > 0.003) else 0.1
    air, hiss = sent.copy(), np.zeros_like(sent)
    for fault in faults:
        _replace(air, hiss, sent, fault, active, seed, rate)
    delayed, lost = _delayed(air, hiss, channel, random, rate)
    air, hiss = delayed
    return Recording(name, rate, sent, _through(air, hiss, channel, active, random, rate), faults, channel, never, lost)


def _replace(air: Samples, hiss: Samples, sent: Samples, fault: Fault, active: float, seed: int, rate: int) -> None:
    """Put the fault on the air; hiss of a lost carrier joins after the band filter."""
    start, stop = int(fault.start_s * rate), min(len(air), int((fault.start_s + fault.length_s) * rate))
    size = stop - start
    random = np.random.default_rng((seed, start))
    seconds = size / rate
    t = np.arange(start, stop) / rate
    if fault.kind == "low":
        air[start:stop] *= 0.1
    elif fault.kind == "clip":
        limit = float(np.max(np.abs(sent))) / 4
        air[start:stop] = np.clip(sent[start:stop] * 2, -limit, limit)
    elif fault.kind == "overlay":
        air[start:stop] += _foreign(seconds, seed + start, VOICES[1], active, rate)[:size]
    elif fault.kind == "replay":
        late = np.arange(start, stop) - 30 * rate
        air[start:stop] = sent[late % len(sent)]
    elif fault.kind == "voice":
        air[start:stop] = _foreign(seconds, seed + start, VOICES[1], active, rate)[:size]
    elif fault.kind == "same_voice":
        air[start:stop] = _foreign(seconds, seed + start, VOICES[0], active, rate)[:size]
    else:
        air[start:stop] = 0
    if fault.kind == "hiss":
        hiss[start:stop] = random.standard_normal(size) * active * 1.5
    if fault.kind == "hum":
        air[start:stop] = _hum(t) * active


def _foreign(seconds: float, seed: int, voice: str, active: float, rate: int) -> Samples:
    """Other words, cut from one long talk a voice (espeak is the slow part)."""
    pool = speech(150.0, 977, voice, rate)
    if seconds > 140:
        pool = speech(seconds + 10, 977, voice, rate)
    at = int(np.random.default_rng(seed).integers(0, len(pool) - int(seconds * rate) - 1))
    return pool[at : at + int(seconds * rate) + 1] * np.float32(active / 0.1)


def _hum(t: NDArray[np.float64]) -> Samples:
    wave_form = sum(np.sin(2 * np.pi * 50 * k * t + k) / k for k in (1, 2, 3, 4, 5, 6, 7, 9, 11))
    return (wave_form / np.sqrt(np.mean(wave_form**2) if len(t) else 1)).astype(np.float32)


def _delayed(
    air: Samples, hiss: Samples, channel: Channel, random: np.random.Generator, rate: int
) -> tuple[tuple[Samples, Samples], tuple[tuple[float, float], ...]]:
    """Both on HEARD's axis: delay, jumps (what a re-buffering skips is lost, what it adds is silent), drift."""
    total = len(air) / rate
    edges = np.sort(random.uniform(5, total - 5, channel.jumps)) if channel.jumps else np.zeros(0)
    pieces, lost, delay = [], [], channel.delay_s
    bounds = [0.0, *edges.tolist(), total]
    heard_length = int((total + channel.delay_s + 2 + channel.jumps * channel.jump_s[1]) * rate)
    out = [np.zeros(heard_length, np.float32), np.zeros(heard_length, np.float32)]
    for n, (start, stop) in enumerate(pairwise(bounds)):
        if n:
            jump = random.uniform(*channel.jump_s) * (
                1 if delay < 0.5 + channel.delay_s and random.random() < 0.6 else -1
            )
            jump = max(jump, 0.02 - delay)
            delay += jump
            if jump < 0:  # the queue was thrown away: that much of SENT was never heard
                lost.append((start, start - jump))
                start -= jump
        pieces.append((start, stop, delay))
    for start, stop, late in pieces:
        at = int((start + late) * rate)
        for source, target in zip((air, hiss), out, strict=True):
            part = source[int(start * rate) : int(stop * rate)]
            target[at : at + len(part)] = part[: max(0, len(target) - at)]
    if channel.drift_ppm:
        out = [_drift(sound, channel.drift_ppm) for sound in out]
    return (out[0], out[1]), tuple(lost)


def _drift(sound: Samples, ppm: float) -> Samples:
    """A recorder whose clock runs *ppm* fast: more samples a second. 32-tap windowed sinc."""
    made = int(len(sound) * (1 + ppm * 1e-6))
    padded = np.pad(sound, 32)
    result = np.empty(made, np.float32)
    taps = np.arange(-15, 17)
    for start in range(0, made, 65_536):
        at = np.arange(start, min(made, start + 65_536)) / (1 + ppm * 1e-6)
        whole = np.floor(at).astype(np.int64)
        x = (at - whole)[:, None] - taps[None, :]
        kernel = np.sinc(x) * np.cos(np.pi * np.clip(x / 17, -0.5, 0.5)) ** 2
        result[start : start + len(at)] = np.sum(padded[whole[:, None] + taps[None, :] + 32] * kernel, axis=1)
    return result


def _through(
    air: Samples, hiss: Samples, channel: Channel, active: float, random: np.random.Generator, rate: int
) -> Samples:
    sound = _band(air, channel.band_hz, rate)
    if channel.clip_db is not None:
        limit = float(np.max(np.abs(sound)))
        sound = np.clip(sound * 10 ** (channel.clip_db / 20), -limit, limit) / 2
    if channel.reverb_s:
        sound = _reverberate(sound, channel, random, rate)
    noise = _band(random.standard_normal(len(sound)).astype(np.float32), channel.band_hz, rate)
    noise *= active * 10 ** (-channel.snr_db / 20) / max(1e-9, float(np.sqrt(np.mean(noise**2))))
    sound = sound + noise + hiss
    if channel.clicks:
        hits = random.integers(0, len(sound), int(len(sound) / rate * 4))
        sound[hits] += random.choice([-1, 1], len(hits)) * active * 6
    if channel.hum_db is not None:
        sound = sound + _hum(np.arange(len(sound)) / rate) * active * 10 ** (channel.hum_db / 20)
    if channel.agc:
        sound = _agc(sound, rate)
    return np.clip(sound, -1, 1).astype(np.float32)


def _band(sound: Samples, band_hz: tuple[float, float], rate: int) -> Samples:
    padded = np.pad(sound, (0, -len(sound) % 16_384))
    hz = np.fft.rfftfreq(len(padded), 1 / rate)
    gain = 1 / np.sqrt((1 + (band_hz[0] / np.maximum(hz, 1)) ** 8) * (1 + (hz / band_hz[1]) ** 16))
    return np.fft.irfft(np.fft.rfft(padded) * gain, len(padded))[: len(sound)].astype(np.float32)


def _reverberate(sound: Samples, channel: Channel, random: np.random.Generator, rate: int) -> Samples:
    t = np.arange(int(channel.reverb_s * 1.2 * rate)) / rate
    tail = random.standard_normal(len(t)) * 10 ** (-3 * t / channel.reverb_s)
    tail[: int(0.002 * rate)] = 0
    tail *= 10 ** (-channel.direct_db / 20) / np.sqrt(np.sum(tail**2))
    tail[0] += 1
    size = 1 << (len(sound) + len(tail)).bit_length()
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: len(sound)]
    return (wet / np.sqrt(np.sum(tail**2))).astype(np.float32)


def _agc(sound: Samples, rate: int) -> Samples:
    """Fast down, slow up, towards −20 dBFS, at most ±15 dB."""
    hop = rate // 50
    level = np.sqrt(np.mean(sound[: len(sound) // hop * hop].reshape(-1, hop) ** 2, axis=1)) + 1e-6
    gain, gains = 1.0, []
    for rms in level:
        wanted = float(np.clip(0.1 / rms, 0.18, 5.6))
        gain += (wanted - gain) * (0.3 if wanted < gain else 0.02)
        gains.append(gain)
    curve = np.interp(np.arange(len(sound)), np.arange(len(gains)) * hop + hop / 2, gains)
    return (sound * curve).astype(np.float32)


def write_wav(path: Path, sound: Samples, rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(as_int16(sound).tobytes())
    return path


def as_int16(sound: Samples) -> NDArray[np.int16]:
    return np.clip(np.rint(sound * 32767), -32768, 32767).astype(np.int16)
