"""What is not our sound is never on air, and what is, is."""

import numpy as np
import pytest

from audio.match import Matcher, merged
from audio.match.grid import HOP
from audio.match.path import OFF, Path
from audio.segments import Quality, State
from bench.recordings import Channel, Fault, programme, random_faults, record, speech
from firmware_py.demo.samples import music
from tests.audio.match.helpers import at_48k, bulletin, heard_through, in_state_ms, matched, on_air_ms

LINE, FM = Channel(), Channel(20, (60, 7_500), drift_ppm=40)


@pytest.mark.parametrize("channel", [LINE, FM], ids=["line", "FM"])
def test_all_of_a_programme_that_is_heard_is_on_air(channel):
    segments = matched(heard_through(channel))
    assert on_air_ms(segments) == 40_000


@pytest.mark.parametrize(
    ("kind", "state"), [("voice", State.FOREIGN), ("same_voice", State.FOREIGN), ("hum", State.HUM)]
)
def test_a_stretch_replaced_by_something_else_is_off_air_from_edge_to_edge(kind, state):
    segments = matched(heard_through(FM, (Fault(15.0, 8.0, kind),)))
    assert on_air_ms(segments, 15.15, 22.85) == 0
    assert on_air_ms(segments) == pytest.approx(32_000, abs=400)  # a pause beside it may go with it
    assert in_state_ms(segments, state) > 5_000


def test_another_voice_mixed_in_is_on_air_and_flagged():
    segments = matched(heard_through(FM, (Fault(15.0, 8.0, "overlay"),)))
    assert on_air_ms(segments) == pytest.approx(40_000, abs=100)
    assert on_air_ms(segments, 15, 23, Quality.OVERLAID) > 4_000
    assert on_air_ms(segments, 0, 14.5, Quality.OVERLAID) == 0


@pytest.mark.parametrize("seed", [404, 405])
def test_soft_words_beneath_another_voice_on_a_line_without_any_noise_are_on_air(seed):
    digital = Channel(96, (20, 7_900))
    faults = random_faults(60.0, 4, ("overlay",), seed)
    segments = matched(record("digital", programme(60.0, seed), digital, faults, seed))
    assert on_air_ms(segments) == 60_000


@pytest.mark.parametrize("kind", ["voice", "same_voice", "replay", "hiss", "hum", "silence"])
def test_a_programme_of_which_nothing_is_heard_is_never_on_air(kind):
    segments = matched(heard_through(FM, (Fault(0.0, 60.0, kind),), seconds=60.0, never=True))
    assert on_air_ms(segments) == 0
    assert in_state_ms(segments, State.UNOBSERVED) == 0


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_what_is_heard_instead_is_named_where_it_was_heard_though_a_wrong_delay_is_being_tried(seed):
    instead = (
        Fault(0.0, 18.0, "same_voice"),
        Fault(18.0, 8.0, "silence"),
        Fault(26.0, 18.0, "same_voice"),
        Fault(44.0, 16.0, "silence"),
    )
    segments = matched(record("test", speech(60.0, seed), LINE, instead, seed, never=True))
    assert in_state_ms(segments, State.SILENCE, 18, 26) > 7_000
    assert in_state_ms(segments, State.FOREIGN, 0, 18) > 16_500
    assert {segment.delay_ms for segment in segments} == {None}


def test_yesterdays_bulletin_instead_of_todays_is_not_on_air():
    today = bulletin()
    yesterday = record("yesterday", programme(40.0, 4), FM, (), 18)
    recording = record("today", today, FM, (), 17)
    mixed = type(recording)("mixed", recording.rate, today, yesterday.heard, (), FM, True)
    assert on_air_ms(matched(mixed, prior_delay_ms=300)) == 0


def test_the_same_programme_30_s_late_is_not_on_air_though_the_search_would_find_parts_of_it():
    segments = matched(heard_through(LINE, (Fault(32.0, 25.0, "replay"),), seconds=60.0))
    assert on_air_ms(segments, 32.2, 56.8) == 0
    assert on_air_ms(segments) == pytest.approx(35_000, abs=150)


def test_muted_inside_a_pause_is_off_as_soon_as_programme_is_due():
    sent = speech(40.0, 5).copy()
    sent[18 * 16_000 : 20 * 16_000] = 0
    recording = record("pause", sent, FM, (Fault(18.7, 8.0, "hiss"),), 17)
    segments = matched(recording)
    assert on_air_ms(segments, 20.05, 26.6) == 0
    assert on_air_ms(segments, 0, 18.0) == 18_000
    assert on_air_ms(segments, 18.0, 20.0) == pytest.approx(700, abs=100)  # the hiss betrays the instant


@pytest.mark.parametrize("kind", ["hiss", "voice"])
@pytest.mark.parametrize("channel", [LINE, FM], ids=["line", "FM"])
def test_something_else_that_ends_inside_a_pause_is_off_until_it_ends(kind, channel):
    sent = speech(40.0, 5).copy()
    sent[18 * 16_000 : 20 * 16_000] = 0
    segments = matched(record("pause", sent, channel, (Fault(14.0, 4.9, kind),), 17))
    assert on_air_ms(segments, 14.05, 18.6) == 0
    assert on_air_ms(segments, 18.0, 20.0) == pytest.approx(1_100, abs=150 if kind == "voice" else 30)


