"""The journals keep what they are told, in one synced commit, and readers see it and nothing else."""

import os
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from audio.segments import Loudness, Quality, Segment, State
from scheduler.clock import NS_PER_S, ClockMapRow, ClockQuality, Reading, datetime_of
from scheduler.occurrence import Occurrence
from telemetry.database import Corrupt, Database, JournalError, Reader
from telemetry.facts import Condition, Fact, Level, PlayoutFact, Watermark
from telemetry.journal import MeterJournal, MeterReader, PlayoutJournal, PlayoutReader, Stop
from telemetry.retention import prune

NOW_NS = 1_795_000_000 * NS_PER_S
BEGAN = {"anchor_ns": 0, "sink_ns": 0, "wanted_ns": 0, "offset_ms": 0}
ENDED = {"sink_ns": 1, "frames": 1, "cause": "planned_end"}


def at(seconds: float = 0, boot: int = 1) -> Reading:
    return Reading(boot, int(seconds * NS_PER_S), NOW_NS + int(seconds * NS_PER_S), ClockQuality.NTP)


def occurrence(id: str, start_s: int, length_s: int = 600, programme: str = "Bản tin") -> Occurrence:
    start = datetime_of(NOW_NS) + timedelta(seconds=start_s)
    return Occurrence(id, programme, start, start + timedelta(seconds=length_s))


@pytest.fixture
def playout(tmp_path):
    journal = PlayoutJournal(tmp_path / "playout.db")
    yield journal
    journal.close()


@pytest.fixture
def meter(tmp_path):
    journal = MeterJournal(tmp_path / "meter.db")
    yield journal
    journal.close()


def test_nothing_is_seen_before_the_commit_and_all_of_it_after(playout, tmp_path):
    reader = PlayoutReader(tmp_path / "playout.db")
    version = reader.data_version()
    playout.append_fact(PlayoutFact(0, Fact.BOOTED, at(), None, {"first_of_boot": True}))
    playout.append_clock(ClockMapRow(1, 0, NOW_NS, ClockQuality.NTP))
    playout.mark(Watermark(1, 5, NOW_NS))
    assert (reader.facts_since(0), reader.data_version()) == ((0, []), version)
    assert playout.commit() > 0
    assert reader.data_version() != version
    assert [fact.kind for fact in reader.facts_since(0)[1]] == [Fact.BOOTED]
    assert reader.clock_rows() == [ClockMapRow(1, 0, NOW_NS, ClockQuality.NTP)]
    assert reader.watermark() == Watermark(1, 5, NOW_NS)


def test_progress_is_one_row_an_open_playout_and_is_seen_again_when_it_moves(playout, tmp_path):
    reader = PlayoutReader(tmp_path / "playout.db")
    playout.append_fact(PlayoutFact(0, Fact.BEGAN, at(1), "a", BEGAN))
    change = 0
    for second in (5, 10, 15):
        playout.append_fact(PlayoutFact(0, Fact.PROGRESS, at(second), "a", {"sink_ns": second, "frames": second}))
        playout.commit()
        change, news = reader.facts_since(change)
        assert news[-1].detail == {"sink_ns": second, "frames": second}
    assert [fact.kind for fact in reader.facts_of("a")] == [Fact.BEGAN, Fact.PROGRESS]
    playout.append_fact(PlayoutFact(0, Fact.ENDED, at(16), "a", ENDED))
    playout.append_fact(PlayoutFact(0, Fact.BEGAN, at(17), "a", BEGAN))
    playout.append_fact(PlayoutFact(0, Fact.PROGRESS, at(20), "a", {"sink_ns": 1, "frames": 1}))
    playout.commit()
    kinds = [fact.kind for fact in reader.facts_of("a")]
    assert kinds == [Fact.BEGAN, Fact.PROGRESS, Fact.ENDED, Fact.BEGAN, Fact.PROGRESS]


def test_a_rollback_forgets_and_the_same_appended_again_is_stored_once(playout, tmp_path):
    for _ in range(3):
        playout.append_fact(PlayoutFact(0, Fact.BEGAN, at(1), "a", BEGAN))
        playout.mark(Watermark(1, 1, NOW_NS))
        playout.rollback()
    playout.append_fact(PlayoutFact(0, Fact.BEGAN, at(1), "a", BEGAN))
    playout.mark(Watermark(1, 1, NOW_NS))
    playout.commit()
    reader = PlayoutReader(tmp_path / "playout.db")
    assert [fact.n for fact in reader.facts_of("a")] == [1]
    assert len(reader.runs([1])) == 1


