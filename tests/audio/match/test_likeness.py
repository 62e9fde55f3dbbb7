"""Notes are known by where and how loud they are, whatever a path does to their phases."""

import numpy as np
import pytest

from audio.match import evidence
from audio.match.grid import BINS, FRAME, HOP, RATE_HZ
from audio.match.likeness import is_alike
from bench.recordings import resample
from bench.wild import make as make_wild
from tests.audio.match.helpers import bulletin, decided_of, on_air_ms

SIZE = RATE_HZ // 2
NO_FLOOR = np.zeros(BINS, np.float32)
SONG = (440, 494, 523)


def notes(*hz: float, seed: int = 1) -> np.ndarray:
    """One after the other, with overtones of any phase, and a little noise."""
    random, at = np.random.default_rng(seed), np.arange(SIZE // len(hz)) / RATE_HZ
    tones = [sum(np.sin(2 * np.pi * one * k * at + random.uniform(0, 6)) for k in range(1, 5)) for one in hz]
    sound = np.concatenate([0.1 * tone * np.sin(np.pi * at / at[-1]) for tone in tones])
    return sound + 0.003 * random.standard_normal(len(sound))


def looks(sound: np.ndarray) -> np.ndarray:
    return evidence.spectra(np.pad(np.float32(sound), (0, FRAME)), HOP)


@pytest.mark.parametrize("hz", [(440,), SONG])
def test_the_same_notes_are_alike_whatever_their_phases(hz):
    assert is_alike(looks(notes(*hz, seed=2)), looks(notes(*hz)), NO_FLOOR)


@pytest.mark.parametrize("hz", [(466, 415, 587), (523, 440, 494), (466,)], ids=["others", "another order", "one"])
def test_other_notes_are_not(hz):
    assert not is_alike(looks(notes(*hz, seed=2)), looks(notes(*SONG)), NO_FLOOR)


def test_nothing_is_alike_where_the_path_is_heard_with_nothing_but_its_floor():
    noise = 0.003 * np.random.default_rng(3).standard_normal(SIZE)
    floor = evidence.power(looks(noise)).mean(0)
    assert not is_alike(looks(noise), looks(notes(440)), floor)


def test_no_half_second_of_a_voice_is_like_another_of_the_same_voice():
    sound = bulletin(40.0)
    sound = resample(sound, len(sound) // 40, RATE_HZ)
    pieces = [sound[at : at + SIZE] for at in range(SIZE, len(sound) - SIZE, SIZE)]
    spoken = [looks(piece) for piece in pieces if np.sqrt(np.mean(piece**2)) > 0.03]
    assert len(spoken) > 40
    assert not any(is_alike(a, b, NO_FLOOR) for a in spoken for b in spoken if a is not b)


def test_in_a_moment_one_word_may_be_like_another_and_nothing_is_said():
    assert not is_alike(looks(notes(440)[: SIZE // 5]), looks(notes(440)[: SIZE // 5]), NO_FLOOR)


def test_new_notes_of_bells_on_a_horn_are_no_gaps():
    """Their phases are none that the path was learnt with: 0.26 and 0.38 s were thought to be something else."""
    segments = decided_of(make_wild(13, 180.0, 50291), 0, 30)
    assert on_air_ms(segments, 3, 24) == 21_000
