"""Live state for eyes: what each process wrote in the run folder, and whether it is news or old."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_py.files import read_json

STALE_NS = 3_000_000_000
NAMES = ("playout", "meter", "ledger")


@dataclass(frozen=True, slots=True)
class Live:
    """A process's last word. ``data`` is empty and ``fresh`` False when it never spoke."""

    data: Mapping[str, Any]
    fresh: bool


def look(run_dir: Path, name: str, now_ns: int) -> Live:
    """*now_ns* is boottime: a file of an earlier boot is old whatever its date says."""
    data = read_json(run_dir / f"{name}.json")
    if not isinstance(data, dict) or not isinstance(data.get("boottime_ns"), int):
        return Live({}, False)
    return Live(data, 0 <= now_ns - data["boottime_ns"] < STALE_NS)


def look_at_all(run_dir: Path, now_ns: int) -> dict[str, Live]:
    return {name: look(run_dir, name, now_ns) for name in NAMES}
