"""From a ledger through a real mosquitto into the archive: nothing lost, nothing doubled, whatever is killed."""

import signal
import subprocess
import sys

import pytest

from firmware_py.demo.broker import Broker
from telemetry.ledger_store import LedgerReader
from telemetry.mqtt import Broker as ToBroker
from telemetry.mqtt import Link, LinkError
from telemetry.upstream.archive import ArchiveReader
from tests.support.waiting import wait_for
from tests.telemetry.support import STATION, chain_of, collecting, fill, sending

COUNT = 700


@pytest.fixture
def broker(tmp_path):
    with Broker(tmp_path / "broker") as running:
        yield running


def arrived_whole(tmp_path, ledger):
    archive, reader = ArchiveReader(tmp_path / "archive.db"), LedgerReader(ledger)
    assert chain_of(archive) == chain_of(reader)
    assert archive.upto(STATION) == reader.last_seq() == reader.acknowledged()
    assert archive.refused() == []


def test_the_archive_equals_the_ledger_and_the_bookmark_follows_the_receipts(broker, tmp_path):
    ledger = tmp_path / "ledger.db"
    store = fill(ledger, COUNT)
    with collecting(broker, tmp_path / "archive.db"), sending(broker, ledger, store):
        wait_for(lambda: LedgerReader(ledger).acknowledged() == COUNT)
        fill(ledger, 5).close()
        wait_for(lambda: LedgerReader(ledger).acknowledged() == COUNT + 5)
    arrived_whole(tmp_path, ledger)


def test_a_brokers_acknowledgement_moves_no_bookmark(broker, tmp_path):
    ledger = tmp_path / "ledger.db"
    store = fill(ledger, 50)
    with sending(broker, ledger, store, receipt_s=0.5) as uplink:
        wait_for(lambda: "no receipt" in uplink.trouble)
        assert LedgerReader(ledger).acknowledged() == 0


def test_a_broker_without_memory_that_is_killed_loses_nothing(broker, tmp_path):
    ledger = tmp_path / "ledger.db"
    store = fill(ledger, COUNT)
    with sending(broker, ledger, store):
        for _ in range(3):
            wait_for(lambda: broker.pid is not None)
            with collecting(broker, tmp_path / "archive.db"):
                broker.kill()
                fill(ledger, 40).close()
                broker.start()
        with collecting(broker, tmp_path / "archive.db"):
            wait_for(lambda: LedgerReader(ledger).acknowledged() == COUNT + 120)
    arrived_whole(tmp_path, ledger)


def test_entries_written_while_everything_is_down_arrive_later(tmp_path):
    ledger = tmp_path / "ledger.db"
    store = fill(ledger, 30)
    broker = Broker(tmp_path / "broker")
    with sending(broker, ledger, store) as uplink:
        wait_for(lambda: uplink.trouble)
        fill(ledger, 30).close()
        with broker, collecting(broker, tmp_path / "archive.db"):
            wait_for(lambda: LedgerReader(ledger).acknowledged() == 60)
    arrived_whole(tmp_path, ledger)


@pytest.mark.parametrize("missing", ["password_file", "tls_ca"])
def test_a_file_that_is_missing_is_a_broken_link_and_no_end(tmp_path, missing):
    with pytest.raises(LinkError, match="khong-co"):
        Link(ToBroker("127.0.0.1", 1, **{missing: tmp_path / "khong-co"}), "a")
    (tmp_path / "hong").write_bytes(b"\xff\xfe")
    with pytest.raises(LinkError, match="hong"):
        Link(ToBroker("127.0.0.1", 1, **{missing: tmp_path / "hong"}), "a")


COLLECTOR = """
import sys, threading, os, random
from telemetry.mqtt import Broker
from telemetry.upstream.archive import Archive
from telemetry.upstream.collector import Batching, Collector
port, path, die_at, where = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
class DyingArchive(Archive):
    calls = 0
    def store(self, arrived, now_ns):
        DyingArchive.calls += 1
        if DyingArchive.calls == die_at and where == "before": os.kill(os.getpid(), 9)
        acks = super().store(arrived, now_ns)
        if DyingArchive.calls == die_at and where == "after": os.kill(os.getpid(), 9)
        return acks
from pathlib import Path
archive = DyingArchive(Path(path))
Collector(Broker("127.0.0.1", port), archive, batching=Batching(messages=2)).run(threading.Event())
"""


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_collector_killed_between_receiving_and_committing_or_before_acknowledging_loses_nothing(
    broker, tmp_path, where
):
    ledger = tmp_path / "ledger.db"
    store = fill(ledger, COUNT)
    with sending(broker, ledger, store):
        for die_at in (1, 2):
            command = [
                sys.executable,
                "-c",
                COLLECTOR,
                str(broker.port),
                str(tmp_path / "archive.db"),
                str(die_at),
                where,
            ]
            with subprocess.Popen(command) as collector:
                assert collector.wait(20) == -signal.SIGKILL
        with collecting(broker, tmp_path / "archive.db"):
            wait_for(lambda: LedgerReader(ledger).acknowledged() == COUNT)
    arrived_whole(tmp_path, ledger)
