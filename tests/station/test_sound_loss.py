"""Sound lost in mid-programme: the server dies, the sink goes, the return goes. Seen, booked, and over by itself.

An independent recording of the sink says when sound was really back, and that it went on at its right place.
"""

import time
import wave
from pathlib import Path

import numpy as np
import pytest

from audio.format import RATE_HZ
from audio.library import ingest
from firmware_py.demo.rig import RigSettings
from firmware_py.demo.soundserver import MonitorRecorder
from tests.station.station import Broadcast, adds_up, make_sound
from tests.support.journals import HEARD_INSTEAD

PROCESSES = ("playout", "meter", "ledger")
SEEN_WITHIN_S = 5.0
BACK_WITHIN_S = 3.0  # of the device: it is tried again every 2 s at most
TOLERANCE_MS = 300
LOUD = 0.002  # of full scale
NS_PER_MS = 1_000_000
SPEECH = (
    "Mời bà con nghe bản tin. Hợp tác xã bắt đầu lấy nước đổ ải cho vụ đông xuân, mời các hộ ra đồng đắp bờ, giữ nước. "
    "Trạm y tế xã tiêm chủng cho trẻ em dưới hai tuổi vào sáng thứ năm, bà con nhớ mang theo sổ tiêm chủng. "
    "Ủy ban nhân dân xã thông báo lịch cắt điện để sửa chữa đường dây từ bảy giờ đến mười một giờ. "
    "Đề nghị các hộ chăn nuôi che chắn chuồng trại, phòng chống rét cho trâu bò trong những ngày tới."
)


def speech_in_a_room(day, name: str, seconds: int) -> Path:
    """A bulletin that is never quite silent, so that a recording shows to the millisecond when it is there."""
    path = day.rig.media_dir / name
    make_sound(path, seconds, 3, SPEECH)
    with wave.open(str(path)) as file:
        parameters, voice = file.getparams(), np.frombuffer(file.readframes(file.getnframes()), "<i2")
    room = np.random.default_rng(7).normal(0, 300, len(voice))
    with wave.open(str(path), "wb") as file:
        file.setparams(parameters)
        file.writeframes((voice + room).astype("<i2").tobytes())
    ingest(path, day.rig.state_dir / "library")
    return path


class Heard:
    """What the sink carried, by an independent recording on CLOCK_MONOTONIC."""

    def __init__(self, recorder: MonitorRecorder) -> None:
        pcm, marks = recorder.finish()
        self.samples = np.frombuffer(pcm, "<i2") / 32_768
        frames, at_ns = np.array(marks, dtype=np.int64).T
        self._zero_ns = float(np.min(at_ns - frames * 1e9 / RATE_HZ))

    @property
    def first_loud_frame(self) -> int:
        return int(np.argmax(np.abs(self.samples) > LOUD))

    def monotonic_ns(self, frame: int) -> int:
        return round(self._zero_ns + frame * 1e9 / RATE_HZ)

    def place_in(self, path: Path, frame: int) -> float:
        """Second of the file at *path* that the sink carried at *frame*; a second of sound is compared."""
        with wave.open(str(path)) as file:
            whole = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_768
        part = self.samples[frame : frame + RATE_HZ]
        size = len(whole) + len(part)
        likeness = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)), size)
        return int(np.argmax(likeness[: len(whole)])) / RATE_HZ


def kill_server(day) -> None:
    day.sound.kill()


def start_server(day) -> None:
    day.sound.start()


def unload_sink(day) -> None:
    """The sound server moves our output and our return, in silence, to the other sink and its monitor."""
    day.sound.unload_sink("air1")


def reload_sink(day) -> None:
    day.sound.reload_sink("air1")


def move_output(day) -> None:
    """Only the output is taken away, while its own sink stands: it must come back to it."""
    assert day.sound.move_streams("air1", "air2") == 1


def nothing(day) -> None:
    """Its own sink is there all along."""


