"""Programme files: counted truly, refused with a reason, and nothing half-done in the library."""

import hashlib
import json
import os
import random
import subprocess
import threading
import time
import unicodedata
import wave
from array import array
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.decode import MediaError
from audio.format import RATE_HZ
from audio.library import INDEX, find_media, ingest, ingest_at_once, mark_heard, media_name, read_index

SECONDS = 3


def write_wav(path, samples, rate=RATE_HZ, channels=1):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(array("h", samples).tobytes())
    return path


def noise(n, seed=1):
    dice = random.Random(seed)
    return [dice.randrange(-8_000, 8_000) for _ in range(n)]


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """The same three seconds in every usual kind of file."""
    folder = tmp_path_factory.mktemp("originals")
    wav = write_wav(folder / "gốc.wav", noise(SECONDS * 44_100), rate=44_100)
    for name, options in {
        "a.mp3": (),
        "vbr-no-header.mp3": ("-q:a", "5", "-write_xing", "0"),
        "a.flac": (),
        "a.ogg": ("-c:a", "libvorbis"),
        "a.opus": (),
        "a.m4a": (),
        "a.aac": (),
        "stereo.wav": ("-ac", "2"),
        "24bit.wav": ("-c:a", "pcm_s24le"),
        "8khz.wav": ("-ar", "8000"),
    }.items():
        ffmpeg("-i", wav, *options, folder / name)
    return folder


KINDS = [
    "gốc.wav", "a.mp3", "vbr-no-header.mp3", "a.flac", "a.ogg", "a.opus", "a.m4a", "a.aac", "stereo.wav", "24bit.wav",
    "8khz.wav",
]  # fmt: skip


def decoded(flac):
    command = ["ffmpeg", "-v", "error", "-i", flac, "-f", "s16le", "-"]
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout


@pytest.mark.parametrize("name", KINDS)
def test_a_file_of_any_usual_kind_is_counted_by_its_samples(originals, tmp_path, name):
    entry = ingest(originals / name, tmp_path)
    # Lossy encoders add and cut up to some frames of 1152 samples; what counts is what will be played.
    assert abs(entry.frames - SECONDS * RATE_HZ) <= (4_800 if entry.codec in ("mp3", "aac") else 100)
    pcm = decoded(entry.path_in(tmp_path))
    assert len(pcm) == 2 * entry.frames
    assert entry.duration_ms == entry.frames * 1_000 // RATE_HZ
    assert entry.warnings == ()


def test_the_digest_of_the_samples_is_that_of_the_originals(tmp_path):
    samples = noise(24_000)
    wav = write_wav(tmp_path / "a.wav", samples)
    ffmpeg("-i", wav, tmp_path / "b.flac")
    for name in ("a.wav", "b.flac"):
        entry = ingest(tmp_path / name, tmp_path / "library")
        assert entry.pcm_digest == hashlib.sha256(array("h", samples).tobytes()).hexdigest()


def test_loading_again_decodes_nothing_and_a_changed_file_replaces_its_entry(tmp_path):
    path, library = tmp_path / "tin.wav", tmp_path / "library"
    first = ingest(write_wav(path, noise(9_600)), library)
    made_ns = first.path_in(library).stat().st_mtime_ns
    assert ingest(path, library) == first
    assert first.path_in(library).stat().st_mtime_ns == made_ns
    second = ingest(write_wav(path, noise(19_200, seed=2)), library)
    assert second.frames == 19_200
    assert read_index(library) == {"tin.wav": second}
    first.path_in(library).unlink()
    assert ingest(write_wav(path, noise(9_600)), library) == first
    assert first.path_in(library).exists()


def test_a_copy_at_another_loudness_is_made_once_kept_and_made_again_of_a_new_file(tmp_path):
    path, library = tmp_path / "tin.wav", tmp_path / "library"
    plain = ingest(write_wav(path, noise(96_000)), library)
    both = ingest(path, library, own_lufs=[-24.0, -18.0])  # the last is what all files are made to
    assert both == replace(plain, copies=(-24.0,))
    softer, usual = (loudness_of(both.path_in(library, lufs)) for lufs in (-24.0, -18.0))
    assert usual - softer == pytest.approx(6.0, abs=0.5)
    made_ns = both.path_in(library, -24.0).stat().st_mtime_ns
    assert ingest(path, library, own_lufs=[-24.0]) == both
    assert both.path_in(library, -24.0).stat().st_mtime_ns == made_ns
    newer = ingest(write_wav(path, noise(48_000, seed=2)), library)
    assert newer.copies == (-24.0,)
    assert newer.path_in(library, -24.0).is_file()
    assert newer.path_in(library, -16.0) == newer.path_in(library)


