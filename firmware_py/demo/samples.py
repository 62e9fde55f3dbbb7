"""The demo station's programmes and its timetable. Speech is by espeak-ng, music by arithmetic: nothing licensed."""

import subprocess
import tempfile
import wave
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scheduler.clock import STATION_TZ, local_day

RATE_HZ = 48_000
WORKERS = 2
SPEECH_WORDS_PER_MIN = "145"
BED_GAIN = 0.10  # music under speech: about 20 dB below it
PEAK = 0.7
A4_HZ = 440.0
NOTE_S = 2.5
PENTATONIC = (0, 2, 5, 7, 9)  # in semitones: the scale of Vietnamese folk song, nothing in it clashes
FULL_BAND = (1.0, 0.5, 0.33, 0.2, 0.12)  # how loud each harmonic is: bright enough to use the band a horn carries

Sound = NDArray[np.float64]  # mono, RATE_HZ, -1 … 1


@dataclass(frozen=True, slots=True)
class Sample:
    """One file to make: what is heard in it, and exactly how long it lasts."""

    name: str
    seconds: int
    text: str = ""  # spoken; empty: a tune or music
    voice: str = "vi"
    bed: bool = True  # soft music under the speech; without it the pauses are silent
    seed: int = 0
    notes_per_s: float = 2.0


SAMPLES = (
    Sample("nhac-hieu.wav", 15, seed=1, notes_per_s=3.0),
    Sample(
        "ban-tin-sang.mp3",
        25,
        "Đây là Đài truyền thanh xã. Mời bà con nghe bản tin sáng. Hôm nay, hợp tác xã bắt đầu lấy nước đổ ải cho vụ "
        "đông xuân, mời các hộ ra đồng đắp bờ, giữ nước. Trạm y tế xã tiêm chủng cho trẻ em dưới hai tuổi, "
        "từ bảy giờ đến mười giờ sáng. Trường tiểu học họp phụ huynh chiều thứ sáu, kính mời bà con đến dự đông đủ.",
        seed=2,
    ),
    Sample(
        "tiep-am-thoi-su.ogg",
        20,
        "Chương trình thời sự mẫu, dùng để thử phần tiếp âm. Dự báo thời tiết: vùng núi phía bắc nhiều mây, "
        "sáng sớm có sương mù, trưa chiều trời nắng, gió nhẹ. Nhiệt độ thấp nhất mười tám độ, cao nhất hai mươi lăm "
        "độ. Bà con đi đường chú ý tầm nhìn xa hạn chế.",
        voice="vi-vn-x-south",
        seed=3,
    ),
    Sample(
        "thong-bao-xa.wav",
        17,
        "Thông báo của Ủy ban nhân dân xã. Sáng chủ nhật, mời bà con tham gia vệ sinh đường làng, ngõ xóm. "
        "Mỗi hộ một người, mang theo chổi và cuốc. Tập trung tại nhà văn hóa thôn lúc sáu giờ ba mươi phút. "
        "Xin trân trọng cảm ơn.",
        bed=False,
    ),
    Sample(
        "chuyen-muc-nong-nghiep.flac",
        18,
        "Chuyên mục nông nghiệp. Thời tiết ấm và ẩm, bà con thăm đồng thường xuyên, phát hiện sớm rầy nâu và "
        "bệnh đạo ôn. Chỉ phun thuốc khi thật cần, đúng liều lượng, đúng thời điểm. "
        "Vỏ bao bì thuốc bỏ vào bể chứa ở đầu bờ, không vứt xuống mương.",
        voice="vi-vn-x-central",
        seed=5,
    ),
    Sample("ca-nhac.mp3", 40, seed=6, notes_per_s=4.0),
    Sample("nhac-ket-thuc.flac", 15, seed=7, notes_per_s=2.5),
)


def make_samples(media_dir: Path, progress: Callable[[str], None] = lambda name: None) -> list[Path]:
    """Make the sample programmes that *media_dir* has not, the same on every run; *progress* hears each name made.

    Needs espeak-ng and ffmpeg. Raises OSError when one is missing, subprocess.CalledProcessError when one fails.
    """
    media_dir.mkdir(parents=True, exist_ok=True)
    missing = [sample for sample in SAMPLES if not (media_dir / sample.name).exists()]
    with ThreadPoolExecutor(WORKERS) as pool:
        for name in pool.map(partial(_make, media_dir), missing):
            progress(name)
    return [media_dir / sample.name for sample in SAMPLES]


def _make(media_dir: Path, sample: Sample) -> str:
    with tempfile.TemporaryDirectory(dir=media_dir, prefix=".making-") as work:
        made = Path(work) / sample.name
        _encode(_sound(sample, Path(work)), Path(work) / "sound.wav", made)
        made.replace(media_dir / sample.name)  # whole or not at all
    return sample.name