@pytest.mark.parametrize(
    ("lose", "restore", "lost_s"),
    [(kill_server, start_server, 6.0), (unload_sink, reload_sink, 6.0), (move_output, nothing, 0.0)],
)
def test_lost_sound_is_seen_booked_and_back_by_itself_at_its_right_place(station, lose, restore, lost_s):
    day = station(RigSettings(processes=PROCESSES))
    lasts_s = round(lost_s) + 14
    path = speech_in_a_room(day, "tin.wav", lasts_s)
    day.start()
    starts = day.plan(Broadcast("Bản tin", "tin.wav", 4, lasts_s))
    day.wait_on_air("Bản tin")
    day.watch_for(5)
    lost_ns = time.monotonic_ns()
    lose(day)
    if lost_s:
        day.wait_fault("sound_device", SEEN_WITHIN_S)
        day.watch_for(lost_s - (time.monotonic_ns() - lost_ns) / 1e9)
        assert "sound_device" in day.open_faults()
    restored_ns = time.monotonic_ns()
    restore(day)
    recorder = MonitorRecorder(day.sound, "air1")
    day.wait_fault("sound_device", SEEN_WITHIN_S)
    day.watch_for(7)
    heard = Heard(recorder)

    back_ns = heard.monotonic_ns(heard.first_loud_frame)
    assert back_ns - restored_ns < BACK_WITHIN_S * 1e9
    began_ns = day.began_ns("Bản tin")
    later = heard.first_loud_frame + 2 * RATE_HZ
    assert heard.place_in(path, later) == pytest.approx((heard.monotonic_ns(later) - began_ns) / 1e9, abs=0.05)

    account = day.wait_account("Bản tin")
    gap_ms = (back_ns - lost_ns) / NS_PER_MS
    assert adds_up(account)
    assert abs(account["not_on_air_ms"] - gap_ms) <= TOLERANCE_MS, (gap_ms, account)
    assert max(account["not_on_air"], key=account["not_on_air"].get) == "device_lost"
    assert not set(account["not_on_air"]) - {"device_lost", "ended_early"} - HEARD_INSTEAD, account
    assert account["unobserved_ms"] <= 3_000, account  # the return had to be found again
    day.wait_for(lambda: "sound_device" not in day.open_faults(), 10, "the fault is cleared")
    seq = day.wait_acknowledged()
    assert day.airtime()["totals"] == day.collector_totals(seq)
    assert starts.keys() == day.accounts().keys()


def test_a_lost_return_is_unobserved_and_heard_again_by_itself(station):
    """The return comes over a device of its own that listens to air1: losing it takes nothing off the air."""
    day = station(RigSettings(channels=(("return", "mon2", True),), processes=PROCESSES))
    day.sound.unload_sink("air2")
    ear = ("load-module", "module-remap-source", "source_name=air2.monitor", "master=air1.monitor", "channels=1")
    plugged = day.sound.pactl(*ear).strip()
    speech_in_a_room(day, "tin.wav", 26)
    day.start()
    day.plan(Broadcast("Bản tin", "tin.wav", 4, 26))
    day.wait_on_air("Bản tin")
    day.watch_for(6)
    assert day.heard() == "on_air"
    lost_ns = time.monotonic_ns()
    day.sound.pactl("unload-module", plugged)
    day.wait_fault("return_device", SEEN_WITHIN_S)
    day.watch_for(7 - (time.monotonic_ns() - lost_ns) / 1e9)
    assert day.heard() == "unobserved"
    day.sound.pactl(*ear)
    restored_ns = time.monotonic_ns()
    day.wait_heard("on_air", 8)

    account = day.wait_account("Bản tin")
    assert adds_up(account)
    assert account["not_on_air_ms"] <= 100, account  # the sound itself was never away
    assert (restored_ns - lost_ns) / NS_PER_MS - TOLERANCE_MS <= account["unobserved_ms"] <= 11_000, account
    assert account["unobserved"]["return_lost"] >= 6_500
    assert "return_device" in day.faults()
    assert not {"sound_device", "dead_air"} & day.faults()
    day.wait_for(lambda: "return_device" not in day.open_faults(), 10, "the fault is cleared")
    seq = day.wait_acknowledged()
    assert day.airtime()["totals"] == day.collector_totals(seq)
