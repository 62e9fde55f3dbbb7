"""Every file is brought to one loudness with real ffmpeg, and measured again by a meter of our own."""

import json
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.format import FULL_SCALE, RATE_HZ
from audio.levelling import (
    CEILING_DBTP,
    MOST_GAIN_DB,
    MOST_LIMITED_DB,
    TARGET_LUFS,
    Levelled,
    Sound,
    SoundReport,
    gain_again,
    gain_for,
    limited_db,
)
from audio.library import INDEX, ingest, read_index
from audio.loudness import LoudnessMeter
from tests.audio.test_library import decoded, ffmpeg, write_wav

WORDS = "Kính thưa quý vị, sau đây là bản tin của đài truyền thanh xã. Bà con chú ý phòng chống cháy rừng."


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    """Six seconds of a voice, 48 kHz mono, full scale 1.0."""
    folder = tmp_path_factory.mktemp("speech")
    subprocess.run(["espeak-ng", "-v", "vi", "-w", folder / "a.wav", WORDS], check=True)
    ffmpeg("-i", folder / "a.wav", "-ar", RATE_HZ, "-f", "s16le", folder / "a.raw")
    voice = np.frombuffer((folder / "a.raw").read_bytes(), np.int16) / FULL_SCALE
    return 0.5 * np.resize(voice[np.abs(voice).argmax() % 4_800 :], 6 * RATE_HZ) / np.abs(voice).max()


def keep(path, sound, **how):
    """*sound*, full scale 1.0, as a WAV."""
    return write_wav(path, np.clip(np.rint(sound * FULL_SCALE), -32_768, 32_767).astype(np.int16), **how)


def stored(entry, library):
    return np.frombuffer(decoded(entry.path_in(library)), np.int16)


def second_opinion(pcm):
    meter = LoudnessMeter()
    meter.push(pcm)
    return meter.so_far()


def heard_of(entry, library):
    return second_opinion(stored(entry, library))


def codes(entry):
    return [warning.code for warning in entry.warnings]


def check(entry, library, off_lu=0.5):
    """At the target and under the ceiling, says a meter that is not ffmpeg's; and what is kept of it is true."""
    pcm = stored(entry, library)
    said, heard = entry.level.after, second_opinion(pcm)
    assert len(pcm) == entry.frames
    assert abs(heard.integrated_lufs - TARGET_LUFS) <= off_lu
    assert heard.true_peak_dbtp <= CEILING_DBTP
    assert said.integrated_lufs == pytest.approx(heard.integrated_lufs, abs=0.1)
    assert said.true_peak_dbtp == pytest.approx(heard.true_peak_dbtp, abs=0.2)
    assert all(w.vi and w.en and w.vi != w.en for w in entry.warnings)
    return pcm


@pytest.mark.parametrize("level_db", [-12, 3, 6])
def test_soft_and_loud_speech_comes_out_at_the_target_under_the_ceiling(speech, tmp_path, level_db):
    entry = ingest(keep(tmp_path / "a.wav", speech * 10 ** (level_db / 20)), tmp_path / "library")
    check(entry, tmp_path / "library")
    assert "too_quiet" not in codes(entry)


def test_nothing_is_moved_by_the_gain_nor_by_the_limiter(speech, tmp_path):
    """Of a limited file every sample below the ceiling stays where it was, to a fraction of a frame."""
    entry = ingest(keep(tmp_path / "a.wav", speech), tmp_path / "library")
    assert limited_db(entry.level.before, entry.level.gain_db) > 0.5
    pcm = check(entry, tmp_path / "library")
    frames = len(pcm)
    spectrum = np.fft.rfft(pcm.astype(float)) * np.conj(np.fft.rfft(speech[:frames]))
    around = np.fft.irfft(spectrum / np.maximum(np.abs(spectrum), 1e-12), 16 * frames)  # a peak of 1/16 frame
    assert np.argmax(around) in (*range(3), *range(16 * frames - 2, 16 * frames))


def test_a_file_that_fits_gets_one_gain_and_nothing_else(tmp_path):
    """Above the high-pass, which is for offsets, the result is the original times a number."""
    tone = 0.1 * np.sin(2 * np.pi * 1_000 * np.arange(3 * RATE_HZ) / RATE_HZ)
    entry = ingest(keep(tmp_path / "a.wav", tone), tmp_path / "library")
    pcm = check(entry, tmp_path / "library")
    gain = 10 ** (entry.level.gain_db / 20)
    rest = pcm[RATE_HZ:] - gain * np.rint(tone * FULL_SCALE)[RATE_HZ:]
    assert np.abs(rest).max() < 0.03 * gain * 0.1 * FULL_SCALE  # the high-pass turns 1 kHz by 1.6 degrees


