"""What a look says for and against, in numbers made by hand."""

import numpy as np
import pytest

from audio.match import evidence
from audio.match.channel import Channel
from audio.match.grid import BINS

LOOKS = 60
TONES = slice(10, 100, 11)


def _noise(power: float) -> np.ndarray:
    random = np.random.default_rng(3)
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
    white = evidence.whitened(heard, expected, channel)
    nats = evidence.clean(white, channel, evidence.weigh(white))
    assert nats.sum() > 20 if there else nats.sum() < -20
