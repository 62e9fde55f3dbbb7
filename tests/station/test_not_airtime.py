"""Not airtime: what sounds while a programme plays, and is not it, is never counted as on air.

The truth is what the test itself did to the sink, and when (boottime before and after each act); the account of the
programme has to agree with it within 0.3 s, and still add up.
"""

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from audio.library import ingest
from firmware_py.clocks import boottime_ns
from firmware_py.demo.rig import RigSettings
from scheduler.clock import STATION_TZ
from tests.station.station import Broadcast, adds_up, make_sound

WITHOUT_CONSOLE = RigSettings(processes=("playout", "meter", "ledger"))
TODAY = (
    "Mời bà con nghe bản tin. Hợp tác xã bắt đầu lấy nước đổ ải cho vụ đông xuân, mời các hộ ra đồng đắp bờ, giữ nước. "
    "Trạm y tế xã tiêm chủng cho trẻ em dưới hai tuổi vào sáng thứ năm, bà con nhớ mang theo sổ tiêm chủng."
)
YESTERDAY = (
    "Ủy ban nhân dân xã thông báo lịch cắt điện để sửa chữa đường dây từ bảy giờ đến mười một giờ. "
    "Đề nghị các hộ chăn nuôi che chắn chuồng trại, phòng chống rét cho trâu bò trong những ngày tới."
)
# As long as any programme here: one that repeats itself may be its own replay.
LONG = TODAY + (
    " Hội khuyến học xã phát thưởng cho học sinh giỏi vào chiều chủ nhật tại nhà văn hóa. "
    "Ban công an xã nhắc nhở bà con khóa cửa, trông coi xe máy khi đi chợ phiên cuối năm. "
    "Đội bóng chuyền thôn Đông tập luyện mỗi buổi tối, mời thanh niên trong thôn tham gia. "
    "Hợp tác xã nhận đăng ký giống lúa mới đến hết tuần, mỗi hộ không quá năm mươi cân."
)
SAME_VOICE, OTHER_VOICE = 3, 4
TOLERANCE_MS = 300


