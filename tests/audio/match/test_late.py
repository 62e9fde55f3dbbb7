"""What rings on a horn for longer than its filter reaches: its floor follows it, and tells other audio on top."""

from dataclasses import replace

import numpy as np
import pytest

from audio.match import Matcher
from audio.match.channel import Channel as Path
from audio.match.evidence import Evidence, spectra
from audio.match.grid import BINS, HOP, LEAD, RATE_HZ
from audio.match.kind import Heard, quality_of
from audio.match.late import ROW, Late
from audio.match.plain import STEP
from audio.match.signal import Signal
from audio.segments import Quality
from tests.audio.match.helpers import Channel, Fault, at_48k, heard_through, matched, on_air_ms

HORN = Channel(10, (300, 5_000), reverb_s=0.8)
NOISY_HORN = Channel(3, (300, 5_000), reverb_s=1.2, direct_db=-3)
BURST_S = 1.0


def burst() -> Signal:
    """A click of 32 ms in two seconds of silence."""
    frames = np.zeros(96_000, np.int16)
    frames[48_000 : 48_000 + 1_536] = np.random.default_rng(3).normal(0, 6_000, 1_536).astype(np.int16)
    signal = Signal(4 * RATE_HZ)
    signal.push(frames)
    return signal


def test_nothing_rings_late_before_the_filter_ends_and_then_it_decays():
    rings = Late(burst()).looks(0, int(1.6 * RATE_HZ), HOP).sum(1)
    at = np.arange(len(rings)) * HOP / RATE_HZ - BURST_S
    loudest = rings.max()
    assert rings[at < 0.12].max() < 1e-3 * loudest
    assert rings[(at > 0.14) & (at < 0.18)].max() == loudest
    then, later = rings[(at > 0.2) & (at < 0.23)].mean(), rings[(at > 0.33) & (at < 0.36)].mean()
    assert 10 * np.log10(then / later) == pytest.approx(8.0, abs=1.0)  # RT60 1 s: 60 dB a second


def test_what_rings_late_does_not_depend_on_what_was_asked_before():
    asked, size = Late(burst()), int(1.4 * RATE_HZ) // HOP * HOP
    pieces = [asked.looks(at, at + 640, HOP) for at in range(0, size, 640)]
    assert np.array_equal(np.concatenate(pieces), Late(burst()).looks(0, len(pieces) * 640, HOP))


@pytest.mark.parametrize("start", [0, 128, 64])  # where rows begin, in their middle, and elsewhere
def test_what_rings_late_does_not_depend_on_who_looked_at_what_was_sent(start):
    signal, stop = burst(), start + int(1.5 * RATE_HZ) // ROW * ROW
    told = Late(signal)
    for at in range(start, stop, 1_024):
        told.know(at, spectra(signal.read(at - LEAD, at + 1_024 + LEAD), STEP), STEP)
    looks = (1_024, stop - 1_024, HOP)
    assert np.array_equal(told.looks(*looks), Late(signal).looks(*looks))


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_floor_follows_what_rings_late_as_far_as_the_path_does(share):
    """Loud syllables and pauses; of the mean floor a *share* rings."""
    random, path = np.random.default_rng(4), Path()
    loudness = np.repeat(random.exponential(1.0, 400), 8)[:, None] * np.ones(BINS)
    power = random.exponential(1.0, loudness.shape) * (1 - share + share * loudness)
    for at in range(0, len(power), 32):
        here = slice(at, at + 32)
        path.learn_floor(*(one[here].astype(np.float32) for one in (power, power, loudness)), 32 * 2 * HOP / RATE_HZ)
    loud, soft = (path.floor_at(np.full((1, BINS), level, np.float32)).mean() for level in (4.0, 0.0))
    assert 10 * np.log10(loud / (1 + 3 * share)) == pytest.approx(0, abs=1.0)
    assert 10 * np.log10(soft / (1 - share)) == pytest.approx(0, abs=1.0)


@pytest.mark.parametrize("channel", [HORN, Channel(10, (60, 7_500))], ids=["horn", "FM"])
def test_another_voice_on_top_is_told_for_as_long_as_it_lasts(channel):
    segments = matched(heard_through(channel, (Fault(22.0, 14.0, "overlay"),)))
    assert on_air_ms(segments) > 39_000
    for since_s in (22, 29):
        assert on_air_ms(segments, since_s, since_s + 7, Quality.OVERLAID) > 3_500
    assert on_air_ms(segments, 0, 21.5, Quality.OVERLAID) == 0


def test_another_voice_on_a_horn_is_told_live():
    sent, heard = at_48k(heard_through(HORN, (Fault(22.0, 10.0, "overlay"),)))
    matcher, overlaid = Matcher(prior_delay_ms=300), []
    for at in range(0, 32 * 48_000, 4_096):
        matcher.push_sent(sent[at : at + 4_096], True)
        matcher.push_heard(heard[at : at + 4_096])
        matcher.step()
        overlaid.append(matcher.live().quality is Quality.OVERLAID)
    second = 48_000 / 4_096
    assert sum(overlaid[int(23 * second) :]) > 0.6 * 9 * second
    assert not any(overlaid[: int(22 * second)])


@pytest.mark.parametrize("channel", [HORN, NOISY_HORN])
def test_nothing_lies_on_top_of_a_programme_that_rings_in_noise_and_nothing_clips_it(channel):
    segments = matched(heard_through(channel))
    assert on_air_ms(segments, quality=Quality.OK) > 39_700


@pytest.mark.parametrize("louder_db", [5, 15])
def test_a_hiss_that_becomes_louder_is_no_other_audio(louder_db):
    quiet, loud = (heard_through(Channel(snr, HORN.band_hz, reverb_s=0.8)) for snr in (20, 20 - louder_db))
    heard = np.where(np.arange(len(quiet.heard)) < 25 * quiet.rate, quiet.heard, loud.heard)
    assert on_air_ms(matched(replace(quiet, heard=heard)), quality=Quality.OVERLAID) == 0


def test_noise_on_peaks_is_no_clipping():
    """A voice's crest is small in noise of its own loudness, but none of its peaks is cut."""
    random = np.random.default_rng(5)
    voice = np.zeros(2_048, np.float32)
    voice[::80] = random.exponential(0.2, len(voice[::80]))
    noise = random.normal(0, np.sqrt(np.mean(voice**2)), len(voice)).astype(np.float32)
    looks = np.ones((32, BINS), np.complex64)
    ones = np.ones(32, np.float32)
    seen = Evidence(2 * ones, 4 * ones, ones, ones, 1.5 * BINS * ones, BINS * ones)
    quality = [
        quality_of(seen, Heard(sound, voice, looks, looks), True, 1.0, 1.0)
        for sound in (voice + noise, np.minimum(voice, voice.max() / 4))
    ]
    assert quality == [Quality.OK, Quality.CLIPPED]
