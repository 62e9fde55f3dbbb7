"""A card that is slow, or full, in mid-programme: the sound does not notice, and the records say what happened."""

import pytest

from firmware_py.demo.rig import RigSettings
from telemetry.facts import Fact
from tests.station.station import Broadcast
from tests.support.journals import booked_as_heard, facts, is_as_long, played
from tests.support.preload import Card

SLOW_SYNC_MS = 2_000
START_ERROR_MS = 20
FALSE_ALARMS = {"playout_down", "meter_down", "sound_when_idle", "dead_air", "sound_device", "return_device"}


@pytest.fixture
def station_on_a_card(station, tmp_path):
    """(station, the memory card of its state_dir)."""
    card = Card(tmp_path / "card", tmp_path / "station-0" / "state")
    settings = RigSettings(console_port=0, faults={"disk_full": (0, 2)})
    return station(settings, card.environment), card


def sounded_as_planned(day, title, seconds):
    account = day.wait_account(title, 90)
    (began,), (ended,) = played(day, title)
    assert abs(began["sink_ns"] - began["wanted_ns"]) < START_ERROR_MS * 1e6
    assert is_as_long(day, ended["frames"], seconds)
    assert abs(account["start_error_ms"]) < START_ERROR_MS
    assert booked_as_heard(account)


def every_process_lived_on(day):
    return all(child.starts == 1 for child in day.rig.supervisor.children.values())


def test_a_card_that_takes_two_seconds_for_each_sync_delays_no_sound_and_is_named(station_on_a_card):
    day, card = station_on_a_card
    day.file("a.wav", 8, 3)
    day.file("b.wav", 5, 4)
    day.start()
    card.slow(SLOW_SYNC_MS)
    day.plan(Broadcast("Bản tin", "a.wav", 8, 8), Broadcast("Nhạc", "b.wav", 17, 5))
    day.wait_on_air("Nhạc", 60)
    sounded_as_planned(day, "Bản tin", 8)
    sounded_as_planned(day, "Nhạc", 5)
    assert facts(day, Fact.SLOW_DISK)[0].detail["ms"] >= SLOW_SYNC_MS
    assert "disk_slow" in day.faults()
    assert not day.faults() & FALSE_ALARMS
    assert every_process_lived_on(day)


def test_a_full_card_stops_no_programme_and_what_happened_meanwhile_is_booked_when_there_is_room(station_on_a_card):
    day, card = station_on_a_card
    for name, seconds, seed in (("a.wav", 12, 3), ("b.wav", 5, 4)):
        day.file(name, seconds, seed)
    day.start()
    day.plan(Broadcast("Bản tin", "a.wav", 4, 12), Broadcast("Nhạc", "b.wav", 18, 5))
    day.wait_on_air("Bản tin")
    day.watch_for(3)
    card.fill()
    day.wait_fault("disk_full", 20)
    day.wait_on_air("Nhạc", 40)
    day.wait_for(lambda: day.on_air() is None, 20, "the end of Nhạc")
    card.free()

    for title, seconds in (("Bản tin", 12), ("Nhạc", 5)):
        sounded_as_planned(day, title, seconds)
    assert not day.faults() & FALSE_ALARMS
    assert every_process_lived_on(day)
    day.wait_for(
        lambda: sum(e["code"] == "disk_full" and e["change"] == "cleared" for e in day.entries("fault")),
        90,
        "the fault is over",
    )
    seq = day.wait_acknowledged(60)
    figure = day.airtime()
    assert (figure["totals"], figure["totals"]["planned_ms"]) == (day.collector_totals(seq), 17_000)
    assert day.rig.smartradio("journal", "verify").returncode == 0
