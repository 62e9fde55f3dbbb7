"""House-keeping by the ``schedule`` package: ticks only. What airs is never decided here.

``schedule`` uses the naive wall clock, skips what it missed and fires all at once when the clock jumps: harmless for
chores that may run at any time and twice.
"""

import logging
from collections.abc import Callable

import schedule

from telemetry.database import JournalError

log = logging.getLogger("smartradio")


class Chores:
    """A process's own list of chores. A chore that fails is logged and tried again at its next time."""

    def __init__(self) -> None:
        self._scheduler = schedule.Scheduler()

    def every_hours(self, hours: int, chore: Callable[[], object]) -> None:
        self._scheduler.every(hours).hours.do(self._guarded, chore)

    def every_minutes(self, minutes: int, chore: Callable[[], object]) -> None:
        self._scheduler.every(minutes).minutes.do(self._guarded, chore)

    def run_due(self) -> None:
        self._scheduler.run_pending()

    @staticmethod
    def _guarded(chore: Callable[[], object]) -> None:
        try:
            chore()
        except (OSError, JournalError) as error:
            log.warning("chore: %s", error)
