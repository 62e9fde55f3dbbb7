"""A relay on a whole station: its stream dies in mid-programme, the fallback is heard, and the relay comes back."""

import subprocess
from contextlib import contextmanager

import pytest

from firmware_py.demo.rig import RigSettings
from scheduler.occurrence import Kind
from telemetry.facts import Fact
from telemetry.readers import PlayoutReader
from tests.station.station import Broadcast, adds_up, make_sound
from tests.support.icecast import PASSWORD, Icecast

TITLE = "Tiếp âm Thời sự"
RELAY = """
[relay]
back_after_s = 3
[relay.vov1]
links = ["{url}", "file:cho.wav"]
"""


@pytest.fixture
def icecast(tmp_path):
    with Icecast(tmp_path) as server:
        yield server


@contextmanager
def sent(server, path):
    """Send a file to the server at the pace of sound."""
    target = f"icecast://source:{PASSWORD}@127.0.0.1:{server.port}/vov1"
    mp3 = ("-c:a", "libmp3lame", "-b:a", "128k", "-content_type", "audio/mpeg", "-f", "mp3")
    encoder = subprocess.Popen(["ffmpeg", "-nostdin", "-v", "error", "-re", "-i", str(path), *mp3, target])
    try:
        server.wait_until_up("vov1")
        yield
    finally:
        encoder.kill()
        encoder.wait()


def test_a_relay_that_dies_is_replaced_heard_booked_and_back(station, icecast, tmp_path):
    make_sound(tmp_path / "vov.wav", 60, seed=5)
    day = station(RigSettings(processes=("playout", "meter", "ledger"), faults={"source_lost": (0.0, 0.0)}))
    with day.rig.config_path.open("a", encoding="utf-8") as file:
        file.write(RELAY.format(url=icecast.url("vov1")))
    day.file("cho.wav", 8, seed=6)
    with sent(icecast, tmp_path / "vov.wav"):
        day.start()
        day.plan(Broadcast(TITLE, "chain:vov1", 5, 28, Kind.RELAY))
        day.wait_on_air(TITLE)
        day.wait_heard("on_air")
        day.watch_for(3)
        assert day.rig.live("playout").data["relay"]["link"] == 0
    day.wait_fault("source_lost", 20)
    day.watch_for(3)
    relay = day.rig.live("playout").data["relay"]
    assert (relay["link"], relay["name"], relay["first_lost"]) == (1, "file:cho.wav", True)
    assert [link["health"] for link in relay["links"]] == ["lost", "good"]
    assert "Relayed from 2/2: file:cho.wav" in day.rig.smartradio("status").stdout
    assert day.heard() == "on_air"  # what was sent is the reference, whichever link it came from
    with sent(icecast, tmp_path / "vov.wav"):
        day.wait_for(lambda: "source_lost" not in day.open_faults(), 25, "the relay is back")
        account = day.wait_account(TITLE, 90)
    assert adds_up(account)
    assert account["on_air_ms"] > 20_000
    assert 3_000 < account["fallback_ms"] < 21_000
    assert [fact.detail["name"] for fact in links(day)] == ["file:cho.wav", icecast.url("vov1")]
    fault = next(body for body in day.entries("fault") if body["code"] == "source_lost")
    assert fault["target"] == "chain:vov1"
    assert fault["evidence"]["why"] in ("ended", "failed", "not_found")


def links(day):
    reader = PlayoutReader(day.rig.state_dir / "playout.db")
    try:
        return [fact for fact in reader.facts_since(0)[1] if fact.kind is Fact.SOURCE_CHANGED]
    finally:
        reader.close()
