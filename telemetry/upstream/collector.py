"""The collector: from the broker into the archive, and a receipt to each station after the commit.

The broker keeps a message until we acknowledge it, which is after its commit; should it lose its memory, the stations
send again what they have no receipt for. So killing this process, the broker or both loses nothing.
"""

import logging
import random
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from telemetry.database import JournalError
from telemetry.mqtt import BackOff, Broker, Link, LinkError, Message, Session
from telemetry.upstream.archive import Archive, Arrived, StationAck
from telemetry.wire import ACK, EVERY_STATION, ack_payload

TURN_S = 0.2
SESSION_EXPIRY_S = 7 * 86_400  # how long the broker keeps messages for us; the stations keep them anyway
RECEIVE_MAXIMUM = 1_000
LONGEST_WAIT_S = 10.0
log = logging.getLogger("smartradio")


@dataclass(frozen=True, slots=True)
class Batching:
    """How much goes into one commit."""

    messages: int = 200  # less than RECEIVE_MAXIMUM, or every batch would wait for the broker
    wait_s: float = 0.05


class Collector:
    """Runs in the calling thread until told to end. Two need two *names*, and each its archive: both get everything."""

    def __init__(
        self,
        broker: Broker,
        archive: Path | Archive,
        name: str = "collector",
        batching: Batching | None = None,
    ) -> None:
        """Raises JournalError when the archive cannot be opened."""
        self.connected = False
        self._broker = broker
        self._archive = Archive(archive) if isinstance(archive, Path) else archive
        self._name = name
        self._batching = batching or Batching()
        self._back_off = BackOff(0.5, LONGEST_WAIT_S, random.Random())

    def run(self, ending: threading.Event | None = None) -> None:
        """Collect until *ending* is set; without it, until SIGTERM or SIGINT (only in the main thread).

        A broker or a disk that fails is tried again; what was not committed comes again.
        """
        ending = ending or _ended_by_signal()
        while not ending.is_set():
            try:
                self._collect(ending)
            except (LinkError, JournalError) as error:
                log.warning("collector: %s", error)
                ending.wait(self._back_off.wait_s())
        self._archive.close()

    def _collect(self, ending: threading.Event) -> None:
        session = Session(SESSION_EXPIRY_S, RECEIVE_MAXIMUM)
        link = Link(self._broker, self._name, session, manual_ack=True)
        try:
            link.open()
            link.subscribe(EVERY_STATION)
            self._back_off.reset()
            self.connected = True
            while not ending.is_set():
                self._take_batch(link)
        finally:
            self.connected = False
            link.close()

    def _take_batch(self, link: Link) -> None:
        """Wait for messages, gather those that come close together, commit, then acknowledge."""
        link.turn(TURN_S)
        deadline = time.monotonic() + self._batching.wait_s
        while 0 < len(link.inbox) < self._batching.messages and time.monotonic() < deadline:
            link.turn(self._batching.wait_s)
        size = min(len(link.inbox), self._batching.messages)
        if size:
            self._commit(link, [link.inbox.popleft() for _ in range(size)])

    def _commit(self, link: Link, batch: Sequence[Message]) -> None:
        arrived = [Arrived(message.topic, bytes(message.payload)) for message in batch]
        acks = self._archive.store(arrived, time.time_ns())
        for message in batch:
            link.acknowledge(message)
        for told in acks:
            _log(told)
            link.publish(told.address.topic(ACK), ack_payload(told.ack))


def _log(told: StationAck) -> None:
    """What a person at the server should know of."""
    station, ack = told.address.station, told.ack
    if ack.refused:
        log.warning("collector: %s: entry %d and %d more refused", station, ack.refused[0], len(ack.refused) - 1)
    if told.superseded:
        log.warning("collector: %s: two machines send under this name (ledger %s is an older one)", station, ack.ledger)
    if ack.missing:
        log.warning("collector: %s: entries %d to %d are asked for again", station, *ack.missing[0])


def _ended_by_signal() -> threading.Event:
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    return ending
