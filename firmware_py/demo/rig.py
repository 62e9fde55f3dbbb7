"""A whole station on this computer: sound, broker, collector and the four processes, in one folder.

``./dev run`` is one of these; so is every test and bench of the whole station.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from firmware_py.clocks import boottime_ns
from firmware_py.demo.broker import Broker
from firmware_py.demo.soundserver import SoundServer
from firmware_py.files import read_json
from firmware_py.live import Live, look
from firmware_py.process import PARENT_VARIABLE
from firmware_py.supervisor import PROCESSES, Supervisor

STATION_ID = "demo"
PROVINCE = "tinh-mau"
CONSOLE_S = 30.0  # until it answers, on a slow computer
MEMORY = Path("/dev/shm")
RUN_PREFIX = "smartradio-run-"
MEMORY_NEEDED = 256_000_000  # bytes: containers often have 64 MB, and a few stations run side by side


@dataclass(frozen=True, slots=True)
class RigSettings:
    """What the demo and the tests vary."""

    output: str = "air1"
    channels: tuple[tuple[str, str, bool], ...] = (("return", "mon1", True),)  # name, device, account
    console_port: int = 8080
    trust: str = "host"
    quiet_hours: tuple[str, ...] = ()
    faults: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # code → raise after, clear after (s)
    processes: tuple[str, ...] = PROCESSES
    station_name: str = "Đài truyền thanh xã Mẫu"
    output_delay_ms: float | None = None


class Rig:
    """Owns the folder. Start and stop the parts as a test wants; everything dies with this process."""

    def __init__(
        self,
        folder: Path,
        settings: RigSettings,
        sound: SoundServer | None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.folder = folder.absolute()
        self.settings = settings
        self.sound = sound
        self.state_dir = self.folder / "state"
        self.run_dir = _volatile_folder() or self.folder / "run"
        self._forget_run_dir = weakref.finalize(self, _forget, self.run_dir)  # at the latest when we end
        self.media_dir = self.folder / "media"
        self.log_dir = self.folder / "log"
        for made in (self.state_dir, self.run_dir, self.media_dir, self.log_dir):
            made.mkdir(parents=True, exist_ok=True)
        self.broker = Broker(self.folder / "broker")
        self.environment = {**(sound.env if sound else {}), **environment}
        self.supervisor: Supervisor | None = None
        self.collector: subprocess.Popen[bytes] | None = None
        self._stack = ExitStack()

    @property
    def config_path(self) -> Path:
        return self.folder / "station.toml"

    @property
    def archive_path(self) -> Path:
        return self.folder / "archive.db"

    def __enter__(self) -> "Rig":
        self._stack.enter_context(self.broker)
        self.write_config()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_station()
        self.stop_collector()
        self._keep_run_dir()
        self._stack.close()

    def _keep_run_dir(self) -> None:
        """What was sent and heard last, and the last words of the processes: for whoever looks afterwards."""
        kept = self.folder / "run"
        if self.run_dir != kept:
            shutil.copytree(self.run_dir, kept, dirs_exist_ok=True)
            self._forget_run_dir()
            self.run_dir = kept
            self.write_config()

    def write_config(self) -> None:
        self.config_path.write_text(self._station_toml(), encoding="utf-8")
        collector = f'archive = {_toml_text(self.archive_path)}\nhost = "127.0.0.1"\nport = {self.broker.port}\n'
        (self.folder / "collector.toml").write_text(collector, encoding="utf-8")

    # -- parts ---------------------------------------------------------------------------------------------------

    def start_station(self) -> None:
        self.supervisor = Supervisor(self.config_path, self.log_dir, self.settings.processes, self.environment)
        self.supervisor.start()

    def stop_station(self) -> None:
        if self.supervisor is not None:
            self.supervisor.end()
            self.supervisor = None

    def start_collector(self) -> None:
        with (self.log_dir / "collector.log").open("ab") as log:
            self.collector = subprocess.Popen(
                [sys.executable, "-m", "firmware_py.cli", "collector", "--config", str(self.folder / "collector.toml")],
                env={**os.environ, **self.environment, PARENT_VARIABLE: str(os.getpid())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop_collector(self, kill: bool = False) -> None:
        if self.collector is None:
            return
        if kill:
            self.collector.kill()
        else:
            self.collector.terminate()
        try:
            self.collector.wait(10)
        except subprocess.TimeoutExpired:
            self.collector.kill()
            self.collector.wait()
        self.collector = None

    # -- looking -------------------------------------------------------------------------------------------------

    def live(self, name: str) -> Live:
        return look(self.run_dir, name, boottime_ns())

    def said_now(self, name: str) -> Mapping[str, Any]:
        """What the process that runs now shows; empty until it shows anything, whatever its predecessor left."""
        said, process = self.live(name), self.supervisor.children[name].process if self.supervisor else None
        return said.data if said.fresh and process and said.data["pid"] == process.pid else {}

    def console_address(self) -> str | None:
        """Where the console that runs now is reached; None until it says so."""
        said = self._console_said()
        return said["address"] if said else None

    def _console_said(self) -> Any | None:
        """What the console that runs now says of itself."""
        said = read_json(self.run_dir / "console.json")
        process = self.supervisor.children["console"].process if self.supervisor else None
        return said if said and process and said["pid"] == process.pid else None

    def wait_for_console(self) -> str:
        """Its address. When another program has its port, it gets any free one. Raises TimeoutError."""
        assert self.supervisor is not None
        console = self.supervisor.children["console"]
        self.wait_until(self._console_said, CONSOLE_S, "console")
        if not self.console_address() and console.process:
            self.settings = replace(self.settings, console_port=0)
            self.write_config()
            console.process.terminate()  # the supervisor starts it again with this
            self.wait_until(self.console_address, CONSOLE_S, "console")
        address = self.console_address()
        assert address is not None
        return address

    def smartradio(self, *arguments: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a command as a person would."""
        return subprocess.run(
            [sys.executable, "-m", "firmware_py.cli", *arguments, "--config", str(self.config_path), "--lang", "en"],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def wait_until(self, holds: Any, timeout_s: float, what: str) -> float:
        """Poll 20 times a second, supervising meanwhile; seconds waited. Raises TimeoutError with the logs' tails."""
        started = time.monotonic()
        while not holds():
            if time.monotonic() - started > timeout_s:
                raise TimeoutError(f"{what}: not within {timeout_s} s\n{self.logs()}")
            if self.supervisor is not None:
                self.supervisor.watch()
            time.sleep(0.05)
        return time.monotonic() - started

    def watch_for(self, seconds: float) -> None:
        """Let *seconds* pass with the supervisor at work."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            if self.supervisor is not None:
                self.supervisor.watch()
            time.sleep(0.05)

    def logs(self, lines: int = 15) -> str:
        parts = []
        for path in sorted(self.log_dir.glob("*.log")):
            tail = path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
            parts += [f"--- {path.name}", *tail]
        return "\n".join(parts)

    # -- configuration -------------------------------------------------------------------------------------------

    def _station_toml(self) -> str:
        chosen = self.settings
        lines = [
            "[station]",
            f'id = "{STATION_ID}"',
            f"name = {_toml_text(chosen.station_name)}",
            f'province = "{PROVINCE}"',
            "[paths]",
            f"state_dir = {_toml_text(self.state_dir)}",
            f"run_dir = {_toml_text(self.run_dir)}",
            f"media_dir = {_toml_text(self.media_dir)}",
            "[output]",
            f'device = "{chosen.output}"',
        ]
        if chosen.output_delay_ms is not None:
            lines.append(f"delay_ms = {chosen.output_delay_ms}")
        for name, device, account in chosen.channels:
            lines += ["[[channel]]", f'name = "{name}"', f'device = "{device}"', f"account = {str(account).lower()}"]
        lines += ["[clock]", f'trust = "{chosen.trust}"']
        lines += ["[uplink]", 'host = "127.0.0.1"', f"port = {self.broker.port}"]
        lines += ["[console]", f"port = {chosen.console_port}"]
        lines += ["[guards]", f"quiet_hours = {json.dumps(list(chosen.quiet_hours))}"]
        for code, (raise_s, clear_s) in chosen.faults.items():
            lines += [f"[faults.{code}]", f"raise_after_s = {raise_s}", f"clear_after_s = {clear_s}"]
        return "\n".join(lines) + "\n"


def _volatile_folder() -> Path | None:
    """In memory, as /run of a real box is: rings on a disk make who writes them wait for it."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_NEEDED:
        return None
    for left in MEMORY.glob(f"{RUN_PREFIX}*-*"):  # by one that was killed
        if not Path("/proc", left.name.removeprefix(RUN_PREFIX).partition("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{RUN_PREFIX}{os.getpid()}-", dir=MEMORY))


def _forget(run_dir: Path) -> None:
    if MEMORY in run_dir.parents:
        shutil.rmtree(run_dir, ignore_errors=True)


def _toml_text(value: object) -> str:
    """A basic string of TOML; JSON's escapes are a subset of its own."""
    return json.dumps(str(value), ensure_ascii=False)
