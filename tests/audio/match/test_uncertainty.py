"""What the matcher says of its own sureness: edges, doubts, evidence, and that the truth lies within."""

from itertools import pairwise

import numpy as np
import pytest

from audio.match import refine
from audio.match.channel import AFTER, BEFORE, Channel
from audio.match.doubt import doubts, may_be_ours
from audio.segments import State
from audio.uncertainty import evidence_of, stretches
from bench.measure import FM, HORN, audible, truth
from bench.recordings import Channel as Air
from bench.recordings import record
from bench.wild import make as make_wild
from tests.audio.match.helpers import MS, Fault, bulletin, heard_through, matched

FAULTS = (Fault(12.0, 2.0, "silence"), Fault(20.0, 0.7, "hiss"), Fault(28.0, 1.5, "voice"))
CHANNELS = {
    "line": Air(),
    "FM 20 dB": Air(20, FM),
    "FM 0 dB": Air(0, FM),
    "horn": Air(10, HORN, reverb_s=0.8),
}


@pytest.fixture(scope="module", params=CHANNELS)
def measured(request):
    recording = heard_through(CHANNELS[request.param], FAULTS)
    return request.param, recording, matched(recording)


def _error_ms(recording, segments):
    claimed = np.zeros(len(truth(recording)), bool)
    for s in segments:
        if s.state is State.ON_AIR:
            claimed[round(s.from_frame / MS) : round(s.to_frame / MS)] = True
    heard = audible(recording)
    return abs(int(np.sum(claimed & heard)) - int(np.sum(truth(recording) & heard)))


def test_the_truth_lies_within_the_interval(measured):
    name, recording, segments = measured
    found = evidence_of(stretches(segments))
    assert _error_ms(recording, segments) <= found.uncertainty_ms
    assert 0 < found.uncertainty_ms < (150 if name in ("line", "FM 20 dB") else 450)


def test_every_change_between_on_and_off_air_says_how_sure_it_is(measured):
    _, _, segments = measured
    for before, after in pairwise(segments):
        changed = (before.state is State.ON_AIR) != (after.state is State.ON_AIR)
        assert (after.edge_ms is not None) == changed, after
        assert after.edge_ms is None or after.edge_ms >= 2.0


def test_evidence_is_a_share_and_signal_to_noise_what_the_channel_has(measured):
    name, _, segments = measured
    found = evidence_of(stretches(segments))
    assert 0.5 < found.evidence_share <= 1
    if name.startswith("FM"):
        assert found.snr_db == pytest.approx(float(name.split()[1]), abs=4)


def test_it_is_less_sure_in_noise():
    widths = [
        evidence_of(stretches(matched(heard_through(Air(snr, FM), FAULTS)))).uncertainty_ms for snr in (20, 3, -3)
    ]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_a_gap_too_short_to_be_called_is_doubted():
    """70 ms of silence in the middle of speech, seen through nats as they are: too little for two changes."""
    nats = np.full(200, 2.0)
    nats[90:98] = -1.0
    (found,) = doubts(nats, 1_000)
    assert found.position == pytest.approx((1_000 + 94) * 64, abs=128)
    assert found.length_ms == pytest.approx(80, abs=16)


def test_what_never_speaks_against_is_not_doubted():
    assert not list(doubts(np.full(200, 2.0), 0))
    assert not list(doubts(np.array([2.0, -1.0, 2.0, -1.0, 2.0]), 0))
    assert not list(doubts(np.zeros(0), 0))


def test_a_gap_that_is_plainly_contradicted_is_not_doubted():
    assert not may_be_ours(np.full(60, -1.5), cold=False)
    assert not may_be_ours(np.full(60, -1.5), cold=True)
    assert not may_be_ours(np.zeros(0), cold=False)