def loudness_of(flac):
    command = ["ffmpeg", "-nostats", "-i", flac, "-af", "ebur128", "-f", "null", "-"]
    said = subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE).stderr.decode()
    return float(said.rsplit("I:", 1)[1].split()[0])


def test_what_was_spoken_is_unheard_until_somebody_says_so_and_then_for_good(tmp_path):
    path, library = write_wav(tmp_path / "tin.wav", noise(48_000)), tmp_path / "library"
    assert ingest(path, library, spoken=True).unheard
    assert ingest(path, library).unheard  # taken in again, as the keeper does
    assert ingest(path, library, -20.0, own_lufs=[-16.0]).unheard
    mark_heard("tin.wav", library)
    assert not read_index(library)["tin.wav"].unheard
    assert not ingest(path, library, spoken=True).unheard  # the same words in the same voice
    assert ingest(write_wav(path, noise(48_000, seed=3)), library, spoken=True).unheard
    with pytest.raises(KeyError):
        mark_heard("khác.wav", library)


def test_two_names_of_the_same_content_share_one_decoding(tmp_path):
    library = tmp_path / "library"
    write_wav(tmp_path / "a.wav", noise(9_600))
    (tmp_path / "b.wav").write_bytes((tmp_path / "a.wav").read_bytes())
    a, b = (ingest(tmp_path / name, library) for name in ("a.wav", "b.wav"))
    assert a.digest == b.digest
    assert sorted(read_index(library)) == ["a.wav", "b.wav"]
    assert len(list(library.glob("*.flac"))) == 1


def hostile(folder):
    """Files that are no programme, each with the reason that must be given."""
    wav = write_wav(folder / "whole.wav", noise(RATE_HZ))
    ffmpeg("-i", wav, folder / "whole.m4a")
    yield "empty.mp3", b"", "empty"
    yield "text.mp3", "Kính gửi đài truyền thanh xã\n".encode() * 50, "not_audio"
    yield "page.wav", b"<!DOCTYPE html><html><body>404</body></html>", "not_audio"
    yield "noise.mp3", random.Random(3).randbytes(20_000), "not_audio"
    yield "zeros.mp3", bytes(50_000), "not_audio"
    yield "cut.m4a", (folder / "whole.m4a").read_bytes()[:-3_000], "truncated"
    yield "header-only.wav", wav.read_bytes()[:44], "not_audio"
    yield "hls.mp3", f"#EXTM3U\n#EXTINF:9,\nfile://{wav}\n".encode(), "not_audio"
    yield "concat.mp3", f"ffconcat version 1.0\nfile {wav}\n".encode(), "not_audio"
    yield "zip.flac", b"PK\x03\x04" + random.Random(5).randbytes(3_000), "not_audio"


HOSTILE = [
    "empty.mp3", "text.mp3", "page.wav", "noise.mp3", "zeros.mp3", "cut.m4a", "header-only.wav", "hls.mp3",
    "concat.mp3", "zip.flac",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_programme_is_refused_with_a_reason_in_both_languages(tmp_path, name):
    content, code = next((c, k) for n, c, k in hostile(tmp_path) if n == name)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MediaError) as caught:
        ingest(tmp_path / name, tmp_path / "library")
    problem = caught.value.problem
    assert (problem.where, problem.code) == (name, code)
    assert problem.vi
    assert problem.en
    assert problem.vi != problem.en
    assert [p.name for p in (tmp_path / "library").glob("*") if p.name != ".lock"] == []


@pytest.mark.parametrize("name", ["missing.mp3", "folder", "pipe"])
def test_what_is_no_file_is_refused_and_nobody_waits_for_it(tmp_path, name):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MediaError) as caught:
        ingest(tmp_path / name, tmp_path / "library")
    assert caught.value.problem.code in ("missing", "unreadable", "not_a_file")


