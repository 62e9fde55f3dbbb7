"""The deciding part of the ledger process: from what the journals say to accounts that are never edited.

``advance`` is one round. It reads, settles and appends in one transaction together with how far it has read, so that a
kill at any instant neither loses an account nor books one twice: the next round begins where the last one ended.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from audio.segments import Segment
from scheduler.clock import NS_PER_S, STATION_TZ, ClockMapRow, Reading, wall_ns_of
from scheduler.occurrence import Occurrence
from telemetry.airtime import FIGURES, AirtimeRecord
from telemetry.chain import Wrong
from telemetry.database import DiskFull, nearly_full
from telemetry.facts import Condition
from telemetry.faults import alive_conditions
from telemetry.ledger_round import Progress, Round, Rules
from telemetry.ledger_store import AnotherStation, LedgerReader, LedgerStore, Slot
from telemetry.outbox import Bookmark, Receipt
from telemetry.readers import MeterReader, PlayoutReader
from telemetry.reserve import Reserve
from telemetry.settle import settle
from telemetry.shares import local_days
from telemetry.slots import Sources

__all__ = ["AnotherStation", "LedgerCore", "LedgerReader", "Progress", "Rules", "verify"]
SLOTS_OF_A_DAY = 128  # whose figures are remembered, for they are shown each second; more only cost time
JUST_OVER_NS = 900 * NS_PER_S  # an account that waits longer than this is no news any more


class LedgerCore:
    """Owns ledger.db. One thread."""

    def __init__(self, path: Path, station: str, rules: Rules) -> None:
        """Raises JournalError, AnotherStation where the file is another station's."""
        self._store = LedgerStore(path, station)
        self._rules = rules
        self._path = path
        self._reserve = Reserve(path.with_name(path.name + ".reserve"))
        self._reserve_held = self._reserve.hold()
        self._journals: tuple[PlayoutReader, MeterReader | None] | None = None
        self._told_of_damage = False
        self._heard: dict[str, Segment] = {}  # by channel, the newest segment of which all is settled

    @property
    def quarantined(self) -> Path | None:
        """Where a damaged ledger was put when this one was begun."""
        return self._store.quarantined

    @property
    def ledger_id(self) -> str:
        return self._store.ledger_id

    def advance(
        self,
        playout: PlayoutReader,
        meter: MeterReader | None,
        now: Reading,
        alive: Mapping[str, bool] | None = None,
        conditions: Sequence[Condition] = (),
        final: bool = False,
    ) -> Progress:
        """Do one round. *alive*: which processes live, by their live files; *conditions*: the ledger's own.

        *final*: an orderly shutdown; what has ended is settled though a watermark may be short of it. Raises
        JournalError (DiskFull when even the reserve is gone): then nothing of the round is stored.
        """
        self._journals = playout, meter
        said = [*conditions, *alive_conditions(alive or {}, now), *self._own_conditions(now)]
        try:
            progress = self._round(now, said, final)
        except DiskFull:
            self._reserve.release()
            self._reserve_held = False
            full = Condition("disk_full", "ledger", True, now.boot, now.boottime_ns)
            progress = replace(self._round(now, [*said, full], final), disk_full=True)
        self._told_of_damage = True
        return progress

    def tell(self, now: Reading, said: Sequence[Condition]) -> None:
        """Book the faults that follow from *said* alone, while a round cannot be done. Raises JournalError."""
        if self._journals is None:
            return
        clock = [ClockMapRow(now.boot, now.boottime_ns, now.offset_ns, now.quality)]
        sources = Sources(*self._journals, self._rules.account, now, clock)
        with self._store.transaction():
            Round(self._store, sources, self._rules, final=False).told(said)

    def last_seq(self) -> int:
        return self._store.last_seq()

    def acknowledged(self) -> int:
        """Up to which seq the collector has everything."""
        return self._store.bookmark().upto

    def confirm(self, receipt: Receipt) -> Bookmark:
        """Move the bookmark to what the collector confirmed. Raises JournalError."""
        return self._store.confirm(receipt)

    def provisional(self, now: Reading) -> list[AirtimeRecord]:
        """The accounts of what is in progress, or just over and not settled yet; not booked, they may still change."""
        if self._journals is None:
            return []
        sources = self._sources(now)
        near = self._store.slots_between(now.wall_ns - JUST_OVER_NS, now.wall_ns + 1)
        slots = [s for s in near if s.counts and s.revision is None]
        return [record for slot in slots if (record := _so_far(sources, slot))]

    def today(self, now: Reading, running: Sequence[AirtimeRecord]) -> dict[str, int]:
        """Totals of the local day for eyes: settled and *running* (provisional); ``planned_ms`` is of the whole day."""
        start = now.wall.astimezone(STATION_TZ).replace(hour=0, minute=0, second=0, microsecond=0)
        return _day_totals(start, self._store.texts_between(*_wall_day(start)), running)

    def open_faults(self) -> list[dict[str, Any]]:
        """The body of each open fault's entry, for eyes."""
        return self._store.open_faults()

    def close(self) -> None:
        self._store.close()

    def _own_conditions(self, now: Reading) -> list[Condition]:
        """What the ledger sees itself: its configuration, its disk, its file."""
        at = (now.boot, now.boottime_ns)
        if not self._reserve_held:
            self._reserve_held = self._reserve.hold()
        full = not self._reserve_held or nearly_full(self._path)  # said before we have something to write ourselves
        found = [
            Condition("no_return_channel", "station", self._rules.account is None, *at),
            Condition("disk_full", "ledger", full, *at),
        ]
        if self._store.quarantined is not None and not self._told_of_damage:
            where = {"file": self._store.quarantined.name}
            found += [Condition("journal_corrupt", "ledger", bad, *at, evidence=where) for bad in (True, False)]
        return found

    def _round(self, now: Reading, said: Sequence[Condition], final: bool) -> Progress:
        with self._store.transaction():
            turn = Round(self._store, self._sources(now), self._rules, final, self._heard)
            progress = turn.done(said)
        self._heard = turn.heard
        return progress

    def _sources(self, now: Reading) -> Sources:
        if self._journals is None:
            raise RuntimeError("advance comes first: it brings the journals")
        return Sources.at(*self._journals, self._rules.account, now)


