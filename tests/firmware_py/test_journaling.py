"""The journal thread: nobody waits for it, and nothing it was told is lost on a disk that fails for a while."""

import threading
import time

import pytest

from firmware_py import journaling
from firmware_py.journaling import CannotCommit, Committed, JournalDied, JournalThread
from telemetry.database import DiskFull


class FlakyJournal:
    """A journal whose disk refuses the first commits, and then takes *seconds* for each."""

    def __init__(self, refusals=0, seconds=0.0):
        self.refusals, self.seconds = refusals, seconds
        self.pending, self.stored, self.closed = [], [], False

    def append(self, entry):
        self.pending.append(entry)

    def commit(self):
        if self.refusals:
            self.refusals -= 1
            raise DiskFull("no space left")
        time.sleep(self.seconds)
        self.stored += self.pending
        self.pending = []
        return self.seconds * 1_000 + 0.1

    def close(self):
        self.closed = True


def started(journal, said):
    thread = JournalThread(journal, said.append)
    thread.start()
    return thread


def test_entries_are_stored_in_order_and_the_rest_at_the_end():
    journal, said = FlakyJournal(), []
    thread = started(journal, said)
    for n in range(200):
        thread.put(lambda journal, n=n: journal.append(n))
    assert thread.close(5.0)
    assert journal.stored == list(range(200))
    assert journal.closed
    assert all(isinstance(word, Committed) for word in said)


def test_a_full_disk_is_told_and_costs_nothing_once_it_has_room(monkeypatch):
    monkeypatch.setattr(journaling, "RETRY_S", 0.01)
    journal, said = FlakyJournal(refusals=3), []
    thread = started(journal, said)
    thread.put(lambda journal: journal.append("fact"))
    assert thread.close(5.0)
    assert journal.stored == ["fact"]
    assert [word.full for word in said if isinstance(word, CannotCommit)] == [True] * 3


def test_an_entry_that_fails_before_it_appended_is_tried_again_and_stored_once(monkeypatch):
    monkeypatch.setattr(journaling, "RETRY_S", 0.01)
    journal, said = FlakyJournal(), []
    tries = iter([True, True, False])

    def commits_first(journal):
        if next(tries):
            raise DiskFull("no space left")
        journal.append("plan")

    thread = started(journal, said)
    thread.put(lambda journal: journal.append("before"))
    thread.put(commits_first)
    assert thread.close(5.0)
    assert journal.stored == ["before", "plan"]


def test_a_mistake_of_ours_ends_the_thread_and_is_told_so_that_the_process_can_end_too():
    journal, said = FlakyJournal(), []
    thread = started(journal, said)

    def mistaken(journal):
        raise OverflowError("too large for a journal")

    thread.put(mistaken)
    thread.join(5.0)
    assert not thread.is_alive()
    (died,) = said
    with pytest.raises(JournalDied, match="too large") as raised:
        raise died
    assert isinstance(raised.value.__cause__, OverflowError)
    assert not thread.close(1.0)


def test_telling_a_slow_disk_takes_no_time():
    journal, said = FlakyJournal(seconds=0.5), []
    thread = started(journal, said)
    began = time.monotonic()
    for n in range(1_000):
        thread.put(lambda journal, n=n: journal.append(n))
    assert time.monotonic() - began < 0.4
    assert thread.close(10.0)
    assert journal.stored == list(range(1_000))
    assert threading.active_count() < 20
