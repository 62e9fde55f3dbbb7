"""The folder in which alerts arrive: what is new, what was refused and why. Nothing that arrives here is lost."""

import os
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from stat import S_ISREG

from firmware_py.files import write_durably
from scheduler.alert import MAX_BYTES

REFUSED, NOT_AIRED, WHY = ".refused", ".not-aired", ".why"  # somebody should look; as it should be; the reason
NOT_INCOMING = (".json", REFUSED, NOT_AIRED, WHY, ".part", ".tmp")  # .json are our own requests to playout
KEPT_ASIDE = 200
LONGEST_NAME = 60  # of what is set aside, in characters: the endings must fit behind it
STILL_S = 2.0  # a file that is no XML yet may still be copied: it must not have changed for so long


@dataclass(frozen=True, slots=True)
class Arrived:
    path: Path
    data: bytes  # at most one byte more than an alert may have
    trouble: str = ""  # why it cannot be read


def deposit(folder: Path, data: bytes, at: datetime, suffix: str = ".cap") -> Path:
    """Put an alert into the folder, whole and durably. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{at.timestamp():017.6f}-{uuid.uuid4().hex[:8]}{suffix}"
    write_durably(path, data)
    return path


@dataclass
class Inbox:
    """One reader's view of the folder."""

    folder: Path
    _seen: dict[str, tuple[tuple[int, int], float]] = field(default_factory=dict)

    def new(self) -> Iterator[Arrived]:
        """What waits, in the order it came. Raises OSError."""
        for path in self._waiting():
            if (arrived := _read(path)) is not None:
                yield arrived

    def still_growing(self, path: Path) -> bool:
        """Whether a file that cannot be read yet has changed lately, so that it is worth waiting for."""
        try:
            status = path.stat()
        except OSError:
            return False
        shape, now_s = (status.st_size, status.st_mtime_ns), time.monotonic()
        before, since_s = self._seen.get(path.name, ((-1, -1), now_s))
        self._seen[path.name] = shape, since_s if before == shape else now_s
        return before != shape or now_s - since_s < STILL_S

    def done(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._seen.pop(path.name, None)

    def set_aside(self, path: Path, kind: str, reasons: Iterable[str]) -> None:
        """Keep an alert that does not air, with the reasons in a file beside it. Raises OSError."""
        self._seen.pop(path.name, None)
        name = path.name[:LONGEST_NAME]
        write_durably(path.with_name(name + WHY), "".join(f"{reason}\n" for reason in reasons).encode())
        os.replace(path, path.with_name(name + kind))
        self._forget_old(kind)

    def _waiting(self) -> list[Path]:
        found = [p for p in self.folder.iterdir() if not p.name.startswith(".") and p.suffix not in NOT_INCOMING]
        return sorted(found, key=_age)

    def _forget_old(self, kind: str) -> None:
        kept = sorted(self.folder.glob(f"*{kind}"), key=_age)
        for path in kept[:-KEPT_ASIDE]:
            path.with_name(path.name.removesuffix(kind) + WHY).unlink(missing_ok=True)
            path.unlink(missing_ok=True)


def refused_since(folder: Path, wall_s: float) -> list[str]:
    """Names of what was refused after this wall time and still lies there."""
    try:
        return sorted(
            entry.name for entry in os.scandir(folder) if entry.name.endswith(REFUSED) and _changed_s(entry) > wall_s
        )
    except FileNotFoundError:
        return []


def _changed_s(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat().st_ctime  # when it was set aside, not when it was written
    except OSError:
        return 0.0


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except OSError:
        return 0, path.name


def _read(path: Path) -> Arrived | None:
    """None for what is gone, or is no file; a pipe would never end."""
    try:
        if not S_ISREG(path.lstat().st_mode):
            return None
        with path.open("rb") as file:
            return Arrived(path, file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return None
    except OSError as error:
        return Arrived(path, b"", error.strerror or str(error))
