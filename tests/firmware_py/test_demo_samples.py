"""The demo's programmes and timetable: what the files hold, and that something is on air two seconds from now."""

import hashlib
import subprocess
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.demo.samples import (
    ENOUGH_S,
    PATTERN,
    SAMPLES,
    SESSION,
    SESSIONS,
    SHORTEST_S,
    demo_programme,
    demo_timetable,
    make_samples,
    music,
)
from scheduler.clock import STATION_TZ
from scheduler.loaders import toml_form
from scheduler.plan import plan_days
from scheduler.timetable import Timetable

RATE_HZ = 48_000
NOW = datetime(2026, 11, 23, 14, 0, 0, 250_000, STATION_TZ)
ANY_NOW = st.datetimes(datetime(2026, 11, 22), datetime(2026, 12, 1)).map(lambda d: d.replace(tzinfo=STATION_TZ))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    make_samples(folder)
    return folder


def decoded(path: Path) -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<i2") / 32768


def loaded(text: str) -> Timetable:
    result = toml_form.read(text.encode(), "demo")
    assert not result.errors
    assert result.timetable
    return result.timetable


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_lasts_what_it_says_and_is_loud_enough_and_never_clips(media, sample):
    sound = decoded(media / sample.name)
    assert len(sound) == sample.seconds * RATE_HZ
    assert 0.3 < np.abs(sound).max() < 1.0
    assert np.sqrt(np.mean(sound**2)) > 0.03


@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.text], ids=lambda sample: sample.name)
def test_nothing_that_is_said_is_cut_off(tmp_path, sample):
    spoken = tmp_path / "spoken.wav"
    subprocess.run(["espeak-ng", "-v", sample.voice, "-s", "145", "-w", str(spoken), sample.text], check=True)
    assert len(decoded(spoken)) <= sample.seconds * RATE_HZ


def test_the_samples_are_the_same_on_every_run_and_made_once(media, tmp_path):
    def fingerprints(folder: Path) -> dict[str, str]:
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}

    make_samples(tmp_path)
    assert fingerprints(tmp_path) == fingerprints(media)
    made: list[str] = []
    (media / SAMPLES[0].name).unlink()
    make_samples(media, made.append)
    assert made == [SAMPLES[0].name]
    assert fingerprints(tmp_path) == fingerprints(media)


def test_music_never_repeats():
    """A second of it lies nowhere else in it: else a copy played late would be taken for the programme."""
    sound = music(20, seed=6, notes_per_s=4.0)
    second = sound[5 * RATE_HZ : 6 * RATE_HZ]
    spectrum = np.fft.rfft(sound) * np.conj(np.fft.rfft(second, len(sound)))
    likeness = np.abs(np.fft.irfft(spectrum))
    at_home = likeness[5 * RATE_HZ]
    likeness[5 * RATE_HZ - RATE_HZ // 4 : 5 * RATE_HZ + RATE_HZ // 4] = 0
    assert likeness.max() < 0.8 * at_home


@settings(max_examples=40, deadline=None)
@given(ANY_NOW)
def test_something_is_on_air_within_two_seconds_and_nothing_clashes(now):
    timetable = loaded(demo_timetable(now, None))
    plan = [o for o in plan_days(timetable, now.date(), now.date() + timedelta(days=2)) if o.starts_at > now]
    assert timedelta(seconds=1) <= plan[0].starts_at - now <= timedelta(seconds=2)
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(plan))


@given(ANY_NOW, st.floats(20, 900))
def test_a_demo_that_ends_has_only_programmes_that_end_before_it(now, seconds):
    programme = demo_programme(now, seconds)
    assert all(one.ends_at <= now + timedelta(seconds=seconds - 4) for one in programme)


@given(ANY_NOW, st.floats(1, 30))
def test_a_short_run_has_something_on_air_unless_it_is_too_short_for_anything(now, seconds):
    programme = demo_programme(now, seconds)
    assert bool(programme) or seconds < ENOUGH_S
    assert all(SHORTEST_S <= one.item.seconds <= PATTERN[n].seconds for n, one in enumerate(programme))
    assert all(one.ends_at <= now + timedelta(seconds=seconds - 4) for one in programme)


def test_a_run_longer_than_any_calendar_is_no_error():
    assert demo_programme(NOW, 1e300) == demo_programme(NOW, None)


def test_two_minutes_show_an_own_item_a_relay_a_short_source_and_a_repeat():
    programme = demo_programme(NOW, 120)
    assert [one.item.kind for one in programme] == ["own", "own", "relay", "own", "repeat"]
    seconds = {sample.name: sample.seconds for sample in SAMPLES}
    assert any(seconds[one.item.source] < one.item.seconds for one in programme)


def test_the_demo_shows_what_happens_when_an_item_has_no_file_yet():
    made = {sample.name for sample in SAMPLES}
    assert sum(one.item.source not in made for one in demo_programme(NOW, 300)) == 1


def test_the_week_has_its_sessions_from_monday_to_saturday():
    sunday = datetime(2026, 11, 29, tzinfo=STATION_TZ).date()
    timetable = loaded(demo_timetable(NOW, 120))
    saturday_plan = plan_days(timetable, sunday - timedelta(days=1), sunday)
    assert [o.starts_at.time() for o in saturday_plan if o.programme == "Nhạc hiệu"] == list(SESSIONS)
    assert not plan_days(timetable, sunday, sunday + timedelta(days=1))


def test_a_repeat_tells_what_it_repeats():
    plan = plan_days(loaded(demo_timetable(NOW, 120)), NOW.date(), NOW.date() + timedelta(days=1))
    (repeat,) = [o for o in plan if o.kind == "repeat"]
    assert repeat.repeat_of in {o.id for o in plan if o.programme == "Bản tin sáng"}


@pytest.mark.parametrize("items", [PATTERN, SESSION])
def test_the_items_of_a_session_follow_one_another(items):
    assert all(one.at_s + one.seconds <= other.at_s for one, other in pairwise(items))
