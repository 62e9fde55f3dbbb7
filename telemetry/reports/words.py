"""The one table of Vietnamese and English words for the codes that the house stores and sends.

Reports, the console and the command line all ask here, so that one thing has one name wherever a person meets it.
A code that could mean two things ("lost", "down") carries its subject: ``device.lost``, ``uplink.down``.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

Lang = Literal["vi", "en"]
Words = Mapping[str, tuple[str, str]]  # code: (Vietnamese, English)


SILENT_DBFS = -90.0


class UnknownWord(KeyError):
    """A code that has no word: the table was not kept up with the code."""


KINDS: Words = {
    "own": ("tự sản xuất", "own"),
    "relay": ("tiếp âm", "relay"),
    "repeat": ("phát lại", "repeat"),
    "live": ("trực tiếp", "live"),
    "filler": ("nhạc đệm", "filler"),
}
ORIGINS: Words = {
    "vov": ("Đài TNVN", "VOV"),
    "province": ("đài tỉnh", "province"),
    "district": ("đài huyện", "district"),
    "source_system": ("hệ thống thông tin nguồn", "source-information system"),
    "other": ("đài khác", "other"),
}
CLASSES: Words = {
    "normal": ("thông thường", "normal"),
    "priority": ("ưu tiên", "priority"),
    "emergency": ("khẩn cấp", "emergency"),
}
FIGURES: Words = {
    "planned": ("theo lịch", "planned"),
    "programme_time": ("thời gian chương trình", "programme time"),
    "airtime": ("thời gian phát sóng", "broadcast time"),
    "played": ("máy đã phát", "played"),
    "on_air": ("đã lên sóng", "on air"),
    "not_on_air": ("không lên sóng", "not on air"),
    "unobserved": ("chưa đo được", "unobserved"),
    "unplanned": ("ngoài lịch", "unplanned"),
    "overlaid": ("bị chồng tiếng lạ", "overlaid"),
}
SIGNALS: Words = {  # what the meter hears
    "silence": ("im lặng", "silence"),
    "noise": ("nhiễu, mất sóng mang", "noise, carrier lost"),
    "hum": ("tiếng ù", "hum"),
    "foreign": ("có âm thanh lạ", "foreign audio"),
    "idle": ("ngoài giờ phát", "idle"),
}
QUALITIES: Words = {
    "ok": ("tốt", "good"),
    "clipped": ("vỡ tiếng", "clipped"),
    "low": ("tiếng nhỏ", "low"),
}
PROGRESS: Words = {  # of an occurrence in today's table
    "done": ("đã phát xong", "done"),
    "next": ("tiếp theo", "next"),
    "missed": ("không phát", "missed"),
}
CAUSES: Words = {
    "planned_end": ("hết giờ theo lịch", "planned end"),
    "source_short": ("chương trình ngắn hơn lịch", "source shorter than planned"),
    "source_missing": ("thiếu tệp chương trình", "source missing"),
    "source_failed": ("tệp hoặc nguồn bị hỏng", "source failed"),
    "source_lost": ("không tiếp được sóng", "source signal lost"),
    "pre_empted": ("nhường chương trình khác", "pre-empted"),
    "stopped": ("dừng theo lệnh", "stopped by command"),
    "stopped_by": ("dừng theo lệnh", "stopped by command"),
    "dropped": ("bị cắt, không phát tiếp", "cut, and not resumed"),
    "cancelled": ("đã được huỷ", "cancelled"),
    "shutdown": ("tắt chương trình máy", "shut down"),
    "playout_died": ("bộ phát bị ngắt", "playout died"),
    "playout_down": ("bộ phát không chạy", "playout down"),
    "quiet_hours": ("giờ yên tĩnh", "quiet hours"),
    "no_play_day": ("ngày không phát", "day without broadcasts"),
    "session_too_long": ("buổi phát quá dài", "session too long"),
    "clock_untrusted": ("đồng hồ không tin cậy", "clock untrusted"),
    "clock_moved": ("đồng hồ bị chỉnh", "clock moved"),
    "dead_air": ("mất tiếng", "dead air"),
    "foreign_audio": ("có âm thanh lạ", "foreign audio"),
    "power_lost": ("mất điện", "power lost"),
    "device_lost": ("mất card âm thanh", "sound device lost"),
    "card_lost": ("mất card âm thanh", "sound card lost"),
    "sound_device": ("lỗi card âm thanh", "sound device fault"),
    "jumped": ("máy bị đứng", "playout stood still"),
    "frozen": ("máy bị đứng", "playout frozen"),
    "late_start": ("bắt đầu trễ", "started late"),
    "meter_down": ("bộ đo không chạy", "meter down"),
    "no_return_channel": ("chưa gắn tín hiệu hồi tiếp", "no return channel"),
    "return_lost": ("mất tín hiệu hồi tiếp", "return signal lost"),
    "not_proven": ("tín hiệu hồi tiếp không chứng minh được", "return proves nothing"),
    "ended_early": ("kết thúc sớm", "ended early"),
    "unaccounted": ("chưa rõ nguyên nhân", "unaccounted"),
    "unknown": ("chưa rõ nguyên nhân", "unknown"),
}
SOURCE_TROUBLES: Words = {  # why a relay was lost; "silence" is one, too
    "stall": ("không còn tín hiệu đến", "nothing comes any more"),
    "refused": ("máy chủ từ chối kết nối", "connection refused"),
    "forbidden": ("máy chủ không cho phép", "not allowed by the server"),
    "not_found": ("máy chủ không có luồng này (404)", "no such stream (404)"),
    "server_error": ("máy chủ báo lỗi", "server error"),
    "unresolved": ("không tìm thấy tên máy chủ", "server name not found"),
    "timeout": ("máy chủ không trả lời", "the server does not answer"),
    "unreachable": ("không có đường mạng", "network unreachable"),
    "not_audio": ("địa chỉ không phải luồng âm thanh", "not an audio stream"),
    "playlist": (
        "địa chỉ là tệp danh sách (.m3u, .pls): ghi địa chỉ nằm trong tệp ấy",
        "a playlist (.m3u, .pls): give the address that stands in it",
    ),
    "ended": ("luồng đã dừng", "the stream ended"),
    "failed": ("không giải mã được", "cannot be decoded"),
}
EVIDENCE: Words = {
    "measured": ("máy đo được", "measured"),
    "verified": ("đã kiểm chứng", "verified by equipment"),
    "self_reported": ("máy phát tự báo", "self-reported"),
    "mixed": ("đo được một phần", "measured in part"),
    "none": ("không có bằng chứng", "no evidence"),
}
SEVERITIES: Words = {
    "info": ("thông tin", "information"),
    "warning": ("cảnh báo", "warning"),
    "error": ("lỗi", "error"),
    "major": ("nặng", "major"),
    "critical": ("nghiêm trọng", "critical"),
}
FAULT_STATES: Words = {
    "open": ("chưa xử lý", "open"),
    "cleared": ("đã hết", "cleared"),
    "acknowledged": ("đã tiếp nhận", "acknowledged"),
    "shelved": ("tạm gác", "shelved"),
    "broken": ("hỏng", "broken"),
    "repairing": ("đang sửa chữa", "under repair"),
    "unrepaired": ("chưa sửa chữa", "not yet repaired"),
}
SUBJECTS: Words = {  # states whose bare code would be ambiguous
    "clock.none": ("không biết giờ", "time unknown"),
    "clock.saved": ("giờ đã lưu, chưa ai xác nhận", "saved time, nobody vouches"),
    "clock.operator": ("theo người vận hành", "operator's word"),
    "clock.collector": ("theo máy chủ thu thập", "collector"),
    "clock.rds": ("theo RDS", "RDS"),
    "clock.modem": ("theo mạng di động", "mobile network"),
    "clock.rtc": ("theo đồng hồ phần cứng", "hardware clock"),
    "clock.ntp": ("theo mạng (NTP)", "network (NTP)"),
    "uplink.connected": ("đã kết nối máy chủ", "connected"),
    "uplink.down": ("mất kết nối máy chủ", "disconnected"),
    "uplink.off": ("không gửi lên cấp trên", "off"),
    "device.ok": ("hoạt động", "working"),
    "device.lost": ("mất thiết bị", "device lost"),
}
EVERY_GROUP: tuple[Words, ...] = (
    KINDS,
    ORIGINS,
    CLASSES,
    FIGURES,
    SIGNALS,
    QUALITIES,
    PROGRESS,
    CAUSES,
    SOURCE_TROUBLES,
    EVIDENCE,
    SEVERITIES,
    FAULT_STATES,
    SUBJECTS,
)


def _joined(groups: Iterable[Words]) -> dict[str, tuple[str, str]]:
    """One table of all groups. A code given twice would make one of its meanings unreachable."""
    table: dict[str, tuple[str, str]] = {}
    for group in groups:
        if twice := table.keys() & group.keys():
            raise ValueError(f"two words for {sorted(twice)}")
        table.update(group)
    return table


WORDS: Words = _joined(EVERY_GROUP)


def word(code: str, lang: Lang = "vi") -> str:
    """The word for a code. Raises UnknownWord."""
    try:
        vietnamese, english = WORDS[code]
    except KeyError:
        raise UnknownWord(code) from None
    return vietnamese if lang == "vi" else english


def word_or_code(code: str, lang: Lang = "vi") -> str:
    """The word, or the code itself: for records that a newer station wrote and this one must still print."""
    return word(code, lang) if code in WORDS else code


def decimal(number: str, lang: Lang) -> str:
    """A number's text as the language writes it: in Vietnamese 15.000 is fifteen thousand."""
    return number.replace(".", ",") if lang == "vi" else number


def level(dbfs: float) -> str:
    """Whole dBFS; what is as good as silence is −∞."""
    return "−∞" if dbfs < SILENT_DBFS else f"{dbfs:.0f}".replace("-", "−")


def sentence(text: str) -> str:
    """The text with its first letter raised (``str.capitalize`` would lower the rest: "Đài TNVN")."""
    return text[:1].upper() + text[1:]
