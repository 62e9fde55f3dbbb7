"""Requests to playout, dropped atomically: one folder a writer, one file a request, taken in the order they came."""

import logging
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from firmware_py.files import read_json, write_json
from firmware_py.folder_watch import FolderWatch

WRITERS = ("console", "cli", "alerts")
MOST_TRIES = 3  # a process that is killed while it takes a request is no fault of the request
TRIED = re.compile(r"(.+)~([0-9])")  # a request's name, and how often it has been tried
log = logging.getLogger("smartradio")


@dataclass(frozen=True, slots=True)
class Request:
    """A parsed request. ``id`` makes it harmless to take it twice."""

    id: str
    command: str
    by: str
    body: dict[str, Any]
    tries: int = 1  # this one included


def drop(spool_dir: Path, writer: str, command: str, by: str, at: datetime, *, identity: str = "", **body: Any) -> str:
    """Store a request durably; returns its id, a new one unless *identity* gives it. Raises OSError."""
    folder = spool_dir / writer
    folder.mkdir(parents=True, exist_ok=True)
    identity = identity or uuid.uuid4().hex
    name = f"{at.timestamp():017.6f}-{identity[:8]}.json"
    request = {"id": identity, "command": command, "by": by, "at": at.isoformat(), **body}
    write_json(folder / name, request, durable=True)
    return identity


def pending(spool_dir: Path) -> Iterator[tuple[Path, Request | None]]:
    """Every request that waits, oldest first; None for a file that is not one (to be set aside)."""
    for path in sorted(_files(spool_dir), key=lambda p: p.name):
        yield path, _parse(read_json(path), _tried(path)[1] + 1)


def watch(spool_dir: Path, tell: Callable[[], object]) -> None:
    """Call *tell* whenever a request has been dropped, from a thread that lives as long as the process.

    Where the kernel cannot watch (OSError, logged), requests are still found by looking now and then.
    """

    def run() -> None:
        try:
            with FolderWatch(spool_dir / writer for writer in WRITERS) as folders:
                while True:
                    folders.wait()
                    tell()
        except OSError as error:
            log.warning("the spool is not watched: %s", error)

    for writer in WRITERS:
        (spool_dir / writer).mkdir(parents=True, exist_ok=True)
    threading.Thread(target=run, name="spool-watch", daemon=True).start()


def count_try(path: Path) -> Path:
    """Count a try in the request's name, before it is made; where it lies now."""
    name, tries = _tried(path)
    return _moved(path, path.with_name(f"{name}~{tries + 1}.json"))


def _tried(path: Path) -> tuple[str, int]:
    found = TRIED.fullmatch(path.stem)
    return (found[1], int(found[2])) if found else (path.stem, 0)


def done(path: Path) -> None:
    """Remove a request; one that the disk does not let go is taken again by the next process."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s cannot be removed: %s", path, error)


def set_aside(path: Path) -> None:
    """Keep a request that cannot be understood, out of the way, for whoever looks for it."""
    _moved(path, path.with_name(f"{_tried(path)[0]}.refused"))


def _moved(path: Path, to: Path) -> Path:
    """Where it lies now: a disk that can only be read leaves it where it was."""
    try:
        return path.rename(to)
    except OSError as error:
        log.warning("%s cannot be renamed: %s", path, error)
        return path


def _files(spool_dir: Path) -> Iterator[Path]:
    for writer in WRITERS:
        folder = spool_dir / writer
        if folder.is_dir():
            yield from (p for p in folder.iterdir() if p.suffix == ".json" and not p.name.startswith("."))


def _parse(data: Any, tries: int) -> Request | None:
    if not isinstance(data, dict):
        return None
    identity, command, by = data.get("id"), data.get("command"), data.get("by")
    if not (isinstance(identity, str) and isinstance(command, str) and isinstance(by, str)):
        return None
    return Request(identity, command, by[:200], data, tries)
