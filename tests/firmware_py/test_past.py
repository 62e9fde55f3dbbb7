"""What playout finds at its start: also in a journal that a bad card has damaged, the station goes on."""

import json
import os
import sqlite3
from datetime import timedelta

import pytest

from firmware_py.config import Config
from firmware_py.playout.book import Book
from firmware_py.playout.past import Past, read_past
from firmware_py.playout.process import open_journal, write_copy
from scheduler.book import TimetableBook
from scheduler.clock import NS_PER_S, ClockQuality, Reading
from scheduler.occurrence import ADDED_LATER, Occurrence
from scheduler.timetable import Timetable
from telemetry.database import Corrupt
from telemetry.facts import Watermark
from telemetry.journal import PlayoutJournal, PlayoutReader

NOW = Reading(1, 100 * NS_PER_S, 1_795_000_000 * NS_PER_S, ClockQuality.NTP)


def config_of(folder):
    station = {"id": "a", "name": "A", "province": "b"}
    return Config.model_validate({"station": station, "output": {"device": "x"}, "paths": {"state_dir": str(folder)}})


@pytest.fixture
def path(tmp_path):
    """A journal of several pages."""
    path = tmp_path / "playout.db"
    journal = PlayoutJournal(path)
    for n in range(200):
        journal.adopt_timetables(TimetableBook().to_json() | {"n": [n] * 100}, NOW, "Lan")
    journal.adopt_timetables(TimetableBook().to_json(), NOW, "Lan")
    journal.mark(Watermark(1, NOW.boottime_ns, NOW.wall_ns))
    journal.commit()
    journal.close()
    return path


def overwrite_header(path):
    with open(path, "r+b") as file:
        file.write(os.urandom(100))


def overwrite_the_middle(path):
    size = path.stat().st_size
    with open(path, "r+b") as file:
        file.seek(size // 3)
        file.write(os.urandom(size // 3))


def cut_the_end(path):
    os.truncate(path, path.stat().st_size * 3 // 4)


def spoil_the_timetable(path):
    database = sqlite3.connect(path)
    database.execute("UPDATE timetable SET body = '{\"version\": 1}'")
    database.commit()
    database.close()


@pytest.mark.parametrize("damage", [overwrite_header, overwrite_the_middle, cut_the_end, spoil_the_timetable])
def test_a_damaged_journal_is_set_aside_and_the_station_begins_anew(path, damage):
    damage(path)
    with pytest.raises(Corrupt):
        read_past(path, 1)
    held = TimetableBook((Timetable("tuần 47", ()),))
    write_copy(path.parent / "timetables.json", held)
    journal, past = open_journal(config_of(path.parent), 1)
    assert journal.quarantined is not None
    assert past == Past(timetables=held)
    assert journal.timetables() == held.to_json()
    book = Book(lambda entry: entry(journal))
    book.begun_anew(journal.quarantined.name, NOW)
    journal.commit()
    said = [(c.code, c.target, c.bad) for _, c in PlayoutReader(path).conditions_since(0)]
    assert said == [("journal_corrupt", "playout", True), ("journal_corrupt", "playout", False)]
    journal.close()


def test_a_whole_journal_is_opened_with_what_it_knows(path):
    journal, past = open_journal(config_of(path.parent), 1)
    assert journal.quarantined is None
    assert past == read_past(path, 1)
    assert past.newest_wall_ns == NOW.wall_ns
    journal.close()


@pytest.mark.parametrize("copy", [None, b"{", b"[]", b'{"version": 1, "timetables": [{}]}', b"\xff"])
def test_without_a_copy_that_makes_sense_it_begins_with_nothing(path, copy):
    overwrite_header(path)
    if copy is not None:
        (path.parent / "timetables.json").write_bytes(copy)
    journal, past = open_journal(config_of(path.parent), 1)
    assert past == Past()
    journal.close()


def test_a_copy_that_cannot_be_written_ends_nobody(tmp_path):
    write_copy(tmp_path / "away" / "timetables.json", TimetableBook())


def test_the_plan_of_an_earlier_version_is_read_and_not_taken_for_damaged(path):
    """Whoever pulls a new version keeps his journal, and with it what was played."""
    starts = NOW.wall + timedelta(minutes=1)
    planned = Occurrence("a", "Bản tin", starts, starts + timedelta(minutes=5))
    journal = PlayoutJournal(path)
    journal.replace_plan([planned], NOW, "Lan")
    journal.commit()
    journal.close()
    database = sqlite3.connect(path)
    ((body,),) = database.execute("SELECT body FROM plan").fetchall()
    earlier = {key: value for key, value in json.loads(body).items() if key not in ADDED_LATER}
    database.execute("UPDATE plan SET body = ?", (json.dumps(earlier),))
    database.commit()
    database.close()
    journal, past = open_journal(config_of(path.parent), 1)
    journal.close()
    assert (journal.quarantined, past.occurrences) == (None, (planned,))
