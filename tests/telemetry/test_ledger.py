"""Nothing is lost and nothing is booked twice, wherever the power fails, the disk fills or the process is killed."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scheduler.clock import NS_PER_S, ClockQuality, Reading
from telemetry import ledger_round
from telemetry.canonical import canonical
from telemetry.chain import link
from telemetry.database import Corrupt, Database, DiskFull, JournalError, Reader
from telemetry.facts import Condition
from telemetry.journal import MeterReader, PlayoutReader
from telemetry.ledger import AnotherStation, LedgerCore, LedgerReader, Rules, verify
from telemetry.outbox import Receipt
from telemetry.reports.reasons import explained
from telemetry.settle import settle
from tests.telemetry.station_day import Day
from tests.telemetry.support import STATION, fill

DAY = """
day 2026-11-23
03:15:00  hear    foreign
03:15:09  hear    silence
05:00:00  plan    ban-tin until 05:02:00
05:00:00  begin   ban-tin
05:00:00  hear    on_air
05:01:00  condition dead_air bad
05:01:00  hear    silence
05:01:30  hear    on_air
05:01:30  condition dead_air good
05:02:00  end     ban-tin
05:02:00  hear    silence
05:10:00  plan    nhac until 05:12:00 repeat
05:10:00  miss    nhac source_missing
05:13:00  look
"""


@pytest.fixture(scope="module")
def journals(tmp_path_factory):
    """The journals of a small day, not yet seen by any ledger, and the clock at its end."""
    folder = tmp_path_factory.mktemp("journals")
    day = Day(folder, DAY, ledger_too=False).run()
    at = day.reading()
    day.box.playout.close()
    day.box.meter.close()
    return folder, at


@pytest.fixture
def station(journals, memory_path):
    for name in ("playout.db", "meter.db"):
        shutil.copy(journals[0] / name, memory_path / name)
    return memory_path, journals[1]


def open_core(folder: Path) -> LedgerCore:
    return LedgerCore(folder / "ledger.db", "tram-1", Rules("line"))


def restarted_core(folder: Path) -> LedgerCore:
    """As a supervisor does it: a process that cannot open its file ends, and is started once more."""
    try:
        return open_core(folder)
    except JournalError as error:
        print(f"opened at the second try: {error}")  # noqa: T201
        return open_core(folder)


def rounds(core: LedgerCore, folder: Path, at: Reading) -> None:
    playout, meter = PlayoutReader(folder / "playout.db"), MeterReader(folder / "meter.db")
    try:
        while core.advance(playout, meter, at, {"playout": True, "meter": True}).more:
            pass
    finally:
        playout.close()
        meter.close()


def account(folder: Path) -> Counter:
    """What the ledger says, without the order and the chain: each entry how often."""
    with closing(LedgerReader(folder / "ledger.db")) as reader:
        entries = reader.entries_since(0, 10_000)
    return Counter((e.kind, str({k: v for k, v in e.body.items() if k != "seq"})) for e in entries)


@pytest.fixture(scope="module")
def undisturbed(journals, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    for name in ("playout.db", "meter.db"):
        shutil.copy(journals[0] / name, folder / name)
    rounds(open_core(folder), folder, journals[1])
    return account(folder)


def test_the_small_day_is_what_the_other_tests_take_it_for(undisturbed):
    kinds = Counter(kind for kind, _ in undisturbed.elements())
    assert kinds == {"boot": 1, "plan": 1, "airtime": 2, "unplanned": 1, "fault": 3}


class PowerCut(BaseException):
    """Not an error that anyone may catch."""


class Outside:
    """Counts what the ledger asks of the world, and fails at the n-th."""

    def __init__(self, monkeypatch, fail_at: int, failure: BaseException) -> None:
        self.calls = 0
        self.fail_at, self.failure = fail_at, failure
        for owner, name in ((Database, "execute"), (Database, "rows"), (Reader, "rows")):
            monkeypatch.setattr(owner, name, self.counted(getattr(owner, name)))

    def counted(self, call):
        def outside(*args, **kwargs):
            self.calls += 1
            if self.calls == self.fail_at:
                raise type(self.failure)(*self.failure.args)  # anew: one instance would keep every frame alive
            return call(*args, **kwargs)

        return outside


def calls_of_a_whole_day(station) -> int:
    folder, at = station
    core = open_core(folder)
    with pytest.MonkeyPatch.context() as patch:
        counter = Outside(patch, 0, PowerCut())
        rounds(core, folder, at)
    core.close()
    return counter.calls


@pytest.mark.parametrize(
    "failure", [PowerCut(), DiskFull("no room"), JournalError("card gone")], ids=lambda f: type(f).__name__
)
def test_whichever_call_to_the_world_fails_the_next_start_completes_the_account(station, undisturbed, failure):
    folder, at = station
    calls = calls_of_a_whole_day(station)
    assert calls > 100
    for fail_at in range(1, calls + 1):
        for file in folder.glob("ledger.db*"):
            file.unlink()
        core = open_core(folder)
        with pytest.MonkeyPatch.context() as patch:
            Outside(patch, fail_at, failure)
            try:
                rounds(core, folder, at)
            except type(failure):
                core.close()
                core = open_core(folder)
        rounds(core, folder, at)
        core.close()
        booked = account(folder)
        if isinstance(failure, DiskFull):
            booked = Counter({key: n for key, n in booked.items() if "disk_full" not in key[1]})
        assert booked == undisturbed, f"call {fail_at} of {calls}"
        assert verify(folder / "ledger.db")[1] is None


def test_a_full_disk_is_written_down_with_the_reserve(station, monkeypatch):
    folder, at = station
    core = open_core(folder)
    assert (folder / "ledger.db.reserve").stat().st_size >= 1 << 20
    Outside(monkeypatch, 40, DiskFull("no room"))
    progress = core.advance(PlayoutReader(folder / "playout.db"), MeterReader(folder / "meter.db"), at)
    assert progress.disk_full
    assert "disk_full" in {fault["code"] for fault in core.open_faults()}
    assert not (folder / "ledger.db.reserve").exists()


def test_a_disk_that_is_really_full_is_told_as_such(tmp_path):
    database = Database(tmp_path / "small.db", "meter")
    database.rows("PRAGMA max_page_count = 20")
    rows = [("INSERT INTO delay VALUES (?, 1.0, 1)", (f"{n:>0200}",)) for n in range(1_000)]
    with pytest.raises(DiskFull):
        database.write_all(rows)
    assert database.rows("SELECT count(*) FROM delay") == [(0,)]


KILLED = """
import sys, time
from pathlib import Path
from scheduler.clock import ClockQuality, Reading
from telemetry.journal import MeterReader, PlayoutReader
from telemetry.ledger import LedgerCore, Rules
folder, boot, bt, wall = Path(sys.argv[1]), *map(int, sys.argv[2:5])
at = Reading(boot, bt, wall, ClockQuality.NTP)
playout, meter = PlayoutReader(folder / "playout.db"), MeterReader(folder / "meter.db")
print("ready", flush=True)
while True:
    core = LedgerCore(folder / "ledger.db", "tram-1", Rules("line"))
    while core.advance(playout, meter, at, {"playout": True, "meter": True}).more:
        pass
    core.close()
    print("done", flush=True)
    time.sleep(0.005)
    # Only what nobody has open: SQLite never makes a new -wal beside the -shm of a connection that lives.
    if not (folder / "ledger.db-wal").exists():
        for file in folder.glob("ledger.db*"):
            file.unlink()
