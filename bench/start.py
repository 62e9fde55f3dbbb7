"""When a programme really starts: the sink's instant minus the scheduled one, beside MPD, mpv and Liquidsoap.

Every start is a burst of noise that no other start has, found again, to the sample, in an independent recording of the
sink's monitor. The recorder's frames are dated on CLOCK_MONOTONIC by the lower fifth of the arrivals of every two
seconds (the turns of a null sink wobble by 15 ms, and busy cores make some late). What is left is where such a line
stands against the sink itself: a stream that is kept empty plays impulses, and no sink carries an impulse before it was
written; if the earliest is dated before its writing, all dates are moved by that (the calibration).
Ours is the player with a file of the library, as the playout process runs it; peers are idle daemons that are told to
play the same burst at the instant, over their own sockets, with the settings that Debian gives them.
"""

import contextlib
import os
import random
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio.card import open_output
from audio.deck import Cue
from audio.format import RATE_HZ
from audio.library import LibraryEntry, ingest
from audio.player import Player
from audio.ring import RingWriter
from audio.sources import FileSource
from bench import mpd
from bench.rows import Row, progress, row
from firmware_py.demo.soundserver import MonitorRecorder, SoundServer

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
FINGERPRINT_BYTES = 2 * 2_400  # 50 ms of noise: no two are alike
SPACING_S = 1.0
SINK = "air1"
IMPULSE = 31_111
IMPULSE_TAIL_BYTES = 2 * RATE_HZ // 100  # enough for the stream to begin playing at once
CALIBRATION_IMPULSES = 80
MOST_EARLY_NS = 8 * NS_PER_MS  # the saw tooth dates nothing further before its time
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


def rows(quick: bool) -> list[Row]:
    starts = 5 if quick else 30
    with tempfile.TemporaryDirectory(prefix="bench-start-") as name, SoundServer(Path(name) / "sound") as server:
        folder = Path(name)
        with _environment(server.env):
            time.sleep(2.5)  # an idle sink works in blocks of 2 s until its keep-alive is heard
            return _all_rows(Ear(server), folder, starts)


