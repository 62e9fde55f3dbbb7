"""The ledger process: one round of the core after another, receipts in between; uplink and alert line are threads."""

import logging
import os
import queue
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from firmware_py.alerts.inbox import deposit, refused_since
from firmware_py.chores import Chores
from firmware_py.clocks import StationClock, boot_ordinal, boottime_ns
from firmware_py.config import Config
from firmware_py.files import write_json
from firmware_py.live import look
from firmware_py.process import TICK, Mailbox, decide_forever, notify, station_process
from scheduler.clock import NS_PER_S, Reading, local_day, local_iso
from telemetry.airtime import AirtimeRecord
from telemetry.alert_line import AlertLine
from telemetry.chain import Entry
from telemetry.database import JournalError
from telemetry.facts import Condition
from telemetry.faults import alive_conditions, with_times
from telemetry.ledger import LedgerCore, LedgerReader, Rules
from telemetry.mqtt import Broker
from telemetry.outbox import Receipt
from telemetry.readers import MeterReader, PlayoutReader
from telemetry.retention import prune
from telemetry.uplink import Uplink
from telemetry.wire import Address

TICK_S = 1.0
UNHEARD_NS = 30 * NS_PER_S  # after our start the others have this long to say their first word
LAST_RECEIPT_S = 5.0
FAILING_NS = 5 * NS_PER_S  # no round could be done for so long: no passing trouble
PRUNE_HOURS = 6
REFUSED_FOR_S = 24 * 3_600.0  # a refused alert is a fault for so long, or until its file is taken away
REFUSED_SHOWN = 10
log = logging.getLogger("smartradio")


def main(config: Config) -> None:
    """Run until told to end. Raises JournalError when ledger.db cannot be opened."""
    mailbox: Mailbox = queue.Queue()
    with station_process("ledger", mailbox):
        clock = StationClock(boot_ordinal(config.paths.state_dir), config.clock.trust)
        core = LedgerCore(config.ledger_db, config.station.id, _rules(config))
        uplink = _uplink(config, mailbox) if config.uplink.enabled else None
        ledger = Ledger(config, clock, core, uplink)
        line = _alert_line(config, clock) if config.uplink.enabled else None
        for thread in (uplink, line):
            if thread:
                thread.start()
        decide_forever(mailbox, ledger.handle, TICK_S)
        ledger.end(mailbox)
        if line:
            line.close()


def _rules(config: Config) -> Rules:
    times = {code: (times.raise_after_s, times.clear_after_s) for code, times in config.faults.items()}
    return Rules(account=config.account_channel, faults=with_times(times))


def _broker(config: Config) -> Broker:
    up = config.uplink
    return Broker(up.host, up.port, up.username, up.password_file, up.tls_ca)


def _alert_line(config: Config, clock: StationClock) -> AlertLine:
    address = Address(config.station.province, config.station.id)
    return AlertLine(_broker(config), address, lambda data: deposit(config.alerts_dir, data, clock.read().wall))


def _uplink(config: Config, mailbox: Mailbox) -> Uplink:
    return Uplink(_broker(config), config.station.province, config.station.id, config.ledger_db, mailbox.put)


