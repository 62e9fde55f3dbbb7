"""The collector's store: every station's ledger as it came, whole and in order.

An entry is taken when it follows, well chained, what is here already; what comes after a gap is asked for again with
the gap, for an entry whose past is not known may be of another history. The same entry again is nothing; another entry
under a known number is refused and kept as evidence, for one of the two was forged.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path

from telemetry.canonical import canonical
from telemetry.chain import Entry, day_span, genesis, is_linked
from telemetry.database import Database, Reader, Row
from telemetry.figures import MonthlyFigure, month_days, monthly
from telemetry.wire import MAX_MISSING, Ack, Address, BadMessage, check_body, parse_events

EVIDENCE_A_TOPIC = 1_000  # a station gone mad must not fill the disk
EVIDENCE_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as the broker delivered it."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class StationAck:
    """What to tell a station after the commit."""

    address: Address
    ack: Ack
    superseded: bool = False  # the station has begun a newer ledger, and yet this one is written on


class Archive:
    """The writer. One thread."""

    def __init__(self, path: Path) -> None:
        """Raises JournalError."""
        self._db = Database(path, "archive")

    def store(self, arrived: Sequence[Arrived], now_ns: int) -> list[StationAck]:
        """Take a batch in one transaction; what may be told to the stations once this returns.

        Raises JournalError: then nothing of the batch is stored and nothing may be acknowledged.
        """
        self._db.refuse_if_gone()
        with self._db.transaction():
            batch = _Batch(self._db, now_ns)
            for message in arrived:
                batch.take(message)
            return batch.acks()

    def close(self) -> None:
        self._db.close()


@dataclass
class _Told:
    """What became of a ledger's entries in a batch."""

    address: Address
    ledger: str
    refused: list[int] = field(default_factory=list)
    untaken_upto: int = 0  # entries after a gap
    taken: bool = False  # something was new


class _Batch:
    """One transaction's work."""

    def __init__(self, db: Database, now_ns: int) -> None:
        self._db = db
        self._now_ns = now_ns
        self._told: dict[int, _Told] = {}  # by source

    def take(self, message: Arrived) -> None:
        try:
            address = Address.of(message.topic)
            station, entries = parse_events(message.payload)
            if station != address.station:
                raise BadMessage(f"says it is from {station}")
        except BadMessage as error:
            self._keep_evidence(message.topic, None, str(error), message.payload)
            return
        source = self._source(address, entries[0].ledger)
        told = self._told.setdefault(source, _Told(address, entries[0].ledger))
        for entry in entries:
            neighbours = self._neighbours(source, entry.seq)
            if entry.seq > 1 and not {entry.seq, entry.seq - 1} & neighbours.keys():
                told.untaken_upto = max(told.untaken_upto, entries[-1].seq)
                return
            told.taken |= entry.seq not in neighbours
            reason = self._take_entry(source, station, entry, neighbours)
            if reason is not None:
                told.refused.append(entry.seq)
                self._keep_evidence(message.topic, entry.seq, reason, json.dumps(asdict(entry)).encode())

    def _take_entry(
        self, source: int, station: str, entry: Entry, neighbours: dict[int, tuple[str, str]]
    ) -> str | None:
        """Store the entry unless it is known; why not, if it must not be."""
        known = neighbours.get(entry.seq)
        if known is not None and known[1] == entry.hash:
            return None
        if known is not None:
            return "another entry is known under this number"
        if reason := _misfit(station, entry, neighbours):
            return reason
        row = (source, entry.seq, entry.kind, canonical(entry.body), entry.prev, entry.hash)
        self._db.execute(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, *day_span(entry.body), self._now_ns)
        )
        return None

    def _neighbours(self, source: int, seq: int) -> dict[int, tuple[str, str]]:
        rows = self._db.rows(
            "SELECT seq, prev, hash FROM entry WHERE source = ? AND seq BETWEEN ? AND ?", (source, seq - 1, seq + 1)
        )
        return {at: (prev, hashed) for at, prev, hashed in rows}

    def _source(self, address: Address, ledger: str) -> int:
        self._db.execute(
            "INSERT OR IGNORE INTO source (province, station, ledger, first_seen_ns, upto) VALUES (?, ?, ?, ?, 0)",
            (address.province, address.station, ledger, self._now_ns),
        )
        rows = self._db.rows("SELECT id FROM source WHERE station = ? AND ledger = ?", (address.station, ledger))
        return int(rows[0][0])

    def _keep_evidence(self, topic: str, seq: int | None, reason: str, payload: bytes) -> None:
        """The same thing refused again is no new evidence."""
        (kept,) = self._db.rows("SELECT count(*) FROM refused WHERE topic = ?", (topic,))[0]
        if kept < EVIDENCE_A_TOPIC:
            self._db.execute(
                "INSERT OR IGNORE INTO refused (received_ns, topic, seq, reason, payload) VALUES (?, ?, ?, ?, ?)",
                (self._now_ns, topic, seq, reason, payload[:EVIDENCE_BYTES]),
            )

    def acks(self) -> list[StationAck]:
        return [
            StationAck(
                told.address, self._ack(source, told), told.taken and source != self._newest(told.address.station)
            )
            for source, told in self._told.items()
        ]

    def _newest(self, station: str) -> int:
        return int(self._db.rows("SELECT max(id) FROM source WHERE station = ?", (station,))[0][0])

    def _ack(self, source: int, told: _Told) -> Ack:
        (upto,) = self._db.rows("SELECT upto FROM source WHERE id = ?", (source,))[0]
        missing = self._missing(source, upto)
        (highest,) = self._db.rows("SELECT coalesce(max(seq), 0) FROM entry WHERE source = ?", (source,))[0]
        reached = missing[0][0] - 1 if missing else highest
        if reached > upto:
            self._db.execute("UPDATE source SET upto = ? WHERE id = ?", (reached, source))
        if told.untaken_upto > highest:
            missing = (*missing, (highest + 1, told.untaken_upto))[:MAX_MISSING]
        return Ack(told.ledger, reached, missing, tuple(told.refused))

    def _missing(self, source: int, upto: int) -> tuple[tuple[int, int], ...]:
        """The gaps above *upto* of an archive of before, which kept what came after one; lowest first."""
        rows = self._db.rows(
            "SELECT before + 1, seq - 1 FROM (SELECT seq, lag(seq, 1, ?) OVER (ORDER BY seq) AS before FROM entry"
            " WHERE source = ? AND seq > ?) WHERE seq > before + 1 ORDER BY seq LIMIT ?",
            (upto, source, upto, MAX_MISSING),
        )
        return tuple((first, last) for first, last in rows)