def test_a_gap_that_hardly_is_and_partly_speaks_for_ours_is_doubted():
    weak = np.tile([-1.0, -0.5, 0.4, -0.6], 15)
    assert may_be_ours(weak, cold=False)
    assert not may_be_ours(np.minimum(weak, 0), cold=False)
    assert may_be_ours(np.minimum(weak, 0) / 2, cold=True)  # nobody knew the path then


def test_looks_that_reach_over_the_ends_of_a_gap_do_not_speak_for_what_lies_between():
    inside = np.full(20, -0.55)
    assert not may_be_ours(np.concatenate([[4.0, 4.0], inside, [4.0, 4.0]]), cold=False)


@pytest.mark.parametrize("seed", [4, 6])
def test_where_loud_words_clip_here_and_there_dips_between_them_are_no_doubts(seed):
    recording = record("clipped", bulletin(seed=seed), Air(20, FM, clip_db=12), (), 17)
    assert evidence_of(stretches(matched(recording))).uncertainty_ms < 10


def test_music_on_a_hard_path_of_which_a_moment_was_taken_for_something_else_leaves_the_truth_within_the_interval():
    recording = make_wild(114, 45.0, 5)
    segments = matched(recording)
    assert evidence_of(stretches(segments)).uncertainty_ms >= _error_ms(recording, segments) > 100


def _noise(size, seed):
    return np.random.default_rng(seed).standard_normal(size).astype(np.float32)


def _dry_path():
    path = Channel()
    path.taps[BEFORE] = 1
    return path


def _scene(sound, heard, audible, ends=True):
    around = np.pad(sound, (AFTER, BEFORE))
    return refine.Scene(heard.astype(np.float32), around, audible, ends, before=4_000, after=4_000)


@pytest.mark.parametrize("ends", [True, False], ids=["an end", "a return"])
@pytest.mark.parametrize("at", [-900, -200, 0, 150])
def test_a_sharp_change_is_dated_surer_than_one_in_noise(at, ends):
    size, middle = 2 * refine.REACH, refine.REACH + at
    sound, audible_all = _noise(size, 1) * 0.1, np.ones(size, np.float32)
    heard = sound.copy()
    heard[slice(middle, None) if ends else slice(0, middle)] = 0

    def found(noise):
        return refine.boundary(_scene(sound, heard + noise * _noise(size, 2), audible_all, ends), _dry_path())

    clear, vague = found(0.001), found(0.1)
    assert clear.offset == pytest.approx(at, abs=8)
    assert clear.deviation < vague.deviation
    assert abs(vague.offset - at) <= 3 * vague.deviation + 8


@pytest.mark.parametrize("ends", [True, False], ids=["an end", "a return"])
@pytest.mark.parametrize("other", [0.0, 0.05], ids=["then silence", "then something else"])
def test_a_change_in_a_path_that_rings_is_dated_where_the_programme_stopped_and_not_where_its_echo_did(ends, other):
    size, middle = 2 * refine.REACH, refine.REACH - 300
    path, sound = _dry_path(), _noise(size, 1) * 0.1
    path.taps[BEFORE + 1 :] = (
        _noise(AFTER - 1, 4) * 0.1 * np.exp(-np.arange(AFTER - 1) / 300)
    )  # RT60 of a quarter second
    off = slice(middle, None) if ends else slice(0, middle)
    driven = sound.copy()
    driven[off] = 0
    heard = path.predict(np.pad(driven, (AFTER, BEFORE))) + 0.003 * _noise(size, 2)
    heard[off] += other * _noise(size, 3)[off]
    found = refine.boundary(_scene(sound, heard, np.ones(size, np.float32), ends), path)
    assert found.offset == pytest.approx(-300, abs=16)


def test_where_nothing_is_audible_a_change_loses_no_time():
    size = 2 * refine.REACH
    sound, silent = _noise(size, 1) * 0.1, np.zeros(size, np.float32)
    heard = sound + 0.3 * _noise(size, 2)
    heard[refine.REACH :] = 0.3 * _noise(refine.REACH, 3)
    assert refine.boundary(_scene(sound, heard, silent), _dry_path()).deviation == 0
