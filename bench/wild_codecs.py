"""Sound through ffmpeg's codecs, for ``bench.wild``: what streams and telephones leave of it."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.wild_signal import Sound, fast_length, to_length


@dataclass(frozen=True)
class Codec:
    name: str
    arguments: tuple[str, ...]  # of ffmpeg, for the encoder
    form: str  # of the container
    read_as: str  # what ffmpeg calls that form when it reads it
    rate: int


MP3 = tuple(Codec(f"mp3 {k}k", ("-c:a", "libmp3lame", "-b:a", f"{k}k"), "mp3", "mp3", r)
            for k, r in ((16, 16_000), (24, 16_000), (32, 22_050), (48, 32_000), (64, 44_100)))  # fmt: skip
AAC = tuple(Codec(f"aac {k}k", ("-c:a", "aac", "-b:a", f"{k}k"), "adts", "aac", r)
            for k, r in ((16, 16_000), (32, 22_050), (64, 44_100)))  # fmt: skip
OPUS = tuple(Codec(f"opus {k}k", ("-c:a", "libopus", "-b:a", f"{k}k"), "ogg", "ogg", 48_000) for k in (16, 24, 32, 64))
GSM = Codec("gsm", ("-c:a", "libgsm"), "gsm", "gsm", 8_000)
A_LAW = Codec("a-law", ("-c:a", "pcm_alaw"), "wav", "wav", 8_000)


def coded(sound: Sound, rate: int, codec: Codec) -> Sound:
    """Through encoder and decoder, as long as before, with the codec's own delay taken out."""
    given = ["-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", "-"]
    encoded = _ffmpeg(sound.tobytes(), [*given, "-ar", str(codec.rate), *codec.arguments, "-f", codec.form, "-"])
    raw = _ffmpeg(encoded, ["-f", codec.read_as, "-i", "-", "-f", "f32le", "-ar", str(rate), "-ac", "1", "-"])
    decoded = np.frombuffer(raw, np.float32)
    late = _delay(sound, decoded, rate)
    return to_length(np.pad(decoded, (max(0, -late), 0))[max(0, late) :], len(sound))


def _ffmpeg(given: bytes, arguments: Sequence[str]) -> bytes:
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-threads", "1", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def _delay(before: Sound, after: Sound, rate: int) -> int:
    """Frames by which *after* is later, at most 0.2 s either way: the highest correlation over a minute."""
    count = min(len(before), len(after), 60 * rate)
    size = fast_length(2 * count)
    spectra = [np.fft.rfft(one[:count], size) for one in (before, after)]
    correlation = np.fft.irfft(spectra[1] * np.conj(spectra[0]), size)
    reach = rate // 5
    return int(np.argmax(np.concatenate([correlation[-reach:], correlation[: reach + 1]]))) - reach
