"""A console in a process of its own, and a station that speaks to it."""

import contextlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware_py.console.settings import ConsoleSettings
from tests.firmware_py.console.station import SpeakingStation

SERVE = """
import sys
from pathlib import Path
from firmware_py.console.server import serve
from firmware_py.console.settings import ConsoleSettings
root, port = Path(sys.argv[1]), int(sys.argv[2])
name = "Đài Truyền thanh xã Hoằng Đạo"
settings = ConsoleSettings(root / "run", root / "state", root / "spool", name, port=port)
serve(settings, lambda line: print(line, flush=True))
"""


@dataclass
class RunningConsole:
    process: subprocess.Popen
    url: str
    code: str


@pytest.fixture
def root(tmp_path) -> Path:
    for name in ("run", "state", "spool"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def settings(root) -> ConsoleSettings:
    return ConsoleSettings(root / "run", root / "state", root / "spool", "Đài Truyền thanh xã Hoằng Đạo")


@pytest.fixture
def station(root):
    with SpeakingStation(root / "run") as speaking:
        yield speaking


@contextlib.contextmanager
def running_console(root: Path, port: int = 0):
    """The console in a process of its own, on a free port, as in production."""
    command = [sys.executable, "-c", SERVE, str(root), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address, code = process.stdout.readline(), process.stdout.readline()
        yield RunningConsole(process, address.split(": ", 1)[1].strip(), code.split(": ", 1)[1].split()[0])
    finally:
        process.terminate()
        process.communicate(timeout=15)


@pytest.fixture
def console(root):
    with running_console(root) as running:
        yield running
