"""WAV files as streams of 48 kHz mono int16: any rate, 8 to 32 bit or float, any channels, truncated ones as well."""

import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from audio.format import RATE_HZ
from scheduler.problem import reason

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_TAPS_A_PHASE = 32
_MANY_PHASES = 500  # more: a product a phase costs more than gathering
_UNKNOWN = 0xFFFFFFFF  # as a size: it did not fit, or was never written
_LONGEST_CHUNK = 1 << 20  # that is read and not skipped
_RIFF_KINDS = (b"RIFF", b"RF64", b"BW64")  # the latter two may be longer than 4 GiB (EBU Tech 3306, ITU-R BS.2088)
_OTHER_FILES = {  # by their first bytes: what people hand over as "the recording"
    b"RIFX": "WAV big-endian",
    b"riff": "Sony Wave64 (.w64)",
    b"FORM": "AIFF",
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"ID3\x03": "MP3",
    b"ID3\x04": "MP3",
}


class WavError(Exception):
    """This is no WAV file that can be read; ``vi`` and ``en`` say why."""

    def __init__(self, path: Path, vi: str, en: str) -> None:
        super().__init__(f"{path}: {en}")
        self.path, self.vi, self.en = path, vi, en


@dataclass(frozen=True, slots=True)
class Form:
    """What the ``fmt`` chunk says."""

    rate_hz: int
    channels: int
    bits: int
    is_float: bool

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8


def open_wav(path: Path) -> "Wav":
    """Raises ``WavError`` for what is missing, empty, unreadable or no WAV."""
    with ExitStack() as closing:
        with _readable(path):
            file = closing.enter_context(path.open("rb"))
            form, data_bytes = _Head(path, file).read()
        closing.pop_all()
    return Wav(path, file, form, data_bytes)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """A disk, a folder, a pipe that cannot be read is the world's fault."""
    try:
        yield
    except OSError as error:
        why_vi, why = reason(error)
        raise WavError(path, f"không đọc được tệp ({why_vi})", f"cannot be read: {why}") from error


