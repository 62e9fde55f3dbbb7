"""A ledger that has nothing to write itself still says that its disk is full: the others cannot."""

from datetime import datetime

from scheduler.clock import ClockQuality, Reading, wall_ns_of
from telemetry import database
from telemetry.journal import MeterReader, PlayoutReader
from telemetry.ledger import LedgerCore, Rules


def test_a_disk_without_room_is_a_fault_before_anything_is_written_to_it(tmp_path, monkeypatch):
    core = LedgerCore(tmp_path / "ledger.db", "tram-1", Rules(account="return"))
    at = Reading(1, 10**12, wall_ns_of(datetime.fromisoformat("2026-11-23T05:00:00+07:00")), ClockQuality.NTP)

    def faults_of_a_round():
        core.advance(PlayoutReader(tmp_path / "playout.db"), MeterReader(tmp_path / "meter.db"), at)
        return {fault["code"] for fault in core.open_faults()}

    assert faults_of_a_round() == set()
    monkeypatch.setattr(database, "NEARLY_FULL_BYTES", 1 << 62)
    assert faults_of_a_round() == {"disk_full"}
    core.close()
