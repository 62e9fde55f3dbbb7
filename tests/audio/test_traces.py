"""Spectrograms in fixed columns, and HEARD moved under SENT."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.segments import MatchSegment, State
from audio.spectrogram import BANDS, Spectrogram, decibels, place_of_hz
from audio.traces import COLUMNS, Traces

RATE = 48_000


def tone(hz, seconds, level=0.5):
    return np.rint(np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE) * level * 32_768).astype(np.int16)


def spectrogram(sound, columns, cuts=()):
    made = Spectrogram(columns, len(sound))
    for part in np.split(sound, sorted(cuts)):
        made.push(part)
    made.finish()
    return decibels(*made.sums())


@pytest.mark.parametrize("hz", [100, 440, 1_000, 3_000, 7_000])
def test_a_tone_lies_in_its_band_in_every_column(hz):
    levels = spectrogram(tone(hz, 4.0), 40)
    assert levels.shape == (40, BANDS)
    assert set(levels.argmax(axis=1).tolist()) <= {int(place_of_hz(hz) * BANDS) + n for n in (-1, 0, 1)}
    assert np.all((levels[1:-1].max(axis=1) > -14) & (levels[1:-1].max(axis=1) < -3))  # −6 dBFS, shared between bins


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 3 * RATE), max_size=8))
def test_any_split_of_the_sound_gives_the_same_picture(cuts):
    sound = np.random.default_rng(1).integers(-9_000, 9_000, 3 * RATE).astype(np.int16)
    np.testing.assert_allclose(spectrogram(sound, 50, cuts), spectrogram(sound, 50), atol=1e-3)


def test_every_column_of_a_short_and_of_a_long_sound_is_filled():
    for seconds, columns in ((2, 400), (40, 1_600), (100, 1_600)):
        levels = spectrogram(np.ones(seconds * RATE, np.int16), columns)
        assert not np.isnan(levels).any()


def traced(sent, heard, delay_ms):
    traces = Traces()
    traces.begin(len(sent), len(heard))
    for at in range(0, max(len(sent), len(heard)), RATE):
        traces.sent(sent[at : at + RATE])
        traces.heard(heard[at : at + RATE])
    traces.decided([MatchSegment(0, len(sent), State.ON_AIR, delay_ms=delay_ms)])
    return traces.panels()


@pytest.mark.parametrize(("seconds", "delay_ms"), [(4, 300), (4, -500), (30, 2_345), (120, 9_990), (120, -1_900)])
def test_what_was_heard_lies_under_what_was_sent(seconds, delay_ms):
    beeps = np.concatenate([tone(hz, 0.5) for hz in np.random.default_rng(2).uniform(200, 4_000, 2 * seconds)])
    shift = delay_ms * RATE // 1_000
    heard = np.concatenate([np.zeros(max(0, shift), np.int16), beeps[max(0, -shift) :]])
    panels = traced(beeps, heard, delay_ms)
    there = ~np.isnan(panels.heard_db[:, 0])
    assert there.mean() > 0.85
    same = panels.sent_db.argmax(axis=1) == panels.heard_db.argmax(axis=1)
    assert same[there].mean() > 0.9
    other = np.roll(panels.heard_db.argmax(axis=1), len(there) // 7)
    assert (panels.sent_db.argmax(axis=1) == other).mean() < 0.3


def test_what_was_not_recorded_is_unknown_and_not_silent():
    sound = tone(500, 20)
    panels = traced(sound, sound[: 10 * RATE], 0)
    unknown = np.isnan(panels.heard_db[:, 0])
    assert not unknown[: int(0.49 * len(unknown))].any()
    assert unknown[int(0.51 * len(unknown)) :].all()


def test_the_delay_is_known_where_it_was_on_air_only():
    traces = Traces()
    traces.begin(100 * RATE, 100 * RATE)
    traces.decided([MatchSegment(0, 50 * RATE, State.ON_AIR, delay_ms=300.0)])
    traces.decided([MatchSegment(50 * RATE, 60 * RATE, State.SILENCE)])
    traces.decided([MatchSegment(60 * RATE, 100 * RATE, State.ON_AIR, delay_ms=420.0)])
    delay = traces.panels().delay_ms
    assert len(delay) == COLUMNS
    assert (delay[10], delay[-10]) == (300, 420)
    assert np.isnan(delay[int(0.55 * COLUMNS)])


def test_eight_hours_take_no_more_memory_than_ten_minutes():
    def held(hours):
        traces = Traces()
        traces.begin(int(hours * 3_600 * RATE), int(hours * 3_600 * RATE))
        return sum(s.sums()[0].nbytes for s in (traces._sent, traces._heard))

    assert held(8) <= held(1 / 6) < 6_000_000
