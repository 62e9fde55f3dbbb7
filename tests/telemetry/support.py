"""Ledgers full of entries, and a real collector beside them."""

import threading
from contextlib import contextmanager
from pathlib import Path

from firmware_py.demo.broker import Broker as Mosquitto
from telemetry.ledger_store import LedgerReader, LedgerStore
from telemetry.uplink import Broker, Pace, Uplink
from telemetry.upstream.archive import ArchiveReader
from telemetry.upstream.collector import Collector

STATION = "tram-1"
PROVINCE = "bac-kan"


def fill(path: Path, count: int, station: str = STATION) -> LedgerStore:
    """A ledger with *count* more entries than it had."""
    store = LedgerStore(path, station)
    with store.transaction():
        for _ in range(count):
            n = store.last_seq() + 1
            store.append("command", {"what": "command", "n": n, "text": "phát thử", "days": ["2026-11-23"]})
    return store


def _door(broker: Mosquitto | Broker) -> Broker:
    return broker if isinstance(broker, Broker) else Broker(broker.host, broker.port)


@contextmanager
def collecting(broker: Mosquitto | Broker, archive: Path, name: str = "collector"):
    """A collector in a thread of its own."""
    ending = threading.Event()
    collector = Collector(_door(broker), archive, name)
    thread = threading.Thread(target=collector.run, args=(ending,), daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        ending.set()
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def sending(broker: Mosquitto | Broker, ledger: Path, store: LedgerStore, receipt_s: float = 1.0):
    """An uplink whose receipts are written as the ledger's own thread would write them."""
    pace = Pace(receipt_s=receipt_s, first_wait_s=0.1, longest_wait_s=0.5, look_s=0.2)
    uplink = Uplink(_door(broker), PROVINCE, store.station, ledger, store.confirm, pace)
    uplink.start()
    try:
        yield uplink
    finally:
        assert uplink.close(10)


def chain_of(reader: LedgerReader | ArchiveReader) -> list[tuple[int, str]]:
    entries = reader.entries(STATION) if isinstance(reader, ArchiveReader) else reader.entries_since(0, 100_000)
    return [(entry.seq, entry.hash) for entry in entries]
