"""ledger.db behind one door: entries that are only ever added, and the ledger's own bookkeeping beside them."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from scheduler.clock import wall_ns_of
from scheduler.occurrence import Occurrence
from telemetry.airtime import AirtimeRecord
from telemetry.axis import Axis
from telemetry.canonical import canonical
from telemetry.chain import Entry, Wrong, day_span, first_wrong, genesis, link
from telemetry.database import Corrupt, JournalError, Reader, Row, damaged_rows, open_or_quarantine
from telemetry.faults import Watch
from telemetry.outbox import Bookmark, Receipt
from telemetry.path_level import PathLevel

LATER_EVIDENCE = (
    "loudness",
    "uncertainty_ms",
    "evidence_share",
    "fallback_ms",
)  # absent from records of older releases
READ_THROUGH = 2_000  # slots that are tried at the start: months
DIGITS = {"delay_ms", "coherence", "loudness", "uncertainty_ms", "evidence_share"}  # of evidence, beside the figures
LOWEST_SEQ = -(1 << 63)
ENTRY_COLUMNS = "seq, kind, body, prev, hash"
OPEN_FAULTS = "SELECT body FROM entry JOIN watch ON seq = raised_seq ORDER BY seq"
SLOT_COLUMNS = "body, withdrawn_by, begun, revision, record, open"


class Slot:
    """An occurrence the ledger was told of."""

    __slots__ = ("begun", "occurrence", "open", "record", "revision", "withdrawn_by")

    def __init__(self, row: Row) -> None:
        body, withdrawn_by, begun, revision, record, is_open = row
        self.occurrence = Occurrence.from_json(json.loads(body))
        self.withdrawn_by: str | None = withdrawn_by
        self.begun = bool(begun)
        self.revision: int | None = revision  # None: never settled
        self.record: str | None = record  # the canonical newest record, without its revision
        self.open = bool(is_open)  # it is to be settled, for the first time or anew, when it is over

    @property
    def next_revision(self) -> int:
        return 0 if self.revision is None else self.revision + 1

    @property
    def counts(self) -> bool:
        """What was withdrawn before it began is no part of the account."""
        return self.withdrawn_by is None or self.begun


class AnotherStation(JournalError):
    """The ledger is another station's."""

    def __init__(self, path: Path, theirs: str, ours: str) -> None:
        super().__init__(f"{path} is the ledger of station {theirs!r}, not of {ours!r}")
        self.path, self.theirs, self.ours = path, theirs, ours


