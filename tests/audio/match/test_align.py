"""HEARD is laid on SENT along every drift that two clocks can have, and a track never drifts more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.match.align import along, spectra_along
from audio.match.evidence import spectra
from audio.match.grid import FRAME, HOP, RATE_HZ
from audio.match.lag import LOOK
from audio.match.plain import STEP
from audio.match.signal import Signal
from audio.match.tracks import MOST_DRIFT, Track

SECONDS = 4
START, LAG = RATE_HZ, 40.3  # samples
CHANCE = np.random.default_rng(2)
HZ, PHASE = CHANCE.uniform(250, 3_400, 40), CHANCE.uniform(0, 2 * np.pi, 40)


def tones(at_s):
    return 400 * np.sin(2 * np.pi * np.outer(at_s, HZ) + PHASE).sum(1)


def signal(at_s):
    made = Signal(SECONDS * RATE_HZ)
    made.push(np.int16(tones(at_s)))
    return made


@pytest.mark.parametrize("drift", [-MOST_DRIFT, -200e-6, 0.0, 30e-6, MOST_DRIFT])
def test_what_drifts_is_what_was_sent_over_the_longest_look(drift):
    at_s = np.arange(SECONDS * 48_000) / 48_000
    sent, heard = signal(at_s), signal((at_s - LAG / RATE_HZ) / (1 + drift))
    track, looks = Track(0, LAG, drift), LOOK // STEP
    expected = spectra(sent.read(START, START + (looks - 1) * STEP + FRAME), STEP)
    found = spectra_along(heard, 0.0, track, START, looks, STEP)
    assert np.abs(found - expected).max() < 0.06 * np.abs(expected).max()  # a turn is no shift: the window moves, too
    assert along(heard, 0.0, track, START, 20) == pytest.approx(sent.read(START, START + 20 * HOP), abs=0.01)


@given(st.lists(st.tuples(st.integers(1, 16_000), st.floats(-200, 200), st.floats(0.15, 2)), max_size=20))
def test_a_track_never_drifts_more_than_two_clocks_can(measured):
    track = Track(0, 100.0)
    for step, excess, deviation in measured:
        track.measure(track.position + step, excess, deviation)
        assert abs(track.slope) <= MOST_DRIFT
