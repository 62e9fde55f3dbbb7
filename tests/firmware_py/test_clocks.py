"""Who vouches for the wall clock, and which boot this is."""

import pytest

from firmware_py.clocks import BOOT_ID_VARIABLE, RELEASED_NS, StationClock, boot_ordinal
from scheduler.clock import ClockQuality

HOUR_NS = 3_600 * 10**9


def quality(wall_ns, *, trust="auto", newest_ns=0, synchronised=False, rtc=False, monkeypatch):
    monkeypatch.setattr("firmware_py.clocks.time.time_ns", lambda: wall_ns)
    monkeypatch.setattr("firmware_py.clocks.has_hardware_clock", lambda: rtc)
    return StationClock(1, trust, newest_ns, lambda: synchronised).read().quality


@pytest.mark.parametrize(
    ("wall_ns", "given", "expected"),
    [
        (0, {"trust": "host"}, ClockQuality.NONE),
        (RELEASED_NS - 1, {"synchronised": True}, ClockQuality.NONE),
        (RELEASED_NS + HOUR_NS, {}, ClockQuality.SAVED),
        (RELEASED_NS + HOUR_NS, {"rtc": True}, ClockQuality.RTC),
        (RELEASED_NS + HOUR_NS, {"newest_ns": RELEASED_NS + 2 * HOUR_NS}, ClockQuality.NONE),
        (RELEASED_NS + HOUR_NS, {"newest_ns": RELEASED_NS + 2 * HOUR_NS, "synchronised": True}, ClockQuality.NTP),
        (RELEASED_NS + HOUR_NS, {"newest_ns": RELEASED_NS + 2 * HOUR_NS, "trust": "host"}, ClockQuality.OPERATOR),
    ],
)
def test_a_clock_is_believed_by_who_vouches_for_it(wall_ns, given, expected, monkeypatch):
    assert quality(wall_ns, monkeypatch=monkeypatch, **given) is expected


def test_boots_are_counted_once_each_and_in_order(tmp_path, monkeypatch):
    counted = []
    for boot_id in ("aaa", "aaa", "bbb", "aaa", "ccc", "bbb"):
        monkeypatch.setenv(BOOT_ID_VARIABLE, boot_id)
        counted.append(boot_ordinal(tmp_path))
    assert counted == [1, 1, 2, 1, 3, 2]


def test_a_damaged_count_of_boots_still_counts(tmp_path, monkeypatch):
    (tmp_path / "boots").write_bytes(b"aaa\nb\xc3b\n")
    for boot_id, ordinal in (("aaa", 1), ("bbb", 3), ("bbb", 3)):
        monkeypatch.setenv(BOOT_ID_VARIABLE, boot_id)
        assert boot_ordinal(tmp_path) == ordinal
