"""A private mosquitto on this computer's loopback, for the demo and for tests."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

START_S = 10.0
END_S = 5.0
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"  # Debian keeps it off a user's PATH
OPEN_TO_ALL = ("allow_anonymous true",)
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")  # with the thread that started it


class BrokerError(Exception):
    """mosquitto is missing or does not start; the message has what it said."""


class Broker:
    """Runs while the ``with`` block runs. ``port`` 0 takes a free one and keeps it over restarts.

    *entrance*: the lines of its configuration that say who may enter, how, and what for.
    """

    def __init__(
        self, folder: Path, port: int = 0, persistence: bool = False, entrance: Sequence[str] = OPEN_TO_ALL
    ) -> None:
        self.folder = folder
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self._persistence = persistence
        self._entrance = entrance
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Broker":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Returns when it takes connections. Raises BrokerError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "mosquitto.conf"
        file.write_text(self._configuration(), encoding="utf-8")
        with open(self.folder / "mosquitto.log", "ab") as log:
            try:
                self._process = subprocess.Popen(
                    [*DIES_WITH_US, MOSQUITTO, "-c", str(file)],
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is for whoever started us: it ends the station first
                )
            except OSError as error:
                raise BrokerError(f"{MOSQUITTO}: {error.strerror}") from error
        self._wait_until_open()

    def stop(self) -> None:
        self._end(kill=False)

    def kill(self) -> None:
        """As a power cut does: without persistence it forgets every session and message."""
        self._end(kill=True)

    def restart(self) -> None:
        self.stop()
        self.start()

    def _configuration(self) -> str:
        lines = [
            f"listener {self.port} {self.host}",
            *self._entrance,
            f"persistence {str(self._persistence).lower()}",
            f"persistence_location {self.folder}/",
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # else it gives up root and then cannot write into our folder
        return "\n".join(lines) + "\n"

    def _wait_until_open(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self._end(kill=True)
        said = (self.folder / "mosquitto.log").read_text(encoding="utf-8", errors="replace")
        raise BrokerError(f"mosquitto does not start on port {self.port}: {said[-500:]}")

    def _end(self, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A TCP port of the loopback that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
