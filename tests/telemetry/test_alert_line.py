"""Alerts over a real mosquitto: stored before the broker forgets them, whoever was away."""

import random
from contextlib import contextmanager

import pytest

from firmware_py.alerts.inbox import deposit
from firmware_py.demo.broker import Broker as Mosquitto
from telemetry.alert_line import AlertLine
from telemetry.mqtt import Broker
from telemetry.wire import ALERTS, Address
from tests.support.alerts import FIVE, cap
from tests.support.mosquitto import publish
from tests.support.waiting import wait_for

ADDRESS = Address("thai-nguyen", "dong-tam")
OURS = ADDRESS.topic(ALERTS)


@pytest.fixture
def mosquitto(tmp_path):
    with Mosquitto(tmp_path / "broker", persistence=True) as running:
        yield running


@contextmanager
def listening(mosquitto, store):
    line = AlertLine(Broker(mosquitto.host, mosquitto.port), ADDRESS, store, random.Random(1), first_wait_s=0.1)
    line.start()
    try:
        wait_for(lambda: line.connected)
        yield line
    finally:
        assert line.close()


def test_an_alert_lies_in_the_folder_as_it_was_sent(mosquitto, tmp_path):
    with listening(mosquitto, lambda data: deposit(tmp_path / "alerts", data, FIVE)):
        publish(mosquitto, OURS, cap())
        wait_for(lambda: list((tmp_path / "alerts").glob("*.cap")))
    (file,) = (tmp_path / "alerts").glob("*.cap")
    assert file.read_bytes() == cap()


def test_what_is_sent_to_another_station_does_not_come(mosquitto):
    got = []
    with listening(mosquitto, got.append):
        publish(mosquitto, Address("thai-nguyen", "dong-tam-2").topic(ALERTS), b"not ours")
        publish(mosquitto, OURS, b"ours")
        wait_for(lambda: got)
    assert got == [b"ours"]


def test_alerts_wait_at_the_broker_while_the_station_is_away(mosquitto):
    got = []
    with listening(mosquitto, got.append):
        pass
    publish(mosquitto, OURS, b"while away")
    with listening(mosquitto, got.append):
        wait_for(lambda: got)
    assert got == [b"while away"]


def test_an_alert_that_could_not_be_stored_comes_again(mosquitto):
    got, failing = [], [True]

    def store(data):
        if failing.pop() if failing else False:
            raise OSError(28, "No space left on device")
        got.append(data)

    with listening(mosquitto, store):
        publish(mosquitto, OURS, b"twice if need be")
        wait_for(lambda: got)
    assert got == [b"twice if need be"]


def test_a_broker_that_is_restarted_is_found_again(mosquitto):
    got = []
    with listening(mosquitto, got.append) as line:
        mosquitto.restart()
        publish(mosquitto, OURS, b"after the restart")
        wait_for(lambda: got, what=line.trouble)
    assert got == [b"after the restart"]
