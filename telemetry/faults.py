"""From conditions to faults: each raised once and cleared once, after its own times. Pure.

Missing data never clears a fault: a dead process says nothing, and what it said last stays true. A fault that is
momentary (the clock was moved) is good again at once and stays open for its ``clear_after_s``, so that someone sees it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from audio.events import EndCause
from scheduler.clock import NS_PER_S, Reading
from telemetry.facts import Condition, Fact, PlayoutFact

CRITICAL, MAJOR, WARNING = "critical", "major", "warning"
DAY_S = 86_400.0
OF_A_SOURCE = ("source_missing", str(EndCause.SOURCE_FAILED))


@dataclass(frozen=True, slots=True)
class FaultRule:
    """When a condition becomes a fault, when the fault is over, and what a person is told."""

    raise_after_s: float
    clear_after_s: float
    severity: str
    title_vi: str
    title_en: str
    advice_vi: str
    advice_en: str


RULES: Mapping[str, FaultRule] = {
    "dead_air": FaultRule(
        5, 3, CRITICAL, "Mất tiếng trong giờ phát", "Dead air",
        "Kiểm tra tăng âm, dây tín hiệu và âm lượng; nghe thử tại loa.",
        "Check the amplifier, the signal cable and the volume; listen at a loudspeaker.",
    ),
    "foreign_audio": FaultRule(
        3, 5, CRITICAL, "Có âm thanh lạ trong giờ phát", "Foreign audio on air",
        "Nghe tại loa; nếu không phải chương trình của đài, ngắt tăng âm và báo cấp trên.",
        "Listen at a loudspeaker; if it is not the station's programme, switch the amplifier off and report it.",
    ),
    "noise_on_air": FaultRule(
        5, 5, MAJOR, "Chỉ có nhiễu, mất sóng mang", "Noise only, carrier lost",
        "Kiểm tra máy phát FM, anten và nguồn điện của máy phát.",
        "Check the FM transmitter, its antenna and its power.",
    ),
    "hum_on_air": FaultRule(
        5, 5, MAJOR, "Tiếng ù trong giờ phát", "Hum on air",
        "Kiểm tra giắc cắm, dây tiếp đất và dây tín hiệu.",
        "Check the plugs, the earth and the signal cable.",
    ),
    "sound_when_idle": FaultRule(
        3, 5, CRITICAL, "Có âm thanh ngoài giờ phát", "Sound when nothing is scheduled",
        "Nghe tại loa; ngắt tăng âm nếu không phải tiếng của đài và báo cấp trên.",
        "Listen at a loudspeaker; switch the amplifier off if it is not ours, and report it.",
    ),
    "overlaid_audio": FaultRule(
        3, 5, MAJOR, "Tiếng lạ chồng lên chương trình", "Other audio on top of the programme",
        "Kiểm tra đầu vào của bàn trộn và tăng âm, tần số của bộ thu.",
        "Check the inputs of mixer and amplifier, and the receiver's frequency.",
    ),
    "level_low": FaultRule(
        0, 0, WARNING, "Tiếng nhỏ dần so với bình thường", "Quieter than normal",
        "Kiểm tra âm lượng tăng âm, củ loa, dây loa và bộ thu; nếu đã chủ ý giảm âm lượng: smartradio relearn.",
        "Check the amplifier's volume, the horns, their cable and the receiver; if it was turned down on purpose: "
        "smartradio relearn.",
    ),
    "sound_device": FaultRule(
        0, 2, CRITICAL, "Mất card âm thanh", "Sound device lost",
        "Cắm lại card âm thanh USB; xem tên thiết bị bằng lệnh smartradio devices.",
        "Plug the USB sound card in again; see the device names with: smartradio devices.",
    ),
    "return_device": FaultRule(
        3, 2, MAJOR, "Mất tín hiệu hồi tiếp", "Return signal lost",
        "Kiểm tra dây hồi tiếp hoặc bộ thu; khi thiếu tín hiệu này, giờ phát không được chứng minh.",
        "Check the return cable or receiver; without it airtime is not proven.",
    ),
    "no_return_channel": FaultRule(
        0, 0, WARNING, "Chưa có kênh hồi tiếp", "No return channel",
        "Đặt một kênh có account = true trong cấu hình để giờ phát được đo.",
        "Configure a channel with account = true, so that airtime is measured.",
    ),
    "clock_untrusted": FaultRule(
        0, 0, CRITICAL, "Đồng hồ không tin cậy, lịch không phát", "Clock not trusted, schedule does not play",
        'Nối mạng để lấy giờ (NTP); nếu giờ máy chắc chắn đúng: ghi [clock] trust = "host" rồi khởi động lại.',
        'Connect the network to get the time (NTP); if the clock is right, set [clock] trust = "host", restart.',
    ),
    "clock_moved": FaultRule(
        0, 3_600, WARNING, "Đồng hồ vừa bị chỉnh", "The clock was moved",
        "Kiểm tra nguồn giờ (NTP, RTC). Thời lượng đã ghi không bị ảnh hưởng.",
        "Check the time source (NTP, RTC). Recorded durations are not affected.",
    ),
    "disk_full": FaultRule(
        0, 60, CRITICAL, "Thẻ nhớ đã đầy", "Disk full",
        "Xóa bớt tệp chương trình cũ; dữ liệu giờ phát đang chờ ghi.",
        "Delete old programme files; airtime data is waiting to be written.",
    ),
    "disk_failed": FaultRule(
        0,
        60,
        CRITICAL,
        "Thẻ nhớ không ghi được",
        "Disk cannot be written",
        "Thay thẻ nhớ; dữ liệu giờ phát đang chờ ghi sẽ mất nếu tắt máy.",
        "Replace the card; airtime data that waits to be written is lost if the machine is switched off.",
    ),
    "disk_slow": FaultRule(
        0, 600, WARNING, "Thẻ nhớ ghi chậm", "Disk slow",
        "Thẻ nhớ có thể sắp hỏng; chuẩn bị thẻ thay thế.",
        "The card may be about to fail; have another one ready.",
    ),
    "journal_corrupt": FaultRule(
        0, 7 * DAY_S, CRITICAL, "Tệp nhật ký bị hỏng, đã lập tệp mới", "A journal was damaged and begun anew",
        "Giữ lại tệp hỏng trong thư mục dữ liệu, thay thẻ nhớ.",
        "Keep the damaged file in the state folder, replace the card.",
    ),
    "process_restarted": FaultRule(
        0, 600, WARNING, "Tiến trình vừa khởi động lại", "A process was restarted",
        "Nếu lặp lại nhiều lần, gửi nhật ký hệ thống cho kỹ thuật.",
        "If it happens again and again, send the system log to the technician.",
    ),
    "source_missing": FaultRule(
        0, 0, MAJOR, "Thiếu tệp chương trình", "Programme file missing",
        "Chép tệp vào thư mục chương trình hoặc sửa tên tệp trong lịch.",
        "Copy the file into the media folder, or correct its name in the timetable.",
    ),
    "awaiting_content": FaultRule(
        0, 0, WARNING, "Chờ nội dung: chương trình sắp phát chưa có tệp", "Awaiting content for a programme to come",
        "Thu và chép tệp vào thư mục chương trình trước giờ phát; máy tự nhận tệp.",
        "Record the file and copy it into the media folder before its time; it is taken in by itself.",
    ),
    "source_failed": FaultRule(
        0, 0, MAJOR, "Không đọc được nguồn chương trình", "Programme source failed",
        "Nghe thử tệp hoặc kiểm tra đường truyền của đài tiếp âm.",
        "Try the file, or check the link of the relayed station.",
    ),
    "source_lost": FaultRule(
        3, 0, MAJOR, "Mất sóng, không tiếp được sóng", "Source signal lost",
        "Kiểm tra mạng, địa chỉ của đài tiếp âm, hoặc bộ thu và anten; nguồn dự phòng phát thay nếu đã đặt.",
        "Check the network, the relayed station's address, or the receiver and its aerial; a fallback sounds meanwhile "
        "if there is one.",
    ),
    "uplink_down": FaultRule(
        300, 30, WARNING, "Mất kết nối máy chủ", "Collector not reached",
        "Kiểm tra mạng; số liệu được giữ tại đài và gửi lại khi có mạng.",
        "Check the network; the figures are kept here and sent when it is back.",
    ),
    "uplink_refused": FaultRule(
        0, 0, MAJOR, "Máy chủ không nhận số liệu của đài", "The collector does not take the station's figures",
        "Gọi kỹ thuật: chạy smartradio journal verify; đổi tên tệp ledger.db để giữ lại, rồi khởi động lại: máy lập sổ "
        "mới từ nhật ký.",
        "Call the technician: run smartradio journal verify; keep ledger.db under another name, then restart: a new "
        "ledger is made from the journals.",
    ),
    "alert_refused": FaultRule(
        0, 0, MAJOR, "Có cảnh báo không phát được", "An alert could not be aired",
        "Xem lý do trong tệp .why cạnh cảnh báo (thư mục spool/alerts); phát bằng tay nếu cần, rồi xóa hai tệp đó.",
        "Read why in the .why file beside the alert (folder spool/alerts); air it by hand if needed, delete both.",
    ),
    "playout_down": FaultRule(
        5, 3, CRITICAL, "Bộ phát không chạy", "Playout down",
        "Khởi động lại máy; nếu không hết, gọi kỹ thuật.",
        "Restart the machine; if that does not help, call the technician.",
    ),
    "meter_down": FaultRule(
        5, 3, MAJOR, "Bộ đo không chạy", "Meter down",
        "Khởi động lại máy; giờ phát trong lúc này không được chứng minh.",
        "Restart the machine; meanwhile airtime is not proven.",
    ),
}  # fmt: skip


def rule_for(code: str, rules: Mapping[str, FaultRule]) -> FaultRule:
    """The rule of *code*; one that a newer process states is shown by its bare name rather than lost."""
    return rules.get(code) or FaultRule(0, 0, WARNING, code, code, "", "")


def with_times(times: Mapping[str, tuple[float | None, float | None]]) -> dict[str, FaultRule]:
    """The rules with (raise, clear) seconds of the configuration. Raises KeyError for a code that does not exist."""
    rules = dict(RULES)
    for code, (raise_after_s, clear_after_s) in times.items():
        rule = rules[code]
        rules[code] = replace(
            rule,
            raise_after_s=rule.raise_after_s if raise_after_s is None else raise_after_s,
            clear_after_s=rule.clear_after_s if clear_after_s is None else clear_after_s,
        )
    return rules


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of one condition, and whether its fault is open."""

    code: str
    target: str
    bad: bool
    boot: int
    since_ns: int  # boottime of the last change between bad and good
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None  # the open fault's id


