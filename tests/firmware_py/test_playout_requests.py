"""How the playout process takes what lies in its spool: each once, and none for ever."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from firmware_py import spool
from firmware_py.journaling import JournalDied
from firmware_py.playout.process import Shell
from scheduler.clock import STATION_TZ, ClockQuality, Reading

NOW = datetime(2026, 11, 23, 5, tzinfo=STATION_TZ)


@dataclass
class Station:
    """What a shell needs of its surroundings. ``deadly``: commands by which the desk dies."""

    spool_dir: Path
    deadly: tuple[str, ...] = ()
    done: list = field(default_factory=list)
    entries: list = field(default_factory=list)

    def read(self):
        return Reading(1, 0, 0, ClockQuality.NTP)

    def request(self, id, command, by, body, reading):
        if command in self.deadly:
            raise ZeroDivisionError(command)
        self.done.append(command)
        return "refused" if command == "dance" else None

    def put(self, entry):
        self.entries.append(entry)

    def commit(self):
        pass

    def begun(self):
        """A process, as after a restart."""
        return Shell(config=self, clock=self, desk=self, player=None, journal=self, sources=None)


@pytest.fixture
def station(tmp_path):
    return Station(tmp_path)


def test_a_request_is_taken_once_and_leaves_the_spool_when_it_is_committed(station):
    spool.drop(station.spool_dir, "cli", "resume", "Lan", NOW)
    shell = station.begun()
    for _ in range(3):
        shell._take_requests()
    assert (station.done, len(station.entries)) == (["resume"], 1)
    assert len(list(spool.pending(station.spool_dir))) == 1
    station.entries[0](station)
    assert list(spool.pending(station.spool_dir)) == []


def test_what_is_refused_is_set_aside(station):
    spool.drop(station.spool_dir, "cli", "dance", "Lan", NOW)
    (station.spool_dir / "cli" / "0.json").write_text("{", encoding="utf-8")
    station.begun()._take_requests()
    assert sorted(path.suffix for path in (station.spool_dir / "cli").iterdir()) == [".refused", ".refused"]


def test_a_request_of_which_the_process_dies_is_set_aside_in_the_end_and_the_next_is_taken(station):
    station.deadly = ("stop",)
    spool.drop(station.spool_dir, "cli", "stop", "Lan", NOW)
    spool.drop(station.spool_dir, "cli", "resume", "Lan", NOW.replace(hour=6))
    for _ in range(spool.MOST_TRIES):
        with pytest.raises(ZeroDivisionError):
            station.begun()._take_requests()
    station.begun()._take_requests()
    assert station.done == ["resume"]
    assert len(list((station.spool_dir / "cli").glob("*.refused"))) == 1


def test_a_journal_thread_that_died_ends_the_process(station):
    with pytest.raises(JournalDied):
        station.begun().handle(JournalDied("OverflowError"))
