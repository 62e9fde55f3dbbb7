"""Making programme files equally loud: which gain a file gets, and what is said of its sound. Pure.

Loudness by EBU R128, one gain for the whole file, so that the ratio of loud to soft stays as it was made. The peaks of
unprocessed speech are 14 to 20 dB above its loudness: at -18 LUFS most of it stays below -1 dBTP untouched. What
exceeds that by up to 6 dB is limited; where it would be by more, the file stays softer, and that is said.
"""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import log10
from typing import Any

from audio.format import RATE_HZ, frames_to_ms
from scheduler.problem import Problem

TARGET_LUFS = -18.0  # AES TD1008 for speech; between EBU R128's -23 and the -16 of web radios
CEILING_DBTP = -1.0  # EBU R128
MOST_GAIN_DB = 20.0  # more would make a programme of a room's noise
MOST_LIMITED_DB = 6.0
TOLERANCE_LU = 1.0  # EBU R128's for what cannot be made exact
SILENCE_LU = 25.0  # so far below the programme nobody hears anything outdoors
SILENCE_TOLD_MS = 2_000
CLIPPED_SHARE = 0.002  # of all samples; a recording that was not too loud has a hundredth of it

_GATE_LUFS = -70.0  # BS.1770-4: what is softer has no loudness
_HOP_MS = 100
_WINDOW_HOPS = 4  # momentary loudness and gating blocks: 400 ms


@dataclass(frozen=True, slots=True)
class Sound:
    """How a file sounds. None: it has none (silence; no loudness is defined for less than 400 ms)."""

    integrated_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None
    head_silence_ms: int  # these two to 100 ms; less than 400 ms are not seen
    tail_silence_ms: int

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Sound":
        """Inverse of ``asdict``. Raises KeyError."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Levelled:
    """What was done to a file for *target_lufs*, and how it sounded before and after."""

    target_lufs: float
    gain_db: float
    before: Sound
    after: Sound

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Levelled":
        """Inverse of ``to_json``. Raises KeyError or TypeError."""
        before, after = (Sound.from_json(data[side]) for side in ("before", "after"))
        return cls(float(data["target_lufs"]), float(data["gain_db"]), before, after)


class SoundReport:
    """Reads what ffmpeg's ``ebur128`` and ``ametadata=print`` say of a sound, a line at a time, in hops of 100 ms."""

    def __init__(self) -> None:
        self._momentary = array("f")  # LUFS of the 400 ms that end with each hop
        self._last: dict[str, float] = {}

    def hear(self, lines: Iterable[str]) -> None:
        for line in lines:
            key, _, value = line.rstrip().removeprefix("lavfi.r128.").partition("=")
            if key == "M":
                self._momentary.append(float(value))
            elif key in ("I", "LRA", "true_peaks_ch0"):
                self._last[key] = float(value)

    def sound(self, frames: int) -> Sound:
        """Of everything that was said. *frames* of 48 kHz were measured."""
        peak, loudness = self._last.get("true_peaks_ch0", 0.0), self._last.get("I", _GATE_LUFS)
        dbtp = round(20 * log10(peak), 2) if peak else None
        if frames < _WINDOW_HOPS * RATE_HZ // 10 or loudness <= _GATE_LUFS:
            return Sound(None, None, dbtp, 0, 0)
        head_ms, tail_ms = self._silence_ms(loudness - SILENCE_LU, frames_to_ms(frames))
        return Sound(loudness, self._last["LRA"], dbtp, head_ms, tail_ms)

    def _silence_ms(self, threshold_lufs: float, duration_ms: int) -> tuple[int, int]:
        """The first whole window is the fourth hop's. A window is loud from its first loud hop on, and three longer."""
        loud = [n for n, momentary in enumerate(self._momentary) if momentary > threshold_lufs]
        first, last = loud[0], loud[-1]
        from_the_start, to_the_end = first < _WINDOW_HOPS, last == len(self._momentary) - 1
        ended_ms = (last - _WINDOW_HOPS + 2) * _HOP_MS
        return 0 if from_the_start else first * _HOP_MS, 0 if to_the_end else max(0, duration_ms - ended_ms)


