"""What a look says for and against, in numbers made by hand."""

import numpy as np
import pytest

from audio.match import evidence
from audio.match.channel import Channel
from audio.match.grid import BINS

LOOKS = 60
TONES = slice(10, 100, 11)
NONE = np.zeros((1, BINS), np.float32)  # nothing rings late


def _noise(power: float, seed: int = 3) -> np.ndarray:
    random = np.random.default_rng(seed)
    both = random.standard_normal((2, LOOKS, BINS)) * np.sqrt(power / 2)
    return (both[0] + 1j * both[1]).astype(np.complex64)


@pytest.mark.parametrize("there", [True, False])
def test_a_few_tones_in_a_loud_floor_are_told_by_their_coherence_where_their_level_tells_nothing(there):
    """As music in the reverberation of a horn, when a hum is heard instead: no louder than music and floor together."""
    channel = Channel()
    channel.floor = np.full(BINS, 4.0, np.float32)
    expected = np.zeros((LOOKS, BINS), np.complex64)
    expected[:, TONES] = 4.0
    heard = _noise(6.0) + expected if there else _noise(8.0)
    white = evidence.whitened(heard, expected, NONE, channel)
    nats = evidence.clean(white, white.heard, channel, evidence.weigh(white))
    assert nats.sum() > 20 if there else nats.sum() < -20


@pytest.mark.parametrize("there", [True, False], ids=["on air", "only what rings"])
def test_what_still_rings_of_what_was_sent_before_a_gap_does_not_speak_for_on_air(there):
    """It is half of what is expected, and coherent with it."""
    channel = Channel()
    channel.floor = np.full(BINS, 0.3, np.float32)
    direct, ringing = _noise(3.0, 4), _noise(3.0, 5)
    heard = _noise(0.3) + ringing + (direct if there else 0)
    _, *both = evidence.looked_back(heard, direct + ringing, ringing, NONE, channel)
    for nats in both:
        assert nats.sum() > 100 if there else nats.sum() < -100
