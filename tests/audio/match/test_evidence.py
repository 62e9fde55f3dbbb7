"""What a look says for and against, in numbers made by hand."""

import numpy as np
import pytest

from audio.match import evidence
from audio.match.channel import Channel
from audio.match.grid import BINS, RATE_HZ
from bench.recordings import programme, resample

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


def _speech(seed: int) -> np.ndarray:
    sound = resample(programme(12.0, seed), 16_000, RATE_HZ)
    return evidence.spectra((0.1 / np.std(sound) * sound).astype(np.float32), 64)


def _seen_beside_a_louder_voice(seed: int, gap: slice) -> np.ndarray:
    """Nats for "on air, with something else", a row a second. Ours is 12 dB softer, and missing in *gap* of each."""
    ours, voice = 0.25 * _speech(seed), _speech(seed + 1)
    channel = Channel()
    channel.mean_power = evidence.power(ours).mean(0)
    channel.floor = np.full(BINS, 1e-6 * channel.mean_power.mean(), np.float32)
    seen = []
    for second in range(0, len(ours) - 128, 128):
        here = slice(second, second + 128)
        heard = ours[here] + voice[here]
        heard[gap] = voice[here][gap]
        seen.append(evidence.looked_back(heard, ours[here], np.zeros_like(heard), NONE, channel)[2])
    return np.array(seen)


@pytest.mark.parametrize("seed", [3, 7])
def test_a_word_that_is_missing_behind_a_louder_voice_is_seen_to_be(seed):
    """Between the tones of the voice, and in its pauses: over all bins together it is too loud to tell."""
    gap = slice(50, 70)  # 160 ms
    seen = _seen_beside_a_louder_voice(seed, gap)
    assert np.count_nonzero(seen[:, gap].sum(1) < -20) >= 0.8 * len(seen)
    assert np.median(np.delete(seen, np.arange(45, 75), 1).mean(1)) > 1