def gain_for(before: Sound, target_lufs: float) -> float:
    """The gain in dB: to the target, but not more than is good for the sound. What has no loudness is not raised."""
    if before.true_peak_dbtp is None:
        return 0.0
    wanted = 0.0 if before.integrated_lufs is None else min(target_lufs - before.integrated_lufs, MOST_GAIN_DB)
    return round(min(wanted, CEILING_DBTP + MOST_LIMITED_DB - before.true_peak_dbtp), 2)


def gain_again(done: Levelled) -> float:
    """A better gain after a limiter took loudness away; the same one where nothing is to be won by another."""
    got = done.after.integrated_lufs
    if got is None or abs(missing := done.target_lufs - got) <= TOLERANCE_LU / 2:
        return done.gain_db
    wanted = gain_for(done.before, done.target_lufs + missing)
    return wanted if wanted - done.gain_db > TOLERANCE_LU / 4 else done.gain_db


def limited_db(before: Sound, gain_db: float) -> float:
    """By how much the highest peak would exceed the ceiling; negative is room."""
    return gain_db + before.true_peak_dbtp - CEILING_DBTP if before.true_peak_dbtp is not None else -MOST_LIMITED_DB


def remarks(name: str, done: Levelled, clipped_share: float) -> tuple[Problem, ...]:
    """What the person who brought the file should know of its sound."""
    if done.before.true_peak_dbtp is None or _only_hiss(done.before):
        vi = "Cả tệp không có tiếng: hãy ghi lại (nếu là tệp hai kênh, hai kênh có thể triệt nhau)"
        en = "the whole file is silent: record it again (of a stereo file, the channels may cancel each other)"
        return (Problem(name, "silent", vi, en),)
    found = [_clipped(name, clipped_share), _softer(name, done), *_long_silences(name, done.after)]
    return tuple(problem for problem in found if problem)


def _only_hiss(sound: Sound) -> bool:
    """Nothing in it is louder than the gate, however long it is (a peak below -60 dBTP)."""
    return sound.integrated_lufs is None and sound.true_peak_dbtp is not None and sound.true_peak_dbtp < -60.0


def _clipped(name: str, share: float) -> Problem | None:
    if share < CLIPPED_SHARE:
        return None
    percent = f"{100 * share:.1f} %"
    vi = f"Tiếng bị vỡ: {percent} số mẫu chạm trần khi ghi; hãy ghi lại nhỏ hơn hoặc để máy xa miệng hơn"
    en = f"the sound is clipped: {percent} of the samples are at full scale; record it again, softer or further away"
    return Problem(name, "clipped", vi, en)


def _softer(name: str, done: Levelled) -> Problem | None:
    before, after = done.before.integrated_lufs, done.after.integrated_lufs
    if before is None or after is None or done.target_lufs - after <= TOLERANCE_LU:
        return None
    missing = f"{done.target_lufs - after:.0f}"
    if done.target_lufs - before > MOST_GAIN_DB:
        vi = f"Tiếng quá nhỏ ({before:.0f} LUFS): đã tăng {done.gain_db:.0f} dB mà vẫn nhỏ hơn mức chung {missing} dB; "
        en = f"too quiet ({before:.0f} LUFS): raised by {done.gain_db:.0f} dB and still {missing} dB below the others; "
        return Problem(name, "too_quiet", vi + "hãy ghi lại gần micro hơn", en + "record it nearer to the microphone")
    vi = f"Tiếng có đỉnh quá cao so với mức trung bình: phát nhỏ hơn mức chung {missing} dB để không vỡ tiếng"
    en = f"its peaks are too high for its loudness: it stays {missing} dB softer than the others, not to be distorted"
    return Problem(name, "too_peaky", vi, en)


def _long_silences(name: str, sound: Sound) -> list[Problem]:
    found = []
    if sound.head_silence_ms > SILENCE_TOLD_MS:
        seconds = f"{sound.head_silence_ms / 1_000:.1f}"
        vi, en = (
            f"{seconds} giây đầu tệp không có tiếng: hãy cắt bớt",
            f"its first {seconds} s are silent: cut them off",
        )
        found.append(Problem(name, "silent_head", vi, en))
    if sound.tail_silence_ms > SILENCE_TOLD_MS:
        seconds = f"{sound.tail_silence_ms / 1_000:.1f}"
        vi, en = (
            f"{seconds} giây cuối tệp không có tiếng: hãy cắt bớt",
            f"its last {seconds} s are silent: cut them off",
        )
        found.append(Problem(name, "silent_tail", vi, en))
    return found
