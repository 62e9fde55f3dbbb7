"""Where a sound server plays our streams: one whose device goes is moved in silence to another. The door of pactl.

PortAudio is told nothing of such a move, and where output and return are moved together (to the HDMI output and its
monitor, say) the meter would hear a perfect programme that no loudspeaker carries. So the server itself is asked: when
a stream has been opened, and again whenever it says that streams changed. A card that is opened without a server
(``hw:``) cannot be moved, and there is nothing to ask.
"""

import json
import os
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANSWER_TIMEOUT_S = 2.0
# A child of its own: the kernel ends it with the thread that opened the stream.
_DIES_WITH_THREAD = ("setpriv", "--pdeathsig", "KILL", "--")
_WORDS_OF = {True: ("sink-inputs", "sink", "sinks"), False: ("source-outputs", "source", "sources")}


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of this process, as the server sees it. A client is one opened device."""

    client: str
    device: str  # name of the sink or source


class Placements:
    """Asks the server at *address*; without one there are no streams and nothing is watched."""

    def __init__(self, address: str | None) -> None:
        self._address = address

    def streams(self, output: bool) -> frozenset[Stream]:
        """This process's streams. Empty where the server or pactl does not answer."""
        many, one, devices = _WORDS_OF[output]
        if self._address is None:
            return frozenset()
        try:
            listed = json.loads(self._ask("-f", "json", "list", many))
            rows = (line.split("\t") for line in self._ask("list", "short", devices).splitlines())
            names = {int(row[0]): row[1] for row in rows}
        except (OSError, subprocess.SubprocessError, ValueError):
            return frozenset()
        return frozenset(Stream(str(s["client"]), names.get(s[one], "")) for s in listed if _is_ours(s))

    def watch(self, output: bool, before: frozenset[Stream]) -> "Watch | None":
        """Watch the stream that was opened since *before*; None where it is on no server."""
        known = {stream.client for stream in before}
        opened = [stream for stream in self.streams(output) if stream.client not in known]
        if len(opened) != 1:
            return None
        return Watch(self, output, opened[0], self._subscribe())

    def _ask(self, *question: str) -> str:
        return subprocess.run(
            ["pactl", "-s", str(self._address), *question],
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ANSWER_TIMEOUT_S,
            check=True,
        ).stdout

    def _subscribe(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*_DIES_WITH_THREAD, "pactl", "-s", str(self._address), "subscribe"],
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )


class Watch:
    """Knows whether one stream still plays where it was opened. It ends with the server, whose end we hear anyway."""

    def __init__(self, placements: Placements, output: bool, stream: Stream, events: subprocess.Popen[bytes]) -> None:
        self.stream = stream
        self.moved_to: str | None = None  # the device to which it was taken
        self._placements = placements
        self._output = output
        self._events = events
        self._thread = threading.Thread(target=self._run, name=f"watch-{stream.device}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._events.kill()
        self._thread.join()

    def _run(self) -> None:
        """A read takes all that was said meanwhile: a slider that is dragged costs few questions."""
        word = _WORDS_OF[self._output][0][:-1].encode()
        with self._events as events:
            assert events.stdout is not None
            while said := os.read(events.stdout.fileno(), 65_536):
                if word in said:
                    self._look()

    def _look(self) -> None:
        """A stream that is not listed is just being set up anew (after an underrun), or the server is ending."""
        now = [s.device for s in self._placements.streams(self._output) if s.client == self.stream.client]
        if now and self.stream.device not in now:
            self.moved_to = now[0]


def server_address(environment: Mapping[str, str]) -> str | None:
    """Address of the running sound server that our ALSA devices may lead to; asking by address never starts one."""
    if named := environment.get("PULSE_SERVER"):
        return named
    folders = (environment.get("PULSE_RUNTIME_PATH"), f"{environment.get('XDG_RUNTIME_DIR', '')}/pulse", "/run/pulse")
    sockets = (Path(folder) / "native" for folder in folders if folder)
    return next((f"unix:{socket}" for socket in sockets if socket.is_socket()), None)


def _is_ours(stream: Mapping[str, Any]) -> bool:
    return bool(stream.get("properties", {}).get("application.process.id") == str(os.getpid()))
