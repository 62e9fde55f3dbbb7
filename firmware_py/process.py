"""What every station process has in common: a mailbox and one deciding thread, signals, the watchdog, logging."""

import contextlib
import ctypes
import fcntl
import logging
import os
import queue
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

PARENT_VARIABLE = "SMARTRADIO_PARENT"  # set by the supervisor: end when this process is gone
PR_SET_PDEATHSIG = 1
TICK = "tick"
ENDING_S = 1.0
log = logging.getLogger("smartradio")

Mailbox = queue.Queue[Any]


def decide_forever(mailbox: Mailbox, decide: Callable[[Any], None], tick_s: float) -> None:
    """Own the process's state: one message at a time, a tick when none came for *tick_s*. Ends when None is posted."""
    while True:
        try:
            message = mailbox.get(timeout=tick_s)
        except queue.Empty:
            message = TICK
        if message is None:
            return
        decide(message)


def end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the supervisor dies, however it dies. A no-op when nobody supervises."""
    parent = os.environ.get(PARENT_VARIABLE)
    if not parent:
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):  # it died before we asked
        sys.exit(0)


def end_on_signal(mailbox: Mailbox) -> None:
    """SIGTERM and SIGINT post None; a second one ends the process at once."""

    def stop(number: int, frame: object) -> None:
        mailbox.put(None)
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def log_to_stderr(name: str) -> None:
    """One line a message; the priority prefix is what journald reads (sd-daemon(3))."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=f"{name}: %(levelname)s %(message)s")
    if os.environ.get("JOURNAL_STREAM"):
        logging.getLogger().handlers[0].setFormatter(_JournalFormatter(f"{name}: %(message)s"))


class _JournalFormatter(logging.Formatter):
    PRIORITY: ClassVar = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}

    def format(self, record: logging.LogRecord) -> str:
        return f"<{self.PRIORITY.get(record.levelno, 6)}>{super().format(record)}"


def notify(state: str) -> None:
    """Tell systemd (sd_notify(3)): "READY=1", "WATCHDOG=1". Without systemd, nothing."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), address)


class AlreadyRuns(Exception):
    """Another process has this part of the station."""


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock *path*; the kernel lets go of it however this process ends. Raises AlreadyRuns, OSError.

    A predecessor that is just ending has a moment to do so.
    """
    until = time.monotonic() + ENDING_S
    with open(path, "a", encoding="ascii") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise AlreadyRuns(path.stem) from None
            time.sleep(0.02)
        yield


@contextlib.contextmanager
def station_process(name: str, mailbox: Mailbox) -> Iterator[None]:
    """Set up logging, signals and parentage; say READY; log the end."""
    end_with_parent()
    end_on_signal(mailbox)
    log_to_stderr(name)
    notify("READY=1")
    yield
    notify("STOPPING=1")
    log.info("ended")