def _misfit(station: str, entry: Entry, neighbours: dict[int, tuple[str, str]]) -> str | None:
    """Why the entry must not be stored between these neighbours."""
    before, after = neighbours.get(entry.seq - 1), neighbours.get(entry.seq + 1)
    if not is_linked(station, entry):
        return "the hash is not that of the content"
    if entry.seq == 1 and entry.prev != genesis(station, entry.ledger):
        return "the first entry does not begin the chain"
    if before is not None and before[1] != entry.prev:
        return "does not follow the entry before it"
    if after is not None and after[0] != entry.hash:
        return "the entry after it does not follow it"
    try:
        check_body(entry)
    except BadMessage as error:
        return str(error)
    return None


@dataclass(frozen=True, slots=True)
class Source:
    """A station's ledger as far as it is here."""

    province: str
    station: str
    ledger: str
    upto: int


class ArchiveReader(Reader):
    """archive.db for reports and pages. Raises JournalError."""

    def sources(self) -> list[Source]:
        """Every ledger, in the order the first of it came."""
        return [Source(*row) for row in self.rows("SELECT province, station, ledger, upto FROM source ORDER BY id")]

    def entries(self, station: str) -> Iterator[Entry]:
        """All of a station's entries, ledger by ledger."""
        yield from self._entries("station = ?", station)

    def entries_about(self, station: str, first: date, last: date) -> list[Entry]:
        """A station's entries about any local date from *first* to *last*, ledger by ledger."""
        days = first.isoformat(), last.isoformat()
        return list(self._entries("station = ? AND last_day >= ? AND first_day <= ?", station, *days))

    def _entries(self, where: str, *parameters: str) -> Iterator[Entry]:
        rows = self.rows(
            "SELECT ledger, seq, kind, body, entry.prev, hash FROM entry JOIN source ON source.id = entry.source"
            f" WHERE {where} ORDER BY source.id, seq",
            parameters,
        )
        return (_entry(row) for row in rows)

    def upto(self, station: str) -> int:
        """The last seq without gap of the station's newest ledger."""
        newest = self._newest(station)
        return newest.upto if newest else 0

    def _newest(self, station: str) -> Source | None:
        """The station's newest ledger: it need not have entries about every month."""
        return next((source for source in reversed(self.sources()) if source.station == station), None)

    def monthly(
        self, station: str, month: str, upto: int | None = None, as_of: datetime | None = None
    ) -> MonthlyFigure:
        """The station's month, counted up to *upto* (else up to what is here without gap). Raises ValueError."""
        newest = self._newest(station)
        counted = upto if upto is not None or newest is None else newest.upto
        entries = self.entries_about(station, *month_days(month))
        return monthly(station, entries, month, counted, as_of, newest.ledger if newest else None)

    def refused(self) -> list[tuple[str, int | None, str]]:
        """(topic, seq, reason) of what was not taken."""
        return [(topic, seq, why) for topic, seq, why in self.rows("SELECT topic, seq, reason FROM refused ORDER BY n")]


def _entry(row: Row) -> Entry:
    ledger, seq, kind, body, prev, hashed = row
    return Entry(ledger, seq, kind, json.loads(body), prev, hashed)
