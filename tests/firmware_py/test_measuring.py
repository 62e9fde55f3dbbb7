"""``smartradio measure`` as a person calls it: every kind of file, bad ones named and explained, the picture."""

import json
import os
import pty
import struct
import subprocess
import sys
import wave

import numpy as np
import pytest
from PIL import Image

from audio.wav import open_wav
from bench.measure_long import used
from bench.recordings import Channel, Fault, as_int16, record, resample, speech, write_wav
from firmware_py import cli

RATE = 16_000
BY_THE_RULES = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


@pytest.fixture(scope="module")
def sound():
    """12 s of speech, 2 s of it replaced by silence, heard 300 ms late."""
    return record("measuring", speech(12.0, 6), Channel(30), (Fault(6.0, 2.0, "silence"),), 2)


@pytest.fixture(scope="module")
def folder(sound, tmp_path_factory):
    made = tmp_path_factory.mktemp("measuring")
    write_wav(made / "sent.wav", sound.sent, RATE)
    write_wav(made / "heard.wav", sound.heard, RATE)
    return made


@pytest.fixture
def measure(capsys):
    """Run the command: (exit code, JSON or None, standard error)."""

    def run(sent, heard, *more, lang="en"):
        code = cli.main(["measure", str(sent), str(heard), "--json", "--lang", lang, *map(str, more)])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    return run


def command(*arguments, before=(), **more):
    return subprocess.run(
        [*before, sys.executable, "-m", "firmware_py.cli", "measure", *map(str, arguments)],
        capture_output=True,
        timeout=100,
        check=False,
        **more,
    )


def ffmpeg(source, target, *options):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, *options, target], check=True, timeout=60)
    return target


def is_right(said, unobserved_ms=0):
    total = said["on_air_ms"] + said["not_on_air_ms"] + said["unobserved_ms"]
    assert total == said["sent_ms"] == pytest.approx(12_000, abs=1)
    assert said["on_air_ms"] == pytest.approx(10_000 - unobserved_ms, abs=120)
    assert said["unobserved_ms"] == pytest.approx(unobserved_ms, abs=5)
    assert said["delay_ms"] == pytest.approx(300, abs=0.5)
    return True


# --- files that are measured ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000])
def test_recordings_of_any_rate_are_measured(measure, folder, sound, tmp_path, rate):
    heard = write_wav(tmp_path / "heard.wav", resample(sound.heard, RATE, rate), rate)
    sent = write_wav(tmp_path / "sent.wav", resample(sound.sent, RATE, rate), rate)
    assert is_right(measure(folder / "sent.wav", heard)[1])
    assert is_right(measure(sent, folder / "heard.wav")[1])


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le"])
def test_recordings_of_any_width_are_measured(measure, folder, tmp_path, codec):
    heard = ffmpeg(folder / "heard.wav", tmp_path / "heard.wav", "-c:a", codec)
    code, said, err = measure(folder / "sent.wav", heard)
    assert (code, err) == (0, "")
    assert is_right(said)


def test_a_file_with_the_head_for_long_recordings_is_measured(measure, folder, tmp_path):
    heard = ffmpeg(folder / "heard.wav", tmp_path / "heard.wav", "-rf64", "always")
    assert heard.read_bytes()[:4] == b"RF64"
    assert is_right(measure(folder / "sent.wav", heard)[1])


