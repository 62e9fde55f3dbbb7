"""``measure``: WAV files of every kind in, the contract's answer out, a clear error for what cannot be measured."""

import json
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.measure import measure
from audio.wav import Resampler, WavError, open_wav
from bench.recordings import Channel, Fault, record, resample, speech, write_wav


@pytest.fixture(scope="module")
def recording():
    return record("measure", speech(16.0, 6), Channel(30), (Fault(9.0, 2.0, "silence"),), 2)


def _write(path, sound, rate, width, channels):
    whole = np.clip(sound, -1, 1)[:, None].repeat(channels, 1).reshape(-1)
    scaled = np.rint(whole * (2 ** (8 * width - 1) - 1)).astype(np.int32)
    raw = scaled.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
    if width == 1:
        raw = (scaled + 128).astype(np.uint8).tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(raw)
    return path


@pytest.mark.parametrize(("rate", "width", "channels"), [(48_000, 2, 1), (44_100, 3, 2), (22_050, 4, 1), (8_000, 1, 2)])
def test_files_of_any_rate_and_width_are_measured(tmp_path, recording, rate, width, channels):
    sent = write_wav(tmp_path / "sent.wav", recording.sent, recording.rate)
    heard = _write(tmp_path / "heard.wav", resample(recording.heard, recording.rate, rate), rate, width, channels)
    said = measure(sent, heard).to_json()
    assert json.loads(json.dumps(said)) == said
    assert said["sent_ms"] == 16_000
    assert said["on_air_ms"] + said["not_on_air_ms"] + said["unobserved_ms"] == 16_000
    assert said["on_air_ms"] == pytest.approx(14_000, abs=250)
    assert said["delay_ms"] == pytest.approx(300, abs=0.5)
    assert 0 < said["uncertainty_ms"] < 200
    assert 0.5 < said["evidence_share"] <= 1
    assert said["segments"][0]["from_ms"] == 0
    assert said["segments"][-1]["to_ms"] == 16_000
    assert all(a["to_ms"] == b["from_ms"] for a, b in zip(said["segments"], said["segments"][1:], strict=False))


def test_the_delay_said_is_the_one_at_the_end_of_sent_though_heard_goes_on(tmp_path):
    fast = record("fast", speech(24.0, 6), Channel(30, drift_ppm=200), (), 2)
    heard = np.concatenate((fast.heard, np.zeros(15 * fast.rate, np.float32)))
    sent = write_wav(tmp_path / "sent.wav", fast.sent, fast.rate)
    said = measure(sent, write_wav(tmp_path / "heard.wav", heard, fast.rate))
    assert said.delay_ms == pytest.approx(300 + 0.2 * 24, abs=0.3)


def test_a_recording_that_was_cut_off_is_measured_as_far_as_it_goes(tmp_path, recording):
    sent = write_wav(tmp_path / "sent.wav", recording.sent, recording.rate)
    heard = write_wav(tmp_path / "heard.wav", recording.heard, recording.rate)
    heard.write_bytes(heard.read_bytes()[: 44 + 12 * 32_000 + 1])
    said = measure(sent, heard)
    assert said.unobserved_ms == pytest.approx(4_300, abs=5)
    assert said.on_air_ms == pytest.approx(9_700, abs=250)


