"""Alerts over a real mosquitto: stored before the broker forgets them, whoever was away."""

import random
import subprocess
from contextlib import contextmanager

import pytest

from firmware_py.alerts.inbox import deposit
from firmware_py.demo.broker import Broker as Mosquitto
from telemetry.alert_line import AlertLine
from telemetry.mqtt import Broker
from telemetry.wire import ALERTS, Address
from tests.support.alerts import FIVE, cap
from tests.telemetry.support import wait_until

ADDRESS = Address("thai-nguyen", "dong-tam")


@pytest.fixture
def mosquitto(tmp_path):
    with Mosquitto(tmp_path / "broker", persistence=True) as running:
        yield running


@contextmanager
def listening(mosquitto, store):
    line = AlertLine(Broker(mosquitto.host, mosquitto.port), ADDRESS, store, random.Random(1), first_wait_s=0.1)
    line.start()
    try:
        wait_until(lambda: line.connected)
        yield line
    finally:
        assert line.close()


def publish(mosquitto, payload, topic=None):
    topic = topic or ADDRESS.topic(ALERTS)
    command = [
        "mosquitto_pub",
        "-V",
        "5",
        "-h",
        mosquitto.host,
        "-p",
        str(mosquitto.port),
        "-q",
        "1",
        "-t",
        topic,
        "-s",
    ]
    subprocess.run(command, input=payload, check=True, timeout=20)


def test_an_alert_lies_in_the_folder_as_it_was_sent(mosquitto, tmp_path):
    with listening(mosquitto, lambda data: deposit(tmp_path / "alerts", data, FIVE)):
        publish(mosquitto, cap())
        wait_until(lambda: list((tmp_path / "alerts").glob("*.cap")))
    (file,) = (tmp_path / "alerts").glob("*.cap")
    assert file.read_bytes() == cap()


def test_what_is_sent_to_another_station_does_not_come(mosquitto):
    got = []
    with listening(mosquitto, got.append):
        publish(mosquitto, b"not ours", Address("thai-nguyen", "dong-tam-2").topic(ALERTS))
        publish(mosquitto, b"ours")
        wait_until(lambda: got)
    assert got == [b"ours"]


def test_alerts_wait_at_the_broker_while_the_station_is_away(mosquitto):
    got = []
    with listening(mosquitto, got.append):
        pass
    publish(mosquitto, b"while away")
    with listening(mosquitto, got.append):
        wait_until(lambda: got)
    assert got == [b"while away"]


def test_an_alert_that_could_not_be_stored_comes_again(mosquitto):
    got, failing = [], [True]

    def store(data):
        if failing.pop() if failing else False:
            raise OSError(28, "No space left on device")
        got.append(data)

    with listening(mosquitto, store):
        publish(mosquitto, b"twice if need be")
        wait_until(lambda: got)
    assert got == [b"twice if need be"]


def test_a_broker_that_is_restarted_is_found_again(mosquitto):
    got = []
    with listening(mosquitto, got.append) as line:
        mosquitto.restart()
        publish(mosquitto, b"after the restart")
        wait_until(lambda: got, what=line.trouble)
    assert got == [b"after the restart"]
