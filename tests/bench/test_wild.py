"""The second maker of recordings: what it says of a recording is what the recording holds."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bench import measure_wild
from bench.measure import truth
from bench.recordings import Fault
from bench.wild import FADE_S, OFF, ON, Wild, assemble, make, plan
from bench.wild_codecs import AAC, GSM, MP3, OPUS, coded
from bench.wild_noises import SURROUNDINGS
from bench.wild_paths import Path
from bench.wild_signal import (
    Stretch,
    active_rms,
    at_active_rms,
    band_rms,
    convolved,
    db,
    fast_length,
    filtered,
    high_pass,
    low_pass,
    resampled,
    rms,
    warped,
)
from bench.wild_speech import stranger

RATE, SECONDS = 16_000, 60.0
CLEAN = Path("line", 90.0, (50, 7_200), delay_s=0.25)


def dice(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def speech():
    return at_active_rms(stranger(dice(), SECONDS), -20)


@pytest.fixture(scope="module")
def noise():
    """A programme that is never soft."""
    return (0.1 * dice(2).standard_normal(round(SECONDS * RATE))).astype(np.float32)


def recorded(sent, path: Path, *faults: Fault) -> Wild:
    return assemble("test", ("test", sent), RATE, path, faults, lambda s: stranger(dice(3), s), dice(4))


def on_sents_axis(recording: Wild):
    """HEARD of a path without drift, from the programme's beginning to its end."""
    first = round(recording.channel.delay_s * RATE)
    return recording.heard[first : first + len(recording.sent)]


def test_the_same_seed_makes_the_same_recording_and_another_seed_another():
    one, same, other = make(5, SECONDS, 3), make(5, SECONDS, 3), plan(5, SECONDS, 4)
    assert np.array_equal(one.sent, same.sent)
    assert np.array_equal(one.heard, same.heard)
    assert (one.faults, one.lost, one.channel) == (same.faults, same.lost, same.channel)
    assert one.faults != other.faults
    assert one.path is not None
    assert one.path.delay_s != other.path.delay_s