def _sound(sample: Sample, work: Path) -> Sound:
    if not sample.text:
        return PEAK * music(sample.seconds, sample.seed, sample.notes_per_s)
    speech = _speech(sample, work)
    bed = BED_GAIN * music(sample.seconds, sample.seed, 1.0) if sample.bed else 0.0
    return np.clip(PEAK * speech + bed, -1.0, 1.0)


# ---- speech -------------------------------------------------------------------------------------------------------


def _speech(sample: Sample, work: Path) -> Sound:
    """The text as spoken, at RATE_HZ, with silence up to the sample's length."""
    spoken, resampled = work / "spoken.wav", work / "resampled.wav"
    _run("espeak-ng", "-v", sample.voice, "-s", SPEECH_WORDS_PER_MIN, "-w", str(spoken), sample.text)
    _run("ffmpeg", "-v", "error", "-i", str(spoken), "-ar", str(RATE_HZ), "-ac", "1", str(resampled))
    speech = _read_wav(resampled)
    whole = np.zeros(sample.seconds * RATE_HZ)
    kept = min(len(whole), len(speech))
    whole[:kept] = speech[:kept]
    return whole


def _read_wav(path: Path) -> Sound:
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768.0


# ---- tunes and music ----------------------------------------------------------------------------------------------


def music(seconds: int, seed: int, notes_per_s: float) -> Sound:
    """Plucked notes that wander over a pentatonic scale and never repeat: float64 (seconds * RATE_HZ,), peak 1."""
    chance = np.random.default_rng(seed)
    count = int(seconds * notes_per_s)
    begins = (np.arange(count) + chance.uniform(0.0, 0.4, count)) / notes_per_s
    begins[0] = 0.0
    steps = np.clip(np.cumsum(chance.integers(-2, 3, count)), -5, 7)
    sound = np.zeros(seconds * RATE_HZ)
    for begin_s, step in zip(begins, steps, strict=True):
        note = chance.uniform(0.5, 1.0) * _pluck(_pitch_hz(int(step)))
        at = int(begin_s * RATE_HZ)
        sound[at : at + len(note)] += note[: len(sound) - at]
    sound[-RATE_HZ // 2 :] *= np.linspace(1.0, 0.0, RATE_HZ // 2)
    loudest: float = np.abs(sound).max()
    return sound / loudest


def _pitch_hz(step: int) -> float:
    """The pitch *step* notes of the scale above A4 (below, when negative)."""
    octave, degree = divmod(step, len(PENTATONIC))
    return float(A4_HZ * 2 ** (octave + PENTATONIC[degree] / 12))


@cache
def _pluck(pitch_hz: float) -> Sound:
    """One string: harmonics that die away, the higher the faster, after an attack of 5 ms."""
    t = np.arange(int(NOTE_S * RATE_HZ)) / RATE_HZ
    sound = np.zeros_like(t)
    for number, level in enumerate(FULL_BAND, 1):
        sound += level * np.sin(2 * np.pi * pitch_hz * number * t) * np.exp(-t * (1.2 + 0.8 * number))
    return sound * np.minimum(1.0, t / 0.005)


# ---- files --------------------------------------------------------------------------------------------------------


def _encode(sound: Sound, wav: Path, made: Path) -> None:
    """Write *sound* as 16 bit; its kind is that of *made*'s name. Bit-exact: no dates, no encoder's version."""
    with wave.open(str(wav), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((sound * 32767.0).astype("<i2").tobytes())
    exact = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")
    _run("ffmpeg", "-v", "error", "-i", str(wav), *exact, str(made))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)


# ---- what the demo station broadcasts -----------------------------------------------------------------------------

FIRST_AFTER = timedelta(seconds=1)  # from now, when the processes are up, to the first programme
PATTERN_EVERY = timedelta(minutes=5)
PATTERNS = 48  # four hours of them, then only the week's sessions
CLOSED_BEFORE_END = timedelta(seconds=4)  # the last programme is over so long before the demo is: time to settle it
LONGEST_S = PATTERNS * PATTERN_EVERY.total_seconds()
SHORTEST_S = 5  # what would not fit into the run is cut down to no less
ENOUGH_S = 2 + SHORTEST_S + 4  # how long a run must be for that: start, item, close


@dataclass(frozen=True, slots=True)
class DemoItem:
    """One line of a session: how long after its start, and for how long."""

    at_s: int
    seconds: int
    title: str
    source: str
    kind: str = "own"
    origin: str = ""


PATTERN = (
    DemoItem(0, 15, "Nhạc hiệu", "nhac-hieu.wav"),
    DemoItem(15, 25, "Bản tin sáng", "ban-tin-sang.mp3"),
    DemoItem(40, 20, "Tiếp âm thời sự", "tiep-am-thoi-su.ogg", "relay", "vov"),
    DemoItem(60, 20, "Chuyên mục nông nghiệp", "chuyen-muc-nong-nghiep.flac"),  # its file has 18 s: source_short
    DemoItem(84, 25, "Bản tin sáng (PL)", "ban-tin-sang.mp3", "repeat"),
    DemoItem(120, 17, "Thông báo của UBND xã", "thong-bao-xa.wav"),
    DemoItem(140, 10, "Chuyên mục chờ nội dung", "chua-thu-xong.mp3"),  # nobody has recorded it: source_missing
    DemoItem(155, 40, "Ca nhạc", "ca-nhac.mp3"),
    DemoItem(195, 15, "Nhạc kết thúc", "nhac-ket-thuc.flac"),
)
# What a commune's week is: at 05:00 and 17:00, Monday to Saturday. The demo's own programmes keep away from it.
SESSIONS = (time(5, 0), time(17, 0))
SESSION = (
    DemoItem(0, 15, "Nhạc hiệu", "nhac-hieu.wav"),
    DemoItem(15, 20, "Tiếp âm thời sự", "tiep-am-thoi-su.ogg", "relay", "vov"),
    DemoItem(35, 17, "Thông báo của UBND xã", "thong-bao-xa.wav"),
    DemoItem(52, 15, "Nhạc kết thúc", "nhac-ket-thuc.flac"),
)


@dataclass(frozen=True, slots=True)
class Placed:
    """An item and when it starts, in local time."""

    starts_at: datetime
    item: DemoItem

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(seconds=self.item.seconds)

    def meets(self, other: "Placed") -> bool:
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at


def demo_programme(now: datetime, seconds: float | None) -> list[Placed]:
    """What the demo broadcasts from *now* on, beside the week's sessions; with *seconds*, only what is over by then.

    The last item is cut down to what is left, if that is SHORTEST_S or more.
    """
    local = now.astimezone(STATION_TZ)
    first = local.replace(microsecond=0) + timedelta(seconds=local.microsecond > 0) + FIRST_AFTER
    placed = [item for number in range(PATTERNS) for item in _placed(PATTERN, first + number * PATTERN_EVERY)]
    if seconds is None:
        return placed
    closes = local + timedelta(seconds=min(seconds, LONGEST_S)) - CLOSED_BEFORE_END
    return [cut for one in placed if (cut := _cut_down(one, closes)).item.seconds >= SHORTEST_S]


def _cut_down(one: Placed, closes: datetime) -> Placed:
    """What of it is over by then."""
    left_s = (closes - one.starts_at) // timedelta(seconds=1)
    return one if left_s >= one.item.seconds else replace(one, item=replace(one.item, seconds=left_s))


def demo_timetable(now: datetime, seconds: float | None) -> str:
    """The demo's timetable in TOML (docs/timetables.md): its first programme starts 1 to 2 s after *now*."""
    programme = demo_programme(now, seconds)
    sessions = [item for session in _sessions(now) for item in session]
    opening = programme[: len(PATTERN)]
    if any(one.meets(other) for one in opening for other in sessions):
        return _toml(programme, with_sessions=False)
    return _toml([one for one in programme if not any(one.meets(other) for other in sessions)], with_sessions=True)


def week_timetable() -> str:
    """The sessions alone."""
    return _toml([], with_sessions=True)


def _placed(items: Sequence[DemoItem], begins: datetime) -> list[Placed]:
    return [Placed(begins + timedelta(seconds=item.at_s), item) for item in items]


def _sessions(now: datetime) -> list[list[Placed]]:
    """The sessions of today and tomorrow, Sundays too: keeping away from one that is not held does no harm."""
    today = local_day(now)
    days = (today, today + timedelta(days=1))
    return [_placed(SESSION, datetime.combine(day, at, STATION_TZ)) for day in days for at in SESSIONS]


def _toml(programme: Sequence[Placed], with_sessions: bool) -> str:
    lines = ['title = "Lịch phát sóng mẫu"']
    for one in programme:
        lines += _slot(f"{one.starts_at:%Y-%m-%d}", f"{one.starts_at:%H:%M:%S}", one.item)
    for at in SESSIONS if with_sessions else ():
        for one in _placed(SESSION, datetime.combine(date.min, at)):
            lines += _slot('"T2-T7"', f"{one.starts_at:%H:%M:%S}", one.item)
    return "\n".join(lines) + "\n"


def _slot(days: str, start: str, item: DemoItem) -> list[str]:
    texts = {"title": item.title, "kind": item.kind, "origin": item.origin, "source": item.source}
    length = f"{item.seconds // 60:02}:{item.seconds % 60:02}"
    head = ["", "[[slot]]", f"days = {days}", f"start = {start}", f'duration = "{length}"']
    return [*head, *(f'{key} = "{text}"' for key, text in texts.items() if text)]
