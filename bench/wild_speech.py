"""Vietnamese speech for ``bench.wild``: bulletins, dialogues, and what other stations say. By espeak-ng.

Sentences are put together by chance. What is heard instead of the programme draws on other phrases than the programme,
for a phrase that a synthetic voice says twice is the same to the sample, and nobody could tell which one it was.
"""

import functools
import io
import subprocess
import wave
from dataclasses import dataclass

import numpy as np

from bench.wild_signal import Random, Sound, add_at, db, resampled

SOURCE_HZ = 16_000  # what programmes are made at

_OURS = (
    ("Ủy ban nhân dân xã", "Đảng ủy xã", "Hội phụ nữ thôn Đông", "Đoàn thanh niên", "Công an xã", "Trạm y tế",
     "Hợp tác xã nông nghiệp", "Trường tiểu học Bình Minh", "Ban quản lý chợ", "Hội cựu chiến binh", "Mặt trận Tổ quốc",
     "Ban chỉ huy quân sự"),
    ("thông báo đến toàn thể bà con", "tổ chức họp dân", "kêu gọi các hộ gia đình", "phát động phong trào",
     "hướng dẫn nhân dân", "kiểm tra công tác", "triển khai kế hoạch", "đề nghị các thôn", "vừa hoàn thành việc",
     "tiếp tục vận động", "khen thưởng những người", "lấy ý kiến về"),
    ("dọn vệ sinh đường làng", "tiêm phòng cho trẻ em", "nộp quỹ phòng chống thiên tai", "đăng ký căn cước công dân",
     "phun thuốc diệt muỗi", "xây dựng nông thôn mới", "sửa chữa kênh mương", "bảo vệ rừng đầu nguồn",
     "khám bệnh miễn phí", "trồng cây xanh", "học nghề may công nghiệp", "phân loại rác thải", "thu hoạch lúa mùa"),
    ("vào lúc bảy giờ sáng thứ hai", "tại nhà văn hóa thôn ba", "trước ngày hai mươi tháng này", "trong tuần tới",
     "trên địa bàn toàn xã", "với sự tham gia của ba trăm người", "từ nay đến cuối năm",
     "theo công văn số bốn mươi hai",
     "ở khu vực ven sông", "cho những hộ khó khăn", "bắt đầu từ chiều mai"),
)  # fmt: skip
_THEIRS = (
    ("Giá vàng thế giới", "Đội tuyển bóng đá", "Bão số chín", "Ngân hàng trung ương", "Vườn cà phê Tây Nguyên",
     "Nữ ca sĩ trẻ", "Hãng hàng không", "Không khí lạnh", "Tàu cá của ngư dân", "Giải quần vợt mở rộng"),
    ("hôm qua bất ngờ tăng mạnh", "đang di chuyển rất nhanh", "sẽ gặp đối thủ khó chịu", "ghi nhận mức thấp kỷ lục",
     "thu hút nhiều khán giả", "gây mưa lớn diện rộng", "vừa ký hợp đồng xuất khẩu", "chuẩn bị khởi hành",
     "giành huy chương đầu tiên", "chịu ảnh hưởng nặng nề"),
    ("ở phía bắc biển Đông", "sau nhiều phiên giảm liên tiếp", "trên sân vận động Mỹ Đình", "tại thị trường châu Âu",
     "với tốc độ mười lăm cây số giờ", "do xung đột kéo dài", "nhờ công nghệ hiện đại", "giữa mùa du lịch",
     "so với cùng kỳ năm ngoái"),
)  # fmt: skip
_ACCENTS = ("vi", "vi", "vi-vn-x-central", "vi-vn-x-south")
_VARIANTS = ("", "+f2", "+f4", "+m3", "+m7", "+f1", "+Annie", "+Mario")


@dataclass(frozen=True)
class Voice:
    name: str
    words_per_minute: int
    pitch: int  # 0 … 99
    gap: int  # 10 ms between words


def voice(random: Random) -> Voice:
    name = str(random.choice(_ACCENTS)) + str(random.choice(_VARIANTS))
    return Voice(name, int(random.integers(120, 200)), int(random.integers(25, 75)), int(random.integers(0, 8)))


def sentence(random: Random, ours: bool) -> str:
    return " ".join(str(random.choice(part)) for part in (_OURS if ours else _THEIRS)) + "."


@functools.lru_cache(maxsize=512)
def spoken(text: str, by: Voice) -> Sound:
    """One utterance at ``SOURCE_HZ``, without the silence around it."""
    options = ["-v", by.name, "-s", str(by.words_per_minute), "-p", str(by.pitch), "-g", str(by.gap)]
    said = subprocess.run(["espeak-ng", *options, "--stdout", text], capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(said)) as wav:
        rate, frames = wav.getframerate(), wav.readframes(wav.getnframes())
    sound = np.frombuffer(frames, np.int16).astype(np.float32) / 32_768
    loud = np.flatnonzero(np.abs(sound) > 0.002)
    return resampled(sound[loud[0] : loud[-1] + 1], rate, SOURCE_HZ)


def talk(random: Random, seconds: float, voices: tuple[Voice, ...], ours: bool, longest_pause_s: float) -> Sound:
    """Voices in turn, two sentences or so each; pauses mostly short, some as long as allowed. A little room noise."""
    made = np.zeros(round(seconds * SOURCE_HZ), np.float32)
    at, turn = int(random.uniform(0, 0.4) * SOURCE_HZ), 0
    levels = [db(random.uniform(-6, 0)) for _ in voices]
    while at < len(made):
        text = " ".join(sentence(random, ours) for _ in range(int(random.integers(1, 4))))
        words = spoken(text, voices[turn % len(voices)])
        add_at(made, at, words, levels[turn % len(voices)] * db(random.uniform(-2, 2)))
        pause_s = longest_pause_s * random.uniform(0, 1) ** 3 + random.uniform(0.1, 0.4)
        at, turn = at + len(words) + int(pause_s * SOURCE_HZ), turn + 1
    room = random.choice([0.0, db(-75), db(-62)])
    return made + (room * random.standard_normal(len(made))).astype(np.float32)


def bulletin(random: Random, seconds: float) -> Sound:
    return talk(random, seconds, (voice(random),), True, float(random.choice([0.8, 2.0, 4.0])))


def dialogue(random: Random, seconds: float) -> Sound:
    return talk(random, seconds, (voice(random), voice(random)), True, 0.8)


def stranger(random: Random, seconds: float) -> Sound:
    """What another station says."""
    return talk(random, seconds, (voice(random),), False, 0.5)


def same_speakers(programme: Random, random: Random, seconds: float, how_many: int) -> Sound:
    """Other words by the voices that ``bulletin`` (one) or ``dialogue`` (two) drew from an equal *programme*."""
    return talk(random, seconds, tuple(voice(programme) for _ in range(how_many)), False, 0.5)
