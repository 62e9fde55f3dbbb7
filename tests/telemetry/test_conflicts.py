"""When collector and station do not have the same history: what was lost is sent again, what differs is told."""

import shutil

import pytest

from firmware_py.demo.broker import Broker
from telemetry.ledger_store import LedgerReader
from telemetry.reports.reasons import explained
from telemetry.upstream.archive import Archive, ArchiveReader
from tests.support.waiting import wait_for
from tests.telemetry.support import STATION, chain_of, collecting, fill, sending


@pytest.fixture
def broker(memory_path):
    with Broker(memory_path / "broker") as running:
        yield running


@pytest.fixture
def ledger(memory_path):
    return memory_path / "ledger.db"


@pytest.fixture
def archive(memory_path):
    return memory_path / "archive.db"


def acknowledged(ledger):
    return LedgerReader(ledger).acknowledged()


def upto(archive):
    return ArchiveReader(archive).upto(STATION)


def remove(path):
    for file in path.parent.glob(path.name + "*"):
        file.unlink()


def copied(path, to):
    remove(to)
    for file in path.parent.glob(path.name + "*"):
        shutil.copy(file, to.with_name(to.name + file.name.removeprefix(path.name)))


@pytest.mark.parametrize("kept", [0, 30])
def test_a_collector_that_lost_its_archive_or_has_an_old_copy_gets_all_of_it_again(broker, ledger, archive, kept):
    old = archive.with_name("old.db")
    store = fill(ledger, 30)
    with sending(broker, ledger, store) as uplink:
        with collecting(broker, archive):
            wait_for(lambda: acknowledged(ledger) == 30)
        copied(archive, old)
        fill(ledger, 30).close()
        with collecting(broker, archive):
            wait_for(lambda: acknowledged(ledger) == 60)
        remove(archive)
        if kept:
            copied(old, archive)
        with collecting(broker, archive):
            fill(ledger, 5).close()
            wait_for(lambda: upto(archive) == 65)
            wait_for(lambda: acknowledged(ledger) == 65)
        assert not uplink.conflict
    assert chain_of(ArchiveReader(archive)) == chain_of(LedgerReader(ledger))
    assert ArchiveReader(archive).refused() == []


def test_nothing_is_confirmed_that_went_into_an_archive_which_was_removed(broker, ledger, archive):
    store = fill(ledger, 30)
    with sending(broker, ledger, store):
        with collecting(broker, archive) as collector:
            wait_for(lambda: acknowledged(ledger) == 30)
            remove(archive)
            fill(ledger, 5).close()
            wait_for(lambda: not collector.connected)
            assert acknowledged(ledger) == 30
        with collecting(broker, archive):
            wait_for(lambda: upto(archive) == 35)
    assert chain_of(ArchiveReader(archive)) == chain_of(LedgerReader(ledger))


def test_two_collectors_that_each_keep_everything_both_get_it(broker, ledger, archive):
    other = archive.with_name("second.db")
    store = fill(ledger, 300)
    with sending(broker, ledger, store):
        with collecting(broker, archive, "one"):
            wait_for(lambda: acknowledged(ledger) == 300)
        with collecting(broker, archive, "one"), collecting(broker, other, "two"):
            fill(ledger, 5).close()
            wait_for(lambda: upto(archive) == upto(other) == 305)
    assert chain_of(ArchiveReader(other)) == chain_of(ArchiveReader(archive))


@pytest.fixture
def counted(monkeypatch):
    """The messages that reach an archive."""
    arrived = []
    store = Archive.store

    def counting(self, batch, now_ns):
        arrived.extend(batch)
        return store(self, batch, now_ns)

    monkeypatch.setattr(Archive, "store", counting)
    return arrived


def test_an_entry_that_the_collector_does_not_take_is_told_and_not_sent_again_and_again(
    broker, ledger, archive, counted
):
    store = fill(ledger, 5)
    with store.transaction():
        store.append("airtime", {"days": [], "what": "no account"})
    fill(ledger, 5).close()
    with sending(broker, ledger, store) as uplink, collecting(broker, archive):
        wait_for(lambda: uplink.conflict)
        assert explained(uplink.conflict).startswith("máy thu thập không nhận bản ghi số 6")
        wait_for(lambda: acknowledged(ledger) == 5)
        fill(ledger, 1).close()
        assert not uplink.connected
        assert len(counted) == 1
    assert upto(archive) == 5


@pytest.mark.parametrize("grown", [1, 20])
def test_an_old_copy_of_a_ledger_that_writes_on_is_told_and_nothing_of_it_is_taken_for_confirmed(
    broker, ledger, archive, grown
):
    old = ledger.with_name("old.db")
    store = fill(ledger, 40)
    with sending(broker, ledger, store), collecting(broker, archive):
        wait_for(lambda: acknowledged(ledger) == 40)
        copied(ledger, old)
        fill(ledger, 10).close()
        wait_for(lambda: acknowledged(ledger) == 50)
    before = chain_of(ArchiveReader(archive))
    store.close()
    copied(old, ledger)
    other = fill(ledger, 1)
    with other.transaction():
        for n in range(grown):
            other.append("command", {"what": "another history", "n": n, "days": ["2026-11-24"]})
    with sending(broker, ledger, other) as uplink, collecting(broker, archive):
        wait_for(lambda: uplink.conflict)
        assert acknowledged(ledger) == 40
    assert "máy thu thập" in explained(uplink.conflict)
    assert chain_of(ArchiveReader(archive)) == before


def test_a_broker_that_is_there_while_its_collector_is_not_stays_a_trouble_until_a_receipt_comes(
    broker, ledger, archive
):
    store = fill(ledger, 5)
    with sending(broker, ledger, store, receipt_s=0.2) as uplink:
        wait_for(lambda: "no receipt" in uplink.trouble)
        wait_for(lambda: uplink.connected)
        assert uplink.trouble, "to be connected is not to be heard"
        with collecting(broker, archive):
            wait_for(lambda: not uplink.trouble)
        assert acknowledged(ledger) == 5