def verify(path: Path) -> tuple[int, Wrong | None]:
    """Walk the chain of a ledger file: how many entries it has, and the first that is wrong. Raises JournalError."""
    reader = LedgerReader(path)
    try:
        return reader.verify()
    finally:
        reader.close()


def _so_far(sources: Sources, slot: Slot) -> AirtimeRecord | None:
    """Settle the part of the slot that is over, as if it were all."""
    reached_ms = sources.axis_of(slot.occurrence).place_ms(sources.now, sources.now.boottime_ns)
    if reached_ms <= 0:
        return None
    over = slot.occurrence.starts_at + timedelta(milliseconds=min(reached_ms, slot.occurrence.planned_ms))
    part = replace(slot.occurrence, ends_at=over)
    return settle(part, sources.facts_of(part, slot.withdrawn_by))


def _wall_day(start: datetime) -> tuple[int, int]:
    return wall_ns_of(start), wall_ns_of(start + timedelta(days=1))


def _day_totals(
    start: datetime, slots: Sequence[tuple[str, bool, str | None]], running: Sequence[AirtimeRecord]
) -> dict[str, int]:
    day = start.date().isoformat()
    booked = [_booked_on(day, record) for _, _, record in slots if record is not None]
    booked += [_of_day(day, record.to_json()) for record in running]
    totals = {name: sum(figures[n] for figures in booked) for n, name in enumerate(FIGURES)}
    return totals | {"planned_ms": sum(_planned_on(day, body) for body, counts, _ in slots if counts)}


@lru_cache(maxsize=SLOTS_OF_A_DAY)
def _booked_on(day: str, record: str) -> tuple[int, ...]:
    """The figures of a booked record on a local day."""
    return _of_day(day, json.loads(record))


def _of_day(day: str, record: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(record["days"].get(day, {}).get(name, 0) for name in FIGURES)


@lru_cache(maxsize=SLOTS_OF_A_DAY)
def _planned_on(day: str, body: str) -> int:
    """How much of a planned occurrence lies on a local day, in ms."""
    return sum(d.to_ms - d.from_ms for d in local_days(Occurrence.from_json(json.loads(body))) if str(d.date) == day)