def test_heard_is_as_loud_as_the_path_makes_it_where_sent_returned(tmp_path, recording):
    """What else the recording holds, before and after, does not count."""
    rate, delay = recording.rate, 3 * recording.rate
    loud = np.random.default_rng(7).normal(0, 0.5, 30 * rate).astype(np.float32)
    loud[delay - rate // 50 : delay + rate // 50] = 0  # a filter rings over a sharp edge
    returned = np.concatenate((loud[:delay], recording.sent * 0.25, loud[delay:]))
    sent = write_wav(tmp_path / "sent.wav", recording.sent, rate)
    said = measure(sent, write_wav(tmp_path / "heard.wav", returned, rate)).to_json()
    assert said["delay_ms"] == pytest.approx(3_000, abs=0.5)
    fallen = {key: said["sent_loudness"][key] - said["heard_loudness"][key] for key in said["sent_loudness"]}
    assert fallen == pytest.approx(dict.fromkeys(fallen, 12.0), abs=0.2)


def test_of_a_silent_return_no_loudness_is_said(tmp_path, recording):
    sent = write_wav(tmp_path / "sent.wav", recording.sent, recording.rate)
    said = measure(sent, write_wav(tmp_path / "heard.wav", recording.sent * 0, recording.rate)).to_json()
    assert said["sent_loudness"]["integrated_lufs"] == pytest.approx(-23, abs=6)
    assert said["heard_loudness"] == dict.fromkeys(("integrated_lufs", "max_short_term_lufs", "true_peak_dbtp"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"ID3 this is no WAV file at all", "not a WAV"),
        (b"RIFF\0\0\0\0WAVE", "no sound"),
        (None, "No such file"),
    ],
)
def test_what_cannot_be_measured_is_said_in_words(tmp_path, recording, content, words):
    sent = write_wav(tmp_path / "sent.wav", recording.sent, recording.rate)
    bad = tmp_path / "bad.wav"
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(WavError, match=words):
        measure(sent, bad)


def test_a_wav_without_a_single_frame_is_refused(tmp_path, recording):
    sent = write_wav(tmp_path / "sent.wav", recording.sent, recording.rate)
    with pytest.raises(WavError, match="no sound"):
        measure(sent, write_wav(tmp_path / "none.wav", recording.heard[:0], 16_000))


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_099, 44_100, 48_001, 96_000]),
    st.lists(st.integers(1, 9_000), max_size=6),
)
def test_resampling_is_exact_and_the_same_for_any_blocks(rate, cuts):
    tone = np.sin(2 * np.pi * 1_000 * np.arange(rate // 4) / rate).astype(np.float32)
    resampler = Resampler(rate, 48_000)
    parts, at = [], 0
    for cut in [*cuts, len(tone)]:
        parts.append(resampler.push(tone[at : at + cut]))
        at += cut
    made = np.concatenate([*parts, resampler.rest()])
    assert len(made) == pytest.approx(12_000, abs=6)
    wanted = np.sin(2 * np.pi * 1_000 * np.arange(len(made)) / 48_000)
    assert np.max(np.abs(made - wanted)[300:-300]) < 2e-4


def test_a_wav_is_read_in_blocks(tmp_path, recording):
    path = write_wav(tmp_path / "a.wav", recording.sent, recording.rate)
    with open_wav(path) as wav:
        sizes = [len(block) for block in wav.blocks_48k(1.0)]
    assert max(sizes) <= 48_100
    assert sum(sizes) == 16 * 48_000


def test_a_programme_that_returns_half_a_minute_late_is_no_recording_of_its_end(tmp_path):
    """Though what is heard first is: the end of yesterday's. What began late is nearly all of SENT."""
    sound = speech(60.0, 6)
    sent, heard = (
        write_wav(tmp_path / f"{n}.wav", s, 16_000) for n, s in enumerate((sound, np.roll(sound, 25 * 16_000)))
    )
    said = measure(sent, heard)
    assert (said.on_air_ms, said.unobserved_ms) == (0, 0)


def test_what_else_of_the_programme_is_heard_first_does_not_hide_that_nothing_is_missing(tmp_path):
    """A fault plays what is due eleven seconds later, as an operator does who starts the wrong item."""
    sent = speech(60.0, 9)
    on_air = sent.copy()
    on_air[2 * 16_000 : 20 * 16_000] = sent[13 * 16_000 : 31 * 16_000]
    paths = (write_wav(tmp_path / f"{name}.wav", sound, 16_000) for name, sound in (("sent", sent), ("heard", on_air)))
    said = measure(*paths)
    assert said.unobserved_ms < 500
    assert said.on_air_ms == pytest.approx(42_000, abs=500)
    assert said.delay_ms == pytest.approx(0, abs=1)


def test_a_card_that_is_off_zero_does_not_clip(tmp_path, recording):
    sent = write_wav(tmp_path / "sent.wav", recording.sent, recording.rate)
    heard = write_wav(tmp_path / "heard.wav", 0.5 * recording.heard + 0.2, recording.rate)
    assert {s.quality for s in measure(sent, heard).segments} == {"ok"}
