"""Files that other processes read: replaced atomically, JSON, one writer each."""

import json
import uuid
from pathlib import Path
from typing import Any

from audio.durable import make_durable

MAX_JSON_BYTES = 4_000_000


def write_json(path: Path, data: Any, durable: bool = False) -> None:
    """Replace *path* in one step, so that a reader sees the old document or the new one. Raises OSError."""
    _replace(path, json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(), durable)


def write_durably(path: Path, data: bytes) -> None:
    """Make *path* appear whole, and stay after a power cut. Raises OSError."""
    _replace(path, data, durable=True)


def _replace(path: Path, data: bytes, durable: bool) -> None:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        temporary.write_bytes(data)
        if durable:
            make_durable(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if durable:
        make_durable(path.parent)


def read_json(path: Path) -> Any | None:
    """The document, or None when it is not there, too large, or not whole JSON."""
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            return None
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
