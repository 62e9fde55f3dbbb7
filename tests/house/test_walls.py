"""The walls of the house: who may import whom, and which file is the door of each outside library."""

import ast
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.house.tree import FLOORS, imported_packages, outside_packages, python_files, read

# The door of each library, and of the parts of Python that reach outside: the files that may import it.
DOORS = {
    "PIL": ("telemetry/reports/drawing.py", "telemetry/reports/measure_png.py"),
    "defusedxml": ("scheduler/loaders/cap.py",),
    "docx": ("telemetry/reports/*.py",),
    "fpdf": ("telemetry/reports/*.py",),
    "paho": ("telemetry/mqtt.py",),
    "pyaudio": ("audio/card.py",),
    "pydantic": ("firmware_py/config.py", "firmware_py/sections/*.py"),
    "pydantic_core": ("firmware_py/sections/relay.py",),
    "python_calamine": ("scheduler/sheets/excel.py",),
    "schedule": ("firmware_py/chores.py",),
    "serial": ("firmware_py/commands/looks.py",),
    "sqlite3": ("telemetry/database.py",),
    "starlette": ("firmware_py/console/*.py",),
    "subprocess": (
        "audio/decode.py",
        "audio/placement.py",
        "audio/speech.py",
        "scheduler/loaders/office.py",
        "firmware_py/supervisor.py",
        "firmware_py/demo/*.py",
    ),
    "uvicorn": ("firmware_py/console/*.py",),
    "xlsxwriter": ("telemetry/reports/*.py", "scheduler/template.py", "scheduler/export.py"),
}
EVERYWHERE = {"numpy"}  # a language for sound, not a way out


@pytest.mark.parametrize(("height", "floor"), list(enumerate(FLOORS)))
def test_no_package_imports_the_floor_above(height, floor):
    above = set(FLOORS[height + 1 :]) | {"tests", "bench"}
    for path in python_files(floor):
        assert not imported_packages(read(path)) & above, path


def test_every_floor_is_there():
    assert all(python_files(floor) for floor in FLOORS)


@pytest.mark.parametrize("library", DOORS)
def test_a_library_is_imported_at_its_door_only(library):
    importers = [path for path in python_files(*FLOORS) if library in imported_packages(read(path))]
    strangers = [path for path in importers if not any(fnmatch(str(path), door) for door in DOORS[library])]
    assert not strangers, f"{library} has its door at {DOORS[library]}"


@pytest.mark.parametrize("library", DOORS)
def test_every_door_leads_to_its_library(library):
    for door in DOORS[library]:
        behind = [path for path in python_files(*FLOORS) if fnmatch(str(path), door)]
        assert any(library in imported_packages(read(path)) for path in behind), f"nothing at {door} imports {library}"


@pytest.mark.parametrize(
    "module",
    [
        "firmware_py.playout.process",
        "firmware_py.ledger.process",
        "firmware_py.console.process",
        "firmware_py.cli",
        "telemetry.upstream.collector",
    ],
)
def test_only_the_meter_pays_for_numpy(module):
    """A dozen MiB in each process, and a tenth of a second in each command."""
    asked = f"import sys, {module}; print('numpy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"


def test_every_outside_library_has_a_door():
    used = {library for path in python_files(*FLOORS) for library in outside_packages(read(path))}
    assert used <= set(DOORS) | EVERYWHERE


def test_nothing_is_imported_relatively():
    for path in python_files(*FLOORS, "tests", "bench"):
        relative = [node for node in ast.walk(ast.parse(read(path))) if isinstance(node, ast.ImportFrom) and node.level]
        assert not relative, path


def test_no_except_catches_what_it_does_not_name():
    for path in python_files(*FLOORS, "tests", "bench"):
        handlers = [node for node in ast.walk(ast.parse(read(path))) if isinstance(node, ast.ExceptHandler)]
        bare = [handler.lineno for handler in handlers if handler.type is None]
        assert not bare, f"{path}:{bare}"


def test_only_the_box_asks_for_the_time():
    """Time is an argument in the three lower floors. The collector is a process of its own, on a server."""
    for path in set(python_files(*FLOORS[:3])) - {Path("telemetry/upstream/collector.py")}:
        calls = [node for node in ast.walk(ast.parse(read(path))) if isinstance(node, ast.Call)]
        asked = [call.lineno for call in calls if _is_wall_clock(call)]
        assert not asked, f"{path}:{asked}"


def _is_wall_clock(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    return name in {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "date.today", "datetime.today"}


def test_the_walls_are_seen_where_they_are_broken():
    source = "import json\nfrom firmware_py.config import load\ndef f():\n    import numpy.linalg as n\n"
    assert imported_packages(source) == {"json", "firmware_py", "numpy"}
    assert outside_packages(source) == {"numpy"}
    assert fnmatch(str(Path("telemetry/upstream/archive.py")), "telemetry/upstream/*.py")
