"""A broker as a province runs it: TLS, a password for each, and the rights that docs/protocol.md tells to give."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_py.demo.broker import Broker as Mosquitto
from telemetry.ledger_store import LedgerReader
from telemetry.mqtt import Broker, Link, LinkError
from telemetry.upstream.archive import ArchiveReader
from tests.support.tls import self_signed
from tests.support.waiting import wait_for
from tests.telemetry.support import PROVINCE, STATION, chain_of, collecting, fill, sending

PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.md"
ADDRESS = "IP:127.0.0.1"
COLLECTOR, OFFICE, OTHER_STATION = "thu-nhan", "van-phong", "tram-2"
PASSWORDS = {name: f"mật khẩu của {name}" for name in (STATION, OTHER_STATION, COLLECTOR, OFFICE)}


def rights() -> str:
    """The lines of mosquitto's acl_file that the protocol gives, each to whom it is for."""
    told = re.findall(r"`((?:pattern )?(?:read|write) tt/[^`]+)`", PROTOCOL.read_text(encoding="utf-8"))
    patterns = [line for line in told if line.startswith("pattern ")]
    plain = [f"topic {line}" for line in told if line not in patterns]
    alerting = [line for line in plain if line.endswith("/alert")]
    collecting_ = [line for line in plain if line not in alerting]
    assert (len(patterns), len(collecting_), len(alerting)) == (4, 2, 1)
    return "\n".join([*patterns, f"user {COLLECTOR}", *collecting_, f"user {OFFICE}", *alerting]) + "\n"


@pytest.fixture(scope="module")
def province(tmp_path_factory):
    """The broker, and a function that gives somebody's way in."""
    folder = tmp_path_factory.mktemp("province")
    ours, key = self_signed(folder, "ours", ADDRESS)
    (folder / "rights").write_text(rights(), encoding="utf-8")
    for name, password in PASSWORDS.items():
        (folder / f"{name}.password").write_text(password + "\n", encoding="utf-8")
        new = [] if (folder / "passwords").exists() else ["-c"]
        subprocess.run(["mosquitto_passwd", "-b", *new, f"{folder}/passwords", name, password], check=True)
    entrance = [
        "allow_anonymous false",
        f"password_file {folder}/passwords",
        f"acl_file {folder}/rights",
        f"certfile {ours}",
        f"keyfile {key}",
    ]

    def door(name: str) -> Broker:
        return Broker(running.host, running.port, name, folder / f"{name}.password", ours)

    with Mosquitto(folder / "broker", entrance=entrance) as running:
        yield door


def test_what_a_station_sends_arrives_whole_and_its_receipts_come_back(province, tmp_path):
    ledger = tmp_path / "ledger.db"
    store = fill(ledger, 300)
    with collecting(province(COLLECTOR), tmp_path / "archive.db"), sending(province(STATION), ledger, store):
        wait_for(lambda: LedgerReader(ledger).acknowledged() == 300)
    assert chain_of(ArchiveReader(tmp_path / "archive.db")) == chain_of(LedgerReader(ledger))


def test_a_station_cannot_speak_for_another_one(province, tmp_path):
    ledger = tmp_path / "ledger.db"
    store = fill(ledger, 5)
    archive = tmp_path / "archive.db"
    with collecting(province(COLLECTOR), archive), sending(province(OTHER_STATION), ledger, store, 0.5) as uplink:
        wait_for(lambda: uplink.trouble)
        assert LedgerReader(ledger).acknowledged() == 0
    assert ArchiveReader(archive).upto(STATION) == 0


@pytest.mark.parametrize(("who", "may"), [(OFFICE, True), (STATION, False), (OTHER_STATION, False), (COLLECTOR, False)])
def test_only_the_alerting_office_speaks_through_the_loudspeakers(province, who, may):
    topic = f"tt/v1/{PROVINCE}/{STATION}/alert"
    station, speaker = Link(province(STATION), f"nghe-{who}"), Link(province(who), f"noi-{who}")
    try:
        station.open()
        station.subscribe(topic)
        turn(station, 0.3)
        speaker.open()
        speaker.publish(topic, b"<alert/>")
        turn(speaker, 0.5)
        turn(station, 0.5)
        assert [message.payload for message in station.inbox] == ([b"<alert/>"] if may else [])
    finally:
        station.close()
        speaker.close()


# paho leaves the socket of a failed handshake to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_with_a_certificate_that_nobody_vouches_for_is_not_spoken_to(province, tmp_path):
    unknown, _ = self_signed(tmp_path, "foreign", ADDRESS)
    foreign = replace(province(STATION), tls_ca=unknown)
    with pytest.raises(LinkError, match="certificate verify failed"):
        Link(foreign, "x").open()


def test_a_wrong_password_is_told_as_one(province, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("đoán bừa", encoding="utf-8")
    with pytest.raises(LinkError, match="Not authorized"):
        Link(replace(province(STATION), password_file=wrong), "x").open()


def test_without_tls_such_a_broker_is_no_broker(province):
    with pytest.raises(LinkError):
        Link(replace(province(STATION), tls_ca=None), "x").open()


def turn(link: Link, seconds: float) -> None:
    for _ in range(round(seconds / 0.05)):
        link.turn(0.05)
