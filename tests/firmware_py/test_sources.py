"""Who opens what an occurrence names: files, addresses with the station's fallback, chains, inputs."""

import time
from array import array
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from audio.format import BLOCK_FRAMES, RATE_HZ
from audio.library import ingest
from audio.relay import ChainSource
from audio.sources import FileSource
from firmware_py.config import load
from firmware_py.playout.on_air import SourceMissing
from firmware_py.playout.sources import Sources
from scheduler.clock import STATION_TZ
from scheduler.occurrence import Occurrence
from tests.audio.test_library import write_wav
from tests.support.tones import tone

STATION = """
[station]
id = "tram-1"
name = "Đài truyền thanh xã Mẫu"
province = "phu-tho"
[output]
device = "none"
[paths]
state_dir = "{folder}"
[input.tuner]
device = "no such card"
[relay]
fallback = ["http://127.0.0.1:1/second", "line:tuner", "ident"]
ident = "hiệu.wav"
stall_s = 1
back_after_s = 1
[relay.vov1]
links = ["http://dai:bi-mat@127.0.0.1:1/a", "file:chưa có.mp3", "file:hiệu.wav"]
"""
START = datetime(2026, 11, 23, 5, tzinfo=STATION_TZ)
RELAY = Occurrence("2026-11-23T0500-vov", "Tiếp âm VOV", START, START + timedelta(minutes=30), source="")


def boottime_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "station.toml").write_text(STATION.format(folder=tmp_path), encoding="utf-8")
    config = load(tmp_path / "station.toml")
    ingest(write_wav(tmp_path / "hiệu.wav", array("h", tone(440, 2 * RATE_HZ))), config.library_dir)
    return Sources(config, boottime_ns)


@pytest.fixture
def opened(sources):
    made = []

    def open_source(source, offset_ms=0):
        opened = sources.open(replace(RELAY, source=source), offset_ms)
        made.append(opened.source)
        return opened

    yield open_source
    for source in made:
        source.close()
    for source in made:
        assert source.join(10.0)


def links_of(opened):
    assert isinstance(opened.source, ChainSource)
    return [plan.name for plan in opened.source._plans]


def test_a_file_is_opened_at_its_place(opened):
    found = opened("hiệu.wav", 500)
    assert isinstance(found.source, FileSource)
    assert found.content_ms == 2_000


def test_an_address_and_a_line_have_the_stations_fallback_behind_them(opened):
    behind = ["http://127.0.0.1:1/second", "line:tuner", "ident"]
    assert links_of(opened("http://127.0.0.1:1/vov")) == ["http://127.0.0.1:1/vov", *behind]
    assert links_of(opened("line:tuner")) == ["line:tuner", behind[0], "ident"]
    assert links_of(opened(behind[0])) == behind
    assert opened("line:tuner").content_ms is None


def test_a_chain_is_its_own_and_keeps_passwords_out_of_the_record(opened):
    assert links_of(opened("chain:vov1")) == ["http://127.0.0.1:1/a", "file:chưa có.mp3", "file:hiệu.wav"]


def test_a_microphone_is_alone_and_its_silence_is_no_fault(opened):
    microphone = opened("mic:tuner")
    assert links_of(microphone) == ["line:tuner"]
    assert microphone.source._patience.silence_ns > 10**14


@pytest.mark.parametrize("source", ["chain:vov2", "line:tunner", "mic:phong-thu", "không có.mp3", ""])
def test_what_the_station_does_not_have_is_missing(sources, source):
    with pytest.raises(SourceMissing):
        sources.open(replace(RELAY, source=source), 0)


def test_the_first_link_is_lost_and_the_news_says_so_once_with_what_sounds_instead(sources, opened):
    chain = opened("chain:vov1").source
    told, deadline, n = [], time.monotonic() + 20, 0
    while not any(news.sounding.link == 2 for news in told) and time.monotonic() < deadline:
        chain.take(BLOCK_FRAMES, n * BLOCK_FRAMES)
        time.sleep(BLOCK_FRAMES / RATE_HZ)
        told, n = told + sources.news(), n + 1
    assert [news.changed for news in told if news.sounding.link] == [True]
    last = told[-1]
    assert (last.occurrence_id, last.source, last.lost) == (RELAY.id, "chain:vov1", True)
    assert last.detail["name"] == "file:hiệu.wav"
    assert last.evidence["why"] == "refused"
    assert "bi-mat" not in str(last)
    assert not sources.news()
    chain.close()
    assert not sources.news()