class LedgerStore:
    """The writer. Everything between ``transaction`` and its end is stored together or not at all."""

    def __init__(self, path: Path, station: str) -> None:
        """Raises JournalError, AnotherStation where the file is another station's."""
        self._db, self.quarantined = open_or_quarantine(path, "ledger", _read_through)
        self.station = station
        try:
            self.ledger_id = self._identity(station)
        except JournalError:
            self._db.close()
            raise

    def _identity(self, station: str) -> str:
        """The ledger's random name; a ledger of another station is not ours to write."""
        rows = self._db.rows("SELECT station, ledger FROM about")
        if not rows:
            made = secrets.token_hex(8)
            self._db.write_all([("INSERT INTO about VALUES (1, ?, ?)", (station, made))])
            return made
        if rows[0][0] != station:
            raise AnotherStation(self._db.path, rows[0][0], station)
        return str(rows[0][1])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._db.transaction():
            yield

    def close(self) -> None:
        self._db.close()

    def vacuum(self, pages: int) -> None:
        self._db.vacuum(pages)

    # --- entries

    def last_seq(self) -> int:
        return int(self._db.rows("SELECT coalesce(max(seq), 0) FROM entry")[0][0])

    def append(self, kind: str, body: dict[str, Any]) -> int:
        """Chain one more entry; its seq."""
        rows = self._db.rows("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1")
        seq, prev = (rows[0][0] + 1, rows[0][1]) if rows else (1, genesis(self.station, self.ledger_id))
        text = canonical(body)
        hashed = link(self.station, self.ledger_id, seq, kind, json.loads(text), prev)
        row = (seq, kind, text, prev, hashed, *day_span(body))
        self._db.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return seq

    # --- how far the journals were read

    def cursor(self, stream: str, journal: str) -> int:
        """0 where the journal is another one than last time: it was begun anew."""
        rows = self._db.rows("SELECT position FROM cursor WHERE stream = ? AND journal = ?", (stream, journal))
        return rows[0][0] if rows else 0

    def move_cursor(self, stream: str, journal: str, position: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?)", (stream, journal, position))

    # --- slots

    def slot(self, occurrence_id: str) -> Slot | None:
        rows = self._db.rows(f"SELECT {SLOT_COLUMNS} FROM slot WHERE occurrence = ?", (occurrence_id,))
        return Slot(rows[0]) if rows else None

    def put_slot(self, occurrence: Occurrence, withdrawn_by: str | None) -> None:
        """Take a planned occurrence, or what changed of it."""
        self._db.execute(
            "INSERT INTO slot VALUES (?, ?, ?, ?, ?, 0, 1, NULL, NULL) ON CONFLICT (occurrence) DO UPDATE SET"
            " body = excluded.body, starts_ns = excluded.starts_ns, ends_ns = excluded.ends_ns,"
            " withdrawn_by = excluded.withdrawn_by",
            (
                *(occurrence.id, canonical(occurrence.to_json()), wall_ns_of(occurrence.starts_at)),
                *(wall_ns_of(occurrence.ends_at), withdrawn_by),
            ),
        )

    def slot_begun(self, occurrence_id: str) -> None:
        self._db.execute("UPDATE slot SET begun = 1 WHERE occurrence = ?", (occurrence_id,))

    def open_slots(self, ended_by_ns: int, limit: int) -> list[Slot]:
        """Unsettled, and over by the wall clock, or begun (then its own anchor says when it is over)."""
        rows = self._db.rows(
            f"SELECT {SLOT_COLUMNS} FROM slot WHERE open AND (withdrawn_by IS NULL OR begun)"
            " AND (ends_ns <= ? OR begun) ORDER BY ends_ns LIMIT ?",
            (ended_by_ns, limit),
        )
        return [Slot(row) for row in rows]

    def close_slot(self, occurrence_id: str) -> None:
        """It was looked at again, and nothing had changed."""
        self._db.execute("UPDATE slot SET open = 0 WHERE occurrence = ?", (occurrence_id,))

    def reopen_slots(self, wall_ns: int) -> None:
        """What was settled by a clock that ran ahead, and is still to come by the clock of now, is due again."""
        sql = "UPDATE slot SET open = 1 WHERE ends_ns > ? AND NOT begun AND revision IS NOT NULL AND NOT open"
        self._db.execute(sql, (wall_ns,))

    def slots_between(self, from_wall_ns: int, to_wall_ns: int) -> list[Slot]:
        """Overlapping [from, to) by the plan, by their start."""
        rows = self._db.rows(
            f"SELECT {SLOT_COLUMNS} FROM slot WHERE ends_ns > ? AND starts_ns < ? ORDER BY starts_ns",
            (from_wall_ns, to_wall_ns),
        )
        return [Slot(row) for row in rows]

    def texts_between(self, from_wall_ns: int, to_wall_ns: int) -> list[tuple[str, bool, str | None]]:
        """(occurrence, whether it counts, newest record) of the same slots, as they are stored."""
        sql = "SELECT body, withdrawn_by IS NULL OR begun, record FROM slot WHERE ends_ns > ? AND starts_ns < ?"
        return [(body, bool(counts), record) for body, counts, record in self._db.rows(sql, (from_wall_ns, to_wall_ns))]

    def sources_after(self, wall_ns: int) -> set[str]:
        """What is planned to sound from here on: files and addresses, of what names none the programmes."""
        sql = "SELECT body FROM slot WHERE ends_ns > ? AND withdrawn_by IS NULL"
        planned = [json.loads(body) for (body,) in self._db.rows(sql, (wall_ns,))]
        return {occurrence["source"] or occurrence["programme"] for occurrence in planned}

    def settled_over(self, boot: int, from_ns: int, to_ns: int) -> set[str]:
        """Settled occurrences whose slot shares time with this stretch of a boot."""
        rows = self._db.rows(
            "SELECT DISTINCT occurrence FROM slot_window WHERE boot = ? AND to_ns > ? AND from_ns < ?",
            (boot, from_ns, to_ns),
        )
        return {row[0] for row in rows}

    def book_record(self, record: AirtimeRecord, axis: Axis) -> None:
        """Append the record and remember that its occurrence is settled, and where it lay."""
        id = record.occurrence.id
        self.append("airtime", record.to_json())
        self._db.execute(
            "UPDATE slot SET open = 0, revision = ?, record = ? WHERE occurrence = ?",
            (record.revision, without_revision(record), id),
        )
        self._db.execute("DELETE FROM slot_window WHERE occurrence = ?", (id,))
        for boot, from_ns, to_ns in axis.windows(0):
            self._db.execute("INSERT INTO slot_window VALUES (?, ?, ?, ?)", (id, boot, from_ns, to_ns))

    # --- sound outside every slot

    def judged(self) -> dict[int, int]:
        """By boot: the boottime up to which sound outside the plan was looked for."""
        return dict(self._db.rows("SELECT boot, upto_ns FROM judged"))

    def set_judged(self, boot: int, upto_ns: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO judged VALUES (?, ?)", (boot, upto_ns))

    # --- faults

    def watches(self) -> dict[tuple[str, str], Watch]:
        rows = self._db.rows("SELECT code, target, state FROM watch")
        return {(code, target): Watch(**json.loads(state)) for code, target, state in rows}

    def put_watch(self, watch: Watch, raised_seq: int | None) -> None:
        """*raised_seq*: the entry that raised the fault that is open."""
        row = (watch.code, watch.target, canonical(asdict(watch)), raised_seq)
        self._db.execute("INSERT OR REPLACE INTO watch VALUES (?, ?, ?, ?)", row)

    def raised_seq(self, watch: Watch) -> int | None:
        sql = "SELECT raised_seq FROM watch WHERE code = ? AND target = ?"
        rows = self._db.rows(sql, (watch.code, watch.target))
        return rows[0][0] if rows else None

    def open_faults(self) -> list[dict[str, Any]]:
        """The body of each fault that was raised and not cleared."""
        return [json.loads(body) for (body,) in self._db.rows(OPEN_FAULTS)]

    def path_level(self, channel: str) -> PathLevel:
        rows = self._db.rows("SELECT body FROM path_level WHERE channel = ?", (channel,))
        return PathLevel.from_json(json.loads(rows[0][0])) if rows else PathLevel()

    def put_path_level(self, channel: str, level: PathLevel) -> None:
        self._db.execute("INSERT OR REPLACE INTO path_level VALUES (?, ?)", (channel, canonical(level.to_json())))

    # --- the outbox

    def bookmark(self) -> Bookmark:
        return Bookmark(self.ledger_id, self._db.rows("SELECT upto FROM bookmark")[0][0])

    def confirm(self, receipt: Receipt) -> Bookmark:
        """Move the bookmark, durably. Raises JournalError."""
        before = self.bookmark()
        after = before.confirm(receipt, self.last_seq())
        if after != before:
            self._db.write_all([("UPDATE bookmark SET upto = ?", (after.upto,))])
        return after


def _read_through(path: Path) -> None:
    """Try what the ledger keeps for itself, as far as it is still asked. What it has chained is ``verify``'s to judge.

    Raises Corrupt.
    """
    reader = Reader(path)
    try:
        slots = reader.parsed(Slot, f"SELECT {SLOT_COLUMNS} FROM slot ORDER BY ends_ns DESC LIMIT ?", (READ_THROUGH,))
        with damaged_rows(path):
            for slot in slots:
                _ = slot.record and json.loads(slot.record)["days"]
        reader.parsed(lambda row: Watch(**json.loads(row[0])), "SELECT state FROM watch")
        reader.parsed(lambda row: PathLevel.from_json(json.loads(row[0])), "SELECT body FROM path_level")
        reader.parsed(lambda row: json.loads(row[0]), OPEN_FAULTS)
        reader.rows("SELECT prev, hash FROM entry ORDER BY seq DESC LIMIT 1")
    finally:
        reader.close()


def same_account(stored: str | None, record: AirtimeRecord) -> bool:
    """Whether a newer record says what the *stored* one does. A digit of the evidence that moved changes no account."""
    return stored is not None and _said(stored) == _said(without_revision(record))


def _said(record: str) -> dict[str, Any]:
    return {key: value is None if key in DIGITS else value for key, value in json.loads(record).items()}


def without_revision(record: AirtimeRecord) -> str:
    """What has to differ for a new revision. A record of before some evidence was kept is not another for its nulls."""
    told = record.to_json()
    unknown = {key for key in LATER_EVIDENCE if told[key] is None}
    return canonical({key: value for key, value in told.items() if key not in {"revision", *unknown}})


class LedgerReader(Reader):
    """ledger.db for the uplink, reports, the console and the command line. Raises JournalError.

    Text that is no UTF-8 is read with its scars, so that ``verify`` names the entry and the others can be read.
    """

    text_factory = staticmethod(lambda raw: raw.decode(errors="replace"))

    def identity(self) -> tuple[str, str] | None:
        """(station, ledger id); None before the first start."""
        rows = self.rows("SELECT station, ledger FROM about")
        return rows[0] if rows else None

    def last_seq(self) -> int:
        rows = self.rows("SELECT coalesce(max(seq), 0) FROM entry")
        return rows[0][0] if rows else 0

    def acknowledged(self) -> int:
        """Up to which seq the collector has everything."""
        rows = self.rows("SELECT upto FROM bookmark")
        return rows[0][0] if rows else 0

    def entries_since(self, seq: int, limit: int = 1_000) -> list[Entry]:
        return self._entries("seq > ? ORDER BY seq LIMIT ?", seq, limit)

    def entries_about(self, first: date, last: date, upto: int | None = None) -> list[Entry]:
        """Entries about any day from *first* to *last*, with seq up to *upto*, in order."""
        top = self.last_seq() if upto is None else upto
        days = (first.isoformat(), last.isoformat())
        # The pluses keep SQLite from walking the whole ledger by seq, when its index knows the days.
        return self._entries("last_day >= ? AND first_day <= ? AND +seq <= ? ORDER BY +seq", *days, top)

    def faults(self) -> list[Entry]:
        """All that were raised and cleared: one may have been open for months."""
        return self._entries("kind = 'fault' ORDER BY seq")

    def _entries(self, where: str, *parameters: Any) -> list[Entry]:
        identity = self.identity()
        rows = self.rows(f"SELECT {ENTRY_COLUMNS} FROM entry WHERE {where}", parameters)
        return [_entry(identity[1], row) for row in rows] if identity else []

    def open_faults(self) -> list[dict[str, Any]]:
        """The body of each fault that was raised and not cleared."""
        return [json.loads(body) for (body,) in self.rows(OPEN_FAULTS)]

    def verify(self) -> tuple[int, Wrong | None]:
        """Walk the whole chain: the number of entries, and the first that is wrong.

        Raises Corrupt where all entries are right, but the file's indices, by which a month finds its own, are not.
        """
        identity = self.identity()
        if identity is None:
            return 0, None
        station, ledger = identity
        wrong = first_wrong(station, ledger, self._walk(), self.acknowledged())
        wrong = wrong or self._wrong_days()
        if wrong is None and (said := self.rows("PRAGMA integrity_check(1)")) != [("ok",)]:
            raise Corrupt(f"{self.path}: {said[0][0]}")
        return self.last_seq(), wrong

    def _walk(self, page: int = 500) -> Iterator[Entry]:
        seq = LOWEST_SEQ  # not 0: a row that was put in below the first must not be counted unseen
        while entries := self.entries_since(seq, page):
            yield from entries
            seq = entries[-1].seq

    def _wrong_days(self) -> Wrong | None:
        """The dates by which entries are found are outside the chain: hold them against the bodies."""
        for seq, body, first_day, last_day in self.rows(
            "SELECT seq, body, first_day, last_day FROM entry ORDER BY seq"
        ):
            if day_span(json.loads(body)) != (first_day, last_day):
                return Wrong(seq, "dates", f"entry {seq} is filed under other days than it is about")
        return None


def _entry(ledger: str, row: Row) -> Entry:
    seq, kind, body, prev, hashed = row
    return Entry(ledger, seq, kind, _parsed(body), prev, hashed)


def _parsed(body: str) -> dict[str, Any]:
    """A body that is no JSON was changed by hand: empty, so that ``verify`` names it and nobody stumbles over it."""
    try:
        parsed: dict[str, Any] = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed
