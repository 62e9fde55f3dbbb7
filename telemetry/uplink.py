"""Sends the ledger upstream. One thread, which may hang or fail without harm to anything else.

It reads entries by a connection of its own, sends them, and posts the collector's receipts to the thread that owns the
ledger. A broker's PUBACK counts for nothing: a stock broker acknowledged 5,000 messages for an absent collector and
delivered 1,000.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from telemetry.database import JournalError
from telemetry.ledger_store import LedgerReader
from telemetry.mqtt import BackOff, Link, LinkError, Server
from telemetry.outbox import WINDOW_MESSAGES, Receipt, Window
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

TURN_S = 0.2  # how soon a new entry is seen
TIMEOUTS_TO_RECONNECT = 2


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """Where to send, and how patient to be."""

    server: Server
    address: Address
    receipt_s: float = 20.0  # without a receipt for so long, send again; the second time, connect anew
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    state_every_s: float = 60.0


@dataclass(frozen=True, slots=True)
class UplinkState:
    """For eyes and for the fault ``uplink_down``."""

    connected: bool = False  # to the broker
    confirmed: int = 0
    trouble: str = ""
    refused: tuple[int, ...] = field(default=())  # entries that the collector does not take: the chains differ


class Uplink(threading.Thread):
    """``post`` is called with each receipt from this thread; it must only put it into a mailbox."""

    def __init__(
        self,
        settings: UplinkSettings,
        ledger: Path,
        post: Callable[[Receipt], None],
        status: Callable[[], Mapping[str, Any]] = dict,
        chance: random.Random | None = None,
    ) -> None:
        super().__init__(name="uplink", daemon=True)
        self.state = UplinkState()
        self._settings = settings
        self._ledger = ledger
        self._post = post
        self._status = status
        self._ending = threading.Event()
        wait = settings.first_wait_s, settings.longest_wait_s
        self._back_off = BackOff(*wait, chance or random.Random())

    def close(self, timeout_s: float) -> bool:
        """Ask it to end; True if it did in time."""
        self._ending.set()
        self.join(timeout_s)
        return not self.is_alive()

    def run(self) -> None:
        reader = LedgerReader(self._ledger)
        while not self._ending.is_set():
            try:
                self._converse(reader)
            except (LinkError, JournalError) as error:
                self.state = UplinkState(False, self.state.confirmed, str(error), self.state.refused)
                self._ending.wait(self._back_off.wait_s())
        reader.close()

    def _converse(self, reader: LedgerReader) -> None:
        """One connection, until it fails or we end."""
        address = self._settings.address
        offline = address.topic(STATE), state_payload(False, {})
        link = Link(self._settings.server, will=offline)
        try:
            link.open()
            link.subscribe(address.topic(ACK))
            self._talk(link, reader)
        finally:
            link.close(offline)

    def _talk(self, link: Link, reader: LedgerReader) -> None:
        window = Window(reader.acknowledged(), reader.acknowledged())
        told_state_at = -self._settings.state_every_s
        self.state = UplinkState(True, window.confirmed)
        while not self._ending.is_set():
            link.turn(TURN_S)
            now = time.monotonic()
            window = self._receive(link, reader, window, now)
            window = self._patience(window, now)
            window = self._send(link, reader, window, now)
            if now - told_state_at >= self._settings.state_every_s:
                self._tell_state(link, reader)
                told_state_at = now

    def _receive(self, link: Link, reader: LedgerReader, window: Window, now: float) -> Window:
        while link.inbox:
            try:
                ack = parse_ack(bytes(link.inbox.popleft().payload))
            except BadMessage as error:
                self.state = UplinkState(True, window.confirmed, f"receipt: {error}", self.state.refused)
                continue
            if ack.ledger == _ledger_id(reader) and ack.upto <= reader.last_seq():
                window = self._received(window, ack, now)
        return window

    def _received(self, window: Window, ack: Ack, now: float) -> Window:
        after = window.received(ack.upto, ack.missing, now)
        if after.confirmed > window.confirmed:
            self._back_off.reset()
        self._post(Receipt(ack.ledger, ack.upto))
        trouble = f"the collector does not take entry {ack.refused[0]}" if ack.refused else ""
        self.state = UplinkState(True, after.confirmed, trouble, ack.refused)
        return after

    def _patience(self, window: Window, now: float) -> Window:
        if not window.late(now, self._settings.receipt_s):
            return window
        if window.timeouts + 1 >= TIMEOUTS_TO_RECONNECT:
            raise LinkError("no receipt from the collector")
        return window.again()

    def _send(self, link: Link, reader: LedgerReader, window: Window, now: float) -> Window:
        if window.room <= 0:
            return window
        entries = reader.entries_since(window.sent, min(window.room, WINDOW_MESSAGES) * MAX_ENTRIES)
        for _, message in zip(range(window.room), messages(entries), strict=False):
            link.publish(self._settings.address.topic(EVENTS), events_payload(self._settings.address.station, message))
            window = window.sent_upto(message[-1].seq, now)
        return window

    def _tell_state(self, link: Link, reader: LedgerReader) -> None:
        status = {**self._status(), "ledger": _ledger_id(reader), "last_seq": reader.last_seq()}
        link.publish(self._settings.address.topic(STATE), state_payload(True, status), qos=0, retain=True)


def _ledger_id(reader: LedgerReader) -> str:
    identity = reader.identity()
    return identity[1] if identity else ""