RECORDINGS = {
    "phone.wav": ("-ar", "8000", "-af", "highpass=f=300,lowpass=f=3400"),
    "phone.mp3": ("-ar", "16000", "-b:a", "24k"),
    "stereo.wav": ("-ac", "2"),
    "one-side.wav": ("-af", "pan=stereo|c0=c0"),
    "surround.m4a": ("-af", "pan=5.1|FL=0.5*c0|FR=0.5*c0|FC=0.7*c0|LFE=0.5*c0"),
    "float.wav": ("-af", "volume=7dB", "-c:a", "pcm_f32le"),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_recordings_of_every_kind_come_out_equally_loud(speech, tmp_path, name):
    ffmpeg("-i", keep(tmp_path / "whole.wav", speech), *RECORDINGS[name], tmp_path / name)
    entry = ingest(tmp_path / name, tmp_path / "library")
    check(entry, tmp_path / "library")
    assert codes(entry) == []


@pytest.mark.parametrize("name", ["a.wav", "a.mp3"])
def test_a_clipped_recording_is_told_and_still_brought_to_the_target(speech, tmp_path, name):
    loud = keep(tmp_path / "loud.wav", speech * 10)
    ffmpeg("-i", loud, "-b:a", "64k", tmp_path / name)
    entry = ingest(tmp_path / name, tmp_path / "library")
    check(entry, tmp_path / "library")
    assert codes(entry) == ["clipped"]


@pytest.mark.parametrize("offset", [0.4, -0.01])
def test_an_offset_is_removed_without_a_thump_at_the_start(speech, tmp_path, offset):
    pause = np.zeros(RATE_HZ)
    entry = ingest(keep(tmp_path / "a.wav", np.concatenate((pause, 0.3 * speech)) + offset), tmp_path / "library")
    pcm = check(entry, tmp_path / "library")
    assert np.abs(pcm[: RATE_HZ // 2]).max() < 0.01 * FULL_SCALE
    assert abs(pcm.mean()) < 0.001 * FULL_SCALE


def test_silence_at_both_ends_is_noted_and_told_when_it_is_long(speech, tmp_path):
    seconds = np.zeros(RATE_HZ)
    sound = np.concatenate((seconds, seconds, seconds[: RATE_HZ // 2], speech, *4 * [seconds]))
    entry = ingest(keep(tmp_path / "a.wav", sound), tmp_path / "library")
    assert entry.level.after.head_silence_ms == pytest.approx(2_500, abs=150)
    assert entry.level.after.tail_silence_ms == pytest.approx(4_000, abs=250)
    assert codes(entry) == ["silent_head", "silent_tail"]
    short = ingest(keep(tmp_path / "b.wav", sound[RATE_HZ : -3 * RATE_HZ]), tmp_path / "library")
    assert codes(short) == []
    whole = ingest(keep(tmp_path / "c.wav", speech), tmp_path / "library")
    assert (whole.level.after.head_silence_ms, whole.level.after.tail_silence_ms) == (0, 0)


@pytest.mark.parametrize("sound", [np.zeros(RATE_HZ), np.full(RATE_HZ, 0.3), np.tile([1e-4, -1e-4], RATE_HZ)])
def test_a_file_without_any_sound_is_told_and_left_as_it_is(tmp_path, sound):
    entry = ingest(keep(tmp_path / "a.wav", sound), tmp_path / "library")
    assert codes(entry) == ["silent"]
    assert np.abs(stored(entry, tmp_path / "library")).max() < 0.001 * FULL_SCALE
    assert entry.frames == len(sound)


def test_channels_that_cancel_each_other_are_told_as_silence(speech, tmp_path):
    ffmpeg("-i", keep(tmp_path / "a.wav", speech), "-af", "pan=stereo|c0=c0|c1=-1*c0", tmp_path / "b.wav")
    assert codes(ingest(tmp_path / "b.wav", tmp_path / "library")) == ["silent"]


@pytest.mark.parametrize("frames", [4_800, 19_199])
def test_what_is_too_short_for_a_loudness_is_only_kept_below_the_ceiling(tmp_path, frames):
    tone = 0.95 * np.sin(2 * np.pi * 440 * np.arange(frames) / RATE_HZ)
    entry = ingest(keep(tmp_path / "a.wav", tone), tmp_path / "library")
    assert (entry.level.gain_db, entry.frames, entry.warnings) == (0.0, frames, ())
    assert heard_of(entry, tmp_path / "library").true_peak_dbtp <= CEILING_DBTP


def test_what_is_too_quiet_is_raised_so_far_and_no_further(speech, tmp_path):
    entry = ingest(keep(tmp_path / "a.wav", speech / 30), tmp_path / "library")
    assert codes(entry) == ["too_quiet"]
    assert entry.level.gain_db == MOST_GAIN_DB


def test_peaks_are_limited_so_far_and_no_further(tmp_path):
    """A soft tone with loud clicks: to bring it to the target, they would have to be cut by 16 dB."""
    sound = 0.03 * np.sin(2 * np.pi * 500 * np.arange(5 * RATE_HZ) / RATE_HZ)
    sound[RATE_HZ::RATE_HZ] = 0.9
    entry = ingest(keep(tmp_path / "a.wav", sound), tmp_path / "library")
    assert codes(entry) == ["too_peaky"]
    assert limited_db(entry.level.before, entry.level.gain_db) == pytest.approx(MOST_LIMITED_DB, abs=0.01)
    assert heard_of(entry, tmp_path / "library").true_peak_dbtp <= CEILING_DBTP


def test_another_target_stores_the_file_anew_at_its_next_loading(speech, tmp_path):
    path, library = keep(tmp_path / "a.wav", speech), tmp_path / "library"
    before = ingest(path, library)
    after = ingest(path, library, -24.0)
    assert heard_of(after, library).integrated_lufs == pytest.approx(-24, abs=0.5)
    same = ("digest", "pcm_digest", "frames", "codec")
    assert [getattr(before, name) for name in same] == [getattr(after, name) for name in same]
    assert read_index(library) == {"a.wav": after}
    (tmp_path / "b.wav").write_bytes(path.read_bytes())
    ingest(tmp_path / "b.wav", library)
    assert {entry.level.target_lufs for entry in read_index(library).values()} == {TARGET_LUFS}
    assert (before.level.target_lufs, after.level.target_lufs) == (TARGET_LUFS, -24.0)


def test_a_library_of_before_is_read_and_levelled_at_its_next_loading(speech, tmp_path):
    path, library = keep(tmp_path / "a.wav", speech), tmp_path / "library"
    entry = ingest(path, library)
    document = json.loads((library / INDEX).read_text(encoding="utf-8"))
    del document["entries"]["a.wav"]["level"]
    (library / INDEX).write_text(json.dumps(document), encoding="utf-8")
    assert read_index(library) == {"a.wav": replace(entry, level=None)}
    assert ingest(path, library) == entry


def test_whoever_watches_sees_it_go_on_to_its_end(speech, tmp_path):
    seen = []
    ingest(keep(tmp_path / "a.wav", speech), tmp_path / "library", watch=lambda done, of: seen.append((done, of)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (12 * RATE_HZ, 12 * RATE_HZ)
    assert len(seen) > 10


# --- decisions

loudnesses, peaks = st.floats(-69, 0), st.floats(-60, 6)


@given(loudnesses, peaks, st.floats(-30, -12))
def test_a_gain_never_exceeds_what_is_good_for_the_sound(loudness, peak, target):
    before = Sound(loudness, 5.0, peak, 0, 0)
    gain = gain_for(before, target)
    assert gain <= MOST_GAIN_DB
    assert limited_db(before, gain) <= MOST_LIMITED_DB + 0.01
    assert loudness + gain <= target + 0.01
    if gain < MOST_GAIN_DB - 0.01 and limited_db(before, gain) < MOST_LIMITED_DB - 0.01:
        assert loudness + gain == pytest.approx(target, abs=0.01)


@given(loudnesses, peaks, st.floats(-30, -12), st.floats(0, 3))
def test_a_second_gain_makes_up_for_a_limiter_and_is_never_lower(loudness, peak, target, taken_lu):
    before = Sound(loudness, 5.0, peak, 0, 0)
    gain = gain_for(before, target)
    done = Levelled(target, gain, before, replace(before, integrated_lufs=loudness + gain - taken_lu))
    again = gain_again(done)
    assert gain <= again <= MOST_GAIN_DB
    assert limited_db(before, again) <= MOST_LIMITED_DB + 0.01
    if taken_lu <= 0.4 and loudness + gain > target - 0.05:
        assert again == gain


def test_a_report_is_read_line_by_line_whatever_stands_between():
    """300 ms of silence cannot be told from none; a second can."""
    lines = ["frame:0 pts:0\n"]
    momentary = [-120.7] * 10 + [-18.0] * 20 + [-60.0] * 12
    lines += [f"lavfi.r128.M={m}\n" for m in momentary] + ["lavfi.r128.LRA.low=-20\n", "lavfi.r128.LRA=2.5\n"]
    lines += ["lavfi.r128.I=-18.2\n", "lavfi.r128.true_peaks_ch0=0.5\n", "lavfi.r128.true_peak=0.5\n"]
    report = SoundReport()
    report.hear(lines)
    assert report.sound(42 * RATE_HZ // 10) == Sound(-18.2, 2.5, -6.02, 1_000, 1_500)


def test_what_is_known_of_a_level_survives_the_index():
    level = Levelled(-18.0, 3.21, Sound(None, None, -70.0, 0, 0), Sound(-18.0, 2.0, -1.2, 100, 2_300))
    assert Levelled.from_json(json.loads(json.dumps(level.to_json()))) == level
