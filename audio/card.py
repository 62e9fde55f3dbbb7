"""Sound cards: the one door of PyAudio/PortAudio.

Cards are chosen by name, never by index (indexes follow the configuration and the order of plugging). Every failure is
a ``CardError``; after one the card object is dead and is opened anew. Exceptions on xruns are off, because PyAudio
closes the stream when it raises one: xruns are found from the frame clock instead.

Known limits of the library, that no Python can catch: PortAudio 19.6 aborts the whole interpreter when an ALSA
configuration defines PCMs but no ``pcm.default``; and it lists the cards once, so a new card is seen only after a
rebuild, which is done whenever this process holds no open stream (a process with two inputs finds a *new* card only
when both are lost, but reopens a known one at any time).
"""

import os
import threading
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import pyaudio

from audio.format import BLOCK_FRAMES, RATE_HZ, frames_to_ns
from audio.placement import Placements, Watch, server_address

CHANNEL_COUNTS = (1, 2)  # mono first; many USB cards are stereo only


class CardError(Exception):
    """The world failed: no such card, or it is gone, busy, or refuses 48 kHz 16 bit."""


@dataclass(frozen=True, slots=True)
class Device:
    name: str
    inputs: int  # channels
    outputs: int


class Output(Protocol):
    """What the player needs of a card (the real one below, or a fake in unit tests)."""

    @property
    def latency_ns(self) -> int:
        """From the return of a write to the instant at which the first frame after it will sound."""

    def write(self, block: bytes) -> None:
        """Hand over mono s16le frames; blocks until the card's buffer holds them. Raises CardError."""

    def close(self) -> None: ...


class Input(Protocol):
    """What a capture needs of a card."""

    def read(self) -> bytes:
        """Wait for one block of BLOCK_FRAMES mono s16le frames. Raises CardError."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Opened:
    """A running stream, its number of channels, and who watches that it stays on its device."""

    name: str
    stream: pyaudio.Stream
    channels: int
    watch: Watch | None

    def check_place(self) -> None:
        """Raises CardError when the sound server took the stream to another device: what is heard there is not ours."""
        if self.watch and self.watch.moved_to is not None:
            raise CardError(f"{self.name}: the sound server moved the stream to {self.watch.moved_to!r}")


class _Door:
    """The process's one PortAudio, rebuilt at each open while no stream is open, so that new cards are seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._portaudio: pyaudio.PyAudio | None = None
        self._open_streams = 0

    def devices(self) -> list[Device]:
        with self._lock, _card_errors("PortAudio"), _hushed_stderr():
            return [device for _, device in _enumerate(self._fresh())]

    def open(self, name: str, output: bool) -> "_Opened":
        with self._lock, _card_errors(name), _hushed_stderr():
            portaudio = self._fresh()
            index = find_device([device for _, device in _enumerate(portaudio)], name, output)
            placements = Placements(server_address(os.environ))
            before = placements.streams(output)
            stream, channels = _open_stream(portaudio, _enumerate(portaudio)[index][0], output)
            self._open_streams += 1
            return _Opened(name, stream, channels, placements.watch(output, before))

    def close(self, opened: "_Opened") -> None:
        if opened.watch:
            opened.watch.close()
        with self._lock, _card_errors("PortAudio"):
            self._open_streams -= 1
            opened.stream.close()

    def _fresh(self) -> pyaudio.PyAudio:
        if self._portaudio is not None and not self._open_streams:
            self._portaudio.terminate()
            self._portaudio = None
        if self._portaudio is None:
            self._portaudio = pyaudio.PyAudio()
        return self._portaudio


_door = _Door()


class OutputCard:
    """An open output, 48 kHz 16 bit mono; a stereo-only card gets the same sound on both channels."""

    def __init__(self, name: str, delay_ns: int | None = None) -> None:
        self.name = name
        self._opened = _door.open(name, output=True)
        self._delay_ns = delay_ns

    @property
    def latency_ns(self) -> int:
        """The buffer that is full whenever a write returns; *delay_ns* of the configuration overrides it.

        PortAudio reports its buffer less one period (pa_linux_alsa.c), and a period is one of our blocks: 170.7 ms
        reported, 256.0 ms in all, 255.5 ms measured with impulses through a null sink.
        """
        if self._delay_ns is not None:
            return self._delay_ns
        with _card_errors(self.name):
            return round(self._opened.stream.get_output_latency() * 1e9) + frames_to_ns(BLOCK_FRAMES)

    def write(self, block: bytes) -> None:
        self._opened.check_place()
        frames = duplicated(block) if self._opened.channels == 2 else block
        with _card_errors(self.name):
            self._opened.stream.write(frames, exception_on_underflow=False)

    def close(self) -> None:
        """Close at once; what is still in the buffer (171 ms) is lost. Raises CardError."""
        _door.close(self._opened)


