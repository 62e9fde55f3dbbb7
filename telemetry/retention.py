"""What is kept for how long: raw facts 13 months; plans, clock maps and the ledger for ever.

Run by the process that writes the file, and only by a clock that someone vouches for: a wrong year must not empty a
journal.
"""

import logging
from pathlib import Path

from scheduler.clock import ClockQuality, Reading
from telemetry.database import Database, JournalError

KEPT_NS = 396 * 86_400 * 1_000_000_000  # 13 months
VOUCHED = {ClockQuality.NTP, ClockQuality.RTC, ClockQuality.MODEM, ClockQuality.RDS, ClockQuality.COLLECTOR}
ROWS_AT_ONCE = 5_000
PAGES_AT_ONCE = 1_000
OLD_CONDITIONS = (
    "DELETE FROM condition WHERE n IN (SELECT c.n FROM condition c JOIN run r ON r.boot = c.boot"
    " AND r.from_ns <= c.since_ns AND c.since_ns <= r.to_ns WHERE c.since_ns + r.to_wall_ns - r.to_ns < :before"
    " AND c.n NOT IN (SELECT max(n) FROM condition GROUP BY code, target) LIMIT :rows)"
)
STATEMENTS = {
    "playout": (
        # The newest fact stays: the counters go on from it.
        "DELETE FROM fact WHERE n IN (SELECT n FROM fact WHERE wall_ns < :before"
        " AND n < (SELECT max(n) FROM fact) AND change < (SELECT max(change) FROM fact) LIMIT :rows)",
        OLD_CONDITIONS,
    ),
    "meter": (
        # Segments carry boottimes; the run that wrote them knows the wall clock.
        "DELETE FROM segment WHERE n IN (SELECT s.n FROM segment s JOIN run r ON r.boot = s.boot"
        " AND r.from_ns <= s.to_ns AND s.from_ns <= r.to_ns WHERE s.to_ns + r.to_wall_ns - r.to_ns < :before"
        " AND s.n < (SELECT max(n) FROM segment) AND s.change < (SELECT max(change) FROM segment) LIMIT :rows)",
        "DELETE FROM level WHERE rowid IN (SELECT l.rowid FROM level l JOIN run r ON r.boot = l.boot"
        " AND r.from_ns <= l.to_ns AND l.from_ns <= r.to_ns WHERE l.to_ns + r.to_wall_ns - r.to_ns < :before"
        " LIMIT :rows)",
        OLD_CONDITIONS,
    ),
    "ledger": (
        # Facts that old are gone: their accounts cannot be looked at again.
        "DELETE FROM slot_window WHERE rowid IN (SELECT w.rowid FROM slot_window w JOIN slot s"
        " ON s.occurrence = w.occurrence WHERE s.ends_ns < :before LIMIT :rows)",
    ),
}
log = logging.getLogger("smartradio")


def prune(path: Path, now: Reading) -> int:
    """Remove what is too old from ``playout.db``, ``meter.db`` or ``ledger.db``; the number of rows.

    What the disk does not allow today is removed another day.
    """
    if now.quality not in VOUCHED:
        return 0
    try:
        return _prune(path, now.wall_ns - KEPT_NS)
    except JournalError as error:
        log.warning("retention: %s", error)
        return 0


def _prune(path: Path, before_wall_ns: int) -> int:
    database = Database(path, path.stem)
    try:
        with database.transaction():
            limits = {"before": before_wall_ns, "rows": ROWS_AT_ONCE}
            removed = sum(database.execute(sql, limits) for sql in STATEMENTS[path.stem])
        database.vacuum(PAGES_AT_ONCE)
    finally:
        database.close()
    return removed