def test_a_commit_that_fails_stores_nothing_and_can_be_made_again(playout, tmp_path, monkeypatch):
    playout.append_fact(PlayoutFact(0, Fact.BEGAN, at(1), "a", BEGAN))
    playout.append_fact(PlayoutFact(0, Fact.ENDED, at(2), "a", ENDED))
    real, calls = Database.execute, []

    def full(self, sql, parameters=()):
        calls.append(sql)
        if len(calls) == 3:
            raise JournalError("no room")
        return real(self, sql, parameters)

    monkeypatch.setattr(Database, "execute", full)
    with pytest.raises(JournalError):
        playout.commit()
    assert PlayoutReader(tmp_path / "playout.db").facts_of("a") == []
    playout.commit()
    assert len(PlayoutReader(tmp_path / "playout.db").facts_of("a")) == 2


def test_a_newer_plan_replaces_the_future_and_leaves_the_past_and_what_has_begun(playout, tmp_path):
    first = [occurrence("past", -3_600), occurrence("runs", -60), occurrence("later", 600), occurrence("dropped", 900)]
    playout.replace_plan(first, at(-7_200), "tuần 47")
    playout.append_fact(PlayoutFact(0, Fact.BEGAN, at(-59), "runs"))
    playout.commit()
    newer = [occurrence("later", 600, programme="Bản tin sửa"), occurrence("added", 1_200), occurrence("over", -900)]
    change = playout.replace_plan(newer, at(0), "chị Lan")
    playout.commit()
    assert (change.added, change.changed, change.withdrawn) == (("added",), ("later",), ("dropped",))
    reader = PlayoutReader(tmp_path / "playout.db")
    day = timedelta(days=1)
    now = datetime_of(NOW_NS)
    assert [r.occurrence.id for r in reader.plan_between(now - day, now + day)] == ["past", "runs", "later", "added"]
    gone = reader.plan_of("dropped")
    assert (gone.withdrawn_by, gone.withdrawn_at) == ("chị Lan", now)
    assert reader.plan_of("later").occurrence.programme == "Bản tin sửa"


def test_the_same_plan_again_changes_nothing_and_what_was_withdrawn_can_come_back(playout, tmp_path):
    plan = [occurrence("a", 600), occurrence("b", 1_200)]
    playout.replace_plan(plan, at(), "x")
    playout.commit()
    newest = PlayoutReader(tmp_path / "playout.db").plan_since(0)[-1].change
    playout.replace_plan(plan, at(1), "x")
    playout.commit()
    assert PlayoutReader(tmp_path / "playout.db").plan_since(newest) == []
    playout.replace_plan(plan[:1], at(2), "x")
    playout.commit()
    assert playout.replace_plan(plan, at(3), "x").changed == ("b",)
    playout.commit()
    assert PlayoutReader(tmp_path / "playout.db").plan_of("b").withdrawn_by is None


def test_what_began_is_never_withdrawn_though_the_clock_says_that_it_is_to_come(playout):
    playout.replace_plan([occurrence("a", 600)], at(), "x")
    playout.append_fact(PlayoutFact(0, Fact.BEGAN, at(1), "a", BEGAN))
    playout.commit()
    assert playout.replace_plan([], at(2), "x").withdrawn == ()


def test_a_stop_and_a_timetable_outlive_the_process(tmp_path):
    journal = PlayoutJournal(tmp_path / "playout.db")
    stop = Stop("chị Lan", "lũ", NOW_NS, None)
    journal.set_stop(stop)
    journal.adopt_timetables({"tên": "tuần 47"}, at(), "chị Lan")
    journal.commit()
    journal.close()
    journal = PlayoutJournal(tmp_path / "playout.db")
    reader = PlayoutReader(tmp_path / "playout.db")
    assert journal.stop() == stop == reader.stop()
    assert journal.timetables() == {"tên": "tuần 47"} == reader.timetables()
    journal.set_stop(None)
    journal.commit()
    assert reader.stop() is None
    journal.close()


