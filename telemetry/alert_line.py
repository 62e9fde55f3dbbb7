"""Receives alerts (CAP) from the broker and stores them unread. One thread, which may hang or fail without harm.

It has a connection of its own: the uplink gives its up when the collector is silent, and no alert must wait for that.
The broker keeps what came while we were away, and forgets an alert only after it is stored here.
"""

import logging
import random
import threading
from collections.abc import Callable

from telemetry.mqtt import BackOff, Broker, Link, LinkError, Session
from telemetry.wire import ALERTS, Address

KEPT_BY_BROKER_S = 24 * 3_600  # while we are away; an alert seldom lives longer
MOST_AT_ONCE = 20
TURN_S = 0.5
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
log = logging.getLogger("smartradio")


class AlertLine(threading.Thread):
    """``deposit`` stores a payload durably; it raises OSError when it cannot, and the alert comes again."""

    def __init__(
        self,
        broker: Broker,
        address: Address,
        deposit: Callable[[bytes], object],
        chance: random.Random | None = None,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        super().__init__(name="alert-line", daemon=True)
        self.connected = False
        self.trouble = ""
        self._broker = broker
        self._address = address
        self._deposit = deposit
        self._back_off = BackOff(first_wait_s, LONGEST_WAIT_S, chance or random.Random())
        self._ending = threading.Event()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Ask it to end; True if it did in time."""
        self._ending.set()
        self.join(timeout_s)
        return not self.is_alive()

    def run(self) -> None:
        while not self._ending.is_set():
            try:
                self._listen()
            except LinkError as error:
                self.trouble = str(error)
                self._ending.wait(self._back_off.wait_s())
            except OSError as error:  # the disk: what was not stored was not acknowledged
                log.error("an alert could not be stored, it will come again: %s", error)
                self._ending.wait(self._back_off.wait_s())

    def _listen(self) -> None:
        """One connection, until it fails or we end."""
        session = Session(KEPT_BY_BROKER_S, MOST_AT_ONCE)
        link = Link(self._broker, f"station-{self._address.station}-{ALERTS}", session, manual_ack=True)
        try:
            link.open()
            link.subscribe(self._address.topic(ALERTS))
            self.connected, self.trouble = True, ""
            self._back_off.reset()
            while not self._ending.is_set():
                link.turn(TURN_S)
                self._store(link)
        finally:
            self.connected = False
            link.close()

    def _store(self, link: Link) -> None:
        while link.inbox:
            message = link.inbox.popleft()
            self._deposit(bytes(message.payload))
            link.acknowledge(message)