def test_channels_are_averaged_and_that_is_said(measure, folder, sound, tmp_path):
    heard = tmp_path / "heard.wav"
    both = np.stack([as_int16(sound.heard), np.zeros(len(sound.heard), np.int16)], axis=1)  # one side is dead
    with wave.open(str(heard), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes(both.tobytes())
    code, said, err = measure(folder / "sent.wav", heard)
    assert code == 0
    assert f"{heard} has 2 channels; they are averaged" in err
    assert is_right(said)
    assert "đã lấy trung bình" in measure(folder / "sent.wav", heard, lang="vi")[2]


@pytest.mark.parametrize(
    ("name", "at", "size"),
    [("riff 0", 4, 0), ("data 0", 40, 0), ("data unknown", 40, 0xFFFFFFFF), ("data far too long", 40, 0x7FFFFF00)],
)
def test_a_head_that_lies_about_sizes_is_not_believed(measure, folder, tmp_path, name, at, size):
    heard = tmp_path / "heard.wav"
    content = bytearray((folder / "heard.wav").read_bytes())
    content[at : at + 4] = struct.pack("<I", size)
    heard.write_bytes(content)
    assert is_right(measure(folder / "sent.wav", heard)[1])


def test_a_head_whose_size_ran_over_4_gib_is_not_believed(tmp_path):
    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        file.writeframes(bytes(400))
    with path.open("r+b") as file:
        file.truncate(44 + 8 * 3_600 * 48_000 * 4)  # sparse: eight hours of nothing
    with open_wav(path) as wav:
        assert wav.frames_left == 8 * 3_600 * 48_000


def test_a_recording_that_was_cut_off_is_unobserved_from_there(measure, folder, tmp_path):
    heard = tmp_path / "heard.wav"
    heard.write_bytes((folder / "heard.wav").read_bytes()[: 44 + 10 * RATE * 2 + 1])
    assert is_right(measure(folder / "sent.wav", heard)[1], unobserved_ms=2_300)


# --- how the two lie to one another ---------------------------------------------------------------------------------


def test_a_recording_that_began_ten_seconds_early_or_two_seconds_late_is_measured(measure, tmp_path):
    whole = record("edges", speech(20.0, 6), Channel(30), (Fault(6.0, 2.0, "silence"),), 2)
    sent = write_wav(tmp_path / "sent.wav", whole.sent, RATE)
    early = write_wav(tmp_path / "early.wav", np.concatenate([np.zeros(int(9.6 * RATE)), whole.heard]), RATE)
    said = measure(sent, early)[1]
    assert said["delay_ms"] == pytest.approx(9_900, abs=0.5)
    assert (said["on_air_ms"], said["unobserved_ms"]) == (pytest.approx(18_000, abs=120), 0)
    late = write_wav(tmp_path / "late.wav", whole.heard[int(2.2 * RATE) :], RATE)
    said = measure(sent, late)[1]
    assert said["delay_ms"] == pytest.approx(-1_900, abs=0.5)
    assert said["unobserved_ms"] == pytest.approx(1_900, abs=20)
    assert said["on_air_ms"] == pytest.approx(16_100, abs=120)


def test_the_delay_is_told_of_a_recording_that_ends_before_it_can_be_proven_twice(measure, tmp_path):
    word = record("short", speech(2.0, 10), Channel(40), (), 10)
    sent, heard = tmp_path / "sent.wav", tmp_path / "heard.wav"
    said = measure(write_wav(sent, word.sent, RATE), write_wav(heard, word.heard, RATE))[1]
    assert (said["sent_ms"], said["on_air_ms"]) == (2_000, pytest.approx(2_000, abs=50))
    assert said["delay_ms"] == pytest.approx(300, abs=0.5)


def test_what_was_recorded_long_after_the_end_changes_nothing(measure, folder, sound, tmp_path):
    longer = write_wav(tmp_path / "longer.wav", np.concatenate([sound.heard, speech(60.0, 99)]), RATE)
    assert is_right(measure(folder / "sent.wav", longer)[1])


def test_a_recording_of_something_else_proves_that_nothing_was_on_air_and_says_so(measure, folder, tmp_path):
    other = write_wav(tmp_path / "other.wav", speech(14.0, 77, "vi+f2"), RATE)
    code, said, err = measure(folder / "sent.wav", other)
    assert (code, said["on_air_ms"], said["delay_ms"], said["drift_ppm"]) == (0, 0, None, None)
    assert "matches what was sent nowhere" in err
    assert "không chỗ nào" in measure(folder / "sent.wav", other, lang="vi")[2]


def test_a_recording_of_a_later_hour_of_the_same_programme_is_no_proof(measure, tmp_path):
    hour = speech(60.0, 12)
    sent = write_wav(tmp_path / "sent.wav", hour[: 15 * RATE], RATE)
    heard = write_wav(tmp_path / "heard.wav", hour[40 * RATE :], RATE)
    assert measure(sent, heard)[1]["on_air_ms"] == 0


def test_a_recording_of_half_a_second_leaves_the_rest_unobserved(measure, folder, sound, tmp_path):
    heard = write_wav(tmp_path / "heard.wav", sound.heard[: RATE // 2], RATE)
    said = measure(folder / "sent.wav", heard)[1]
    assert (said["on_air_ms"], said["not_on_air_ms"], said["unobserved_ms"]) == (0, 0, 12_000)


@pytest.mark.parametrize("missing_s", [3.25, 17.6])
def test_a_recording_that_lacks_its_head_leaves_that_unobserved_and_the_rest_is_measured(measure, tmp_path, missing_s):
    programme = speech(40.0, 12)
    noise = np.random.default_rng(1).normal(0, 0.003, len(programme)).astype(np.float32)
    sent = write_wav(tmp_path / "sent.wav", programme, RATE)
    heard = write_wav(tmp_path / "heard.wav", (programme * 0.5 + noise)[int(missing_s * RATE) :], RATE)
    said = measure(sent, heard)[1]
    assert 0 <= said["unobserved_ms"] - 1_000 * missing_s < 600  # and a pause of the programme after it
    assert said["not_on_air_ms"] == 0
    assert said["delay_ms"] == pytest.approx(-1_000 * missing_s, abs=1)
    assert {type(part[key]) for part in said["segments"] for key in ("from_ms", "to_ms")} == {int}
    assert (said["segments"][0]["from_ms"], said["segments"][-1]["to_ms"]) == (0, said["sent_ms"])


def test_the_same_programme_half_a_minute_late_is_no_airtime(measure, tmp_path):
    programme = speech(40.0, 12)
    sent = write_wav(tmp_path / "sent.wav", programme, RATE)
    late = np.concatenate([speech(30.0, 5, "vi+f2"), programme])
    said = measure(sent, write_wav(tmp_path / "heard.wav", late, RATE))[1]
    assert (said["on_air_ms"], said["unobserved_ms"]) == (0, 0)


def test_a_file_measured_against_itself_gets_a_warning(measure, folder):
    code, said, err = measure(folder / "sent.wav", folder / "sent.wav")
    assert (code, said["on_air_ms"], said["delay_ms"]) == (0, 12_000, 0)
    assert "proves nothing" in err


# --- files that are refused -----------------------------------------------------------------------------------------


def refused(outcome, *words):
    code, said, err = outcome
    assert (code, said) == (1, None)
    assert all(str(word) in err for word in words), err


def chunk(name, body):
    return name + struct.pack("<I", len(body)) + body


def form(code=1, channels=1, rate=RATE, bits=16):
    return chunk(b"fmt ", struct.pack("<HHIIHH", code, channels, rate, rate * 2, 2, bits))


SOUND = chunk(b"data", bytes(64_000))
BAD = {
    "empty": (b"", "the file is empty", "tệp rỗng"),
    "text": ("Bản tin sáng".encode(), "not a WAV file", "không phải là tệp WAV"),
    "no chunk": (b"RIFF\4\0\0\0WAVE", "holds no sound", "không có âm thanh"),
    "no frame": (b"RIFF\0\0\0\0WAVE" + form() + chunk(b"data", b""), "holds no sound", "không có âm thanh"),
    "half a frame": (b"RIFF\0\0\0\0WAVE" + form() + chunk(b"data", b"x"), "holds no sound", "không có âm thanh"),
    "no format": (b"RIFF\0\0\0\0WAVE" + SOUND, "before its format", "trước phần định dạng"),
    "short format": (b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", b"1234") + SOUND, "format is cut off", "cắt cụt"),
    "no channels": (b"RIFF\0\0\0\0WAVE" + form(channels=0) + SOUND, "0 channels", "0 kênh"),
    "no rate": (b"RIFF\0\0\0\0WAVE" + form(rate=0) + SOUND, "0 Hz", "0 Hz"),
    "12 bit": (b"RIFF\0\0\0\0WAVE" + form(bits=12) + SOUND, "12 bit of kind 1", "12 bit"),
    "big-endian": (b"RIFX\0\0\0\0WAVE" + form() + SOUND, "big-endian", "big-endian"),
    "endless chunk": (b"RIFF\0\0\0\0WAVE" + b"LIST\xf0\xff\xff\xff", "holds no sound", "không có âm thanh"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_recording_is_named_and_the_reason_is_said_in_both_languages(measure, folder, tmp_path, name):
    content, english, vietnamese = BAD[name]
    bad = tmp_path / "bad.wav"
    bad.write_bytes(content)
    refused(measure(folder / "sent.wav", bad), bad, english)
    refused(measure(bad, folder / "heard.wav", lang="vi"), bad, vietnamese)


@pytest.mark.parametrize(
    ("name", "options", "word"),
    [
        ("heard.mp3", (), "MP3"),
        ("heard.flac", (), "FLAC"),
        ("heard.ogg", (), "Ogg"),
        ("heard.aiff", (), "AIFF"),
        ("heard.w64", (), "Wave64"),
        ("alaw.wav", ("-c:a", "pcm_alaw"), "of kind 6"),
        ("adpcm.wav", ("-c:a", "adpcm_ms"), "of kind 2"),
    ],
)
def test_another_kind_of_sound_file_is_called_by_its_name(measure, folder, tmp_path, name, options, word):
    other = ffmpeg(folder / "heard.wav", tmp_path / name, *options)
    refused(measure(folder / "sent.wav", other), other, word)


def test_what_is_missing_or_a_folder_is_named(measure, folder, tmp_path):
    refused(measure(tmp_path / "khong-co.wav", folder / "heard.wav"), "khong-co.wav", "No such file")
    refused(measure(folder / "sent.wav", tmp_path, lang="vi"), tmp_path, "không đọc được tệp")


def test_what_may_not_be_read_is_named(folder, tmp_path):
    secret = tmp_path / "secret.wav"
    secret.write_bytes((folder / "heard.wav").read_bytes())
    secret.chmod(0)
    done = command(folder / "sent.wav", secret, "--lang", "en", before=BY_THE_RULES)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == f"{secret}: cannot be read: Permission denied\n"


def test_a_pipe_is_refused_in_words(folder):
    content = (folder / "heard.wav").read_bytes()
    done = command(folder / "sent.wav", "/dev/stdin", "--lang", "en", input=content)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"/dev/stdin: cannot be read" in done.stderr
    assert b"Traceback" not in done.stderr


# --- the picture ----------------------------------------------------------------------------------------------------


def test_the_picture_is_written_beside_the_figures(folder, tmp_path):
    plot = tmp_path / "Bản đo.PNG"
    done = command(folder / "sent.wav", folder / "heard.wav", "--json", "--plot", plot, "--lang", "vi")
    assert done.returncode == 0
    assert is_right(json.loads(done.stdout))
    assert done.stderr.decode() == f"Đã ghi {plot}\n"
    with Image.open(plot) as image:
        assert image.format == "PNG"
        assert image.width > 1_600
    assert [path.name for path in tmp_path.iterdir()] == [plot.name]


def test_figures_without_json_are_a_table_and_a_line(folder, capsys):
    assert cli.main(["measure", str(folder / "sent.wav"), str(folder / "heard.wav"), "--lang", "vi"]) == 0
    out, err = capsys.readouterr()
    assert [line[23:].split(",")[0] for line in out.splitlines()] == ["đã lên sóng", "im lặng", "đã lên sóng"]
    assert "đã phát 12000 ms" in err


@pytest.mark.parametrize(
    ("name", "says"), [("a.jpg", "only .png"), ("a", "only .png"), ("khong/co/a.png", "no such folder")]
)
def test_a_picture_that_cannot_be_written_is_refused_before_measuring(measure, folder, tmp_path, name, says):
    refused(measure("khong-co.wav", folder / "heard.wav", "--plot", tmp_path / name), name, says)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_not_written_over_a_folder_or_where_it_is_forbidden(measure, folder, tmp_path):
    (tmp_path / "folder.png").mkdir()
    refused(measure(folder / "sent.wav", folder / "heard.wav", "--plot", tmp_path / "folder.png"), "cannot be written")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    arguments = (folder / "sent.wav", folder / "heard.wav", "--plot", closed / "a.png", "--lang", "vi")
    done = command(*arguments, before=BY_THE_RULES)
    assert done.returncode == 1
    assert "không ghi được" in done.stderr.decode()


def test_a_full_disk_under_the_picture_is_said(measure, folder, tmp_path):
    plot = tmp_path / "a.png"
    (tmp_path / ".a.png.part").symlink_to("/dev/full")
    refused(measure(folder / "sent.wav", folder / "heard.wav", "--plot", plot), plot, "No space left")
    assert not plot.exists()


# --- long ones ------------------------------------------------------------------------------------------------------


def test_memory_does_not_grow_with_the_recording_and_a_terminal_sees_how_far_it_is(tmp_path):
    mine, its = pty.openpty()
    short = used(tmp_path, 2)
    long = used(tmp_path, 9, stderr=its)
    os.close(its)
    shown = os.read(mine, 65_536).decode()
    os.close(mine)
    assert long.peak_mib - short.peak_mib < 8
    said = json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))
    assert said["sent_ms"] == 9 * 60_000
    assert said["on_air_ms"] == pytest.approx(9 * 60_000 - 5_000, abs=1_000)
    assert "measuring: " in shown or "đang đo: " in shown
    assert shown.split("\r\x1b[K")[-1] == ""  # nothing of it stays


def test_no_progress_is_written_where_nobody_watches(folder):
    done = command(folder / "sent.wav", folder / "heard.wav", "--json")
    assert done.stderr == b""