def test_a_quiet_night_is_one_segment_and_every_change_of_state_another(meter, tmp_path):
    reader = MeterReader(tmp_path / "meter.db")
    for second in range(100):
        state = State.ON_AIR if second < 30 else State.SILENCE
        delay = 400.0 + second % 2 if state is State.ON_AIR else None
        meter.append_segment(
            Segment("line", 1, second * NS_PER_S, (second + 1) * NS_PER_S, state, Quality.OK, delay, None, -20.0)
        )
        meter.commit()
    on_air, silence = reader.segments_between(1, 0, 1 << 62)
    assert (on_air.from_ns, on_air.to_ns, silence.to_ns) == (0, 30 * NS_PER_S, 100 * NS_PER_S)
    assert on_air.delay_ms == pytest.approx(400.5)
    change, news = reader.segments_since(0)
    assert len(news) == 2
    assert reader.segments_since(change) == (change, [])


def test_a_row_keeps_its_first_edge_and_sums_up_what_was_doubted(meter, tmp_path):
    first = Segment(
        "line", 1, 0, 10 * NS_PER_S, State.ON_AIR, edge_ms=4.0, doubt_ms=60.0, evidence_share=0.9, snr_db=20.0
    )
    more = replace(first, from_ns=first.to_ns, to_ns=40 * NS_PER_S, edge_ms=None, doubt_ms=80.0, evidence_share=0.5)
    for segment in (first, more):
        meter.append_segment(segment)
    meter.commit()
    (row,) = MeterReader(tmp_path / "meter.db").segments_since(0)[1]
    assert (row.edge_ms, row.doubt_ms, row.snr_db) == (4.0, 140.0, 20.0)
    assert row.evidence_share == pytest.approx(0.6)


def test_rows_of_a_meter_that_did_not_say_how_sure_it_was_stay_readable(meter, tmp_path):
    meter.append_segment(Segment("line", 1, 0, 10 * NS_PER_S, State.ON_AIR))
    meter.commit()
    (row,) = MeterReader(tmp_path / "meter.db").segments_since(0)[1]
    assert (row.edge_ms, row.doubt_ms, row.evidence_share, row.snr_db) == (None, None, None, None)


@pytest.mark.parametrize(
    "changed",
    [
        {"channel": "air"},
        {"boot": 2},
        {"from_ns": 11 * NS_PER_S},
        {"state": State.HUM},
        {"quality": Quality.LOW},
        {"delay_ms": 450.0},
        {"delay_ms": None},
    ],
    ids=str,
)
def test_a_segment_that_differs_is_a_row_of_its_own(meter, tmp_path, changed):
    first = Segment("line", 1, 0, 10 * NS_PER_S, State.ON_AIR, Quality.OK, 400.0)
    meter.append_segment(first)
    meter.append_segment(replace(first, **{"from_ns": 10 * NS_PER_S, "to_ns": 20 * NS_PER_S, **changed}))
    meter.commit()
    assert len(MeterReader(tmp_path / "meter.db").segments_since(0)[1]) == 2


def test_each_life_of_a_process_is_a_run_whose_end_moves(tmp_path):
    for life in (1, 2):
        journal = MeterJournal(tmp_path / "meter.db")
        for second in (life * 10, life * 10 + 3):
            journal.mark(Watermark(1, second, NOW_NS + second))
            journal.commit()
        journal.close()
    runs = MeterReader(tmp_path / "meter.db").runs([1])
    assert [(run.from_ns, run.to_ns) for run in runs] == [(10, 13), (20, 23)]


def test_open_conditions_are_what_was_said_last(meter, tmp_path):
    for bad, target in ((True, "line"), (True, "air"), (False, "line")):
        meter.append_condition(Condition("dead_air", target, bad, 1, 0, {"dbfs": -70.5}))
    meter.commit()
    reader = MeterReader(tmp_path / "meter.db")
    assert [(c.target, c.evidence) for c in reader.open_conditions()] == [("air", {"dbfs": -70.5})]
    assert [n for n, _ in reader.conditions_since(1)] == [2, 3]


