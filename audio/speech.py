"""Speech: the one door of espeak-ng, or of the program that a station has put in its place. Always a child process."""

import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Protocol

from scheduler.problem import Problem, reason

VOICES = {"bac": "vi", "trung": "vi-vn-x-central", "nam": "vi-vn-x-south"}  # as people say → as espeak-ng says
WORDS_PER_MIN = 145  # espeak-ng's own 175 is too fast over horns, whose echoes overlap
MAX_CHARS = 30_000  # of the text in words: half an hour
TIME_LIMIT_S = 60.0
MAX_WAV_BYTES = 400 << 20  # an hour at 48 kHz
MEMORY_BYTES = 2 << 30
_CHILD = ("setpriv", "--pdeathsig", "KILL", "--", "prlimit", f"--as={MEMORY_BYTES}", "--core=0", "--")


class SpeechError(Exception):
    """The text could not be spoken; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.en)
        self.problem = problem


class Speaker(Protocol):
    """Text in words → WAV. Another engine needs no more than this."""

    def speak(self, text: str) -> bytes:
        """The whole WAV file. Raises SpeechError."""
        ...


@dataclass(frozen=True, slots=True)
class Program:
    """A program that reads UTF-8 text on its input and writes a WAV file to its output."""

    command: tuple[str, ...]
    time_limit_s: float = TIME_LIMIT_S

    def speak(self, text: str) -> bytes:
        name = self.command[0]
        if not text.strip():
            raise _failure(name, "no_text", "không có gì để đọc", "there is nothing to say")
        if len(text) > MAX_CHARS:
            raise _failure(name, "text_too_long", f"dài quá {MAX_CHARS} chữ cái", f"longer than {MAX_CHARS} letters")
        return whole_wav(name, self._run(text))

    def _run(self, text: str) -> bytes:
        name = self.command[0]
        try:
            done = subprocess.run(
                [*_CHILD, *self.command],
                input=text.encode("utf-8", "replace"),
                capture_output=True,
                timeout=self.time_limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            limit = f"{self.time_limit_s:g} s"
            raise _failure(name, "speech_too_slow", f"quá {limit} chưa đọc xong", f"not ready in {limit}") from None
        except OSError as error:
            raise _failure(name, "no_speech", f"không chạy được: {error}", f"does not run: {error}") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200] or f"exit {done.returncode}"
            raise _failure(name, "no_speech", f"không đọc được: {said}", f"failed: {said}")
        return done.stdout


def espeak(voice: str = "vi", words_per_min: int = WORDS_PER_MIN) -> Program:
    """espeak-ng's Vietnamese; *voice* as in VOICES, or any name of its own."""
    return Program(
        (
            "espeak-ng",
            "-v",
            VOICES.get(voice.lower(), voice),
            "-s",
            str(words_per_min),
            "-b",
            "1",
            "--stdin",
            "--stdout",
        )
    )


def whole_wav(name: str, data: bytes) -> bytes:
    """*data* with a header that states its length: who streams a WAV does not know it. Raises SpeechError."""
    if len(data) > MAX_WAV_BYTES:
        raise _failure(name, "speech_too_long", "tiếng đọc quá dài", "the speech is too long")
    form, start = _format_of(data)
    if form is None or start >= len(data):
        raise _failure(name, "no_speech", "không cho ra tệp WAV", "gave no WAV file")
    channels, rate_hz, width = form
    frames = data[start : start + (len(data) - start) // (channels * width) * channels * width]
    made = BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(frames)
    return made.getvalue()


def _format_of(data: bytes) -> tuple[tuple[int, int, int] | None, int]:
    """(channels, rate, bytes a sample) of a PCM WAV, and where its samples begin."""
    at, form = 12, None
    while data[:4] == b"RIFF" and data[8:12] == b"WAVE" and at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + 16]
        if kind == b"data":
            return form, at + 8
        if kind == b"fmt " and len(body) == 16:
            form = _pcm(body)
        at += 8 + size + size % 2
    return None, 0


def _pcm(body: bytes) -> tuple[int, int, int] | None:
    coding, channels, bits = (int.from_bytes(body[i : i + 2], "little") for i in (0, 2, 14))
    rate_hz = int.from_bytes(body[4:8], "little")
    fits = coding in (1, 0xFFFE) and channels in (1, 2) and bits in (8, 16, 24, 32) and rate_hz > 0
    return (channels, rate_hz, bits // 8) if fits else None


def write(path: Path, wav: bytes) -> None:
    """Raises SpeechError when the disk does not take it."""
    try:
        path.write_bytes(wav)
    except OSError as error:
        why_vi, why = reason(error)
        raise _failure(str(path), "unwritable", f"không ghi được: {why_vi}", f"cannot be written: {why}") from error


def speaker(command: Sequence[str], voice: str) -> Speaker:
    """What the configuration asks for: its own program, or espeak-ng with this voice."""
    return Program(tuple(command)) if command else espeak(voice)


def _failure(where: str, code: str, vi: str, en: str) -> SpeechError:
    return SpeechError(Problem(where, code, vi, en))