@dataclass
class Ledger:
    """State of the deciding thread."""

    config: Config
    clock: StationClock
    core: LedgerCore
    uplink: Uplink | None
    _records: dict[str, dict[str, Any]] = field(default_factory=dict)
    _day: date | None = None
    _failing_since_ns: int | None = None
    _found: set[Path] = field(default_factory=set)  # what the station needs and had

    def __post_init__(self) -> None:
        self._playout = PlayoutReader(self.config.playout_db)
        self._meter = MeterReader(self.config.meter_db)
        self._entries = LedgerReader(self.config.ledger_db)
        self._started_ns = boottime_ns()
        self._chores = Chores()
        self._chores.every_hours(PRUNE_HOURS, lambda: prune(self.config.ledger_db, self.clock.read()))

    def handle(self, message: object) -> None:
        if isinstance(message, Receipt):
            self._confirm(message)
        elif message == TICK:
            self._round(final=False)
            self._show()
            self._chores.run_due()
            notify("WATCHDOG=1")

    def end(self, mailbox: Mailbox) -> None:
        """Settle what has ended, give the collector a moment to confirm it, and close."""
        self._round(final=True)
        if self.uplink:
            self._wait_for_receipts(mailbox)
            self.uplink.close()
        self._show()
        self.core.close()

    def _round(self, final: bool) -> None:
        """A journal that cannot be read or written now is tried again with the next tick."""
        try:
            more = True
            while more:
                reading = self.clock.read()  # anew: on a slow card one turn takes seconds, and live files look too new
                progress = self.core.advance(
                    self._playout, self._meter, reading, self._alive(reading), self._conditions(reading), final
                )
                more = progress.more
                self._remember(progress.settled, reading)
                if progress.appended and self.uplink:
                    self.uplink.wake()
            self._failing_since_ns = None
        except JournalError as error:
            self._failed(error, self.clock.read())

    def _failed(self, error: JournalError, reading: Reading) -> None:
        """Accounts wait; a person has to know why. A file that is just being replaced is back with the next tick."""
        if self._failing_since_ns is None:
            log.error("%s", error)
            self._failing_since_ns = reading.boottime_ns
        if reading.boottime_ns - self._failing_since_ns < FAILING_NS:
            return
        try:
            alive = alive_conditions(self._alive(reading), reading)
            self.core.tell(reading, [_disk_failed(str(error), reading), *alive])
        except JournalError as unbooked:
            log.error("%s", unbooked)

    def _alive(self, reading: Reading) -> dict[str, bool]:
        """Judged by the live files; a process that has not spoken yet has time to start."""
        run_dir, young = self.config.paths.run_dir, reading.boottime_ns - self._started_ns < UNHEARD_NS
        alive = {}
        for name in ("playout", "meter"):
            live = look(run_dir, name, reading.boottime_ns)
            alive[name] = live.fresh or (young and not live.data)
        return alive

    def _conditions(self, reading: Reading) -> list[Condition]:
        refused = refused_since(self.config.alerts_dir, reading.wall.timestamp() - REFUSED_FOR_S)
        evidence = {"files": refused[:REFUSED_SHOWN]}
        missing = self._missing()
        said = [
            Condition("alert_refused", "alerts", bool(refused), reading.boot, reading.boottime_ns, evidence),
            _disk_failed(", ".join(missing), reading),
        ]
        if self.uplink is None:
            return said
        return [*said, *_uplink_conditions(self.uplink, reading)]

    def _missing(self) -> list[str]:
        """What was there since we started, and is gone: a card pulled out, a folder removed."""
        config = self.config
        needed = {config.playout_db, config.meter_db, config.ledger_db, config.library_dir}
        there = {path for path in needed if path.exists()}
        self._found |= there
        return sorted(str(path) for path in self._found - there)

    def _confirm(self, receipt: Receipt) -> None:
        try:
            self.core.confirm(receipt)
        except JournalError as error:
            log.error("receipt not stored, it will come again: %s", error)

    def _wait_for_receipts(self, mailbox: Mailbox) -> None:
        """While there is somebody to give them: a station without a network ends at once."""
        until = time.monotonic() + LAST_RECEIPT_S
        while self._awaits_receipts() and time.monotonic() < until:
            try:
                message = mailbox.get(timeout=0.1)
            except queue.Empty:
                continue
            if isinstance(message, Receipt):
                self._confirm(message)

    def _awaits_receipts(self) -> bool:
        uplink = self.uplink
        there = uplink is not None and uplink.connected and not uplink.trouble
        return there and self.core.acknowledged() < self.core.last_seq()

    # -- for eyes --------------------------------------------------------------------------------------------------

    def _remember(self, settled: tuple[AirtimeRecord, ...], reading: Reading) -> None:
        """The accounts of the local day, for the day's table; those of earlier processes are read again."""
        day = local_day(reading.wall)
        if day != self._day:
            booked = self._entries.entries_about(day, day)
            self._records = {e.body["occurrence"]: _shown(e.body) for e in booked if _is_record(e)}
            self._day = day  # after the reading: what cannot be read now is read with the next round
        for record in settled:
            self._records[record.occurrence.id] = _shown(record.to_json())

    def _show(self) -> None:
        reading = self.clock.read()
        try:
            write_json(self.config.paths.run_dir / "ledger.json", self._document(reading))
        except (OSError, JournalError) as error:
            log.warning("ledger.json: %s", error)

    def _document(self, reading: Reading) -> dict[str, Any]:
        provisional = self.core.provisional(reading) if self._failing_since_ns is None else []
        return {
            "at": local_iso(reading.wall),
            "boottime_ns": reading.boottime_ns,
            "today": self.core.today(reading, provisional),
            "records_today": {**self._records, **{r.occurrence.id: _shown(r.to_json()) for r in provisional}},
            "provisional": [record.to_json() for record in provisional],
            "faults": self.core.open_faults(),
            "seq": self.core.last_seq(),
            "acknowledged_seq": self.core.acknowledged(),
            "uplink": self._uplink_state(),
            "pid": os.getpid(),
        }

    def _uplink_state(self) -> str:
        if self.uplink is None:
            return "off"
        return "connected" if self.uplink.connected else "down"


def _uplink_conditions(uplink: Uplink, reading: Reading) -> list[Condition]:
    """A broker that is there alone is not enough: of what waits a receipt has to come."""
    why, conflict = uplink.trouble, uplink.conflict
    down = not conflict and (not uplink.connected or bool(why))
    at = reading.boot, reading.boottime_ns
    return [
        Condition("uplink_down", "broker", down, *at, {"why": why} if down and why else {}),
        Condition("uplink_refused", "broker", bool(conflict), *at, {"why": conflict}),
    ]


def _disk_failed(why: str, reading: Reading) -> Condition:
    """By the ledger's word; good again where there is no *why*."""
    return Condition("disk_failed", "ledger", bool(why), reading.boot, reading.boottime_ns, {"reason": why})


def _is_record(entry: Entry) -> bool:
    """Whether it is an account that can still be read."""
    return entry.kind == "airtime" and "occurrence" in entry.body


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    shown = ("kind", "causes", "evidence")  # its kind is what it turned out to be
    return {key: value for key, value in record.items() if key.endswith("_ms") or key in shown}
