"""A month's figures from ledger entries: the same code at the station and at the collector. Pure.

Counted up to the same seq of the same ledger, both give the same milliseconds. Occurrences and stretches of unplanned
sound are counted once, by their newest entry, also where a ledger had to be begun anew.
"""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from scheduler.clock import FIRST_DAY, LAST_DAY
from scheduler.occurrence import Kind
from telemetry.airtime import FIGURES, sum_of_causes
from telemetry.chain import Entry

FLAGGED = ("overlaid_ms", "low_ms", "clipped_ms")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class MonthlyFigure:
    """What ``airtime --month --json`` prints. ``totals`` and each of ``by_kind`` are the sums of ``occurrences``."""

    station: str
    month: str
    seq: int  # last ledger seq counted
    totals: Mapping[str, int]
    by_kind: Mapping[str, Mapping[str, int]]
    occurrences: Sequence[Json]  # newest revision of each, with its share of this month
    unaccounted: Sequence[Json]  # planned, over by *as_of*, and not settled: a station that fell silent

    def to_json(self) -> Json:
        return {
            "station": self.station,
            "month": self.month,
            "seq": self.seq,
            "totals": dict(self.totals),
            "by_kind": {kind: dict(figures) for kind, figures in self.by_kind.items()},
            "occurrences": list(self.occurrences),
            "unaccounted": list(self.unaccounted),
        }


def month_days(month: str) -> tuple[date, date]:
    """The first and last day of "2026-11". Raises ValueError."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        first = date.min
    if not FIRST_DAY <= first <= LAST_DAY:
        raise ValueError(f"{month!r} is no month like 2026-11")
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def monthly(
    station: str,
    entries: Iterable[Entry],
    month: str,
    upto: int | None = None,
    as_of: datetime | None = None,
    ledger: str | None = None,
) -> MonthlyFigure:
    """Add up a month. *entries* in the order they were written; those that are about other days are passed over.

    *upto*: the last seq counted, of the ledger of that name, else of the newest among *entries*. *as_of*: until when a
    planned occurrence must have been accounted for. Raises ValueError for a month that is none.
    """
    month_days(month)
    counted = _counted(list(entries), upto, ledger)
    rows = [row for entry in _newest(counted, "airtime", "occurrence") if (row := _share_of_month(entry.body, month))]
    rows.sort(key=lambda row: (row["starts_at"], row["occurrence"]))
    unplanned_ms = sum(_unplanned_ms(entry.body, month) for entry in _newest(counted, "unplanned", "id"))
    kinds = {str(kind): _sums([row for row in rows if row["kind"] == kind]) for kind in Kind}
    return MonthlyFigure(
        station=station,
        month=month,
        seq=upto if upto is not None else counted[-1].seq if counted else 0,
        totals=_sums(rows) | {"unplanned_ms": unplanned_ms},
        by_kind={kind: sums for kind, sums in kinds.items() if sums["planned_ms"]},
        occurrences=rows,
        unaccounted=unaccounted(counted, month, as_of),
    )


def begun_between(entries: Iterable[Entry], first: date, last: date) -> list[Json]:
    """The newest record of each occurrence planned to begin on one of these local days: whole, also over midnight."""
    days = first.isoformat(), last.isoformat()
    records = [entry.body for entry in _newest(list(entries), "airtime", "occurrence")]
    rows = [record | {"whole_planned_ms": record["planned_ms"]} for record in records]
    begun = [row for row in rows if days[0] <= row["starts_at"][:10] <= days[1]]
    return sorted(begun, key=lambda row: (row["starts_at"], row["occurrence"]))


def _counted(entries: list[Entry], upto: int | None, ledger: str | None) -> list[Entry]:
    if upto is None or not entries:
        return entries
    limited = ledger or entries[-1].ledger
    return [entry for entry in entries if entry.ledger != limited or entry.seq <= upto]


def _newest(entries: Sequence[Entry], kind: str, key: str) -> list[Entry]:
    """The last entry of each thing."""
    return list({entry.body[key]: entry for entry in entries if entry.kind == kind}.values())


def _share_of_month(record: Json, month: str) -> Json | None:
    """The record with the figures and causes of its days in this month; None if it has none there."""
    days = [share for day, share in record["days"].items() if day.startswith(month)]
    if not days:
        return None
    share: Json = {name: sum(day[name] for day in days) for name in (*FIGURES, *FLAGGED)}
    for part in ("not_on_air", "unobserved"):
        share[part] = sum_of_causes(day[part] for day in days)
    share["causes"] = sum_of_causes([share["not_on_air"], share["unobserved"]])
    share["whole_planned_ms"] = record["planned_ms"]
    return {key: value for key, value in record.items() if key != "days"} | share


def _sums(rows: Sequence[Json]) -> dict[str, int]:
    return {name: sum(row[name] for row in rows) for name in FIGURES}


def _unplanned_ms(body: Json, month: str) -> int:
    return sum(ms for day, ms in body["days"].items() if day.startswith(month))


def unaccounted(entries: Sequence[Entry], period: str, as_of: datetime | None) -> list[Json]:
    """What was planned to begin in "2026-11", or on "2026-11-23", and to be over by *as_of*, and has no record."""
    if as_of is None:
        return []
    planned: dict[str, Json] = {}
    for entry in entries:
        if entry.kind == "plan":
            planned |= {occurrence["occurrence"]: occurrence for occurrence in entry.body["occurrences"]}
            for gone in entry.body["withdrawn"]:
                planned.pop(gone["occurrence"], None)
        elif entry.kind == "airtime":
            planned.pop(entry.body["occurrence"], None)
    return [
        occurrence
        for occurrence in planned.values()
        if occurrence["starts_at"].startswith(period) and datetime.fromisoformat(occurrence["ends_at"]) <= as_of
    ]


def fault_list(entries: Iterable[Entry]) -> list[Json]:
    """Faults for a logbook, in the order they were raised: each with ``cleared_at``, None while it is open."""
    found: dict[str, Json] = {}
    for entry in entries:
        if entry.kind != "fault":
            continue
        body = entry.body
        if body["change"] == "raised":
            found[body["fault"]] = {key: body[key] for key in FAULT_KEYS} | {"cleared_at": None}
        elif body["fault"] in found:
            found[body["fault"]]["cleared_at"] = body["since"]
    return list(found.values())


FAULT_KEYS = ("since", "code", "target", "severity", "title_vi", "title_en")