def damaged(originals, folder):
    whole = (originals / "gốc.wav").read_bytes()
    (folder / "cut.wav").write_bytes(whole[: len(whole) // 2 // 2 * 2])
    flac = (originals / "a.flac").read_bytes()
    (folder / "cut.flac").write_bytes(flac[: len(flac) // 2])
    mp3 = (originals / "a.mp3").read_bytes()
    (folder / "cut.mp3").write_bytes(mp3[: len(mp3) // 2])
    ffmpeg("-i", originals / "gốc.wav", "-ar", "22050", "-metadata", f"title={'x' * 9_000}", folder / "whole.mp3")
    low = (folder / "whole.mp3").read_bytes()
    (folder / "cut-low.mp3").write_bytes(low[: len(low) * 2 // 3])
    (folder / "hole.flac").write_bytes(flac[:60_000] + bytes(20_000) + flac[80_000:])
    return folder


@pytest.mark.parametrize("name", ["cut.wav", "cut.flac", "hole.flac", "cut.mp3", "cut-low.mp3"])
def test_a_partly_damaged_file_is_taken_with_a_warning_that_says_how_much_there_is(originals, tmp_path, name):
    entry = ingest(damaged(originals, tmp_path) / name, tmp_path / "library")
    (warning,) = entry.warnings
    assert warning.code == "damaged"
    assert f"{entry.frames / RATE_HZ:.1f}" in warning.vi
    assert "hỏng một phần" in warning.vi
    assert 0.3 * SECONDS < entry.frames / RATE_HZ <= 1.01 * SECONDS
    assert read_index(tmp_path / "library")[name] == entry


def test_names_are_composed_and_found_however_they_are_coded_on_disk(tmp_path):
    decomposed = unicodedata.normalize("NFD", "bản tin sáng.wav")
    write_wav(tmp_path / decomposed, noise(9_600))
    entry = ingest(find_media(tmp_path, "bản tin sáng.wav"), tmp_path / "library")
    assert entry.name == unicodedata.normalize("NFC", "bản tin sáng.wav")


@pytest.mark.parametrize(
    "name", ["../a.wav", "/etc/passwd", "a/b.wav", "..", ".", "", ".an", "a\0b", "a\\b", "ấ" * 100]
)
def test_no_name_leads_out_of_the_media_folder(tmp_path, name):
    with pytest.raises(MediaError) as caught:
        find_media(tmp_path, name)
    assert caught.value.problem.code == "bad_name"


def test_no_link_leads_out_of_the_media_folder(tmp_path):
    outside = write_wav(tmp_path / "secret.wav", noise(9_600))
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.wav").symlink_to(outside)
    with pytest.raises(MediaError):
        find_media(tmp_path / "media", "a.wav")


@given(st.text(max_size=60))
def test_every_name_is_either_refused_or_a_plain_file_name(name):
    try:
        kept = media_name(name)
    except MediaError:
        return
    assert kept == Path(kept).name
    assert unicodedata.is_normalized("NFC", kept)
    assert kept not in (".", "..")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"entries": {"a": 1}}', '{"entries": {"a": {"name": "a"}}}'])
def test_an_index_that_is_none_reads_as_an_empty_library(tmp_path, content):
    assert read_index(tmp_path) == {}
    (tmp_path / INDEX).write_text(content, encoding="utf-8")
    assert read_index(tmp_path) == {}


def test_an_index_from_a_later_version_is_read_for_what_is_known(tmp_path):
    entry = ingest(write_wav(tmp_path / "a.wav", noise(9_600)), tmp_path)
    document = json.loads((tmp_path / INDEX).read_text(encoding="utf-8"))
    document["entries"]["a.wav"]["loudness_lufs"] = -23.0
    (tmp_path / INDEX).write_text(json.dumps(document), encoding="utf-8")
    assert read_index(tmp_path) == {"a.wav": entry}


def test_two_loads_at_once_lose_nothing(tmp_path):
    names = [f"{n}.wav" for n in range(6)]
    for n, name in enumerate(names):
        write_wav(tmp_path / name, noise(9_600, seed=n))
    threads = [threading.Thread(target=ingest, args=(tmp_path / name, tmp_path / "library")) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(read_index(tmp_path / "library")) == names


def test_a_short_file_does_not_wait_for_a_long_one(tmp_path):
    long, short = tmp_path / "long.wav", write_wav(tmp_path / "short.wav", noise(RATE_HZ))
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=120", "-ar", "48000", long)
    taking = threading.Thread(target=ingest, args=(long, tmp_path / "library"))
    taking.start()
    while not (tmp_path / "library").is_dir():
        time.sleep(0.01)
    ingest(short, tmp_path / "library")
    assert taking.is_alive()
    taking.join()
    assert set(read_index(tmp_path / "library")) == {"long.wav", "short.wav"}


def test_what_a_kill_left_half_done_is_swept_away_later(tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    old, new = library / ".0123-old.part", library / ".0123-new.part"
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    ingest(write_wav(tmp_path / "a.wav", noise(RATE_HZ)), library)
    assert (old.exists(), new.exists()) == (False, True)


def test_what_cannot_wait_is_taken_in_in_one_go_with_the_same_frames_and_content(originals, tmp_path):
    for name in ("a.mp3", "stereo.wav", "8khz.wav"):
        at_once = ingest_at_once(originals / name, tmp_path / "once")
        slowly = ingest(originals / name, tmp_path / "slow")
        assert (at_once.frames, at_once.pcm_digest) == (slowly.frames, slowly.pcm_digest)
        assert at_once.path_in(tmp_path / "once").is_file()
        assert read_index(tmp_path / "once")[name] == at_once


def test_what_cannot_wait_and_is_no_sound_is_refused_and_leaves_nothing(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(MediaError):
        ingest_at_once(tmp_path / "a.wav", tmp_path / "library")
    assert [path.name for path in (tmp_path / "library").iterdir()] == []