@dataclass(frozen=True, slots=True)
class Change:
    """A fault to book. It was so from boottime *at_ns* on."""

    raised: bool  # else cleared
    watch: Watch  # after the change
    fault: str
    boot: int
    at_ns: int


def told(watch: Watch | None, condition: Condition) -> Watch:
    """The watch after a process spoke. To say the same again changes nothing but the reason, until it is raised."""
    c = condition
    if watch is None:
        return Watch(c.code, c.target, c.bad, c.boot, c.since_ns, c.evidence)
    if watch.bad == c.bad:
        unraised = c.bad and watch.fault is None
        return replace(watch, evidence=c.evidence) if unraised and c.evidence else watch
    return replace(watch, bad=c.bad, boot=c.boot, since_ns=c.since_ns, evidence=c.evidence or watch.evidence)


def judge(watch: Watch, rule: FaultRule, boot: int, at_ns: int) -> tuple[Watch, Change | None]:
    """Raise or clear if it has been so for long enough at boottime *at_ns* of *boot*."""
    is_open = watch.fault is not None
    if watch.bad == is_open or not _lasted(watch, boot, at_ns, rule):
        return watch, None
    fault = watch.fault or f"{watch.code}/{watch.target}/{watch.boot}-{watch.since_ns}"
    changed = replace(watch, fault=fault if watch.bad else None)
    return changed, Change(watch.bad, changed, fault, watch.boot, watch.since_ns)


