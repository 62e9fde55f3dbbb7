"""A station that has never heard itself finds its first programme, however short, wherever it begins."""

import numpy as np
import pytest

from audio.match import Matcher, merged
from audio.match.lag import search
from audio.match.tracks import Probation
from audio.match.votes import Vote, agreeing
from audio.segments import State
from bench.recordings import Channel, programme, record
from bench.wild import make as make_wild
from firmware_py.demo.samples import music
from tests.audio.match.helpers import LIVE, decided_of, in_state_ms, matched, on_air_ms

RATE_HZ = 48_000
BLOCK = 4_096
DELAY = 2_440  # frames: 50.8 ms
TUNE_S = 5


def tune(seed):
    return np.int16(8_000 * music(TUNE_S, seed, 3))


def heard_of_a_first_tune_ms(seed, begins_ms, hiss):
    """What is on air of it, and what is foreign. *hiss*: rms, in steps of 16 bits."""
    sent, begins = np.zeros(11 * RATE_HZ, np.int16), begins_ms * RATE_HZ // 1_000
    sent[begins : begins + TUNE_S * RATE_HZ] = tune(seed)
    noise = np.random.default_rng(seed).normal(0, hiss, len(sent) + DELAY)
    heard = np.int16(np.concatenate([np.zeros(DELAY, np.int16), sent]) + noise)
    matcher, segments = Matcher(settings=LIVE), []
    for at in range(0, len(sent), BLOCK):
        matcher.push_sent(sent[at : at + BLOCK], begins - BLOCK < at < begins + TUNE_S * RATE_HZ)
        matcher.push_heard(heard[at : at + BLOCK])
        segments += matcher.step()
    segments = merged(segments + matcher.finish())
    planned_s = begins_ms / 1_000, begins_ms / 1_000 + TUNE_S
    return on_air_ms(segments, *planned_s), in_state_ms(segments, State.FOREIGN, *planned_s)


@pytest.mark.parametrize("begins_ms", [3_100, 3_400, 3_500, 3_900, 4_100, 4_300])
@pytest.mark.parametrize("seed", [1, 3])
def test_a_first_tune_of_five_seconds_is_on_air_from_its_first_note_to_its_last(begins_ms, seed):
    assert heard_of_a_first_tune_ms(seed, begins_ms, 0)[0] == pytest.approx(TUNE_S * 1_000, abs=20)


@pytest.mark.parametrize("seed", range(1, 21))
def test_nor_is_any_of_it_foreign_when_it_comes_back_with_hiss(seed):
    """The path's answer to notes that have not been played yet cannot be learnt from hiss."""
    assert heard_of_a_first_tune_ms(seed, 3_500, 330)[1] == 0


def test_a_flute_that_comes_back_upside_down_is_on_air_with_notes_that_were_not_heard_yet():
    """As from a line that is wired the other way round. Their phase was taken for chance: 3.5 % of a programme."""
    segments = decided_of(make_wild(4, 180.0, 40177), 0, 48)
    assert on_air_ms(segments, 12, 40) > 27_900


@pytest.mark.parametrize("cut", range(0, 8_000, 1_600))
def test_where_a_tune_of_few_notes_is_cut_off_does_not_hide_its_delay(cut):
    """The clicks of two cuts that coincide are white, and the tune is not: whitened they would outweigh it."""
    sound = tune(1)[::6].astype(np.float32)
    at = 6_000 + cut
    known = np.concatenate([np.zeros(60_000, np.float32), sound])[: 60_000 + at + 16_400]
    peak = search(sound[at : at + 16_000], np.concatenate([known, np.zeros(400, np.float32)]))
    assert peak.at == pytest.approx(60_000 + at, abs=1)
    assert peak.stands_out


def proven(pro, contra):
    probation = Probation(wanted=80, until=80_000)
    probation.add(np.repeat([1.0, -1.0], [pro, contra]), np.full(pro + contra, 2.0))
    return probation.verdict(8_000)


def test_three_quarters_of_the_proof_are_enough_when_next_to_nothing_speaks_against_it():
    assert proven(59, 0) is None
    assert proven(60, 6) is True
    assert proven(60, 7) is None
    assert proven(57, 23) is True
    assert proven(56, 24) is False


@pytest.mark.parametrize("seed", [11, 15])
def test_a_horn_in_noise_as_loud_is_found_from_the_first_word_on_however_its_clock_drifts(seed):
    """Its delay hardly stands out: that the highest peak lies there again and again tells it."""
    path = Channel(0, (300.0, 5_000.0), reverb_s=0.35, drift_ppm=-200, delay_s=1.0)
    recording = record("cold", programme(16.0, seed), path, (), seed)
    assert on_air_ms(matched(recording)) == pytest.approx(16_000, abs=50)


def votes(*lags, clear=False):
    return [Vote(4_000 * n, lag, 6.0, clear=clear) for n, lag in enumerate(lags)]


def test_the_highest_peak_at_one_delay_four_times_in_some_seconds_is_no_chance():
    assert not agreeing(votes(800, 31_000, 801, 802), 0.0, alone_enough=False)
    assert len(agreeing(votes(800, 31_000, 801, 7_000, 802, 803), 0.0, alone_enough=False)) == 4
