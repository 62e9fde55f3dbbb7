"""The chain of hashes that makes the ledger provable. Pure.

``hash = SHA256(prev || SHA256(canonical {body, kind, ledger, seq, station}))``, all hashes as lower-case hex over raw
bytes; the first ``prev`` is the genesis, made of the station's and the ledger's names. A changed, removed, inserted or
reordered entry breaks the chain from there on; cutting off the tail does not, and shows only against the receipts.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from telemetry.canonical import canonical


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a ledger."""

    ledger: str
    seq: int  # 1, 2, 3 … without gap, over the ledger's life
    kind: str
    body: dict[str, Any]
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """The first entry that does not fit."""

    seq: int
    code: str  # "gap", "link", "hash", "dates", "tail"
    reason: str


def genesis(station: str, ledger: str) -> str:
    return hashlib.sha256(canonical({"ledger": ledger, "station": station}).encode()).hexdigest()


def link(station: str, ledger: str, seq: int, kind: str, body: dict[str, Any], prev: str) -> str:
    """The hash of an entry that follows *prev*. Raises ValueError if *prev* is no hex."""
    content = canonical({"body": body, "kind": kind, "ledger": ledger, "seq": seq, "station": station})
    return hashlib.sha256(bytes.fromhex(prev) + hashlib.sha256(content.encode()).digest()).hexdigest()


def is_linked(station: str, entry: Entry) -> bool:
    """Whether the entry's hash is that of its content after its ``prev``."""
    try:
        return link(station, entry.ledger, entry.seq, entry.kind, entry.body, entry.prev) == entry.hash
    except ValueError:
        return False


def first_wrong(station: str, ledger: str, entries: Iterable[Entry], acknowledged: int = 0) -> Wrong | None:
    """Walk the chain from its first entry. *acknowledged*: what a collector has, so that a cut-off tail shows."""
    prev, seq = genesis(station, ledger), 0
    for entry in entries:
        seq += 1
        if wrong := _wrong(station, entry, seq, prev):
            return wrong
        prev = entry.hash
    if seq < acknowledged:
        return Wrong(seq + 1, "tail", f"the collector acknowledged up to {acknowledged}, here the last is {seq}")
    return None


def _wrong(station: str, entry: Entry, seq: int, prev: str) -> Wrong | None:
    if entry.seq != seq:
        return Wrong(seq, "gap", f"entry {seq} is missing, {entry.seq} follows")
    if entry.prev != prev:
        return Wrong(seq, "link", f"entry {seq} does not follow the one before it")
    if not is_linked(station, entry):
        return Wrong(seq, "hash", f"the content of entry {seq} was changed")
    return None


def day_span(body: dict[str, Any]) -> tuple[str | None, str | None]:
    """The first and the last local date that an entry is about, for finding a month's entries."""
    days = sorted(body.get("days", ()))
    return (days[0], days[-1]) if days else (None, None)
