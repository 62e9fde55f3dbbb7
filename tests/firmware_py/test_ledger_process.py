"""The ledger process when the files that it lives by go away: it says so, and goes on when they are back."""

import json
import shutil
from pathlib import Path

import pytest

from firmware_py.config import Config
from firmware_py.ledger import process
from firmware_py.ledger.process import FAILING_NS, Ledger
from scheduler.clock import NS_PER_S, ClockQuality, Reading
from telemetry.journal import MeterJournal, PlayoutJournal
from telemetry.ledger import LedgerCore, Rules

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


def test_a_file_that_is_gone_for_a_moment_only_is_no_fault(ledger):
    away(ledger, "playout.db")
    tick(ledger)
    (ledger.config.paths.state_dir / "playout.db.away").rename(ledger.config.playout_db)
    tick(ledger)
    assert "disk_failed" not in open_faults(ledger)


def test_a_station_that_begins_lacks_nothing(ledger, config):
    assert "disk_failed" not in open_faults(ledger)
    assert set(ledger._missing()) == set()
