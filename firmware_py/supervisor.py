"""Runs the four station processes in the foreground and starts again what ends; systemd's part where there is none."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from firmware_py.process import PARENT_VARIABLE

PROCESSES = ("playout", "meter", "ledger", "console")
ENDING_ORDER = (("console", "playout"), ("meter",), ("ledger",))  # the ledger settles what the others left
NICE = {"playout": -10, "meter": -5, "console": 5}  # as the units in deploy/ have it: sound comes first
TERM_TIMEOUT_S = 10.0
SETTLED_AFTER_S = 10.0  # a process that ran this long has recovered: its back-off starts anew
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
FREE_RESTARTS = 5  # deaths by signal in a row that are answered at once
log = logging.getLogger("smartradio")


def backoff_s(by_signal: bool, failures_in_row: int) -> float:
    """How long to wait before the next start.

    A process that was killed is needed back at once; one that says "the configuration is wrong" will say so again.
    """
    waits = failures_in_row - (FREE_RESTARTS if by_signal else 0)
    if waits <= 0:
        return 0.0
    return float(min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (waits - 1)))


@dataclass
class Child:
    """One supervised process and its recent luck."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    log_path: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    started_at_s: float = 0.0
    start_at_s: float = 0.0
    failures: int = 0
    starts: int = field(default=0)

    def start(self, now_s: float) -> None:
        output = open(self.log_path, "ab") if self.log_path else None  # noqa: SIM115 - handed to the child
        try:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the supervisor: it ends the others in order
            )
        finally:
            if output:
                output.close()
        with suppress(PermissionError, ProcessLookupError):  # not everybody may; it may have ended already
            os.setpriority(os.PRIO_PROCESS, self.process.pid, NICE.get(self.name, 0))
        self.started_at_s = now_s
        self.starts += 1

    def watch(self, now_s: float) -> None:
        """Start again what has ended, after its back-off."""
        if self.process is None:
            if now_s >= self.start_at_s:
                self.start(now_s)
            return
        code = self.process.poll()
        if code is None:
            return
        self.failures = 1 if now_s - self.started_at_s > SETTLED_AFTER_S else self.failures + 1
        wait_s = backoff_s(code < 0, self.failures)
        log.warning("%s ended with %s; starts again in %.1f s", self.name, code, wait_s)
        self.process, self.start_at_s = None, now_s + wait_s
        if wait_s == 0.0:
            self.start(now_s)

    def ask_to_end(self) -> None:
        """Once: a second SIGTERM would end the process on the spot, with its last facts untold."""
        if self.process is not None:
            self.process.terminate()

    def wait_for_end(self, timeout_s: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            log.error("%s did not end in %.0f s and is killed", self.name, timeout_s)
            self.process.kill()
            self.process.wait()
        self.process = None


class Supervisor:
    """Start the station, keep it running, end it in order."""

    def __init__(
        self,
        config_path: Path,
        log_dir: Path | None = None,
        processes: Sequence[str] = PROCESSES,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        environment = {**os.environ, **environment, PARENT_VARIABLE: str(os.getpid())}
        self.children = {
            name: Child(
                name,
                [sys.executable, "-m", "firmware_py.cli", name, "--config", str(config_path)],
                environment,
                log_dir / f"{name}.log" if log_dir else None,
            )
            for name in processes
        }

    def start(self) -> None:
        for child in self.children.values():
            child.start(time.monotonic())

    def watch(self) -> None:
        for child in self.children.values():
            child.watch(time.monotonic())

    def end(self) -> None:
        for group in ENDING_ORDER:
            members = [self.children[name] for name in group if name in self.children]
            for child in members:
                child.ask_to_end()
            for child in members:
                child.wait_for_end(TERM_TIMEOUT_S)


def run(config_path: Path, tick: Callable[[], bool] = lambda: True) -> None:
    """Supervise until SIGINT or SIGTERM, or until *tick* (called about 10 times a second) says False."""
    ending = False

    def stop(number: int, frame: object) -> None:
        nonlocal ending
        ending = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    supervisor = Supervisor(config_path)
    supervisor.start()
    try:
        while not ending and tick():
            time.sleep(0.1)
            supervisor.watch()
    finally:
        supervisor.end()
