"""What was heard is found in what was sent, coarsely and finely."""

import numpy as np
import pytest

from audio.match import lag
from audio.match.channel import WINDOW, Channel
from audio.match.grid import DECIMATION, RATE_HZ
from audio.match.material import Material
from audio.match.plain import STEP
from audio.match.sent import Sent
from audio.match.tracks import Track
from audio.match.votes import Vote, drift_of

SCALE = (0, 3, 4, 7, 10, 12, 16, 19)  # semitones


def hymn(seconds, random):
    """Held chords that swell and fade over 0.3 s: all that tells the time are the soft changes."""
    sound, at = np.zeros(int(seconds * RATE_HZ)), 0
    while at < len(sound):
        t = np.arange(min(int(random.uniform(0.8, 2.0) * RATE_HZ), len(sound) - at)) / RATE_HZ
        swell = np.clip(np.minimum(t, t[::-1]) / 0.3, 0, 1)
        for semitone in random.choice(SCALE, 4, replace=False):
            for k in range(1, 7):
                turn = 2 * np.pi * 146.8 * 2 ** (semitone / 12) * k * t + random.uniform(0, 6.28)
                sound[at : at + len(t)] += swell * np.sin(turn) / k**1.5
        at += len(t)
    return (0.1 * sound / np.std(sound)).astype(np.float32)


def test_a_hymn_in_soft_hiss_is_found_though_most_of_the_spectrum_is_hiss():
    """Wholly whitened, one of these twenty is."""
    found = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        sent = hymn(14.0, random)
        heard = sent[5 * RATE_HZ : 7 * RATE_HZ] + random.normal(0, 0.01, 2 * RATE_HZ).astype(np.float32)
        peak = lag.search(heard, sent[: 12 * RATE_HZ])
        found += abs(peak.at - 5 * RATE_HZ) < 8
    assert found >= 15


def votes(slope, *seconds, off=0.0):
    """Of one line, each further off than the last by turns."""
    return [
        Vote(int(at * RATE_HZ), 20_000 + slope * at * RATE_HZ + off * (-1) ** n, height=20.0)
        for n, at in enumerate(seconds)
    ]


@pytest.mark.parametrize("slope", [0.0, 30e-6, -150e-6])
def test_delays_found_again_and_again_tell_the_drift(slope):
    found, deviation = drift_of(votes(slope, 0, 5, 10, 13, off=0.2))
    assert found == pytest.approx(slope, abs=2 * deviation)
    assert deviation < 12e-6


def test_delays_found_within_a_moment_tell_no_drift():
    assert drift_of(votes(0.0, 0, 0.3, 0.5)) is None


def test_delays_from_before_a_jump_or_from_long_ago_tell_none():
    assert drift_of([Vote(0, 12_000.0, height=20.0), *votes(0.0, 5, 10)]) is None
    assert drift_of(votes(0.0, 0, 100, 110)) is None


def resonant(sent):
    """After a horn that rings at 600 Hz."""
    t = np.arange(480) / RATE_HZ
    impulse = np.exp(-t / 0.006) * np.sin(2 * np.pi * 600 * t)
    impulse[0] = 1.0
    return np.convolve(sent, impulse)[: len(sent)]


def material_of(sent):
    """SENT, and what comes back of it at once; 8 kHz."""
    sides = (np.repeat(side, DECIMATION) for side in (sent, resonant(sent)))  # steps: their images are filtered out
    pcm_sent, pcm_heard = (np.int16(8_000 * side / np.abs(side).max()) for side in sides)
    material = Material(Sent(), 0)
    material.sent.push(pcm_sent)
    material.heard.push(pcm_heard)
    return material


def test_a_note_that_a_horn_delays_has_no_lag_left_where_the_path_is_known():
    random, seconds = np.random.default_rng(1), 30
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    note = sum(np.sin(2 * np.pi * hz * t) for hz in (540.0, 570.0, 600.0)) / 2
    material = material_of(np.concatenate([random.normal(0, 0.3, seconds * RATE_HZ), note]))
    track, known, start = Track(0, 0.0), Channel(), seconds * RATE_HZ + 4 * STEP
    for begin in range(0, seconds * RATE_HZ - WINDOW, WINDOW // 2):
        heard = material.heard_along(track, begin, begin + WINDOW)
        known.learn(material.sent.read(begin, begin + WINDOW), heard)
    known.settle()
    of_path, of_note = (
        material.lag_left(track, start, start + 60 * STEP, STEP, channel).at for channel in (known, Channel())
    )
    assert of_note > 1
    assert of_path == pytest.approx(0, abs=0.2)