def _lasted(watch: Watch, boot: int, at_ns: int, rule: FaultRule) -> bool:
    """Across boots only the later one's time is counted: how long the box was off is not known for sure."""
    elapsed_ns = at_ns - watch.since_ns if boot == watch.boot else at_ns
    return elapsed_ns >= (rule.raise_after_s if watch.bad else rule.clear_after_s) * NS_PER_S


def conditions_of(fact: PlayoutFact, source_of: Callable[[str], str]) -> list[Condition]:
    """What a playout fact says about faults. *source_of* names the source of an occurrence."""
    if fact.kind is Fact.BOOTED and fact.detail.get("predecessor_died", False):
        return _momentary("process_restarted", "playout", fact)
    if fact.kind is Fact.CLOCK_MOVED:
        return _momentary("clock_moved", "station", fact)
    if fact.kind is Fact.SLOW_DISK:
        return _momentary("disk_slow", "playout", fact)
    return _of_source(fact, source_of)


def _momentary(code: str, target: str, fact: PlayoutFact) -> list[Condition]:
    at = fact.at
    bad = Condition(code, target, True, at.boot, at.boottime_ns, fact.detail)
    return [bad, replace(bad, bad=False)]


def _of_source(fact: PlayoutFact, source_of: Callable[[str], str]) -> list[Condition]:
    """A source is bad when it was missed or broke, and good again when something played from it."""
    if fact.occurrence_id is None or fact.kind not in (Fact.MISSED, Fact.ENDED, Fact.BEGAN):
        return []
    source, at = source_of(fact.occurrence_id), fact.at
    bad = fact.kind is not Fact.BEGAN
    codes = [code for code in OF_A_SOURCE if not bad or code == fact.detail["cause"]]
    evidence = {"occurrence": fact.occurrence_id}
    return [Condition(code, source, bad, at.boot, at.boottime_ns, evidence) for code in codes]


def alive_conditions(alive: Mapping[str, bool], now: Reading) -> list[Condition]:
    """``playout_down`` and ``meter_down`` from the age of the live files."""
    return [Condition(f"{name}_down", "station", not lives, now.boot, now.boottime_ns) for name, lives in alive.items()]