def _all_rows(ear: "Ear", folder: Path, starts: int) -> list[Row]:
    ours: dict[str, list[Start]] = {}
    calibration = play_impulses(ear.server, CALIBRATION_IMPULSES)
    bursts = Bursts(folder)
    with _player(folder) as player:
        _wait(30.0 if starts >= 30 else 3.0, "the frame clock learns the card's rate")
        ours["idle"] = _start_ours(player, bursts, starts, "idle")
        with _busy_cores():
            ours["both cores busy"] = _start_ours(player, bursts, starts, "both cores busy")
    reopened = []
    for n in range(max(1, starts // 10)):
        with _player(folder) as player:
            reopened += _start_ours(player, bursts, min(starts, 12), f"after reopening {n + 1}")
    ours["first minute after a reopen"] = reopened
    peers = {
        peer.name: _start_peer(peer, ear.server, folder, bursts, max(3, starts // 3))
        for peer in (Mpd(), Mpv(), MpvPaused(), Liquidsoap())
        if shutil.which(peer.program)
    }
    heard = ear.finish(calibration)
    return [*_our_rows(heard, ours, peers), _floor_row(heard, len(calibration))]


# ---- what is told --------------------------------------------------------------------------------------------------


def _our_rows(heard: "Heard", ours: dict[str, list["Start"]], peers: dict[str, list["Start"]]) -> list[Row]:
    beside = {name: statistics.median(errors) for name, starts in peers.items() if (errors := heard.errors_ms(starts))}
    result = []
    for condition, starts in ours.items():
        errors = heard.errors_ms(starts)
        if missing := len(starts) - len(errors):
            result.append(
                row("start", f"{condition}: starts not found in the recording", missing, "starts", runs=len(starts))
            )
        median = statistics.median(map(abs, errors))
        result.append(row("start", f"{condition}: median |error|", median, "ms", runs=len(errors)))
        result.append(row("start", f"{condition}: worst |error|", max(map(abs, errors)), "ms", runs=len(errors)))
    median = statistics.median(heard.errors_ms(ours["idle"]))
    result += [
        row("start", f"idle: median error, beside {name}", median, "ms", peer=(name, error), runs=len(peers[name]))
        for name, error in beside.items()
    ]
    return result


def _floor_row(heard: "Heard", impulses: int) -> Row:
    what = "calibration: earliest impulse without a buffer, subtracted from all"
    return row("start", what, heard.calibration_ns / NS_PER_MS, "ms", runs=impulses)


# ---- the independent ear -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """One start that was asked for: the burst's first samples, and when (CLOCK_MONOTONIC)."""

    fingerprint: bytes
    wanted_ns: int


class Ear:
    """Records the sink from beginning to end of the benchmark."""

    def __init__(self, server: SoundServer) -> None:
        self.server = server
        self._recorder = MonitorRecorder(server, SINK)

    def finish(self, impulses_ns: Sequence[int]) -> "Heard":
        pcm, marks = self._recorder.finish()
        return Heard(pcm, marks, impulses_ns)


class Heard:
    """A finished recording whose frames have dates."""

    def __init__(self, pcm: bytes, marks: Sequence[tuple[int, int]], impulses_ns: Sequence[int]) -> None:
        self._samples = np.frombuffer(pcm, np.int16)
        frames, at_ns = np.array(marks, dtype=np.int64).T
        late = at_ns - frames * (NS_PER_S / RATE_HZ)
        spans = frames // (2 * RATE_HZ)
        self._frames = np.array([np.median(frames[spans == s]) for s in np.unique(spans)])
        self._late = np.array([np.quantile(late[spans == s], 0.2) for s in np.unique(spans)])
        self.calibration_ns = 0.0
        self._dates_s = [self.at_ns(frame) / NS_PER_S for frame in range(0, len(self._samples), RATE_HZ)]
        self.calibration_ns = min(0.0, self._earliest_impulse(np.array(impulses_ns)))

    def at_ns(self, frame: int) -> float:
        """When the sink carried a frame, on CLOCK_MONOTONIC."""
        late = float(np.interp(frame, self._frames, self._late))
        return frame * (NS_PER_S / RATE_HZ) + late - self.calibration_ns

    def errors_ms(self, starts: Sequence[Start]) -> list[float]:
        """Of the starts that are in the recording, how late each was."""
        places = ((start, self.find(start)) for start in starts)
        return [(self.at_ns(frame) - start.wanted_ns) / NS_PER_MS for start, frame in places if frame is not None]

    def find(self, start: Start) -> int | None:
        """The frame with which the burst begins, near its time. Not by equality: peers scale and dither samples."""
        middle = int(np.searchsorted(self._dates_s, start.wanted_ns / NS_PER_S)) * RATE_HZ
        near = self._samples[max(0, middle - 2 * RATE_HZ) : middle + 2 * RATE_HZ].astype(np.float32)
        burst = np.frombuffer(start.fingerprint, np.int16).astype(np.float32)
        size = 1 << (len(near) + len(burst)).bit_length()
        spectrum = np.fft.rfft(near, size) * np.conj(np.fft.rfft(burst, size))
        alike = np.fft.irfft(spectrum, size)[: len(near)]
        best = int(np.argmax(alike))
        there = near[best : best + len(burst)]
        likeness = alike[best] / (np.linalg.norm(there) * np.linalg.norm(burst) + 1.0)
        return max(0, middle - 2 * RATE_HZ) + best if likeness > 0.5 else None

    def _earliest_impulse(self, written_ns: "np.ndarray") -> float:
        """The least time between writing an impulse and its date, over all. Impulses are 200 ms apart or more."""
        upto = int(np.searchsorted(self._dates_s, written_ns[-1] / NS_PER_S) + 1) * RATE_HZ
        heard_ns = [self.at_ns(int(frame)) for frame in np.flatnonzero(self._samples[:upto] == IMPULSE)]
        last_before = [np.searchsorted(written_ns, ns + MOST_EARLY_NS) - 1 for ns in heard_ns]
        delays = [ns - written_ns[n] for ns, n in zip(heard_ns, last_before, strict=True) if n >= 0]
        if not delays:
            raise RuntimeError("the recorder heard no impulse: nothing can be said of its dates")
        return float(min(delays))


def play_impulses(server: SoundServer, impulses: int) -> list[int]:
    """Play impulses through a stream that is always empty, so that the sink's next turn takes each; when written."""
    written, dice = [], random.Random(7)
    options = ("--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1", "--latency-msec=1")
    with server.client("pacat", f"--device={SINK}", *options, stdin=subprocess.PIPE) as player:
        assert player.stdin is not None
        for n in range(impulses):
            progress(f"calibrating, impulse {n + 1} of {impulses}")
            time.sleep(0.2 + 0.1 * dice.random())
            written.append(time.monotonic_ns())
            os.write(player.stdin.fileno(), struct.pack("<h", IMPULSE) + bytes(IMPULSE_TAIL_BYTES))
        player.stdin.close()
    return written


# ---- what is started ------------------------------------------------------------------------------------------------


class Bursts:
    """Noise bursts, each another; samples stay clear of the impulse."""

    def __init__(self, folder: Path, seconds: float = 0.25) -> None:
        self.folder = folder
        self._frames = round(seconds * RATE_HZ)
        self._dice = np.random.default_rng(2)
        self._n = 0

    def next_wav(self) -> tuple[Path, bytes]:
        """A new WAV and the bytes that it begins with."""
        self._n += 1
        pcm = self._dice.integers(-20_000, 20_000, self._frames, dtype=np.int16).tobytes()
        path = self.folder / f"burst-{self._n}.wav"
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE_HZ)
            out.writeframes(pcm)
        return path, pcm[:FINGERPRINT_BYTES]

    def next_entry(self) -> tuple[LibraryEntry, bytes]:
        path, fingerprint = self.next_wav()
        return ingest(path, self.folder / "library"), fingerprint


@contextmanager
def _player(folder: Path) -> Iterator[Player]:
    """A player on the sink, as the playout process has it, with its frame clock ready."""
    player = Player(lambda: open_output(SINK), RingWriter(folder / "ring", 1), lambda _: None, _boottime_ns)
    player.start()
    while player.progress().next_sink_ns is None:
        time.sleep(0.01)
    yield player
    player.close()


def _start_ours(player: Player, bursts: Bursts, n: int, what: str) -> list[Start]:
    """Start *n* bursts at odd instants, each decoded two seconds ahead."""
    dice, starts = random.Random(n), []
    entries = [bursts.next_entry() for _ in range(n)]
    first_ns = _boottime_ns() + 2 * NS_PER_S
    for k, (entry, fingerprint) in enumerate(entries):
        progress(f"{what}: start {k + 1} of {n}")
        start_ns = first_ns + round((k * SPACING_S + dice.random() / 10) * NS_PER_S)
        time.sleep(max(0.0, (start_ns - 2 * NS_PER_S - _boottime_ns()) / NS_PER_S))
        source = FileSource(entry.path_in(bursts.folder / "library"), entry.frames)
        player.cue(Cue(f"{what}-{k}", source, start_ns, start_ns + NS_PER_S // 2))
        starts.append(Start(fingerprint, start_ns - _boottime_ns() + time.monotonic_ns()))
    _wait(3.0, f"{what}: the last start sounds")
    return starts


@contextmanager
def _busy_cores() -> Iterator[None]:
    """Keep every core busy with work of normal priority."""
    burn = [*DIES_WITH_US, sys.executable, "-c", "while True: sum(range(10_000))"]
    burners = [subprocess.Popen(burn) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


# ---- peers ----------------------------------------------------------------------------------------------------------


class Peer:
    """An idle player that is told to play a file now."""

    name = ""
    program = ""

    def command(self, server: SoundServer, folder: Path) -> list[str]:
        raise NotImplementedError

    def ready(self, folder: Path) -> bool:
        return (folder / f"{self.program}.socket").exists()

    def prepare(self, folder: Path, burst: Path) -> None:
        """What an operator would have done before the instant."""

    def play(self, folder: Path, burst: Path) -> None:
        raise NotImplementedError

    def say(self, folder: Path, *lines: str) -> None:
        """Send lines to the daemon's socket and wait for an answer."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(folder / f"{self.program}.socket"))
            line.sendall("".join(f"{text}\n" for text in lines).encode())
            line.settimeout(2.0)
            with contextlib.suppress(TimeoutError):
                line.recv(4_096)


class Mpd(Peer):
    name = program = "mpd"

    def command(self, server: SoundServer, folder: Path) -> list[str]:
        return mpd.command(folder, folder / "mpd.socket", server, SINK)

    def prepare(self, folder: Path, burst: Path) -> None:
        self.say(folder, "command_list_begin", "clear", f'addid "file://{burst}"', "command_list_end")

    def play(self, folder: Path, burst: Path) -> None:
        self.say(folder, "play 0")


class Mpv(Peer):
    name = program = "mpv"

    def command(self, server: SoundServer, folder: Path) -> list[str]:
        options = ["--no-config", "--idle", "--no-video", "--no-terminal", "--ao=pulse", f"--audio-device=pulse/{SINK}"]
        return ["mpv", *options, f"--input-ipc-server={folder}/mpv.socket"]

    def play(self, folder: Path, burst: Path) -> None:
        self.say(folder, f'{{"command": ["loadfile", "{burst}"]}}')


class MpvPaused(Mpv):
    """With the file loaded and the output open before the instant."""

    name = "mpv (loaded and paused)"

    def prepare(self, folder: Path, burst: Path) -> None:
        self.say(folder, '{"command": ["set_property", "pause", true]}')
        self.say(folder, f'{{"command": ["loadfile", "{burst}"]}}')

    def play(self, folder: Path, burst: Path) -> None:
        self.say(folder, '{"command": ["set_property", "pause", false]}')


class Liquidsoap(Peer):
    name = program = "liquidsoap"

    def command(self, server: SoundServer, folder: Path) -> list[str]:
        script = folder / "start.liq"
        script.write_text(
            f'settings.server.socket.set(true)\nsettings.server.socket.path.set("{folder}/liquidsoap.socket")\n'
            f"settings.init.allow_root.set(true)\nsettings.frame.audio.samplerate.set({RATE_HZ})\n"
            'q = request.queue(id="q")\n'
            f'output.pulseaudio(device="{SINK}", fallible=true, mksafe(q))\n',
            encoding="utf-8",
        )
        return ["liquidsoap", str(script)]

    def play(self, folder: Path, burst: Path) -> None:
        self.say(folder, f"q.push {burst}", "quit")


def _start_peer(peer: Peer, server: SoundServer, folder: Path, bursts: Bursts, n: int) -> list[Start]:
    """Start *n* bursts with the peer, or none if it does not come up."""
    progress(f"{peer.name}: starting it")
    private = os.environ | server.env | {"HOME": str(folder), "XDG_RUNTIME_DIR": str(server.folder)}
    with (folder / f"{peer.program}.out").open("wb") as log:
        daemon = subprocess.Popen(
            [*DIES_WITH_US, *peer.command(server, folder)],
            env=private,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    try:
        if not _until(lambda: peer.ready(folder) or daemon.poll() is not None, 20.0) or daemon.poll() is not None:
            raise RuntimeError(f"{peer.name} did not start: {(folder / f'{peer.program}.out').read_text()[-300:]}")
        _wait(3.0, f"{peer.name}: settling")
        return [_start_one(peer, folder, bursts, f"{peer.name}: start {k + 1} of {n}") for k in range(n)]
    finally:
        daemon.kill()
        daemon.wait()
        (folder / f"{peer.program}.socket").unlink(missing_ok=True)


def _start_one(peer: Peer, folder: Path, bursts: Bursts, what: str) -> Start:
    progress(what)
    path, fingerprint = bursts.next_wav()
    peer.prepare(folder, path)
    time.sleep(1.0)
    wanted_ns = time.monotonic_ns()
    peer.play(folder, path)
    time.sleep(1.0)
    return Start(fingerprint, wanted_ns)


# ---- small things ---------------------------------------------------------------------------------------------------


def _boottime_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def _wait(seconds: float, why: str) -> None:
    progress(why)
    time.sleep(seconds)


def _until(condition: Callable[[], bool], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """This process's PortAudio reads its ALSA configuration from the environment."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
