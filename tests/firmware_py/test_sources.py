"""Who opens what an occurrence names: files, addresses with the station's fallback, chains, inputs."""

import json
import time
from array import array
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from audio.fallback import Health
from audio.format import BLOCK_FRAMES, RATE_HZ
from audio.library import ingest, mark_heard
from audio.quick_level import level_dbfs
from audio.relay import ChainSource
from audio.sources import FileSource
from firmware_py.config import load
from firmware_py.playout.on_air import SourceMissing
from firmware_py.playout.sources import Sources
from scheduler.clock import STATION_TZ
from scheduler.conduct import PLAIN, Conduct
from scheduler.occurrence import Kind, Occurrence
from tests.audio.test_library import write_wav
from tests.support.tones import pitch_of, tone

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


FILLER = replace(RELAY, kind=Kind.FILLER)


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


def with_filler(sources, tmp_path, *patterns):
    toml = STATION.format(folder=tmp_path) + f"[filler]\nfiles = {json.dumps(patterns)}\n"
    (tmp_path / "station.toml").write_text(toml, encoding="utf-8")
    return Sources(load(tmp_path / "station.toml"), boottime_ns)


def taken(source, frames):
    pcm, deadline = b"", time.monotonic() + 20
    while len(pcm) < 2 * frames and time.monotonic() < deadline:
        pcm += source.take(frames - len(pcm) // 2, 0) or (time.sleep(0.01) or b"")
    source.close()
    assert source.join(5.0)
    return pcm


def test_a_filler_is_the_stations_files_in_turn_again_and_again(sources, tmp_path):
    config = load(tmp_path / "station.toml")
    for name, hz in (("đệm-1.wav", 300), ("đệm-2.wav", 700)):
        ingest(write_wav(tmp_path / name, array("h", tone(hz, RATE_HZ))), config.library_dir)
    opened = with_filler(sources, tmp_path, "đệm-*.wav").open(FILLER, 0)
    assert opened.content_ms is opened.content is None
    pcm = taken(opened.source, 5 * RATE_HZ)
    pitches = [pitch_of(pcm[n : n + 8_192], (300, 700)) for n in range(RATE_HZ // 2, 10 * RATE_HZ - 8_192, 2 * RATE_HZ)]
    assert pitches in ([300, 700] * 2 + [300], [700, 300] * 2 + [700])


def test_an_item_may_have_a_filler_of_its_own_and_without_one_in_the_library_there_is_none(sources, tmp_path):
    pcm = taken(sources.open(replace(FILLER, source="hiệu.wav"), 0).source, RATE_HZ)
    assert pitch_of(pcm[8_192:16_384], (440, 700)) == 440
    with pytest.raises(SourceMissing, match=r"\[filler\]"):
        sources.open(FILLER, 0)
    with pytest.raises(SourceMissing, match="không-có"):
        with_filler(sources, tmp_path, "không-có*").open(FILLER, 0)


def test_a_filler_whose_first_file_is_broken_goes_on_with_the_next(sources, tmp_path):
    config = load(tmp_path / "station.toml")
    for name, hz in (("đệm-1.wav", 300), ("đệm-2.wav", 700)):
        entry = ingest(write_wav(tmp_path / name, array("h", tone(hz, RATE_HZ))), config.library_dir)
        if hz == 300:
            entry.path_in(config.library_dir).write_bytes(b"damaged")
    pcm = taken(with_filler(sources, tmp_path, "đệm-*.wav").open(FILLER, 0).source, 2 * RATE_HZ)
    assert {pitch_of(pcm[n : n + 8_192], (300, 700)) for n in range(8_192, len(pcm) - 16_384, 16_384)} == {700}


def test_a_notice_that_nobody_listened_to_is_missing_until_somebody_has(sources, tmp_path):
    library = load(tmp_path / "station.toml").library_dir
    ingest(write_wav(tmp_path / "mời.wav", array("h", tone(500, RATE_HZ))), library, spoken=True)
    notice = replace(RELAY, source="mời.wav")
    with pytest.raises(SourceMissing, match="nobody has listened"):
        sources.open(notice, 0)
    mark_heard("mời.wav", library)
    sources.open(notice, 0).source.close()


def test_an_item_is_sounded_as_loud_as_it_asks_for(sources, tmp_path):
    library = load(tmp_path / "station.toml").library_dir
    ingest(write_wav(tmp_path / "to.wav", array("h", tone(500, 2 * RATE_HZ))), library, own_lufs=[-24.0])
    as_others, softer = (
        level_dbfs(taken(sources.open(replace(RELAY, source="to.wav", conduct=conduct), 0).source, RATE_HZ))
        for conduct in (PLAIN, Conduct(target_lufs=-24.0))
    )
    assert as_others - softer == pytest.approx(6.0, abs=0.2)


def test_what_a_chain_is_doing_can_be_asked_for_while_it_is_open(sources, opened):
    chain = opened("chain:vov1").source
    assert sources.relay_of(RELAY.id) is chain
    assert sources.relay_of("another") is None
    assert [link.name for link in chain.links] == ["http://127.0.0.1:1/a", "file:chưa có.mp3", "file:hiệu.wav"]
    assert chain.links[0].health is Health.TRIED
    chain.close()
    assert sources.relay_of(RELAY.id) is None


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