def test_the_level_of_a_stretch_is_one_row_that_is_replaced_as_it_grows(meter, tmp_path):
    said = Level("line", "it", 1, 10, 20, 5, Loudness(-23.0, -20.0, -1.5), Loudness(None, None, -40.25))
    for level in (said, replace(said, to_ns=30, heard_ms=9), replace(said, from_ns=40, to_ns=50)):
        meter.put_level(level)
        meter.commit()
    meter.put_level(replace(said, channel="horn"))
    reader = MeterReader(tmp_path / "meter.db")
    assert reader.levels_of("it", "line") == [
        replace(said, to_ns=30, heard_ms=9),
        replace(said, from_ns=40, to_ns=50),
    ]
    assert reader.levels_of("another", "line") == []


def test_learnt_delays_are_the_newest(meter):
    meter.learn_delay("line", 400.0, at())
    meter.learn_delay("line", 410.5, at(1))
    meter.commit()
    assert meter.learnt_delays() == {"line": 410.5}


def test_a_journal_that_does_not_exist_yet_has_nothing_to_say(tmp_path):
    reader = PlayoutReader(tmp_path / "playout.db")
    assert (reader.journal_id(), reader.watermark(), reader.facts_since(0), reader.stop()) == ("", None, (0, []), None)
    assert not (tmp_path / "playout.db").exists()


def test_a_journal_that_was_there_and_is_gone_is_not_taken_for_an_empty_one(playout, tmp_path):
    reader = PlayoutReader(tmp_path / "playout.db")
    assert reader.journal_id()
    (tmp_path / "playout.db").rename(tmp_path / "away.db")
    for _ in range(2):
        with pytest.raises(JournalError, match="is gone"):
            reader.facts_since(0)
    (tmp_path / "away.db").rename(tmp_path / "playout.db")
    assert reader.facts_since(0) == (0, [])


def test_a_reader_follows_when_a_damaged_journal_is_replaced(tmp_path):
    journal = PlayoutJournal(tmp_path / "playout.db")
    journal.append_fact(PlayoutFact(0, Fact.BEGAN, at(), "a", BEGAN))
    journal.commit()
    journal.close()
    reader = PlayoutReader(tmp_path / "playout.db")
    known = reader.journal_id()
    with open(tmp_path / "playout.db", "r+b") as file:
        file.write(os.urandom(4_096))
    journal = PlayoutJournal(tmp_path / "playout.db")
    assert journal.quarantined.name == "playout.db.corrupt-1"
    assert reader.journal_id() not in ("", known)
    assert reader.facts_since(0) == (0, [])
    journal.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE fact SET detail = CAST(x'7B22C322' AS TEXT)",
        "UPDATE fact SET detail = '{\"anchor'",
        "UPDATE fact SET detail = '{}'",
        "UPDATE fact SET kind = 'begin'",
        "UPDATE plan SET body = '{}'",
        "UPDATE clock SET quality = 'ntq'",
        "UPDATE condition SET evidence = '{'",
    ],
)
def test_a_row_that_makes_no_sense_is_found_when_its_writer_starts_and_the_file_set_aside(tmp_path, damage):
    journal = PlayoutJournal(tmp_path / "playout.db")
    journal.append_fact(PlayoutFact(0, Fact.BEGAN, at(), "a", BEGAN))
    journal.replace_plan([occurrence("a", 600)], at(), "tuần 47")
    journal.append_clock(ClockMapRow(1, 0, NOW_NS, ClockQuality.NTP))
    journal.append_condition(Condition("sound_device", "output", True, 1, 0))
    journal.commit()
    journal.close()
    database = sqlite3.connect(tmp_path / "playout.db")
    assert database.execute(damage).rowcount == 1
    database.commit()
    database.close()
    reader = PlayoutReader(tmp_path / "playout.db")
    with pytest.raises(Corrupt):
        reader.read_through()
    again = PlayoutJournal(tmp_path / "playout.db")
    assert again.quarantined.name == "playout.db.corrupt-1"
    reader.read_through()
    again.close()


def test_a_row_that_makes_no_sense_is_found_when_the_meter_starts(tmp_path):
    journal = MeterJournal(tmp_path / "meter.db")
    journal.append_segment(Segment("line", 1, 0, 1, State.HUM))
    journal.commit()
    journal.close()
    database = sqlite3.connect(tmp_path / "meter.db")
    database.execute("UPDATE segment SET state = 'hun'")
    database.commit()
    database.close()
    again = MeterJournal(tmp_path / "meter.db")
    assert again.quarantined.name == "meter.db.corrupt-1"
    again.close()


