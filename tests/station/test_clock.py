"""The wall clock is set while the station plays, under all four processes: no duration changes, nothing plays twice."""

from datetime import datetime, timedelta

import pytest

from firmware_py.demo.rig import RigSettings
from scheduler.clock import STATION_TZ
from telemetry.facts import Fact
from tests.station.station import RATE_HZ, Broadcast, adds_up
from tests.support.journals import (
    EDGES_MS,
    HEARD_INSTEAD,
    booked_as_heard,
    facts,
    is_as_long,
    jumped_ms,
    played,
    wall_of,
)
from tests.support.preload import WallClock

MORNING = datetime(2026, 12, 10, 9, 0, tzinfo=STATION_TZ)  # a year before it no release of ours was made
HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
START_ERROR_MS = 20


@pytest.fixture
def timed_station(station, tmp_path):
    """(station, its wall clock), the clock showing *shows*."""

    def make(shows):
        wall = WallClock(tmp_path / "clock", shows)
        day = station(RigSettings(console_port=0), wall.environment)
        day.now = wall.now
        return day, wall

    return make


def clock_steps(day):
    """The steps that playout booked, in whole seconds."""
    moved = [fact.detail for fact in facts(day, Fact.CLOCK_MOVED)]
    return [round((d["to_wall_ns"] - d["from_wall_ns"]) / 1e9) for d in moved]


def was_played_once_and_whole(day, title, seconds, revision=0):
    (began,), (ended,) = played(day, title)
    assert began["offset_ms"] == 0
    assert abs(began["sink_ns"] - began["wanted_ns"]) < START_ERROR_MS * 1e6
    assert ended["cause"] == "planned_end"
    assert is_as_long(day, ended["frames"], seconds)
    account = day.wait_account(title, 60, revision)
    assert account["revision"] == revision
    assert (account["planned_ms"], account["played_ms"]) == (seconds * 1_000, ended["frames"] // 48)
    assert booked_as_heard(account)
    return account


@pytest.mark.parametrize("step", [HOUR, -HOUR, YEAR, -YEAR], ids=["hour-on", "hour-back", "year-on", "year-back"])
def test_a_clock_that_is_set_in_mid_programme_and_set_right_again_changes_no_duration(timed_station, step):
    day, wall = timed_station(MORNING)
    for name, seconds, seed in (("a.wav", 9, 3), ("b.wav", 4, 4), ("c.wav", 4, 5), ("d.wav", 5, 6)):
        day.file(name, seconds, seed)
    day.start()
    starts = day.plan(
        Broadcast("Đang phát", "a.wav", 4, 9),
        Broadcast("Bị nhảy qua", "d.wav", 1_800, 5),
        Broadcast("Sau khi chỉnh đúng", "c.wav", 22, 4),
        Broadcast("Theo giờ mới", "b.wav", 15 + round(step.total_seconds()), 4),
    )
    day.wait_on_air("Đang phát")
    day.watch_for(3)
    wall.step(step)
    day.wait_for(lambda: wall.now() >= starts["Đang phát"] + step + timedelta(seconds=16), 40, "the new clock's plan")
    wall.step(-step)
    day.wait_on_air("Sau khi chỉnh đúng")
    skipped_once = int(
        step > timedelta(0)
    )  # it was over by the new clock: closed too early, and again when it was over
    day.wait_account("Sau khi chỉnh đúng", 60, skipped_once)

    assert clock_steps(day) == [step.total_seconds(), -step.total_seconds()]
    assert len(day.entries("clock")) == 2
    assert "clock_moved" in day.faults()
    assert was_played_once_and_whole(day, "Đang phát", 9)["clock_moved"]
    assert not was_played_once_and_whole(day, "Sau khi chỉnh đúng", 4, skipped_once)["clock_moved"]
    trusted = step != -YEAR
    assert ("clock_untrusted" in day.faults()) is not trusted
    if trusted:
        was_played_once_and_whole(day, "Theo giờ mới", 4)
    began_skipped, _ = played(day, "Bị nhảy qua")
    assert began_skipped == []
    assert day.entries("unplanned") == []
    assert day.rig.smartradio("journal", "verify").returncode == 0
    if step == -HOUR:
        nothing_is_played_again_when_its_time_comes_once_more(day, wall, starts["Sau khi chỉnh đúng"])


def nothing_is_played_again_when_its_time_comes_once_more(day, wall, starts_at):
    booked = len(day.entries("airtime"))
    wall.set(starts_at - timedelta(seconds=4))
    day.wait_for(lambda: len(clock_steps(day)) == 3, 5, "the step is booked")
    day.wait_for(lambda: wall.now() > starts_at + timedelta(seconds=6), 20, "its time has passed again")
    began, ended = played(day, "Sau khi chỉnh đúng")
    assert (len(began), len(ended)) == (1, 1)
    assert len(day.entries("airtime")) == booked


def test_nothing_scheduled_plays_by_a_clock_that_nobody_trusts_and_then_the_programme_due_is_joined(timed_station):
    day, wall = timed_station(datetime(2020, 1, 1, 0, 0, tzinfo=STATION_TZ))
    day.file("a.wav", 18, 3)
    starts = day.plan(Broadcast("Thời sự", "a.wav", 0, 18), now=MORNING)
    day.start()
    day.wait_fault("clock_untrusted", 15)
    day.watch_for(3)
    assert day.on_air() is None
    assert played(day, "Thời sự") == ([], [])

    wall.set(starts["Thời sự"] + timedelta(seconds=8))
    day.wait_on_air("Thời sự", 5)
    account = day.wait_account("Thời sự", 60)
    (began,), (ended,) = played(day, "Thời sự")
    joined_at = wall_of(day, began["sink_ns"]) - starts["Thời sự"]
    assert abs(joined_at - timedelta(milliseconds=began["offset_ms"])) < timedelta(milliseconds=START_ERROR_MS)
    assert 8_000 <= began["offset_ms"] < 11_000
    assert abs(began["offset_ms"] * 48 + ended["frames"] - 18 * RATE_HZ) < (START_ERROR_MS + jumped_ms(day)) * 48
    assert adds_up(account)
    heard_ms = account["on_air_ms"] + sum(account["causes"].get(cause, 0) for cause in HEARD_INSTEAD)
    assert abs(heard_ms - (18_000 - began["offset_ms"])) < EDGES_MS
    assert 3_000 <= account["not_on_air"]["clock_untrusted"] <= began["offset_ms"]
    assert "clock_untrusted" not in day.open_faults()