@dataclass
class Sink:
    """The station's sink in the hands of someone who does not mean well, and what he did when."""

    day: object
    starts: dict[str, datetime]

    def at(self, title: str, second: float) -> None:
        """Wait until *title* has run for so long by the plan."""
        left = second - (datetime.now(STATION_TZ) - self.starts[title]).total_seconds()
        assert left > -0.5, f"{title} is {-left:.1f} s beyond second {second}: the test is late"
        self.day.watch_for(max(0.0, left))

    @contextmanager
    def our_stream_muted(self):
        """Yields (a list that will hold) its length in ms.

        After an underrun the stream is another one: the server is told to remember the mute by the program's name.
        """
        self.day.sound.pactl("load-module", "module-stream-restore", "restore_device=false")
        with self._lasting(self._mute_streams) as length:
            yield length

    def _mute_streams(self, muted: int) -> None:
        streams = self.day.sound.streams_on("air1")
        assert len(streams) == 1, "our own stream and no other"
        self.day.sound.pactl("set-sink-input-mute", streams[0], str(muted))

    @contextmanager
    def muted(self):
        with self._lasting(lambda muted: self.day.sound.mute("air1", bool(muted))) as length:
            yield length

    @contextmanager
    def voice(self, path):
        """Another voice on the sink, as long as the block lasts."""
        speaker = self.day.sound.play_into("air1", path)
        try:
            yield
        finally:
            speaker.kill()
            speaker.wait()

    @contextmanager
    def _lasting(self, switch):
        lengths = []
        on_ns = _boottime_of(lambda: switch(1))
        yield lengths
        lengths.append((_boottime_of(lambda: switch(0)) - on_ns) // 1_000_000)


def _boottime_of(act) -> int:
    """The middle of an act that must not take long: truth is known no better."""
    before_ns = boottime_ns()
    act()
    after_ns = boottime_ns()
    assert after_ns - before_ns < 2 * TOLERANCE_MS * 1_000_000, "pactl took too long to know the truth"
    return (before_ns + after_ns) // 2


def test_another_voice_is_not_airtime_unless_the_programme_is_heard_beneath_it(station, tmp_path):
    day = station(WITHOUT_CONSOLE)
    other = tmp_path / "other.wav"
    make_sound(other, 20, OTHER_VOICE, YESTERDAY)
    other = day.levelled(other)
    day.file("tin.wav", 29, SAME_VOICE, LONG)
    day.start()
    sink = Sink(day, day.plan(Broadcast("Bản tin", "tin.wav", 4, 29)))
    sink.at("Bản tin", 5)
    with sink.our_stream_muted() as replaced, sink.voice(other):
        day.wait_fault("foreign_audio", 8)
        sink.at("Bản tin", 12)
    sink.at("Bản tin", 16)
    assert day.heard() == "on_air"
    mixed_from = time.monotonic()
    with sink.voice(other):
        sink.at("Bản tin", 26)
    mixed_ms = 1_000 * (time.monotonic() - mixed_from)

    account = day.wait_account("Bản tin")
    assert adds_up(account)
    assert abs(account["on_air_ms"] - (29_000 - replaced[0])) <= TOLERANCE_MS, account
    assert account["not_on_air"]["foreign"] >= replaced[0] - 1_000, account  # the voice needs a moment to begin
    assert 0.6 * mixed_ms <= account["overlaid_ms"] <= mixed_ms + 1_000, account
    assert account["unobserved_ms"] == 0
    assert {"foreign_audio", "overlaid_audio"} <= day.faults()
    assert "sound_when_idle" not in day.faults()


def test_a_mute_is_not_hidden_by_a_pause_of_the_programme(station):
    day = station(WITHOUT_CONSOLE)
    path = day.rig.media_dir / "tin.wav"
    make_sound(path, 24, SAME_VOICE, LONG, pause_at=[(3, 7), (11, 14)])
    ingest(path, day.rig.state_dir / "library")
    day.start()
    sink = Sink(day, day.plan(Broadcast("Bản tin", "tin.wav", 4, 24)))
    sink.at("Bản tin", 4)
    with sink.muted():  # within the pause: nothing was to be heard, and nothing is missing
        sink.at("Bản tin", 6)
    sink.at("Bản tin", 12)
    with sink.muted() as muted:  # from within the pause, and longer than it
        sink.at("Bản tin", 22)

    account = day.wait_account("Bản tin")
    assert adds_up(account)
    # Within the pause (11 … 14 s) nobody can tell when the mute began: it is not on air after it, and was before it.
    least_ms, most_ms = muted[0] - 2_000, muted[0] + 1_000
    assert least_ms - TOLERANCE_MS <= account["not_on_air"]["dead_air"] <= most_ms + TOLERANCE_MS, account
    assert 24_000 - most_ms - TOLERANCE_MS <= account["on_air_ms"] <= 24_000 - least_ms + TOLERANCE_MS, account
    assert "dead_air" in day.faults()
    assert "foreign_audio" not in day.faults()


def test_yesterdays_bulletin_and_the_same_programme_late_are_not_airtime(station, tmp_path):
    day = station(WITHOUT_CONSOLE)
    yesterday = tmp_path / "yesterday.wav"
    make_sound(yesterday, 20, SAME_VOICE, YESTERDAY)
    day.file("tin.wav", 14, SAME_VOICE, TODAY)
    late = day.file("muon.wav", 20, SAME_VOICE, LONG)
    day.start()
    sink = Sink(day, day.plan(Broadcast("Bản tin", "tin.wav", 4, 14), Broadcast("Phát muộn", "muon.wav", 20, 20)))
    sink.at("Bản tin", -1)
    with sink.our_stream_muted():
        with sink.voice(yesterday):
            sink.at("Bản tin", 15)
        sink.at("Phát muộn", 16)
        with sink.voice(late):
            sink.at("Phát muộn", 21)
            day.wait_fault("sound_when_idle", 8)
            sink.at("Phát muộn", 30)

    for title, planned_ms in (("Bản tin", 14_000), ("Phát muộn", 20_000)):
        account = day.wait_account(title)
        assert adds_up(account)
        assert account["planned_ms"] == planned_ms
        assert abs(account["played_ms"] - planned_ms) <= 100  # so says the player
        assert account["on_air_ms"] == 0, account
    assert day.accounts()["Bản tin"]["not_on_air"]["foreign"] >= 11_000
    assert day.accounts()["Phát muộn"]["not_on_air"]["dead_air"] >= 11_000
    assert {"foreign_audio", "dead_air", "sound_when_idle"} <= day.faults()
    day.wait_for(lambda: day.entries("unplanned"), 30, "the late programme is booked as unplanned")
    stretches = day.entries("unplanned")
    assert sum(s["own_ms"] for s in stretches) == 0
    assert 8_000 <= sum(s["foreign_ms"] for s in stretches) <= 11_500, stretches
