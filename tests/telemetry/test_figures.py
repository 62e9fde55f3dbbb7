"""A month is the sum of the newest records, the same at the station and at the collector."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from scheduler.clock import STATION_TZ
from telemetry.airtime import FIGURES
from telemetry.figures import fault_list, month_days, monthly
from telemetry.ledger_store import LedgerReader
from telemetry.upstream.archive import Archive, ArchiveReader, Arrived
from telemetry.wire import Address, events_payload, messages
from tests.telemetry.station_day import Day
from tests.telemetry.support import fill

TWO_MONTHS = """
day 2026-11-30
05:00:00  plan    sang until 05:10:00
05:00:00  begin   sang
05:00:00  hear    on_air
05:09:00  hear    silence
05:09:00  end     sang source_short
23:50:00  plan    dem until 1+00:10:00 repeat
23:50:00  begin   dem
23:50:00  hear    on_air
1+00:10:00 end    dem
1+00:10:00 hear   silence
1+05:00:00 plan   hong until 1+05:10:00
1+05:00:00 miss   hong source_missing
1+05:12:00 hear   foreign
1+05:12:30 hear   silence
1+06:00:00 look
"""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    return Day(tmp_path_factory.mktemp("months"), TWO_MONTHS).run().ledger()


def entries_of(ledger: LedgerReader):
    return ledger.entries_since(0, 10_000)


def test_a_month_has_its_own_share_of_what_crosses_midnight(ledger):
    november, december = (monthly("tram-1", entries_of(ledger), month) for month in ("2026-11", "2026-12"))
    assert november.totals == {
        "planned_ms": 1_200_000, "programme_ms": 540_000, "played_ms": 1_140_000, "on_air_ms": 1_140_000,
        "not_on_air_ms": 60_000, "unobserved_ms": 0, "unplanned_ms": 0,
    }  # fmt: skip
    assert december.totals["planned_ms"] == 1_200_000
    assert december.totals["unplanned_ms"] == 30_000
    assert set(november.by_kind) == {"own", "repeat"}
    assert november.by_kind["repeat"]["programme_ms"] == 0


def test_totals_and_kinds_are_the_sums_of_the_rows(ledger):
    for month in ("2026-11", "2026-12"):
        figure = monthly("tram-1", entries_of(ledger), month)
        for name in FIGURES:
            assert sum(row[name] for row in figure.occurrences) == figure.totals[name]
            assert sum(kind[name] for kind in figure.by_kind.values()) == figure.totals[name]
        for row in figure.occurrences:
            assert row["on_air_ms"] + row["not_on_air_ms"] + row["unobserved_ms"] == row["planned_ms"]
            assert sum(row["causes"].values()) == row["not_on_air_ms"] + row["unobserved_ms"]


def test_the_entries_of_a_month_are_found_without_reading_the_ledger(ledger):
    for month in ("2026-11", "2026-12"):
        found = ledger.entries_about(*month_days(month))
        whole = monthly("tram-1", entries_of(ledger), month)
        assert replace(monthly("tram-1", found, month), seq=0) == replace(whole, seq=0)


def test_station_and_collector_agree_to_the_millisecond_at_every_seq(ledger, tmp_path):
    archive = Archive(tmp_path / "archive.db")
    entries = entries_of(ledger)
    for part in messages(entries):
        archive.store([Arrived(Address("p", "tram-1").topic("evt"), events_payload("tram-1", part))], 0)
    reader = ArchiveReader(tmp_path / "archive.db")
    for upto in range(1, len(entries) + 1):
        here = monthly("tram-1", ledger.entries_about(*month_days("2026-12")), "2026-12", upto)
        assert reader.monthly("tram-1", "2026-12", upto) == here
    archive.close()


def test_the_days_table_is_the_share_of_that_day(tmp_path):
    day = Day(tmp_path, TWO_MONTHS).run()
    december = monthly("tram-1", entries_of(day.ledger()), "2026-12").totals
    for _ in ("read", "remembered"):
        assert day.core.today(day.reading(), []) == {name: december[name] for name in FIGURES}


def test_a_revision_replaces_what_it_revises(ledger):
    entries = entries_of(ledger)
    (first,) = [e for e in entries if e.kind == "airtime" and e.body["occurrence"] == "sang"]
    lost = {"on_air_ms": 0, "not_on_air": {"foreign": 600_000}, "not_on_air_ms": 600_000}
    body = first.body | {"days": {"2026-11-30": first.body["days"]["2026-11-30"] | lost}}
    revised = [*entries, replace(first, seq=len(entries) + 1, body=body | {"revision": 1})]
    assert monthly("tram-1", revised, "2026-11").totals["on_air_ms"] == 600_000
    assert monthly("tram-1", revised, "2026-11", len(entries)).totals["on_air_ms"] == 1_140_000


def test_a_ledger_begun_anew_counts_nothing_twice(ledger):
    old = entries_of(ledger)
    new = [replace(entry, ledger="another") for entry in old]
    assert monthly("tram-1", [*old, *new], "2026-12").totals == monthly("tram-1", old, "2026-12").totals
    assert monthly("tram-1", [*old, *new], "2026-12", upto=1).totals == monthly("tram-1", old, "2026-12").totals


def test_a_new_ledger_without_entries_of_a_month_takes_nothing_from_the_old_ones_figure(ledger, tmp_path):
    """The card was replaced in another month: the few entries since say nothing of how far the old ledger counts."""
    archive = Archive(tmp_path / "archive.db")
    store = fill(tmp_path / "new.db", 2)
    store.close()
    for entries in (entries_of(ledger), LedgerReader(tmp_path / "new.db").entries_since(0)):
        for message in messages(entries):
            archive.store([Arrived(Address("bac-kan", "tram-1").topic("evt"), events_payload("tram-1", message))], 0)
    archive.close()
    reader = ArchiveReader(tmp_path / "archive.db")
    assert reader.upto("tram-1") == 2
    december = reader.monthly("tram-1", "2026-12")
    assert december.totals == monthly("tram-1", entries_of(ledger), "2026-12").totals
    assert december.totals["planned_ms"] > 0


def test_what_was_planned_and_never_accounted_for_is_named(ledger):
    entries = [e for e in entries_of(ledger) if e.kind == "plan"]
    late, early = (datetime(2026, 12, 2, tzinfo=STATION_TZ), datetime(2026, 12, 1, 5, 5, tzinfo=STATION_TZ))
    assert [o["occurrence"] for o in monthly("tram-1", entries, "2026-12", as_of=late).unaccounted] == ["hong"]
    assert monthly("tram-1", entries, "2026-12", as_of=early).unaccounted == []
    assert monthly("tram-1", entries_of(ledger), "2026-12", as_of=late).unaccounted == []


def test_a_fault_is_one_line_of_the_logbook(ledger):
    faults = fault_list(entries_of(ledger))
    assert [(f["code"], f["cleared_at"]) for f in faults] == [("source_missing", None)]


def test_a_month_that_is_none_is_refused():
    assert month_days("2028-02") == (date(2028, 2, 1), date(2028, 2, 29))
    for none in ("2026-13", "2026-1", "2026", "", "2026-11-05"):
        with pytest.raises(ValueError, match="no month"):
            monthly("tram-1", [], none)
