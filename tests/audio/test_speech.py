"""Texts made audible: by espeak-ng itself, by another program, by programs that misbehave."""

import struct
import sys
import wave
from io import BytesIO

import pytest

from audio.library import ingest
from audio.speech import MAX_CHARS, VOICES, Program, SpeechError, espeak, speaker, whole_wav

HELLO = "Đây là Đài truyền thanh xã. Mời bà con nghe bản tin sáng."


def seconds(wav):
    with wave.open(BytesIO(wav), "rb") as file:
        return file.getnframes() / file.getframerate()


def wav(frames, chunks=b"", size=None, form=(1, 1, 22_050, 44_100, 2, 16)):
    """A WAV as a program streams it: *size* is what its header says."""
    stated = len(frames) if size is None else size
    head = b"fmt " + struct.pack("<IHHIIHH", 16, *form) + chunks + b"data" + struct.pack("<I", stated)
    return b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE" + head + frames


@pytest.mark.parametrize("voice", VOICES)
def test_each_region_has_a_voice(voice):
    assert 2 < seconds(espeak(voice).speak(HELLO)) < 8


def test_speech_is_a_programme_file_without_a_warning(tmp_path):
    (tmp_path / "chao.wav").write_bytes(espeak().speak(HELLO))
    entry = ingest(tmp_path / "chao.wav", tmp_path / "library")
    assert entry.duration_ms > 2_000
    assert entry.warnings == ()


def test_a_text_is_not_taken_for_options():
    assert seconds(espeak().speak("--version")) > 0.3


def test_another_program_can_speak():
    asked = f"assert sys.stdin.buffer.read() == {HELLO!r}.encode()"
    answer = f"sys.stdout.buffer.write({wav(b'12' * 999)!r})"
    spoken = speaker([sys.executable, "-c", f"import sys; {asked}; {answer}"], "bac").speak(HELLO)
    assert spoken.endswith(b"12" * 999)


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0xFFFFFFFF], ids=["none", "espeak-ng's", "the most"])
def test_a_streamed_header_is_corrected(size):
    corrected = whole_wav("x", wav(b"12" * 500, b"LIST\x03\x00\x00\x00abc\x00", size))
    assert seconds(corrected) == 500 / 22_050
    assert int.from_bytes(corrected[40:44], "little") == 1_000


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_speech"),
        (b"RIFF", "no_speech"),
        (b"no sound", "no_speech"),
        (wav(b""), "no_speech"),
        (wav(b"12", form=(3, 1, 22_050, 88_200, 4, 32)), "no_speech"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0ab", "no_speech"),
    ],
)
def test_what_is_no_wav_is_told(data, code):
    with pytest.raises(SpeechError) as caught:
        whole_wav("x", data)
    assert caught.value.problem.code == code


@pytest.mark.parametrize(
    ("program", "text", "code"),
    [
        (Program(("/nowhere/piper",)), HELLO, "no_speech"),
        (Program(("false",)), HELLO, "no_speech"),
        (Program(("sleep", "60"), time_limit_s=0.2), HELLO, "speech_too_slow"),
        (Program(("cat",)), HELLO, "no_speech"),
        (espeak("klingon-x"), HELLO, "no_speech"),
        (espeak(), " \n", "no_text"),
        (espeak(), "a" * (MAX_CHARS + 1), "text_too_long"),
    ],
    ids=["missing", "failing", "hanging", "no wav", "no voice", "nothing", "too long"],
)
def test_a_voice_that_fails_says_why(program, text, code):
    with pytest.raises(SpeechError) as caught:
        program.speak(text)
    assert caught.value.problem.code == code
    assert caught.value.problem.vi
