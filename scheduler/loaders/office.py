"""Office files (.xlsx, .xls, .ods, .docx; .xls that is a web page) as tables, read by a child that may die of them."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from scheduler.loaders.filetypes import Form, unloadable
from scheduler.loaders.table import Table, tops_of
from scheduler.spoken.cells import Cell
from scheduler.vietnamese import tidy

PATIENCE_S = 15
_ROOT = Path(__file__).resolve().parents[2]
_COMMAND = (sys.executable, "-m", "scheduler.sheets.child")
_BARE = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}  # a large locale would count as the child's memory


@dataclass(frozen=True, slots=True)
class Office:
    """What was found in a file: its real form and its visible sheets or tables."""

    form: Form
    tables: list[Table]


def read(path: Path) -> Office:
    """Raises Unloadable with the one reason why the file cannot be read."""
    return understand(path, _ask_child(path))


def understand(path: Path, answer: dict[str, Any]) -> Office:
    """The child's answer in our own types."""
    if "refused" in answer:
        raise unloadable(path, answer["refused"], answer["detail"])
    return Office(Form(answer["form"]), [_table(sheet) for sheet in answer["sheets"]])


def _ask_child(path: Path) -> dict[str, Any]:
    """The child's answer; a child that was killed, panicked or took too long is an unreadable file."""
    command = [*_COMMAND, str(path.absolute())]
    nothing = subprocess.DEVNULL
    try:
        done = subprocess.run(
            command, cwd=_ROOT, env=_BARE, stdin=nothing, capture_output=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise unloadable(path, "unreadable_file", "timeout") from None
    if done.returncode < 0:  # killed at its limits
        raise unloadable(path, "too_big", f"reader ended with {done.returncode}")
    if done.returncode > 0:  # panicked; or it could not even begin, then its last words tell why
        last_words = done.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200]
        raise unloadable(path, "too_big" if "MemoryError" in last_words else "unreadable_file", last_words)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _table(sheet: dict[str, Any]) -> Table:
    rows = [[paragraph] for paragraph in sheet["above"]] + [[_cell(value) for value in row] for row in sheet["rows"]]
    above = len(sheet["above"])
    merged = [(top + above, left, bottom + above, right) for top, left, bottom, right in sheet["merged"]]
    hidden = frozenset(row + above for row in sheet["hidden"])
    return Table(
        tidy(sheet["name"]),
        rows,
        tops_of(merged, len(rows)),
        merged=merged,
        hidden=hidden,
        above=above,
        hidden_columns=frozenset(sheet["hidden_columns"]),
        struck=[(row + above, column) for row, column in sheet["struck"]],
        remarks=[(row + above, column, text) for row, column, text in sheet["remarks"]],
        below=sheet["below"],
    )


_TYPES: dict[str, Callable[[Any], Cell]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda microseconds: timedelta(microseconds=microseconds),
}


def _cell(value: Any) -> Cell:
    if isinstance(value, dict):
        ((kind, content),) = value.items()
        return _TYPES[kind](content)
    cell: Cell = value
    return cell
