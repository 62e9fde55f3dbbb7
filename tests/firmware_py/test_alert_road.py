"""The whole road with the real processes: from the broker or a renamed file to playout's request."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta

import pytest

from firmware_py import spool
from firmware_py.demo.broker import Broker as Mosquitto
from scheduler.clock import STATION_TZ
from tests.firmware_py.station_file import RUNS
from tests.support.alerts import cap, info
from tests.support.mosquitto import publish

NETWORK = """
[uplink]
host = "127.0.0.1"
port = {port}
[console]
port = 0
"""
ALERT_TOPIC = "tt/v1/thai-nguyen/dong-tam/alert"
SECONDS = 60.0


class Station:
    """The two processes an alert passes through before playout."""

    def __init__(self, folder, port):
        self.folder = folder
        self.spool = folder / "state" / "spool"
        self.processes = {}
        for name in ("state", "run", "media"):
            (folder / name).mkdir()
        (folder / "station.toml").write_text((RUNS + NETWORK).format(folder=folder, port=port), encoding="utf-8")

    def start(self, name):
        command = [sys.executable, "-m", "firmware_py.cli", name, "--config", str(self.folder / "station.toml")]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, cwd=os.getcwd())

    def end(self, name, by=signal.SIGTERM):
        process = self.processes.pop(name)
        process.send_signal(by)
        return process.wait(30)

    def says(self, name):
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def arrives(self, data, name):
        folder = self.spool / "alerts"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f".{name}").write_bytes(data)
        (folder / f".{name}").rename(folder / name)

    def alerts(self):
        return [request.body["alert"] for _, request in spool.pending(self.spool) if request.command == "alert"]

    def wait(self, true):
        until = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < until, [self.says(name) for name in self.processes]
            time.sleep(0.05)


@pytest.fixture
def broker(tmp_path):
    with Mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def station(tmp_path, broker):
    made = Station(tmp_path, broker.port)
    yield made
    for name in list(made.processes):
        made.end(name, signal.SIGKILL)


NOW = datetime.now(STATION_TZ).replace(microsecond=0)


def lasting(identifier):
    return cap(identifier, sent=NOW, infos=[info(expires=NOW + timedelta(hours=1))])


def test_an_alert_from_the_broker_reaches_playouts_spool_once(station, broker):
    station.start("ledger")
    station.start("console")
    publish(broker, ALERT_TOPIC, lasting("VN-1"), retain=True)
    station.wait(station.alerts)
    station.end("ledger", signal.SIGKILL)  # in good order it would wait for a collector
    station.start("ledger")  # the broker still has it (retained): it comes again, and is known
    station.wait(lambda: "duplicate" in station.says("console"))
    assert len(station.alerts()) == 1
    assert station.end("console") == 0


def test_a_console_that_is_killed_takes_what_came_meanwhile(station):
    station.arrives(lasting("VN-1"), "1.cap")
    station.start("console")
    station.wait(station.alerts)
    station.end("console", signal.SIGKILL)
    station.arrives(lasting("VN-1"), "1-again.cap")
    station.arrives(lasting("VN-2"), "2.cap")
    station.start("console")
    station.wait(lambda: len(station.alerts()) == 2)
    station.wait(lambda: not list((station.spool / "alerts").glob("*.cap")))
    assert len(set(station.alerts())) == 2


def test_a_refused_alert_is_an_open_fault_until_it_is_taken_away(station):
    def open_faults():
        try:
            ledger = json.loads((station.folder / "run" / "ledger.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        return [fault["code"] for fault in ledger["faults"]]

    station.start("console")
    station.start("ledger")
    station.arrives(b"<html/>", "1.cap")
    station.wait(lambda: "alert_refused" in open_faults())
    for path in (station.spool / "alerts").glob("1.cap*"):
        path.unlink()
    station.wait(lambda: "alert_refused" not in open_faults())
