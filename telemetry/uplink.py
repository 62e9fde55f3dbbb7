"""Sends the ledger upstream. One thread, which may hang or fail without harm to anything else.

It reads entries by a connection of its own, sends them, and posts the collector's receipts to the thread that owns the
ledger. A broker's PUBACK counts for nothing: a stock broker acknowledged 5,000 messages for an absent collector and
delivered 1,000.
"""

import logging
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from telemetry.database import JournalError
from telemetry.ledger_store import LedgerReader
from telemetry.mqtt import BackOff, Broker, Link, LinkError
from telemetry.outbox import Receipt, Window
from telemetry.wire import (
    ACK,
    EVENTS,
    MAX_ENTRIES,
    STATE,
    Ack,
    Address,
    BadMessage,
    events_payload,
    messages,
    parse_ack,
    state_payload,
)

TURN_S = 0.2  # how soon a waking is noticed
TIMEOUTS_TO_RECONNECT = 2
__all__ = ["Broker", "Pace", "Uplink"]
log = logging.getLogger("smartradio")


class Conflict(LinkError):
    """The collector knows another account of this ledger: sending again mends nothing, a person has to look."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient to be, in seconds."""

    receipt_s: float = 20.0  # without a receipt for so long, send again; the second time, connect anew
    first_wait_s: float = 1.0  # before the second attempt to connect
    longest_wait_s: float = 60.0
    look_s: float = 5.0  # how often to look for new entries when nobody wakes us
    state_s: float = 60.0  # how often to say that we live
    conflict_s: float = 600.0  # how long to leave a collector alone that does not take what we have


class Uplink(threading.Thread):
    """``post`` is called with each receipt from this thread; it must only put it into a mailbox."""

    def __init__(
        self,
        broker: Broker,
        province: str,
        station: str,
        ledger: Path,
        post: Callable[[Receipt], None],
        pace: Pace | None = None,
        chance: random.Random | None = None,
    ) -> None:
        super().__init__(name="uplink", daemon=True)
        self.connected = False  # to the broker
        self.trouble = ""  # why the collector does not have what waits, as far as is known: for ``uplink_down``
        self.conflict = ""  # what the collector does not take, by its own word: for ``uplink_refused``
        self._broker = broker
        self._address = Address(province, station)
        self._ledger = ledger
        self._post = post
        self._pace = pace or Pace()
        self._back_off = BackOff(self._pace.first_wait_s, self._pace.longest_wait_s, chance or random.Random())
        self._ending = threading.Event()
        self._news = threading.Event()

    def wake(self) -> None:
        """There are new entries."""
        self._news.set()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Ask it to end; True if it did in time (if not, it dies with the process: nothing depends on it)."""
        self._ending.set()
        self.join(timeout_s)
        return not self.is_alive()

    def run(self) -> None:
        reader = LedgerReader(self._ledger)
        while not self._ending.is_set():
            try:
                self._converse(reader)
            except Conflict as conflict:
                log.error("uplink: %s", conflict)
                self.trouble = self.conflict = str(conflict)
                self._ending.wait(self._pace.conflict_s)
            except (LinkError, JournalError) as error:
                self.trouble = str(error)
                self._ending.wait(self._back_off.wait_s())
        reader.close()

    def _converse(self, reader: LedgerReader) -> None:
        """One connection, until it fails or we end."""
        offline = self._address.topic(STATE), state_payload(False, {})
        link = Link(self._broker, f"station-{self._address.station}", will=offline)
        try:
            link.open()
            link.subscribe(self._address.topic(ACK))
            self.connected = True
            if reader.acknowledged() == reader.last_seq():
                self.trouble = ""  # nothing waits; else a receipt has to show that the collector is there
            self._talk(link, reader)
        finally:
            self.connected = False
            link.close(offline)

    def _talk(self, link: Link, reader: LedgerReader) -> None:
        window = Window(reader.acknowledged(), reader.acknowledged())
        self._news.set()
        looked_at = told_at = -math.inf
        while not self._ending.is_set():
            link.turn(TURN_S)
            now = time.monotonic()
            window = self._receive(link, reader, window, now)
            window = self._patience(window, now)
            if self._news.is_set() or window.sent != window.confirmed or now - looked_at >= self._pace.look_s:
                self._news.clear()
                looked_at = now
                window = self._send(link, reader, window, now)
            if now - told_at >= self._pace.state_s:
                self._tell_state(link, reader)
                told_at = now

    def _receive(self, link: Link, reader: LedgerReader, window: Window, now: float) -> Window:
        while link.inbox:
            try:
                ack = parse_ack(bytes(link.inbox.popleft().payload))
            except BadMessage as error:
                self.trouble = f"receipt: {error}"
                continue
            if ack.ledger == _ledger_id(reader):
                self._refuse_conflict(ack, reader.last_seq())
                window = self._received(window, ack, now)
        return window

    def _refuse_conflict(self, ack: Ack, last_seq: int) -> None:
        """Raise Conflict where the collector's chain is another than ours: an old copy of the ledger, a changed entry.

        Then its receipt confirms nothing of what we have.
        """
        if ack.upto > last_seq:
            raise Conflict(f"the collector has entries up to {ack.upto} of this ledger, the station only {last_seq}")
        if ack.refused:
            if min(ack.refused) > ack.upto:
                self._post(Receipt(ack.ledger, ack.upto))
            raise Conflict(f"the collector does not take entry {min(ack.refused)}")

    def _received(self, window: Window, ack: Ack, now: float) -> Window:
        after = window.received(ack.upto, ack.missing, now)
        if after.confirmed > window.confirmed:
            self._back_off.reset()
        elif after.confirmed < window.confirmed:
            log.warning("uplink: the collector has lost what it had after entry %d: sent again", after.confirmed)
        self.trouble = self.conflict = ""
        self._post(Receipt(ack.ledger, ack.upto))
        return after

    def _patience(self, window: Window, now: float) -> Window:
        if not window.late(now, self._pace.receipt_s):
            return window
        if window.timeouts + 1 >= TIMEOUTS_TO_RECONNECT:
            raise LinkError("no receipt from the collector")
        return window.again()

    def _send(self, link: Link, reader: LedgerReader, window: Window, now: float) -> Window:
        if window.room <= 0:
            return window
        entries = reader.entries_since(window.sent, window.room * MAX_ENTRIES)
        for _, message in zip(range(window.room), messages(entries), strict=False):
            link.publish(self._address.topic(EVENTS), events_payload(self._address.station, message))
            window = window.sent_upto(message[-1].seq, now)
        return window

    def _tell_state(self, link: Link, reader: LedgerReader) -> None:
        status = {"ledger": _ledger_id(reader), "last_seq": reader.last_seq()}
        link.publish(self._address.topic(STATE), state_payload(True, status), qos=0, retain=True)


def _ledger_id(reader: LedgerReader) -> str:
    identity = reader.identity()
    return identity[1] if identity else ""