"""


def test_a_ledger_that_is_killed_at_any_instant_loses_and_doubles_nothing(station, undisturbed):
    folder, at = station
    chance = random.Random(7)
    for _ in range(20):
        command = [sys.executable, "-c", KILLED, *map(str, (folder, at.boot, at.boottime_ns, at.wall_ns))]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.06))
            process.send_signal(signal.SIGKILL)
        core = restarted_core(folder)
        rounds(core, folder, at)
        core.close()
        assert account(folder) == undisturbed
        assert verify(folder / "ledger.db")[1] is None


def test_a_round_with_nothing_new_appends_nothing(station):
    folder, at = station
    core = open_core(folder)
    rounds(core, folder, at)
    before = LedgerReader(folder / "ledger.db").last_seq()
    for seconds in range(1, 30):
        later = replace(at, boottime_ns=at.boottime_ns + seconds * NS_PER_S, wall_ns=at.wall_ns + seconds * NS_PER_S)
        rounds(core, folder, later)
    assert LedgerReader(folder / "ledger.db").last_seq() == before


def test_a_fact_that_comes_later_makes_a_revision_and_leaves_the_first_record(station):
    folder, at = station
    core = open_core(folder)
    rounds(core, folder, at)
    db = sqlite3.connect(folder / "meter.db")
    row = db.execute("SELECT boot, min(from_ns) FROM segment WHERE state = 'on_air'").fetchone()
    db.execute("UPDATE segment SET state = 'foreign', change = 10000 WHERE from_ns = ?", (row[1],))
    db.commit()
    db.close()
    rounds(core, folder, at)
    records = [e.body for e in LedgerReader(folder / "ledger.db").entries_since(0) if e.kind == "airtime"]
    revisions = [
        (r["revision"], r["on_air_ms"], r["causes"].get("foreign")) for r in records if r["occurrence"] == "ban-tin"
    ]
    assert revisions == [(0, 90_000, None), (1, 30_000, 60_000)]


def test_a_stretch_that_goes_on_settles_only_what_it_newly_covers(tmp_path, monkeypatch):
    """A session without a pause is one segment, which grows each second: its past must not be settled each second."""
    minutes = range(12)
    lines = ["day 2026-11-23", *(f"05:00:00 plan p{n} from 05:{n:02}:00 until 05:{n + 1:02}:00" for n in minutes)]
    lines += ["05:00:00 begin p0", "05:00:00 hear on_air"]
    for n in minutes[1:]:
        lines += [f"05:{n:02}:00 end p{n - 1}", f"05:{n:02}:00 begin p{n}"]
    settled = []
    monkeypatch.setattr(ledger_round, "settle", lambda *asked: settled.append(asked[0].id) or settle(*asked))
    day = Day(tmp_path, "\n".join([*lines, "05:12:00 end p11", "05:12:00 hear silence", "05:20:00 look"])).run()
    assert max(Counter(settled).values()) <= 3
    records = [e.body for e in day.ledger().entries_since(0) if e.kind == "airtime"]
    assert [(r["on_air_ms"], r["revision"]) for r in records] == [(60_000, 0)] * len(minutes)


TAMPERING = {
    "changed": ("UPDATE entry SET body = replace(body, '90000', '95000') WHERE kind = 'airtime'", "hash"),
    "removed": ("DELETE FROM entry WHERE seq = 4", "gap"),
    "no JSON": ("UPDATE entry SET body = 'x' WHERE seq = 3", "hash"),
    "swapped": (
        "UPDATE entry SET seq = CASE seq WHEN 2 THEN 900 WHEN 3 THEN 2 ELSE seq END WHERE seq IN (2, 3)",
        "link",
    ),
    "relinked": ("UPDATE entry SET prev = hash WHERE seq = 5", "link"),
    "misfiled": ("UPDATE entry SET last_day = '2026-10-01' WHERE kind = 'airtime'", "dates"),
    "put in below the first": (
        "INSERT INTO entry SELECT -7, kind, body, prev, hash, first_day, last_day FROM entry"
        " WHERE kind = 'airtime' LIMIT 1",
        "gap",
    ),
    "nested without end": (f"UPDATE entry SET body = '{'[' * 9_000}' WHERE seq = 3", "hash"),
    "cut off": ("DELETE FROM entry WHERE seq > 6", "tail"),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_verify_names_the_first_entry_that_is_wrong(station, how):
    folder, at = station
    core = open_core(folder)
    rounds(core, folder, at)
    last = LedgerReader(folder / "ledger.db").last_seq()
    core.confirm(Receipt(core.ledger_id, last))
    core.close()
    assert verify(folder / "ledger.db") == (last, None)
    sql, code = TAMPERING[how]
    db = sqlite3.connect(folder / "ledger.db")
    db.execute("DROP TRIGGER entry_is_never_changed")
    db.execute("DROP TRIGGER entry_is_never_removed")
    db.execute(sql)
    db.commit()
    db.close()
    wrong = verify(folder / "ledger.db")[1]
    assert wrong is not None
    assert wrong.code == code


def test_verify_sees_that_a_month_would_not_find_an_entry(tmp_path):
    """The entries are all right; the index is not: one byte of it is enough."""
    path = tmp_path / "ledger.db"
    fill(path, 5).close()

    def schema(sql, *row):
        db = sqlite3.connect(path)
        db.execute("PRAGMA writable_schema = ON")
        found = db.execute(sql, row).fetchall()
        db.commit()
        db.close()
        return found

    last, day = LedgerReader(path).entries_since(4)[0], date(2026, 11, 23)
    hashed = link(STATION, last.ledger, 6, last.kind, last.body, last.hash)
    (index,) = schema("SELECT * FROM sqlite_schema WHERE name = 'entry_days'")
    schema("DELETE FROM sqlite_schema WHERE name = 'entry_days'")
    row = (6, last.kind, canonical(last.body), last.hash, hashed, str(day), str(day))
    schema("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", *row)
    schema("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", *index)
    assert len(LedgerReader(path).entries_about(day, day)) == 5
    with pytest.raises(Corrupt) as damaged:
        verify(path)
    assert explained(str(damaged.value)).startswith("tệp bị hỏng")


@contextmanager
def somebody_else(folder):
    """May read *folder* and not write it: another user, where we are root."""
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


def test_who_may_not_write_beside_a_ledger_is_told_so_and_not_that_the_card_fails(memory_path):
    path = memory_path / "ledger.db"
    fill(path, 2).close()
    with somebody_else(memory_path), pytest.raises(JournalError) as refused:
        verify(path)
    assert explained(str(refused.value)).startswith("không có quyền; chạy lại lệnh với sudo")


def test_an_entry_cannot_be_changed_or_removed_by_accident(station):
    folder, at = station
    core = open_core(folder)
    rounds(core, folder, at)
    db = sqlite3.connect(folder / "ledger.db")
    for sql in ("UPDATE entry SET kind = 'x'", "DELETE FROM entry"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(sql)
    db.close()


def test_a_receipt_for_another_ledger_or_for_what_was_never_written_moves_nothing(station):
    folder, at = station
    core = open_core(folder)
    rounds(core, folder, at)
    assert core.confirm(Receipt("another", 3)).upto == 0
    assert core.confirm(Receipt(core.ledger_id, 10_000)).upto == 0
    assert core.confirm(Receipt(core.ledger_id, 3)).upto == 3
    assert core.confirm(Receipt(core.ledger_id, 2)).upto == 3


def test_another_stations_ledger_is_not_written(tmp_path):
    LedgerCore(tmp_path / "ledger.db", "tram-1", Rules(None)).close()
    with pytest.raises(AnotherStation, match="tram-1"):
        LedgerCore(tmp_path / "ledger.db", "tram-2", Rules(None))


def test_a_damaged_ledger_is_set_aside_rebuilt_from_the_journals_and_told(station, undisturbed):
    folder, at = station
    core = open_core(folder)
    rounds(core, folder, at)
    core.close()
    content = bytearray((folder / "ledger.db").read_bytes())
    content[4096 : 4096 + 3_000] = b"\xff" * 3_000
    (folder / "ledger.db").write_bytes(content)
    core = open_core(folder)
    assert core.quarantined is not None
    assert core.quarantined.exists()
    rounds(core, folder, at)
    told = {key: n for key, n in account(folder).items() if "journal_corrupt" not in key[1]}
    assert told == undisturbed
    assert "journal_corrupt" in {fault["code"] for fault in core.open_faults()}


def change_the_meters_word(folder, setting):
    database = sqlite3.connect(folder / "meter.db")
    database.execute(
        f"UPDATE segment SET {setting}, change = (SELECT max(change) + 1 FROM segment)"
        " WHERE n = (SELECT max(n) FROM segment WHERE state = 'on_air')"
    )
    database.commit()
    database.close()


def test_a_digit_of_the_evidence_that_moves_makes_no_revision_and_a_second_on_air_does(station):
    folder, at = station
    core = open_core(folder)
    rounds(core, folder, at)
    before = account(folder)
    change_the_meters_word(folder, "coherence = coherence - 0.01, delay_ms = delay_ms + 1")
    rounds(core, folder, at)
    assert account(folder) == before
    change_the_meters_word(folder, "to_ns = to_ns - 1000000000")
    rounds(core, folder, at)
    assert sum(account(folder).values()) == sum(before.values()) + 1


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE slot SET body = '{}'",
        "UPDATE slot SET body = CAST(x'7B22C322' AS TEXT)",
        "UPDATE slot SET record = '{}'",
        "UPDATE watch SET state = '{'",
        "UPDATE watch SET state = '{\"code\": 1}'",
    ],
)
def test_a_ledger_whose_own_rows_make_no_sense_is_set_aside_too(station, undisturbed, damage):
    folder, at = station
    core = open_core(folder)
    rounds(core, folder, at)
    core.close()
    database = sqlite3.connect(folder / "ledger.db")
    assert database.execute(damage).rowcount
    database.commit()
    database.close()
    core = open_core(folder)
    assert core.quarantined is not None
    rounds(core, folder, at)
    assert {key: n for key, n in account(folder).items() if "journal_corrupt" not in key[1]} == undisturbed


def test_an_entry_that_is_no_text_any_more_is_named_and_the_others_are_read(station):
    folder, at = station
    core = open_core(folder)
    rounds(core, folder, at)
    core.close()
    database = sqlite3.connect(folder / "ledger.db")
    database.execute("DROP TRIGGER entry_is_never_changed")
    database.execute("UPDATE entry SET body = CAST(x'7B22C322' AS TEXT) WHERE seq = 2")
    database.commit()
    database.close()
    assert verify(folder / "ledger.db")[1].seq == 2
    core = open_core(folder)
    assert core.quarantined is None
    assert len(LedgerReader(folder / "ledger.db").entries_since(2)) > 2


def test_what_is_in_progress_is_shown_and_not_booked(tmp_path):
    text = DAY.split("05:01:00  condition")[0]
    day = Day(tmp_path, text)
    for words in day.lines:
        day.run_line(words)
    day.pass_time(day.at("05:01:30"))
    (running,) = day.core.provisional(day.reading())
    assert (running.whole.planned_ms, running.whole.on_air_ms) == (90_000, 90_000)
    today = day.core.today(day.reading(), [running])
    assert (today["planned_ms"], today["on_air_ms"]) == (120_000, 90_000)
    assert [e.kind for e in day.ledger().entries_since(0) if e.kind == "airtime"] == []


def test_a_missing_file_is_no_fault_any_more_when_nothing_to_come_wants_it(tmp_path):
    """The name was mended in the timetable: the file that never was will never play, and so never be good."""
    text = """