@pytest.mark.parametrize("start_s", [10.0, 10.0012])  # abrupt; with a fade
def test_a_clean_path_is_silent_just_where_the_truth_says_so(noise, start_s):
    recording = recorded(noise, CLEAN, Fault(start_s, 0.5, "silence"))
    level = np.abs(on_sents_axis(recording)).reshape(-1, RATE // 1_000)  # a row a millisecond
    true, half_ms = truth(recording), int(FADE_S * 500) + 1
    off = np.flatnonzero(~true)
    assert (off[0], len(off)) == (round(start_s * 1_000), 500)
    inside, outside = level[off[half_ms:-half_ms]], np.delete(level, np.arange(off[0] - half_ms, off[-1] + half_ms), 0)
    assert inside.max() < 1e-3
    assert outside.max(axis=1).min() > 0.01
    before = slice((off[0] - half_ms) * RATE // 1_000, off[0] * RATE // 1_000)
    ours, heard = noise[before], on_sents_axis(recording)[before]
    gain = np.dot(heard, ours) / np.dot(ours, ours) / (db(CLEAN.level_dbfs) / active_rms(noise, noise))
    assert gain < 0.9 if start_s != 10.0 else gain == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("kind", [k for k in OFF if k != "silence"])
def test_nothing_of_the_programme_is_left_in_a_fault(speech, kind):
    heard = on_sents_axis(recorded(speech, CLEAN, Fault(20.0, 12.0, kind)))[20 * RATE + 100 : 32 * RATE - 100]
    ours = speech[18 * RATE : 33 * RATE]  # at any delay from −1 to +2 s
    size = fast_length(len(heard) + len(ours))
    likeness = np.fft.irfft(np.fft.rfft(ours, size) * np.conj(np.fft.rfft(heard, size)), size)[: len(ours) - len(heard)]
    assert rms(heard) > 0.01
    assert np.abs(likeness).max() / len(heard) < 0.2 * rms(heard) * rms(ours)


@pytest.mark.parametrize("kind", ["low", "loud", "clip", "overlay"])
def test_what_is_low_loud_clipped_or_overlaid_is_on_air(speech, kind):
    recording = recorded(speech, CLEAN, Fault(20.0, 12.0, kind))
    part = slice(20 * RATE, 32 * RATE)
    heard = on_sents_axis(recording)
    assert truth(recording).all()
    assert np.corrcoef(heard[part], speech[part])[0, 1] > 0.3
    gains = [np.dot(heard[p], speech[p]) / np.dot(speech[p], speech[p]) for p in (part, slice(0, 19 * RATE))]
    assert abs(20 * np.log10(gains[0] / gains[1])) > {"low": 19, "loud": 3, "clip": 1, "overlay": 0}[kind]


@pytest.mark.parametrize("beside", ["white", "fm", "weak fm", *SURROUNDINGS])
@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_the_stated_noise_is_the_noise_that_is_heard(speech, beside, snr_db):
    """Of the same road without a programme, and without noise, by Fourier transforms of the whole."""
    filters = (high_pass(200), low_pass(4_000))
    path = replace(CLEAN, snr_db=snr_db, noise=beside, filters=filters, band_hz=(200, 4_000), level_dbfs=-30)
    path = replace(path, hum_db=-snr_db - 6)
    sent = speech[: 25 * RATE]
    noise = on_sents_axis(recorded(sent, path, Fault(0.0, 25.0, "silence")))
    clean = on_sents_axis(recorded(sent, replace(path, snr_db=90.0, hum_db=None)))
    power = np.abs(np.fft.rfft(noise)) ** 2
    hz = np.fft.rfftfreq(len(noise), 1 / RATE)
    inside = np.sqrt(2 * power[(hz >= 200) & (hz < 4_000)].sum()) / len(noise)
    assert 20 * np.log10(active_rms(clean, sent) / inside) == pytest.approx(snr_db, abs=1.0)


def test_samples_that_a_buffer_lost_are_those_that_are_stated(noise):
    path = replace(CLEAN, delay_s=1.0, jumps=((20.0, 0.5), (40.0, -0.7)))
    recording = recorded(noise, path)
    assert recording.lost == ((40.0, 40.7),)
    assert np.flatnonzero(~truth(recording)).tolist() == list(range(40_000, 40_700))
    for sent_s, late_s in ((19.9, 1.0), (20.0, 1.5), (39.9, 1.5), (40.7, 0.8), (59.9, 0.8)):
        ours, there = round(sent_s * RATE), round((sent_s + late_s) * RATE)
        heard, sent = recording.heard[there : there + 1_600], recording.sent[ours : ours + 1_600]
        assert np.corrcoef(heard, sent)[0, 1] > 0.99, sent_s
    assert np.abs(recording.heard[round(21.0 * RATE) + 9 : round(21.5 * RATE) - 9]).max() < 1e-3


def test_a_drifting_clock_is_as_late_at_the_end_as_stated(noise):
    recording = recorded(noise, replace(CLEAN, drift_ppm=150.0, inverted=True))
    for sent_s in (0.0, 30.0, 59.0):
        at = (sent_s + CLEAN.delay_s) * (1 + 150e-6) * RATE
        expected = warped(recording.sent, [Stretch(400, sent_s * RATE + (round(at) - at))])
        assert np.corrcoef(recording.heard[round(at) : round(at) + 400], expected)[0, 1] < -0.99, sent_s


def test_a_filter_answers_after_the_click_and_a_blockwise_convolution_is_one(noise):
    click = np.zeros(RATE, np.float32)
    click[5_000] = 1
    answer = filtered(click, RATE, high_pass(300), low_pass(3_000))
    assert np.abs(answer[:4_990]).max() < 1e-3 < 0.1 < np.abs(answer[5_000:5_010]).max()
    part, kernel = noise[:50_000], dice(7).standard_normal(700).astype(np.float32)
    assert np.allclose(convolved(part, kernel), np.convolve(part, kernel)[:50_000], atol=1e-3)


def test_levels_and_rates_are_what_they_are_called(speech):
    tone = np.sin(2 * np.pi * 1_000 * np.arange(RATE) / RATE).astype(np.float32)
    assert band_rms(tone, RATE, (900, 1_100)) == pytest.approx(db(-3), rel=0.05)
    assert band_rms(tone, RATE, (1_500, 3_000)) < 0.01
    assert active_rms(speech, speech) == pytest.approx(0.1, rel=0.02)
    assert len(resampled(speech, 16_000, 44_100)) == round(len(speech) * 441 / 160)
    assert np.allclose(resampled(resampled(speech, 16_000, 44_100), 44_100, 16_000), speech, atol=1e-3)


@pytest.mark.parametrize("codec", [MP3[0], AAC[2], OPUS[1], GSM], ids=lambda codec: codec.name)
def test_a_codec_takes_no_time(speech, codec):
    part = speech[: 20 * RATE]
    through = coded(part, RATE, codec)
    likeness = [np.dot(part[5_000:-5_000], through[5_000 + n : len(part) - 5_000 + n]) for n in range(-50, 51)]
    assert len(through) == len(part)
    assert int(np.argmax(likeness)) == 50


def test_faults_lie_apart_within_the_programme_and_jumps_beside_them():
    plans = [plan(number, 180.0, 17) for number in range(120)]
    for one in plans:
        spans = sorted((fault.start_s, fault.start_s + fault.length_s) for fault in one.faults)
        assert all(0 <= a < b <= 180.001 for a, b in spans)
        assert all(b + 0.35 < a for (_, b), (a, _) in pairwise(spans))
        for at_s, by_s in one.path.jumps:
            assert all(b < at_s or a > at_s + abs(by_s) for a, b in spans)
    assert {fault.kind for one in plans for fault in one.faults} == {*OFF, *ON}
    assert {one.never for one in plans} == {True, False}
    assert any(not one.faults for one in plans)
    assert any(one.faults and one.faults[0].start_s == 0 and not one.never for one in plans)


def test_the_delay_stays_among_those_that_are_ours():
    for number in range(120):
        path = plan(number, 180.0, 17).path
        late_s = np.cumsum([path.delay_s, *(by for _, by in path.jumps)])
        assert 0.02 <= late_s.min() <= late_s.max() < 9


def test_the_quick_table_runs(monkeypatch, capsys):
    monkeypatch.setattr(measure_wild, "COUNT_QUICK", 2)
    monkeypatch.setattr(measure_wild, "SECONDS_QUICK", SECONDS)
    made = measure_wild.rows(quick=True)
    assert len(capsys.readouterr().out.splitlines()) == 1 + 2
    assert {"airtime error, mean", "truth within the interval", "silencedetect: found"} <= {one["what"] for one in made}
    log, ours = (next(o["value"] for o in made if o["what"].startswith(w)) for w in ("player's log: air", "airtime"))
    assert ours < log
