"""What should sound by the journaled plan: also while playout is dead, and not what is over."""

from datetime import datetime, timedelta

import pytest

from firmware_py.meter.expectation import PlanWatch
from scheduler.clock import NS_PER_S, STATION_TZ, ClockQuality, Reading, wall_ns_of
from scheduler.occurrence import Occurrence
from telemetry.facts import Fact, PlayoutFact
from telemetry.journal import PlayoutJournal, Stop

FIVE = datetime(2026, 11, 23, 5, tzinfo=STATION_TZ)
NEWS = Occurrence("news", "Bản tin", FIVE, FIVE + timedelta(minutes=30), source="a.mp3")

WHOLE = {"anchor_ns": 0, "sink_ns": 0, "wanted_ns": 0, "offset_ms": 0, "frames": 0}


def at(minutes, quality=ClockQuality.NTP):
    wall_ns = wall_ns_of(FIVE) + int(minutes * 60) * NS_PER_S
    return Reading(1, 1_000 * NS_PER_S + int(minutes * 60) * NS_PER_S, wall_ns, quality)


@pytest.fixture
def journal(tmp_path):
    journal = PlayoutJournal(tmp_path / "playout.db")
    journal.mark_path = tmp_path / "playout.db"
    journal.replace_plan([NEWS], at(-10), "Lan")
    journal.commit()
    return journal


def due(journal, minutes, **clock):
    found = PlanWatch(journal.mark_path).expected(at(minutes)).due(at(minutes, **clock))
    return found.id if found else None


@pytest.mark.parametrize(("minutes", "expected"), [(-1, None), (0.5, "news"), (29.5, "news"), (30, None)])
def test_a_planned_programme_is_due_in_its_slot(journal, minutes, expected):
    assert due(journal, minutes) == expected


def test_nothing_is_due_by_a_clock_nobody_trusts(journal):
    assert due(journal, 5, quality=ClockQuality.NONE) is None


def test_nothing_is_due_while_an_officers_stop_is_in_force(journal):
    journal.set_stop(Stop("Lan", "đám tang", at(1).wall_ns, at(10).wall_ns))
    journal.commit()
    assert due(journal, 5) is None
    assert due(journal, 11) == "news"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([(Fact.BEGAN, {})], "news"),
        ([(Fact.BEGAN, {}), (Fact.ENDED, {"cause": "source_short"})], None),
        ([(Fact.BEGAN, {}), (Fact.ENDED, {"cause": "playout_died"})], "news"),
        ([(Fact.MISSED, {"cause": "source_missing"})], None),
        ([(Fact.MISSED, {"cause": "source_missing"}), (Fact.BEGAN, {})], "news"),
    ],
)
def test_what_is_over_is_not_due_and_what_died_is(journal, facts, expected):
    for n, (kind, detail) in enumerate(facts):
        journal.append_fact(PlayoutFact(0, kind, at(1 + n), "news", WHOLE | detail))
    journal.commit()
    assert due(journal, 10) == expected


def test_a_changed_plan_is_seen(journal):
    watch = PlanWatch(journal.mark_path)
    assert watch.expected(at(-5)).due(at(5)).id == "news"
    journal.replace_plan([], at(-5), "Lan")
    journal.commit()
    assert watch.expected(at(-5)).due(at(5)) is None