day 2026-11-23
05:00:00  plan    sang until 05:10:00 own source chua-thu.mp3
05:00:00  plan    mai from 1+05:00:00 until 1+05:10:00 own source chua-thu.mp3
05:00:00  miss    sang source_missing
05:11:00  look
05:12:00  plan    khac from 06:00:00 until 06:10:00
05:13:00  look
05:14:00  withdraw mai by Hoa
05:15:00  look
"""
    day = Day(tmp_path, text)
    opened = []
    for words in day.lines:
        day.run_line(words)
        if words[1] == "look":
            opened.append([fault["code"] for fault in day.core.open_faults() if fault["target"] == "chua-thu.mp3"])
    assert opened == [["source_missing"], ["source_missing"], []]


def test_what_names_no_file_is_a_fault_for_as_long_as_its_slot_lasts(tmp_path):
    text = """
day 2026-11-23
05:00:00  plan    tin-sang until 05:10:00 own source -
05:00:00  miss    tin-sang source_missing
05:01:00  look
05:02:00  plan    khac from 06:00:00 until 06:10:00
05:03:00  look
05:11:00  plan    nua from 07:00:00 until 07:10:00
05:12:00  look
"""
    day = Day(tmp_path, text)
    opened = []
    for words in day.lines:
        day.run_line(words)
        if words[1] == "look":
            opened.append([fault["target"] for fault in day.core.open_faults() if fault["code"] == "source_missing"])
    assert opened == [["tin sang"], ["tin sang"], []]


def test_a_process_that_is_dead_is_a_fault_and_clears_nothing(tmp_path):
    core = LedgerCore(tmp_path / "ledger.db", "tram-1", Rules("line"))
    playout, meter = PlayoutReader(tmp_path / "playout.db"), MeterReader(tmp_path / "meter.db")

    def at(seconds):
        return Reading(1, seconds * NS_PER_S, (1_795_000_000 + seconds) * NS_PER_S, ClockQuality.NTP)

    dead_air = Condition("dead_air", "line", True, 1, 10 * NS_PER_S)
    core.advance(playout, meter, at(10), {"meter": True}, [dead_air])
    assert [c.watch.code for c in core.advance(playout, meter, at(16), {"meter": True}).raised] == ["dead_air"]
    core.advance(playout, meter, at(20), {"meter": False})
    assert [c.watch.code for c in core.advance(playout, meter, at(26), {"meter": False}).raised] == ["meter_down"]
    assert core.advance(playout, meter, at(9_000), {"meter": False}).cleared == ()
    core.advance(playout, meter, at(9_001), {"meter": True})
    cleared = core.advance(playout, meter, at(9_005), {"meter": True}).cleared
    assert [c.watch.code for c in cleared] == ["meter_down"]
    assert [fault["code"] for fault in core.open_faults()] == ["dead_air"]


def test_a_file_that_is_no_database_is_corrupt(tmp_path):
    (tmp_path / "meter.db").write_bytes(b"not a database, but long enough to have a header of one hundred bytes" * 3)
    with pytest.raises(Corrupt):
        Database(tmp_path / "meter.db", "meter")