class _Head:
    """The chunks before the sound."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._form: Form | None = None
        self._long_data = 0  # bytes of sound by an RF64's ``ds64``

    def read(self) -> tuple[Form, int]:
        """The format and how many bytes of sound follow; the file stands at their first."""
        head = self._file.read(12)
        if not head:
            raise self._error("tệp rỗng", "the file is empty")
        if head[:4] in _OTHER_FILES:
            name = _OTHER_FILES[head[:4]]
            raise self._error(f"đây là {name}, không phải là tệp WAV", f"this is {name}, this is not a WAV file")
        if len(head) < 12 or head[:4] not in _RIFF_KINDS or head[8:] != b"WAVE":
            raise self._error("đây không phải là tệp WAV", "this is not a WAV file")
        return self._chunks()

    def _chunks(self) -> tuple[Form, int]:
        while len(head := self._file.read(8)) == 8:
            name, size = head[:4], int.from_bytes(head[4:], "little")
            if name == b"data":
                return self._sound(size)
            body = self._file.read(size + size % 2) if size < _LONGEST_CHUNK else self._skip(size)
            if name == b"fmt ":
                self._form = self._read_form(body)
            elif name == b"ds64" and len(body) >= 16:
                self._long_data = int.from_bytes(body[8:16], "little")
        raise self._no_sound()

    def _skip(self, size: int) -> bytes:
        self._file.seek(size + size % 2, 1)
        return b""

    def _sound(self, size: int) -> tuple[Form, int]:
        if self._form is None:
            raise self._error("phần âm thanh đứng trước phần định dạng", "the sound comes before its format")
        length = self._data_bytes(size)
        if length < self._form.frame_bytes:
            raise self._no_sound()
        return self._form, length

    def _data_bytes(self, size: int) -> int:
        """What the file holds, where the head cannot be right: cut off, written to a pipe, or past 4 GiB."""
        here = self._file.tell()
        there = self._file.seek(0, 2) - here
        self._file.seek(here)
        said = self._long_data if size == _UNKNOWN and self._long_data else size
        too_long_to_say = there > _UNKNOWN and not self._long_data
        return there if said in (0, _UNKNOWN) or too_long_to_say else min(said, there)

    def _read_form(self, body: bytes) -> Form:
        if len(body) < 16:
            raise self._error("phần định dạng bị cắt cụt", "the format is cut off")
        code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
        if code == _EXTENSIBLE and len(body) >= 26:
            code = int.from_bytes(body[24:26], "little")
        if (code, bits) not in {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}:
            raise self._error(
                f"không đọc được kiểu mã hóa {code}, {bits} bit (cần PCM 8, 16, 24, 32 bit hoặc số thực)",
                f"{bits} bit of kind {code} is not supported (PCM of 8, 16, 24, 32 bit or float is)",
            )
        if not 1 <= channels <= 64 or not 1_000 <= rate <= 768_000:
            raise self._error(f"{channels} kênh, {rate} Hz là vô lý", f"{channels} channels at {rate} Hz make no sense")
        return Form(rate, channels, bits, code == _FLOAT)

    def _no_sound(self) -> WavError:
        return self._error("tệp không có âm thanh", "the file holds no sound")

    def _error(self, vi: str, en: str) -> WavError:
        return WavError(self._path, vi, en)


class Wav:
    """An open file; a context manager. Channels are averaged. Reading raises ``WavError``."""

    def __init__(self, path: Path, file: BinaryIO, form: Form, data_bytes: int) -> None:
        self._path, self._file, self.form = path, file, form
        self._left = data_bytes // form.frame_bytes * form.frame_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def frames_left(self) -> int:
        return self._left // self.form.frame_bytes

    @property
    def frames_48k(self) -> int:
        """What is left, as ``blocks_48k`` will give it (within a frame)."""
        return self.frames_left * RATE_HZ // self.form.rate_hz

    def blocks_48k(self, seconds: float) -> Iterator[NDArray[np.int16]]:
        """int16 mono at 48 kHz, about *seconds* a block."""
        size = max(1, round(seconds * self.form.rate_hz))
        if self.form.rate_hz == RATE_HZ:
            yield from (as_int16(block) for block in self._blocks(size))
            return
        resampler = Resampler(self.form.rate_hz, RATE_HZ)
        for block in self._blocks(size):
            yield as_int16(resampler.push(block))
        yield as_int16(resampler.rest())

    def _blocks(self, frames: int) -> Iterator[NDArray[np.float32]]:
        while self._left > 0:
            with _readable(self._path):
                raw = self._file.read(min(self._left, frames * self.form.frame_bytes))
            raw = raw[: len(raw) // self.form.frame_bytes * self.form.frame_bytes]
            if not raw:
                return
            self._left -= len(raw)
            yield _mono(raw, self.form)


def _mono(raw: bytes, form: Form) -> NDArray[np.float32]:
    sound = _scaled(raw, form)
    if form.channels == 1:
        return sound
    return np.asarray(sound.reshape(-1, form.channels).mean(axis=1), np.float32)


def _scaled(raw: bytes, form: Form) -> NDArray[np.float32]:
    """Full scale 1.0."""
    if form.is_float:
        sound = np.frombuffer(raw, f"<f{form.bits // 8}").astype(np.float32)
        return np.asarray(np.nan_to_num(sound, nan=0.0, posinf=1.0, neginf=-1.0), np.float32)
    if form.bits == 8:
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    if form.bits == 24:
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return wide.view("<i4").reshape(-1).astype(np.float32) / np.float32(2**31)
    return np.frombuffer(raw, f"<i{form.bits // 8}").astype(np.float32) / np.float32(2 ** (form.bits - 1))


def as_int16(sound: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.clip(np.rint(sound * 32_768), -32_768, 32_767).astype(np.int16)


class Resampler:
    """Polyphase windowed sinc for a rational ratio, in blocks; the first sample stays at time 0."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        common = gcd(from_hz, to_hz)
        self._up, self._down = to_hz // common, from_hz // common
        self._bank = _phases(self._up, self._down)
        self._half = self._bank.shape[1] // 2
        self._kept = np.zeros(self._half - 1, np.float32)
        self._first = -(self._half - 1)  # index of _kept[0] in the input
        self._made = 0

    def push(self, sound: NDArray[np.float32]) -> NDArray[np.float32]:
        self._kept = np.concatenate([self._kept, sound])
        end = self._first + len(self._kept)
        last = ((end - self._half) * self._up - 1) // self._down  # the last output whose taps are all here
        out = self._between(self._made, max(self._made, last + 1))
        self._forget()
        return out

    def rest(self) -> NDArray[np.float32]:
        """The last samples, as if silence followed."""
        end = self._first + len(self._kept)
        wanted = -(-end * self._up // self._down)
        self._kept = np.concatenate([self._kept, np.zeros(self._half + 1, np.float32)])
        return self._between(self._made, max(self._made, wanted))

    def _between(self, start: int, stop: int) -> NDArray[np.float32]:
        return self._one_by_one(start, stop) if self._up > _MANY_PHASES else self._by_phases(start, stop)

    def _one_by_one(self, start: int, stop: int) -> NDArray[np.float32]:
        """For rates that have nothing in common: as many phases as samples."""
        if stop <= start:
            return np.zeros(0, np.float32)
        whole, phase = np.divmod(np.arange(start, stop) * self._down, self._up)
        windows = np.lib.stride_tricks.sliding_window_view(self._kept, self._bank.shape[1])
        self._made = stop
        gathered = windows[whole - self._half + 1 - self._first]
        return np.asarray(np.einsum("ij,ij->i", gathered, self._bank[phase]), np.float32)

    def _by_phases(self, start: int, stop: int) -> NDArray[np.float32]:
        taps = self._bank.shape[1]
        out = np.empty(stop - start, np.float32)
        for phase_at in range(min(self._up, stop - start)):  # outputs of one phase lie ``down`` inputs apart
            index = start + phase_at
            whole, phase = divmod(index * self._down, self._up)
            count = len(range(index, stop, self._up))
            begin = whole - self._half + 1 - self._first
            windows = np.lib.stride_tricks.sliding_window_view(self._kept, taps)[begin :: self._down][:count]
            out[phase_at :: self._up] = windows @ self._bank[phase]
        self._made = stop
        return out

    def _forget(self) -> None:
        keep_from = self._made * self._down // self._up - self._half + 1
        drop = min(len(self._kept), max(0, keep_from - self._first))
        self._kept, self._first = self._kept[drop:], self._first + drop


def _phases(up: int, down: int) -> NDArray[np.float32]:
    """A filter a phase: low pass at the lower Nyquist frequency, Kaiser window, gain 1."""
    cut = min(1.0, up / down) * 0.94
    half = round(_TAPS_A_PHASE / 2 * max(1.0, down / up))
    offset = np.arange(-half + 1, half + 1)[None, :] - np.arange(up)[:, None] / up
    bank = cut * np.sinc(cut * offset) * np.i0(8.0 * np.sqrt(np.clip(1 - (offset / half) ** 2, 0, 1))) / np.i0(8.0)
    return np.asarray(bank / bank.sum(axis=1, keepdims=True), np.float32)
