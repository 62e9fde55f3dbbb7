"""A private PulseAudio with null sinks: a sound card for machines that have none.

What is played on sink ``air1`` can be captured from ``air1.monitor`` bit-exactly; to PortAudio they are the devices
``air1`` and ``mon1``. Used by the demo, the tests and the benches; a station with a real card never needs it. Server
and helpers are killed by the kernel when the *thread* that started them ends (PR_SET_PDEATHSIG), so start it in a
thread that lives as long as the sound is wanted.
"""

import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import wave
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from audio.format import BYTES_PER_FRAME, RATE_HZ

START_TIMEOUT_S = 10.0
COMMAND_TIMEOUT_S = 10.0
# A quarter of it is the null sink's turn. A real card wakes us once a block (85 ms); turns of 5 ms wake a capture 200
# times a second, for nothing: 0.5 CPU s a minute. Turns of 20 ms wobble so much that a break of 40 ms hides in them.
KEEP_ALIVE_LATENCY_MS = 60
_DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


class SoundServerError(Exception):
    """The server did not start, or refused a command."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What the recorder saw: after ``frames`` were read it was ``monotonic_ns``; one pair a chunk."""

    path: Path
    marks: tuple[tuple[int, int], ...]  # (frames, monotonic_ns)


class SoundServer:
    """PulseAudio in *folder* with one mono 48 kHz null sink a name; ``air<k>`` has the monitor device ``mon<k>``."""

    def __init__(self, folder: Path, sinks: Sequence[str] = ("air1", "air2")) -> None:
        self.folder = folder.absolute()
        self.sinks = tuple(sinks)
        # PulseAudio and ALSA split paths at spaces, and a socket's path has 107 bytes: these two live in a short one.
        self._short_folder = Path(tempfile.mkdtemp(prefix="smartradio-"))
        weakref.finalize(self, shutil.rmtree, self._short_folder, ignore_errors=True)  # at the latest when we end
        self._server: subprocess.Popen[bytes] | None = None
        self._keepers: list[subprocess.Popen[bytes]] = []

    # -- life ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> "SoundServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server and its keep-alives; returns when it answers. Raises SoundServerError with its log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "pulse.pa").write_text(self._pulse_script(), encoding="utf-8")
        self._alsa_path.write_text(self._alsa_config(), encoding="utf-8")
        with (self.folder / "pulse.log").open("ab") as log:
            self._server = subprocess.Popen(
                [*_DIES_WITH_US, *self._server_command()],
                env=self._own_env(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for whoever started us: it ends the station first
            )
        self._wait_until_it_answers()
        self._keepers = [self._keep_alive(sink) for sink in self.sinks]

    def stop(self) -> None:
        """End the server and its helpers; harmless when they are gone."""
        for keeper in self._keepers:
            _end(keeper)
        self._keepers = []
        if self._server is not None:
            _end(self._server)
            self._server = None
        # A killed server leaves these behind, and the next one would take them for a running instance.
        for left in (self._socket, self.folder / "pid"):
            left.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the server without a goodbye: stands in for a pulled USB card."""
        if self._server is not None:
            self._server.kill()
        self.stop()

    def restart(self) -> None:
        self.kill()
        self.start()

    # -- what clients need --------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        return f"unix:{self._socket}"

    @property
    def env(self) -> dict[str, str]:
        """Variables for programs that shall play here: through ALSA/PortAudio, or as PulseAudio clients."""
        return {"ALSA_CONFIG_PATH": str(self._alsa_path), "PULSE_SERVER": self.address}

    @property
    def pid(self) -> int | None:
        return self._server.pid if self._server else None

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.poll() is None

    @staticmethod
    def monitor_device(sink: str) -> str:
        """The PortAudio device that captures what *sink* carries: ``air1`` → ``mon1``."""
        return "mon" + (number.group() if (number := re.search(r"\d+$", sink)) else f"-{sink}")

    # -- what can go wrong at a station, on command -------------------------------------------------------------

    def mute(self, sink: str, muted: bool = True) -> None:
        self.pactl("set-sink-mute", sink, "1" if muted else "0")

    def unload_sink(self, sink: str) -> None:
        """Take the sink away: the server moves its streams *silently* to the default sink."""
        if (module := self._module_of(sink)) is None:
            raise SoundServerError(f"no sink {sink}")
        self.pactl("unload-module", module)

    def reload_sink(self, sink: str) -> None:
        self.pactl("load-module", *_sink_module(sink).split())
        self._keepers.append(self._keep_alive(sink))

    def move_streams(self, from_sink: str, to_sink: str) -> int:
        """Move every stream but the keep-alive from one sink to another; how many were moved."""
        indices = self.streams_on(from_sink)
        for index in indices:
            self.pactl("move-sink-input", index, to_sink)
        return len(indices)

    def streams_on(self, sink: str) -> list[str]:
        """Indices of the streams that play on *sink*, keep-alives left out."""
        number = next((line.split("\t")[0] for line in self._list("sinks") if line.split("\t")[1] == sink), None)
        keepers = self._keeper_clients()
        rows = (line.split("\t") for line in self._list("sink-inputs"))
        return [row[0] for row in rows if row[1] == number and row[2] not in keepers]

    # -- independent ears and mouths ----------------------------------------------------------------------------

    def record_monitor(self, path: Path, seconds: float, sink: str = "air1") -> Recording:
        """Record what *sink* carries into a WAV (16 bit, 48 kHz, mono); blocks for its length."""
        recorder = MonitorRecorder(self, sink)
        time.sleep(seconds)
        return recorder.save(path)

    def play_into(self, sink: str, path: Path) -> subprocess.Popen[bytes]:
        """Start another voice on *sink* (a WAV); the caller waits for, or kills, the process that is returned."""
        return self.client("paplay", f"--device={sink}", str(path))

    def client(
        self, program: str, *arguments: str, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        """Start a PulseAudio client (pacat, parec, paplay) of this server."""
        command = [*_DIES_WITH_US, program, f"--server={self.address}", *arguments]
        return subprocess.Popen(
            command,
            env=self._own_env(),
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def pactl(self, *arguments: str) -> str:
        """Run one pactl command. Raises SoundServerError with what it said."""
        done = subprocess.run(
            ["pactl", "-s", self.address, *arguments],
            env=self._own_env(),
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            raise SoundServerError(f"pactl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    # -- inside -------------------------------------------------------------------------------------------------

    @property
    def _socket(self) -> Path:
        return self._short_folder / "native"

    @property
    def _alsa_path(self) -> Path:
        return self._short_folder / "asound.conf"

    def _pulse_script(self) -> str:
        modules = [f"module-native-protocol-unix auth-anonymous=1 socket={self._socket}"]
        modules += [_sink_module(sink) for sink in self.sinks]
        return "".join(f"load-module {m}\n" for m in modules) + f"set-default-sink {self.sinks[0]}\n"

    def _alsa_config(self) -> str:
        """Replaces the whole ALSA configuration: few devices, no noise. Without pcm.default PortAudio aborts."""
        names = {"pcm.default": "", "ctl.default": ""}
        for sink in self.sinks:
            names[f"pcm.{sink}"] = f'device "{sink}"'
            names[f"pcm.{self.monitor_device(sink)}"] = f'device "{sink}.monitor"'
        head = "".join(f'{t}_type.pulse {{ lib "libasound_module_{t}_pulse.so" }}\n' for t in ("pcm", "ctl"))
        return head + "".join(f'{n} {{ type pulse server "{self.address}" {d} }}\n' for n, d in names.items())

    def _server_command(self) -> list[str]:
        # Shared memory off: with it the server logs memfd errors here and falls back to copying anyway.
        options = ["--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--realtime=no", "--high-priority=yes"]
        return ["pulseaudio", "-n", "-F", str(self.folder / "pulse.pa"), *options]

    def _own_env(self) -> dict[str, str]:
        here = str(self.folder)
        private = {"HOME": here, "XDG_RUNTIME_DIR": here, "PULSE_RUNTIME_PATH": here}
        # LC_ALL: our parsing reads pactl's words.
        return os.environ | private | {"DBUS_SESSION_BUS_ADDRESS": "disabled:", "LC_ALL": "C.UTF-8"}

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.running:
            try:
                self.pactl("info")
            except SoundServerError:
                time.sleep(0.02)
            else:
                return
        log = (self.folder / "pulse.log").read_text(encoding="utf-8", errors="replace")
        self.stop()
        raise SoundServerError(f"PulseAudio did not start in {self.folder}: {log[-500:]}")

    def _keep_alive(self, sink: str) -> subprocess.Popen[bytes]:
        """Silence with low latency: an idle null sink works in blocks of 2 s, and a capture from it spins."""
        with Path("/dev/zero").open("rb") as zeros:
            return self.client(
                "pacat",
                f"--device={sink}",
                f"--latency-msec={KEEP_ALIVE_LATENCY_MS}",
                f"--client-name={_keeper_name(sink)}",
                "--format=s16le",
                f"--rate={RATE_HZ}",
                "--channels=1",
                stdin=zeros.fileno(),
            )

    def _list(self, what: str) -> list[str]:
        return [line for line in self.pactl("list", "short", what).splitlines() if line]

    def _module_of(self, sink: str) -> str | None:
        modules = (line.split("\t") for line in self._list("modules"))
        return next((m[0] for m in modules if f"sink_name={sink}" in m[2].split()), None)

    def _keeper_clients(self) -> set[str]:
        """Client numbers of the keep-alives: ``pactl list short clients`` shows only the binary's name."""
        clients = re.split(r"^Client #", self.pactl("list", "clients"), flags=re.MULTILINE)[1:]
        return {text.split("\n")[0] for text in clients if 'application.name = "keep-alive-' in text}


class MonitorRecorder:
    """An independent ear: parec on a sink's monitor in a child process, each chunk stamped with CLOCK_MONOTONIC."""

    CHUNK_BYTES = 480 * BYTES_PER_FRAME

    def __init__(self, server: SoundServer, sink: str = "air1", latency_ms: int = 10) -> None:
        self._child = server.client(
            "parec",
            f"--device={sink}.monitor",
            "--raw",
            "--format=s16le",
            f"--rate={RATE_HZ}",
            "--channels=1",
            f"--latency-msec={latency_ms}",
            stdout=subprocess.PIPE,
        )
        self._chunks: list[bytes] = []
        self._marks: list[tuple[int, int]] = []
        self._thread = threading.Thread(target=self._run, name=f"recorder-{sink}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        assert self._child.stdout is not None
        frames = 0
        while chunk := os.read(self._child.stdout.fileno(), self.CHUNK_BYTES):
            frames += len(chunk) // BYTES_PER_FRAME
            self._marks.append((frames, time.clock_gettime_ns(time.CLOCK_MONOTONIC)))
            self._chunks.append(chunk)

    @property
    def frames(self) -> int:
        return self._marks[-1][0] if self._marks else 0

    def finish(self) -> tuple[bytes, tuple[tuple[int, int], ...]]:
        """End the recording: its samples (s16le) and its marks (frames read, monotonic ns)."""
        _end(self._child)
        self._thread.join()  # the pipe has ended with the child
        if self._child.stdout is not None:
            self._child.stdout.close()
        return b"".join(self._chunks), tuple(self._marks)

    def save(self, path: Path) -> Recording:
        pcm, marks = self.finish()
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(BYTES_PER_FRAME)
            out.setframerate(RATE_HZ)
            out.writeframes(pcm)
        return Recording(path, marks)


def _sink_module(sink: str) -> str:
    return f"module-null-sink sink_name={sink} format=s16le rate={RATE_HZ} channels=1"


def _keeper_name(sink: str) -> str:
    return f"keep-alive-{sink}"


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask the child to end, insist after two seconds, and reap it."""
    child.terminate()
    try:
        child.wait(timeout=2.0)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
