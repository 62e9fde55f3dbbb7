"""Spreadsheets (.xlsx, .xls, .ods) as tables, read by a child process that may die of what they hold."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from scheduler.loaders.result import Unloadable
from scheduler.loaders.table import Table, tops_of
from scheduler.spoken.cells import Cell
from scheduler.vietnamese import tidy

PATIENCE_S = 30
_CHILD = Path(__file__).with_name("calamine_child.py")

_REFUSALS = {
    "too_big": (
        "bảng quá lớn, không phải là lịch phát sóng; có thể có ô thừa ở rất xa",
        "the sheet is too big to be a timetable; perhaps a stray cell lies far away",
    ),
    "password": ("tệp có mật khẩu; bỏ mật khẩu rồi nạp lại", "the file has a password; remove it and load again"),
    "unreadable_file": ("tệp hỏng hoặc không phải bảng tính", "the file is damaged or no spreadsheet"),
}


def tables(path: Path) -> list[Table]:
    """The visible sheets. Raises Unloadable with the one reason why they cannot be read."""
    answer = _ask_child(path)
    if "refused" in answer:
        raise _unloadable(path, answer["refused"], answer["detail"])
    return [_table(sheet) for sheet in answer["sheets"]]


def _ask_child(path: Path) -> dict[str, Any]:
    """The child's answer; a child that was killed, panicked or took too long is an unreadable file."""
    command = [sys.executable, "-P", str(_CHILD), str(path.absolute())]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise _unloadable(path, "unreadable_file", "timeout") from None
    if done.returncode < 0:  # killed at its limits
        raise _unloadable(path, "too_big", f"reader ended with {done.returncode}")
    if done.returncode > 0:  # panicked; or it could not even begin, then its last words tell why
        last_words = done.stderr.decode(errors="replace").strip().rpartition("\n")[2][:200]
        raise _unloadable(path, "unreadable_file", last_words)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _unloadable(path: Path, code: str, detail: str) -> Unloadable:
    vi, en = _REFUSALS[code]
    return Unloadable(path.name, code, f"{vi} ({detail})", f"{en} ({detail})")


def _table(sheet: dict[str, Any]) -> Table:
    rows = [[_cell(value) for value in row] for row in sheet["rows"]]
    merged = [tuple(cells) for cells in sheet["merged"]]
    return Table(tidy(sheet["name"]), rows, tops_of(merged, len(rows)), merged=merged)


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
