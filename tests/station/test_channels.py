"""Several return channels: each has its own account, and one of them is the station's."""

import subprocess
import time
from contextlib import contextmanager

from audio.measure import measure
from firmware_py.clocks import boottime_ns
from firmware_py.demo.rig import RigSettings
from firmware_py.demo.soundserver import MonitorRecorder
from scheduler.clock import NS_PER_S
from tests.station.station import RATE_HZ, Broadcast, adds_up, wave_of

TWO_CHANNELS = RigSettings(
    processes=("playout", "meter", "ledger"),
    channels=(("duong-day", "mon1", True), ("cum-loa", "mon2", False)),
)
LASTS_S, LOUDSPEAKERS_OFF_S = 26, 6
SAME_AS_MEASURED_MS = 20
HEAD_NS = 100_000_000  # a recorder's marks are late by some milliseconds: none of the programme's head is cut off
TEXT = (
    "Mời bà con nghe bản tin. Hợp tác xã bắt đầu lấy nước đổ ải cho vụ đông xuân, mời các hộ ra đồng đắp bờ, giữ nước. "
    "Trạm y tế xã tiêm chủng cho trẻ em dưới hai tuổi vào sáng thứ năm, bà con nhớ mang theo sổ tiêm chủng. "
    "Ban công an xã nhắc nhở bà con khóa cửa, trông coi xe máy khi đi chợ phiên cuối năm. "
    "Hợp tác xã nhận đăng ký giống lúa mới đến hết tuần, mỗi hộ không quá năm mươi cân."
)


@contextmanager
def carried_on(sound, source, sink):
    """Whatever *source* carries is heard on *sink* a little later, as from an amplifier and its loudspeakers.

    Which do not stutter: with a shorter queue a busy computer loses and repeats some milliseconds every few seconds,
    and what lies between two such jumps is not the same for two ears.
    """
    form = ("--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=250")
    ear = sound.client("parec", f"--device={source}.monitor", *form, stdout=subprocess.PIPE)
    mouth = sound.client("pacat", f"--device={sink}", *form, stdin=ear.stdout.fileno())
    ear.stdout.close()
    try:
        yield
    finally:
        for process in (mouth, ear):
            process.kill()
            process.wait()


def measured_by_an_ear_of_its_own(recorder, programme, folder, from_ns):
    """What `measure` finds on air in the recording of the sink from an instant on, in ms."""
    pcm, marks = recorder.finish()
    skew_ns = boottime_ns() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    zero_ns = min(ns - frames * NS_PER_S // RATE_HZ for frames, ns in marks) + skew_ns
    first = max(0, (from_ns - HEAD_NS - zero_ns) * RATE_HZ // NS_PER_S)
    return measure(programme, wave_of(folder / "heard.wav", pcm[2 * first :])).on_air_ms


def test_the_account_is_one_channels_and_another_is_coverage(station, tmp_path):
    day = station(TWO_CHANNELS)
    programme = day.file("tin.wav", LASTS_S, 3, TEXT)
    day.start()
    line, loudspeakers = (MonitorRecorder(day.sound, sink) for sink in ("air1", "air2"))
    with carried_on(day.sound, "air1", "air2"):
        day.plan(Broadcast("Bản tin", "tin.wav", 4, LASTS_S))
        day.wait_on_air("Bản tin")
        day.watch_for(6)
        day.sound.mute("air1")  # the station's own sound is gone: no channel can hear it
        day.wait_heard("silence")
        day.watch_for(2)
        day.sound.mute("air1", muted=False)
        day.wait_heard("on_air")
        day.watch_for(2)
        day.sound.mute("air2")  # the loudspeakers alone
        day.watch_for(LOUDSPEAKERS_OFF_S)
        day.sound.mute("air2", muted=False)
        day.wait_for(lambda: day.on_air() is None, 20, "the end of the programme")
        day.watch_for(1)

    account = day.wait_account("Bản tin")
    assert adds_up(account)
    coverage = account["coverage"]["cum-loa"]
    assert sum(coverage.values()) == account["planned_ms"]
    assert account["unobserved_ms"] == coverage["unobserved_ms"] == 0
    assert account["on_air_ms"] - coverage["on_air_ms"] >= 1_000 * LOUDSPEAKERS_OFF_S - SAME_AS_MEASURED_MS, account
    for recorder, booked_ms in ((line, account["on_air_ms"]), (loudspeakers, coverage["on_air_ms"])):
        measured_ms = measured_by_an_ear_of_its_own(recorder, programme, tmp_path, day.began_ns("Bản tin"))
        assert abs(measured_ms - booked_ms) <= SAME_AS_MEASURED_MS, (measured_ms, booked_ms, account)