@pytest.mark.parametrize(("first_s", "last_s", "stays"), [(18.1, 18.9, True), (15.9, 17.3, False)])
def test_a_doubt_inside_a_pause_of_sent_is_decided_by_the_neighbours(monkeypatch, first_s, last_s, stays):
    """No recording raises one at will (a codec's fading comfort noise once did), so the decoder is made to."""
    sent = speech(30.0, 5).copy()
    sent[18 * 16_000 : 19 * 16_000] = 0
    decide_off(monkeypatch, first_s, last_s)
    segments = matched(record("pause", sent, LINE, (), 17))
    assert (on_air_ms(segments) == 30_000) is stays


def test_a_short_gap_is_none_if_all_that_was_heard_in_it_speaks_for_ours(monkeypatch):
    """Flutes in a reverberant room raise some; none at will, so the decoder is made to."""
    decide_off(monkeypatch, 16.5, 17.3)
    assert on_air_ms(matched(record("whole", speech(30.0, 5), LINE, (), 17))) == 30_000


def test_a_short_silence_where_programme_is_due_is_no_pause(monkeypatch):
    decide_off(monkeypatch, 16.5, 16.556)
    segments = matched(record("gap", speech(30.0, 5), LINE, (Fault(16.5, 0.056, "silence"),), 17))
    assert on_air_ms(segments) == pytest.approx(30_000 - 56, abs=5)


def decide_off(monkeypatch, first_s, last_s):
    """Make the decoder say that nothing of ours was heard from *first_s* to *last_s*."""
    decided, doubted = Path.decided, range(round(first_s * 8_000 / HOP), round(last_s * 8_000 / HOP))

    def doubting(path):
        states = decided(path)
        path.told = getattr(path, "told", 0) + len(states)
        return [OFF if n in doubted else state for n, state in enumerate(states, path.told - len(states))]

    monkeypatch.setattr(Path, "decided", doubting)


def test_a_silence_that_ends_inside_a_pause_is_off_until_programme_is_due():
    sent = speech(40.0, 5).copy()
    sent[18 * 16_000 : 20 * 16_000] = 0
    segments = matched(record("pause", sent, FM, (Fault(14.0, 4.9, "silence"),), 17))
    assert on_air_ms(segments, 14.05, 19.9) == 0


def test_a_pause_between_two_stretches_on_air_is_on_air():
    sent = speech(30.0, 5).copy()
    sent[12 * 16_000 : 16 * 16_000] = 0
    assert on_air_ms(matched(record("pause", sent, LINE, (), 17))) == 30_000


def test_a_programme_that_is_silent_all_along_is_unobserved():
    silent = np.zeros(20 * 16_000, np.float32)
    recording = record("silent", silent, FM, (), 17)
    assert in_state_ms(matched(recording), State.UNOBSERVED) == 20_000


def test_what_the_capture_lost_is_unobserved_on_the_axis_of_what_was_sent():
    sent, heard = at_48k(heard_through(LINE))
    matcher, segments = Matcher(), []
    matcher.push_sent(sent, True)
    for second in range(len(heard) // 48_000):
        if 12 <= second < 17:
            matcher.lose_heard(48_000)
        else:
            matcher.push_heard(heard[48_000 * second : 48_000 * (second + 1)])
        segments += matcher.step()
    segments += matcher.finish()
    assert in_state_ms(segments, State.UNOBSERVED) == pytest.approx(5_000, abs=2)
    assert in_state_ms(segments, State.UNOBSERVED, 11.7, 16.7) == pytest.approx(5_000, abs=2)
    assert on_air_ms(segments) == pytest.approx(35_000, abs=2)


def test_a_recording_without_its_head_and_tail_leaves_them_unobserved():
    recording = heard_through(Channel(delay_s=0.0))
    cut = type(recording)("cut", 16_000, recording.sent, recording.heard[int(1.5 * 16_000) : 35 * 16_000], (), LINE)
    segments = matched(cut)
    assert in_state_ms(segments, State.UNOBSERVED, 0, 1.5) == pytest.approx(1_500, abs=3)
    assert in_state_ms(segments, State.UNOBSERVED, 35, 40) == pytest.approx(5_000, abs=3)
    assert on_air_ms(segments) == pytest.approx(33_500, abs=5)


def test_sparse_notes_that_come_back_untouched_have_nothing_on_top():
    """The path's estimate, young and learnt from a few tones, is wrong about the next ones: no other audio is."""
    notes = (music(30, 4, 2.0) * 9_000).astype(np.int16)
    matcher, segments = Matcher(), []
    for at in range(0, len(notes), 48_000):
        matcher.push_sent(notes[at : at + 48_000], True)
        matcher.push_heard(notes[at : at + 48_000])
        segments += matcher.step()
    assert {(s.state, s.quality) for s in merged(segments + matcher.finish())} == {(State.ON_AIR, Quality.OK)}