def test_a_file_of_a_newer_version_is_refused_in_words(tmp_path):
    Database(tmp_path / "meter.db", "meter").close()
    db = sqlite3.connect(tmp_path / "meter.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(JournalError, match="newer version"):
        MeterJournal(tmp_path / "meter.db")


def test_a_journal_that_was_not_brought_up_to_date_yet_is_not_taken_for_an_empty_one(meter, tmp_path):
    meter.append_segment(Segment("line", 1, 0, 1, State.HUM))
    meter.commit()
    reader = MeterReader(tmp_path / "meter.db")
    assert len(reader.segments_since(0)[1]) == 1
    reader.close()
    db = sqlite3.connect(tmp_path / "meter.db")
    for column in ("edge_ms", "doubt_ms", "evidence_share", "snr_db"):
        db.execute(f"ALTER TABLE segment DROP COLUMN {column}")
    db.executescript("DROP TABLE level; PRAGMA user_version = 1;")
    db.close()
    with pytest.raises(JournalError, match="older version"):
        reader.segments_since(0)
    MeterJournal(tmp_path / "meter.db").close()
    assert len(reader.segments_since(0)[1]) == 1
    assert reader.levels_of("it", "line") == []


def test_a_folder_that_is_not_there_is_an_error_in_words(tmp_path):
    with pytest.raises(JournalError, match="unable to open"):
        MeterJournal(tmp_path / "nowhere" / "meter.db")


def test_every_file_is_written_so_that_a_power_cut_loses_nothing(tmp_path):
    for family in ("playout", "meter", "ledger", "archive"):
        database = Database(tmp_path / f"{family}.db", family)
        settings = [database.rows(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "auto_vacuum")]
        assert settings == ["wal", 2, 2]
        tables = database.rows("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
        assert [name for name, strict in tables if not strict and not name.startswith("sqlite_")] == []
        database.close()


def test_a_mistake_in_our_own_sql_is_not_taken_for_the_worlds(tmp_path):
    database = Database(tmp_path / "meter.db", "meter")
    with pytest.raises(sqlite3.OperationalError):
        database.rows("SELECT nothing FROM nowhere")
    database.close()


def test_a_reader_cannot_write(tmp_path, meter):
    with pytest.raises(JournalError, match="readonly"):
        Reader(tmp_path / "meter.db").rows("DELETE FROM run")


def test_raw_facts_are_kept_thirteen_months_and_only_a_vouched_clock_removes_any(playout, meter, tmp_path):
    for second in range(10):
        playout.append_fact(PlayoutFact(0, Fact.COMMAND, at(second)))
        meter.append_segment(Segment("line", 1, second * NS_PER_S, second * NS_PER_S + 1, State.HUM))
        meter.put_level(Level("line", "it", 1, second * NS_PER_S, second * NS_PER_S + 1, 0, Loudness(), Loudness()))
        meter.mark(Watermark(1, second * NS_PER_S, NOW_NS + second * NS_PER_S))
    playout.commit()
    meter.commit()
    soon, late = at(300 * 86_400), at(500 * 86_400)
    for name, removed in (("playout.db", 9), ("meter.db", 9 + 10)):
        assert prune(tmp_path / name, soon) == 0
        assert prune(tmp_path / name, replace(late, quality=ClockQuality.SAVED)) == 0
        assert prune(tmp_path / name, late) == removed
    playout.append_fact(PlayoutFact(0, Fact.COMMAND, at(11)))
    playout.commit()
    assert [fact.n for fact in PlayoutReader(tmp_path / "playout.db").facts_since(0)[1]] == [10, 11]


def test_local_dates_of_the_plan_survive_the_way_through_the_journal(playout, tmp_path):
    planned = occurrence("a", 600)
    playout.replace_plan([planned], at(), "x")
    playout.commit()
    stored = PlayoutReader(tmp_path / "playout.db").plan_of("a").occurrence
    assert stored == planned
    assert stored.starts_at == datetime.fromtimestamp(NOW_NS / NS_PER_S + 600, UTC)
