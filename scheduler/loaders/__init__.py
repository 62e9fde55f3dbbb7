"""Timetable files, each form behind one door: ``load(path)`` never raises for what a file can hold."""

from collections.abc import Callable
from pathlib import Path
from stat import S_ISREG

from scheduler.loaders import comma_list, forms, toml_form, workbook
from scheduler.loaders.result import Loaded, Unloadable
from scheduler.problem import Problem

__all__ = ["MAX_FILE_BYTES", "SUFFIXES", "Loaded", "load"]

MAX_FILE_BYTES = 10_000_000


def _load_toml(path: Path) -> Loaded:
    return toml_form.read(path.read_bytes(), path.stem)


def _load_csv(path: Path) -> Loaded:
    return forms.read(comma_list.tables(path.read_bytes()), path.stem)


def _load_workbook(path: Path) -> Loaded:
    return forms.read(workbook.tables(path), path.stem)


_DOORS: dict[str, Callable[[Path], Loaded]] = {
    ".toml": _load_toml,
    ".csv": _load_csv,
    ".xlsx": _load_workbook,
    ".xls": _load_workbook,
    ".ods": _load_workbook,
}
SUFFIXES = tuple(_DOORS)


def load(path: Path) -> Loaded:
    """Read a timetable file by its suffix: its timetable, and every error and warning at its cell, line or key.

    Spreadsheets are parsed in a child process with little memory and time, so a hostile one costs an error, not us.
    """
    try:
        _refuse_strange(path)
        return _DOORS[path.suffix.lower()](path)
    except Unloadable as refusal:
        return Loaded(None, (refusal.problem,))
    except OSError as error:
        reason = error.strerror or str(error)
        vi, en = f"không đọc được tệp: {reason}", f"cannot read the file: {reason}"
        return Loaded(None, (Problem(path.name, "unreadable_file", vi, en),))


def _refuse_strange(path: Path) -> None:
    """Raise Unloadable for an unknown form, something that is no file, or a file too large to be a timetable."""
    if path.suffix.lower() not in _DOORS:
        known = ", ".join(SUFFIXES)
        vi, en = f"không nhận dạng tệp này; dùng {known}", f"unknown kind of file; use {known}"
        raise Unloadable(path.name, "unknown_format", vi, en)
    status = path.stat()
    if not S_ISREG(status.st_mode):
        raise Unloadable(path.name, "unreadable_file", "đây không phải là một tệp", "this is not a file")
    if status.st_size > MAX_FILE_BYTES:
        vi = f"tệp lớn hơn {MAX_FILE_BYTES // 1_000_000} MB, không phải là lịch phát sóng"
        raise Unloadable(path.name, "too_big", vi, f"larger than {MAX_FILE_BYTES // 1_000_000} MB: not a timetable")
