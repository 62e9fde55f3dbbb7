"""The ledger process when the files that it lives by go away: it says so, and goes on when they are back."""

import json
import queue
import shutil
import time
from pathlib import Path

import pytest

from firmware_py.config import Config
from firmware_py.ledger import process
from firmware_py.ledger.process import FAILING_NS, LAST_RECEIPT_S, Ledger
from scheduler.clock import NS_PER_S, ClockQuality, Reading
from telemetry.chain import Entry
from telemetry.journal import JournalError, MeterJournal, PlayoutJournal
from telemetry.ledger import LedgerCore, Rules
from telemetry.uplink import Broker, Uplink

STATION = {"station": {"id": "a", "name": "A", "province": "b"}, "output": {"device": "x"}}


class Clock:
    now_ns = 100 * NS_PER_S

    def read(self) -> Reading:
        return Reading(1, self.now_ns, 1_795_000_000 * NS_PER_S + self.now_ns, ClockQuality.NTP)


@pytest.fixture
def config(tmp_path):
    paths = {name: str(tmp_path / name) for name in ("state_dir", "run_dir", "media_dir")}
    for folder in (*paths.values(), tmp_path / "state_dir" / "library"):
        Path(folder).mkdir()
    config = Config.model_validate({**STATION, "paths": paths})
    for journal in (PlayoutJournal(config.playout_db), MeterJournal(config.meter_db)):
        journal.close()
    return config


@pytest.fixture
def ledger(config, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(process, "boottime_ns", lambda: clock.now_ns)
    ledger = Ledger(config, clock, LedgerCore(config.ledger_db, "a", Rules(None)), None)
    tick(ledger)
    yield ledger
    ledger.core.close()


def tick(ledger, seconds=1):
    ledger.clock.now_ns += round(seconds * NS_PER_S)
    ledger.handle("tick")


def open_faults(ledger):
    """As eyes see them."""
    faults = json.loads((ledger.config.paths.run_dir / "ledger.json").read_text(encoding="utf-8"))["faults"]
    return {fault["code"]: fault["severity"] for fault in faults}


def uplink_faults(ledger):
    return {code: severity for code, severity in open_faults(ledger).items() if code.startswith("uplink")}


def away(ledger, *names):
    for name in names:
        path = ledger.config.paths.state_dir / name
        path.rename(path.with_name(f"{name}.away"))


@pytest.mark.parametrize("names", [("playout.db",), ("meter.db",), ("library",), ("playout.db", "meter.db", "library")])
def test_what_the_station_needs_and_is_gone_is_a_critical_fault_until_it_is_back(ledger, names):
    assert "disk_failed" not in open_faults(ledger)
    away(ledger, *names)
    for _ in range(FAILING_NS // NS_PER_S + 2):
        tick(ledger)
    assert open_faults(ledger)["disk_failed"] == "critical"
    for name in names:
        (ledger.config.paths.state_dir / f"{name}.away").rename(ledger.config.paths.state_dir / name)
    tick(ledger)
    tick(ledger, 61)
    assert "disk_failed" not in open_faults(ledger)


def test_a_state_folder_that_vanishes_is_told(ledger):
    shutil.rmtree(ledger.config.paths.state_dir)
    for _ in range(FAILING_NS // NS_PER_S + 2):
        tick(ledger)
    assert open_faults(ledger)["disk_failed"] == "critical"


@pytest.fixture
def uplink(ledger, config):
    """One that was not started: what it says is set by hand."""
    ledger.uplink = Uplink(Broker("127.0.0.1", 1), "b", "a", config.ledger_db, lambda receipt: None)
    ledger.uplink.connected = True
    return ledger.uplink


def test_a_broker_whose_collector_says_nothing_is_a_fault_however_often_it_lets_us_in(ledger, uplink):
    uplink.trouble = "no receipt from the collector"
    for n in range(30):
        uplink.connected = n % 2 == 0
        tick(ledger, 11)
    assert uplink_faults(ledger) == {"uplink_down": "warning"}
    uplink.connected, uplink.trouble = True, ""
    tick(ledger)
    tick(ledger, 31)
    assert uplink_faults(ledger) == {}


def test_why_the_collector_is_not_reached_is_told_also_when_it_was_not_known_at_once(ledger, uplink):
    """A station that starts without a network has not tried yet when it first says so."""
    uplink.connected = False
    tick(ledger)
    uplink.trouble = "127.0.0.1:1: [Errno 111] Connection refused"
    tick(ledger)
    tick(ledger, 301)
    shown = json.loads((ledger.config.paths.run_dir / "ledger.json").read_text(encoding="utf-8"))["faults"]
    (fault,) = [fault for fault in shown if fault["code"] == "uplink_down"]
    assert fault["evidence"] == {"why": uplink.trouble}


def test_what_the_collector_does_not_take_is_a_fault_of_its_own_until_it_does(ledger, uplink):
    uplink.connected, uplink.trouble = False, "the collector does not take entry 6"
    uplink.conflict = uplink.trouble
    for _ in range(40):
        tick(ledger, 10)
    assert uplink_faults(ledger) == {"uplink_refused": "major"}
    uplink.connected, uplink.trouble, uplink.conflict = True, "", ""
    tick(ledger)
    assert uplink_faults(ledger) == {}


def test_the_days_accounts_that_cannot_be_read_now_are_read_with_a_later_round(ledger, monkeypatch):
    booked = []

    def entries_about(first, last):
        if not booked:
            raise JournalError("disk I/O error")
        return booked

    monkeypatch.setattr(ledger._entries, "entries_about", entries_about)
    monkeypatch.setattr(ledger, "_day", None)
    tick(ledger)
    booked.append(Entry("a1", 1, "airtime", {"occurrence": "ban-tin", "planned_ms": 5}, "", ""))
    tick(ledger)
    assert ledger._records == {"ban-tin": {"planned_ms": 5}}


def test_without_a_broker_a_station_ends_at_once(ledger, config):
    ledger.uplink = Uplink(Broker("127.0.0.1", 1), "b", "a", config.ledger_db, lambda receipt: None)
    ledger.uplink.start()
    assert ledger.core.last_seq() > ledger.core.acknowledged()
    began_s = time.monotonic()
    ledger.end(queue.Queue())
    assert time.monotonic() - began_s < LAST_RECEIPT_S / 2


def test_a_file_that_is_gone_for_a_moment_only_is_no_fault(ledger):
    away(ledger, "playout.db")
    tick(ledger)
    (ledger.config.paths.state_dir / "playout.db.away").rename(ledger.config.playout_db)
    tick(ledger)
    assert "disk_failed" not in open_faults(ledger)


def test_a_station_that_begins_lacks_nothing(ledger, config):
    assert "disk_failed" not in open_faults(ledger)
    assert set(ledger._missing()) == set()
