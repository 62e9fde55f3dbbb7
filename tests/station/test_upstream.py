"""Broker and collector go, die and come back: nothing is lost, nothing is doubled, and the station does not notice."""

import os
import random
import signal

import pytest

from firmware_py.demo.rig import STATION_ID, RigSettings
from telemetry.ledger_store import LedgerReader
from tests.station.accounts import archive_is_the_ledger
from tests.station.station import Broadcast, adds_up
from tests.telemetry.support import fill

SEED = 20_261_106
LASTS_S = 5
BACKLOG = 40_000  # entries: some twenty a day are written, so this is a backlog of years
DEATHS = 16  # of the collector; of the broker every fourth
START_ERROR_MS = 20
UNEVEN_MS = 100  # that the measure of a programme may be short of its length
PROCESSES = ("playout", "meter", "ledger")


@pytest.fixture
def day(station):
    return station(RigSettings(processes=PROCESSES, faults={"uplink_down": (1.0, 1.0)}))


def plan(day, first_s, n, apart_s):
    """Load *n* programmes of music, *apart_s* from one to the next; their titles."""
    broadcasts = []
    for k in range(n):
        day.file(f"{k}.wav", LASTS_S, seed=k + 1)
        broadcasts.append(Broadcast(f"Chương trình {k}", f"{k}.wav", first_s + k * apart_s, LASTS_S))
    return list(day.plan(*broadcasts))


def was_on_air_as_planned(day, titles):
    accounts = [day.wait_account(title) for title in titles]
    for account in accounts:
        assert adds_up(account)
        assert abs(account["start_error_ms"]) < START_ERROR_MS
        assert account["on_air_ms"] >= LASTS_S * 1_000 - UNEVEN_MS, account["causes"]


def all_arrived(day):
    seq = day.wait_acknowledged(100)
    kept = archive_is_the_ledger(day.rig)
    assert len(kept) >= seq
    figure = day.airtime()
    assert figure["totals"] == day.collector_totals(figure["seq"])
    return kept


def test_a_broker_or_a_collector_that_is_away_for_a_while_costs_nothing(day):
    titles = plan(day, 5, 4, 8)
    day.start()
    day.wait_on_air(titles[0])
    day.rig.broker.kill()  # without persistence: it forgets every session and message
    day.wait_fault("uplink_down", 10)
    day.wait_on_air(titles[1])
    day.rig.broker.start()
    day.wait_for(lambda: "uplink_down" not in day.open_faults(), 30, "the uplink back")
    day.rig.stop_collector(kill=True)
    day.wait_account(titles[0])
    behind = day.rig.live("ledger").data
    assert behind["acknowledged_seq"] < behind["seq"], "only the collector's receipt may move the bookmark"
    day.rig.broker.stop()
    day.wait_account(titles[1])
    day.rig.broker.start()
    day.rig.start_collector()
    was_on_air_as_planned(day, titles)
    kept = all_arrived(day)
    changes = [e.body["change"] for e in kept if e.kind == "fault" and e.body["code"] == "uplink_down"]
    assert changes[:2] == ["raised", "cleared"]


@pytest.mark.timeout(240)
def test_years_offline_arrive_once_and_in_order_while_broker_and_collector_keep_dying(day):
    """Neither was ever there; then both come, and die at random instants while the backlog flows."""
    day.rig.broker.stop()
    fill(day.rig.state_dir / "ledger.db", BACKLOG, STATION_ID).close()
    titles = plan(day, 5, 3, 14)
    day.rig.start_station()
    day.wait_account(titles[0])
    assert acknowledged(day) == 0
    day.rig.broker.start()
    confirmed = deaths_while_it_flows(day, random.Random(SEED))
    print(f"bookmark at each death: {confirmed}")  # noqa: T201
    assert len({seq for seq in confirmed if 0 < seq < BACKLOG}) >= DEATHS // 2, "the backlog must have flowed meanwhile"
    day.rig.start_collector()
    was_on_air_as_planned(day, titles)
    kept = all_arrived(day)
    assert sum(e.kind == "command" and "n" in e.body for e in kept) == BACKLOG


def deaths_while_it_flows(day, chance):
    """Kill the collector, and now and then the broker or both; how far the bookmark was each time."""
    confirmed = []
    for n in range(DEATHS):
        day.rig.start_collector()
        before = acknowledged(day)
        day.wait_for(lambda before=before: acknowledged(day) > before, 60, "the backlog flows")
        day.watch_for(chance.uniform(0, 0.2))
        confirmed.append(acknowledged(day))
        if n % 4 == 3:
            day.rig.broker.kill()
        elif n % 4 == 1:  # frozen first: what it has received stays uncommitted
            os.kill(day.rig.collector.pid, signal.SIGSTOP)
            day.watch_for(0.3)
        day.rig.stop_collector(kill=True)
        if n % 4 == 3:
            day.rig.broker.start()
    return confirmed


def acknowledged(day):
    reader = LedgerReader(day.rig.state_dir / "ledger.db")
    try:
        return reader.acknowledged()
    finally:
        reader.close()
