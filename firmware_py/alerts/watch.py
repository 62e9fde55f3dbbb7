"""The thread that carries alerts to playout. It parses and decodes, so it lives in the console's process.

What it did is durable before the file goes: a request first, then the memory, then the removal. After a crash in
between the alert is taken again, and its request has the same id, so playout takes it once.
"""

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from firmware_py import spool
from firmware_py.alerts.inbox import NOT_AIRED, REFUSED, Arrived, Inbox
from firmware_py.alerts.memory import Memory
from firmware_py.folder_watch import FolderWatch
from scheduler.alert import Alert, Broadcast, Home, Outcome, Verdict, judge
from scheduler.clock import Reading, local_iso
from scheduler.occurrence import ALL_ZONES

LOOK_EVERY_S = 0.5  # also when nothing was renamed into the folder: a copied file, one that could not be taken
TRY_AGAIN_S = 1.0
WRITER = "alerts"
MEMORY = "alerts.json"
log = logging.getLogger("smartradio")

Made = tuple[str, int, list[str]]  # name in the library, milliseconds, what went wrong on the way


@dataclass
class Desk:
    """Takes one alert after the other. *sound* makes a library file; it raises NoSound."""

    spool_dir: Path
    home: Home
    memory: Memory
    read_clock: Callable[[], Reading]
    sound: Callable[[str, Broadcast], Made]
    inbox: Inbox = field(init=False)

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.spool_dir / WRITER)

    def look(self) -> None:
        """Raises OSError when the disk fails; what waits stays there, and one alert's trouble delays no other."""
        trouble: OSError | None = None
        for arrived in self.inbox.new():
            try:
                self._take(arrived)
            except OSError as error:
                trouble = error
        if trouble is not None:
            raise trouble

    def _take(self, arrived: Arrived) -> None:
        from scheduler.loaders import cap  # late: a station that never has an alert never loads an XML parser

        if arrived.trouble:
            self._refuse(arrived.path, [f"không đọc được: {arrived.trouble} | cannot be read: {arrived.trouble}"])
            return
        read = cap.read(arrived.data, arrived.path.name)
        if read.alert is None:
            if any(p.code == "not_xml" for p in read.errors) and self.inbox.still_growing(arrived.path):
                return
            self._refuse(arrived.path, [f"{p.where}: {p.vi} | {p.en}" for p in read.errors])
            return
        for problem in read.warnings:
            log.warning("%s: %s: %s", arrived.path.name, problem.where, problem.en)
        reading = self.read_clock()
        verdict = judge(read.alert, self.home, reading.wall, reading.quality.plays, self.memory.known)
        self._carry_out(arrived.path, read.alert, verdict, reading.wall)

    def _carry_out(self, path: Path, alert: Alert, verdict: Verdict, now: datetime) -> None:
        if verdict.broadcast is not None and not self._air(path, alert, verdict, verdict.broadcast, now):
            return
        if verdict.outcome is Outcome.CANCELLED:
            why = (alert.note or verdict.vi)[:500]
            self._request(alert, now, "cancel_alerts", {"alerts": list(verdict.stops), "why": why})
        if verdict.outcome in (Outcome.AIRED, Outcome.CANCELLED):  # all else is judged anew when it comes again
            self.memory.remember(alert.id, verdict.outcome, verdict.stops, now)
        self._put_away(path, verdict)
        log.warning("alert %s: %s: %s", alert.id, verdict.outcome, verdict.en)

    def _air(self, path: Path, alert: Alert, verdict: Verdict, broadcast: Broadcast, now: datetime) -> bool:
        from firmware_py.alerts.sound import NoSound

        try:
            source, duration_ms, failed = self.sound(f"canh-bao-{_identity(alert)[:12]}", broadcast)
        except NoSound as error:
            self._refuse(path, error.reasons)
            return False
        for reason in failed:
            log.warning("alert %s: %s", alert.id, reason)
        body = {
            "alert": alert.id,
            "title": broadcast.title,
            "source": source,
            "duration_ms": duration_ms,
            "zone": ALL_ZONES,
            "expires_at": local_iso(broadcast.expires),
            "class": str(broadcast.bulletin_class),
            "replaces": list(verdict.stops),
        }
        self._request(alert, now, "alert", body)
        return True

    def _request(self, alert: Alert, now: datetime, command: str, body: dict[str, Any]) -> None:
        by = f"CAP {alert.name.sender}"
        spool.drop(self.spool_dir, WRITER, command, by, now, identity=_identity(alert), **body)

    def _put_away(self, path: Path, verdict: Verdict) -> None:
        if verdict.outcome in (Outcome.AIRED, Outcome.CANCELLED, Outcome.DUPLICATE):
            self.inbox.done(path)
        else:
            kind = REFUSED if verdict.outcome is Outcome.UNKNOWN_SENDER else NOT_AIRED
            self.inbox.set_aside(path, kind, [f"{verdict.vi} | {verdict.en}"])

    def _refuse(self, path: Path, reasons: list[str]) -> None:
        self.inbox.set_aside(path, REFUSED, reasons)
        log.error("alert %s refused: %s", path.name, "; ".join(reasons))


def _identity(alert: Alert) -> str:
    return hashlib.sha256(alert.id.encode()).hexdigest()[:32]


class AlertWatch(threading.Thread):
    """Looks as soon as something is renamed into the folder. An error of ours ends the process: no alert is unheard."""

    def __init__(self, desk: Desk, died: Callable[[], None]) -> None:
        super().__init__(name="alerts", daemon=True)
        self._desk = desk
        self._died = died
        self._ending = threading.Event()

    def close(self, timeout_s: float = 5.0) -> bool:
        self._ending.set()
        self.join(timeout_s)
        return not self.is_alive()

    def run(self) -> None:
        try:
            while not self._ending.is_set():
                self._watch()
        finally:
            if not self._ending.is_set():
                self._died()

    def _watch(self) -> None:
        """Until we end or the disk fails; the watch begins before the first look, so that nothing falls between."""
        try:
            with FolderWatch([self._desk.inbox.folder]) as folder:
                while not self._ending.is_set():
                    self._desk.look()
                    folder.wait(LOOK_EVERY_S)
        except OSError as error:
            log.error("alerts: %s; trying again", error)
            self._ending.wait(TRY_AGAIN_S)
