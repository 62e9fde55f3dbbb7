"""A journal written by a thread of its own: whoever decides what sounds, or judges what is heard, waits for no card."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from telemetry.database import DiskFull, JournalError


class Journal(Protocol):
    """What the thread itself asks of a journal."""

    def commit(self) -> float: ...

    def close(self) -> None: ...


J = TypeVar("J", bound=Journal)
RETRY_S = 1.0
BACKLOG_ENTRIES = 100_000  # days of facts
log = logging.getLogger("smartradio")


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit took *duration_ms*."""

    duration_ms: float


@dataclass(frozen=True, slots=True)
class CannotCommit:
    """The disk does not take our facts; they are kept and tried again."""

    full: bool
    reason: str


class JournalDied(Exception):
    """A mistake of ours ended the thread. Posted as a message, to be raised: what goes on unrecorded is worse off."""


class JournalThread(threading.Thread, Generic[J]):
    """Applies entries in the order they came, many to a commit. They survive a full disk, not the end of the process.

    An entry appends to the journal; one that reads what is committed commits first. One that raises JournalError
    has appended nothing and is tried again.
    """

    def __init__(self, journal: J, post: Callable[[object], None]) -> None:
        super().__init__(name="journal", daemon=True)
        self._journal = journal
        self._post = post
        self._died = False
        self._entries: queue.Queue[Callable[[J], object] | None] = queue.Queue(BACKLOG_ENTRIES)

    def put(self, entry: Callable[[J], object]) -> None:
        """Never blocks. Raises queue.Full when nothing could be committed for days."""
        self._entries.put_nowait(entry)

    def close(self, timeout_s: float) -> bool:
        """Commit what waits; True if that was done in time."""
        self._entries.put(None)
        self.join(timeout_s)
        return not self.is_alive() and not self._died

    def run(self) -> None:
        try:
            self._write_until_the_end()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and the process ends by it
            self._died = True
            died = JournalDied(f"the journal thread: {error!r}")
            died.__cause__ = error
            self._post(died)

    def _write_until_the_end(self) -> None:
        ending = False
        while not ending:
            batch, ending = self._next_batch()
            for entry in batch:
                self._until_it_succeeds(entry)
            self._until_it_succeeds(self._commit)
        self._journal.close()

    def _next_batch(self) -> tuple[list[Callable[[J], object]], bool]:
        batch: list[Callable[[J], object]] = []
        entry = self._entries.get()
        while entry is not None:
            batch.append(entry)
            try:
                entry = self._entries.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _commit(self, journal: J) -> None:
        if duration_ms := journal.commit():
            self._post(Committed(duration_ms))

    def _until_it_succeeds(self, act: Callable[[J], object]) -> None:
        """Retry for ever: a full disk empties, and the facts are what the station lives for."""
        while True:
            try:
                act(self._journal)
                return
            except JournalError as error:
                self._post(CannotCommit(isinstance(error, DiskFull), str(error)))
                time.sleep(RETRY_S)