class InputCard:
    """An open input, 48 kHz 16 bit mono; of a stereo-only card the mean of both channels."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._opened = _door.open(name, output=False)

    def read(self) -> bytes:
        with _card_errors(self.name):
            block: bytes = self._opened.stream.read(BLOCK_FRAMES, exception_on_overflow=False)
        self._opened.check_place()
        return averaged(block) if self._opened.channels == 2 else block

    def close(self) -> None:
        _door.close(self._opened)


def list_devices() -> list[Device]:
    """Every device that PortAudio knows now. Raises CardError."""
    return _door.devices()


def open_output(name: str, delay_ns: int | None = None) -> OutputCard:
    """Open the output called *name* (exactly, or the only one whose name contains it). Raises CardError."""
    return OutputCard(name, delay_ns)


def open_input(name: str) -> InputCard:
    """Open the input called *name* (exactly, or the only one whose name contains it). Raises CardError."""
    return InputCard(name)


def find_device(devices: Sequence[Device], name: str, output: bool) -> int:
    """Index of the device meant by *name*: exact, else the unique one that contains it. Raises CardError."""
    usable = [i for i, device in enumerate(devices) if (device.outputs if output else device.inputs) > 0]
    exact = [i for i in usable if devices[i].name == name]
    matches = exact or [i for i in usable if name.casefold() in devices[i].name.casefold()]
    if len(matches) == 1:
        return matches[0]
    known = ", ".join(repr(devices[i].name) for i in usable) or "none"
    fault = "is not unique" if matches else "does not exist"
    raise CardError(f"{'output' if output else 'input'} {name!r} {fault}; there are: {known}")


def duplicated(mono: bytes) -> bytes:
    """Mono s16le as stereo, both channels alike."""
    samples = array("h", mono)
    stereo = array("h", bytes(2 * len(mono)))
    stereo[0::2] = samples
    stereo[1::2] = samples
    return stereo.tobytes()


def averaged(stereo: bytes) -> bytes:
    """Stereo s16le as the mean of its channels, rounded down."""
    samples = array("h", stereo)
    return array("h", [(left + right) >> 1 for left, right in zip(samples[0::2], samples[1::2], strict=True)]).tobytes()


def _enumerate(portaudio: pyaudio.PyAudio) -> list[tuple[int, Device]]:
    infos = [portaudio.get_device_info_by_index(i) for i in range(portaudio.get_device_count())]
    return [
        (int(i["index"]), Device(str(i["name"]), int(i["maxInputChannels"]), int(i["maxOutputChannels"])))
        for i in infos
    ]


def _open_stream(portaudio: pyaudio.PyAudio, index: int, output: bool) -> tuple[pyaudio.Stream, int]:
    """Open with one channel, else with two. Raises OSError of the last try."""
    refused = OSError("no channel count tried")
    for channels in CHANNEL_COUNTS:
        try:
            stream = portaudio.open(
                RATE_HZ,
                channels,
                pyaudio.paInt16,
                output=output,
                input=not output,
                output_device_index=index if output else None,
                input_device_index=None if output else index,
                frames_per_buffer=BLOCK_FRAMES,
            )
        except OSError as error:
            refused = error
        else:
            return stream, channels
    raise refused


@contextmanager
def _card_errors(name: str) -> Iterator[None]:
    """PyAudio raises OSError, with the text in either argument, for all that a device can do to us."""
    try:
        yield
    except OSError as error:
        raise CardError(f"{name}: {error.strerror or error}") from error


@contextmanager
def _hushed_stderr() -> Iterator[None]:
    """Send file descriptor 2 to nowhere: ALSA and JACK libraries print up to 90 lines that nobody can act on."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
