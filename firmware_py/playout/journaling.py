"""playout's journal, written by a thread of its own: no synced commit stands between a decision and its sound."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from telemetry.database import DiskFull
from telemetry.journal import PlayoutJournal

Entry = Callable[[PlayoutJournal], None]
SLOW_MS = 1_000
RETRY_S = 1.0
BACKLOG_ENTRIES = 100_000  # days of facts: a card that is full for longer loses the newest rather than the station
log = logging.getLogger("smartradio")


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit took *duration_ms*; *waited* entries were in it."""

    duration_ms: float
    waited: int


@dataclass(frozen=True, slots=True)
class CannotCommit:
    """The disk does not take our facts; they are kept and tried again."""

    reason: str


class JournalThread(threading.Thread):
    """Applies entries in the order they were handed in, many to a commit. Entries survive a full disk, not a dead process."""

    def __init__(self, open_journal: Callable[[], PlayoutJournal], post: Callable[[object], None]) -> None:
        super().__init__(name="journal", daemon=True)
        self._open = open_journal
        self._post = post
        self._entries: queue.Queue[Entry | None] = queue.Queue(BACKLOG_ENTRIES)

    def put(self, entry: Entry) -> None:
        """Never blocks. Raises queue.Full when nothing could be committed for days."""
        self._entries.put_nowait(entry)

    def close(self, timeout_s: float) -> bool:
        """Commit what waits; True if that was done in time."""
        self._entries.put(None)
        self.join(timeout_s)
        return not self.is_alive()

    def run(self) -> None:
        journal = self._open()
        ending = False
        while not ending:
            batch, ending = self._next_batch()
            if batch:
                self._store(journal, batch)
        journal.close()

    def _next_batch(self) -> tuple[list[Entry], bool]:
        batch: list[Entry] = []
        entry = self._entries.get()
        while entry is not None:
            batch.append(entry)
            try:
                entry = self._entries.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _store(self, journal: PlayoutJournal, batch: list[Entry]) -> None:
        """Retry for ever: a full disk empties, and the facts are what the station lives for."""
        while True:
            try:
                started = time.monotonic()
                for entry in batch:
                    entry(journal)
                journal.commit()
                self._post(Committed((time.monotonic() - started) * 1_000, len(batch)))
                return
            except DiskFull as error:
                journal.rollback()
                self._post(CannotCommit(str(error)))
                time.sleep(RETRY_S)
