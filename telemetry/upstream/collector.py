"""The collector: from the broker into the archive, and a receipt to each station after the commit.

The broker keeps a message until we acknowledge it, which is after its commit; should it lose its memory, the stations
send again what they have no receipt for. So killing this process, the broker or both loses nothing.
"""

import logging
import random
import threading
import time
from dataclasses import dataclass

from paho.mqtt.client import MQTTMessage

from telemetry.database import JournalError
from telemetry.mqtt import BackOff, Link, LinkError, Server, Session
from telemetry.upstream.archive import Archive, Arrived
from telemetry.wire import ACK, EVERY_STATION, ack_payload

TURN_S = 0.05
log = logging.getLogger("smartradio")


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """``share``: collectors of one name part the stations among them (MQTT shared subscription)."""

    server: Server
    share: str | None = None
    batch_messages: int = 200  # less than receive_maximum, or batches would wait for the broker
    batch_s: float = 0.05
    session_expiry_s: int = 7 * 86_400  # how long the broker keeps messages for us; stations keep them anyway
    receive_maximum: int = 1_000
    longest_wait_s: float = 30.0

    @property
    def subscription(self) -> str:
        return f"$share/{self.share}/{EVERY_STATION}" if self.share else EVERY_STATION


class Collector:
    """Runs in the calling thread until told to end."""

    def __init__(self, settings: CollectorSettings, archive: Archive) -> None:
        self._settings = settings
        self._archive = archive
        self._back_off = BackOff(0.5, settings.longest_wait_s, random.Random())
        self.connected = threading.Event()

    def run(self, ending: threading.Event) -> None:
        """Collect for ever. A broker or a disk that fails is tried again; what was not committed comes again."""
        while not ending.is_set():
            try:
                self._collect(ending)
            except (LinkError, JournalError) as error:
                log.warning("collector: %s", error)
                self.connected.clear()
                ending.wait(self._back_off.wait_s())

    def _collect(self, ending: threading.Event) -> None:
        session = Session(self._settings.session_expiry_s, self._settings.receive_maximum)
        link = Link(self._settings.server, session, manual_ack=True)
        try:
            link.open()
            link.subscribe(self._settings.subscription)
            self._back_off.reset()
            self.connected.set()
            while not ending.is_set():
                self._take_batch(link)
        finally:
            self.connected.clear()
            link.close()

    def _take_batch(self, link: Link) -> None:
        """Wait for messages, gather those that come close together, commit, then acknowledge."""
        link.turn(TURN_S)
        if not link.inbox:
            return
        deadline = time.monotonic() + self._settings.batch_s
        while len(link.inbox) < self._settings.batch_messages and time.monotonic() < deadline:
            link.turn(min(TURN_S, self._settings.batch_s))
        size = min(len(link.inbox), self._settings.batch_messages)
        self._commit(link, [link.inbox.popleft() for _ in range(size)])

    def _commit(self, link: Link, batch: list[MQTTMessage]) -> None:
        arrived = [Arrived(message.topic, bytes(message.payload)) for message in batch]
        acks = self._archive.store(arrived, time.time_ns())
        for message in batch:
            link.acknowledge(message)
        for told in acks:
            link.publish(told.address.topic(ACK), ack_payload(told.ack))
