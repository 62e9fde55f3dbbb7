"""The bodies of ledger entries: what a fact, a plan, a fault looks like for ever. Pure.

Every body has ``days``, the local dates it is about, so that a month's entries are found without reading them all.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from scheduler.clock import NS_PER_MS, local_day, local_iso
from telemetry.facts import Fact, PlayoutFact
from telemetry.faults import Change, FaultRule
from telemetry.readers import PlanRow
from telemetry.shares import local_days

TOLD = (Fact.STOPPED, Fact.RESUMED, Fact.COMMAND, Fact.PLAN_CHANGED)


def plan_body(rows: Sequence[PlanRow]) -> dict[str, Any]:
    days = {day.date.isoformat() for row in rows for day in local_days(row.occurrence)}
    return {
        "occurrences": [row.occurrence.to_json() for row in rows if row.withdrawn_by is None],
        "withdrawn": [
            {"occurrence": row.occurrence.id, "by": row.withdrawn_by, "at": _iso(row.withdrawn_at)}
            for row in rows
            if row.withdrawn_by is not None
        ],
        "days": sorted(days),
    }


def _iso(when: datetime | None) -> str | None:
    return None if when is None else local_iso(when)


def entry_kind(fact: PlayoutFact) -> str | None:
    """The kind of entry that a fact is booked as; most facts live on only in the accounts made of them."""
    if fact.kind in TOLD:
        return "command"
    if fact.kind is Fact.CLOCK_MOVED:
        return "clock"
    return "boot" if fact.kind is Fact.BOOTED and fact.detail.get("first_of_boot", True) else None


def fact_body(fact: PlayoutFact) -> dict[str, Any]:
    at = fact.at.wall
    return {
        "what": str(fact.kind),
        "at": local_iso(at),
        "boot": fact.at.boot,
        "boottime_ms": fact.at.boottime_ns // NS_PER_MS,
        "clock": str(fact.at.quality),
        "occurrence": fact.occurrence_id,
        "detail": fact.detail,
        "days": [local_day(at).isoformat()],
    }


def fault_body(change: Change, rule: FaultRule, at: datetime) -> dict[str, Any]:
    return {
        "change": "raised" if change.raised else "cleared",
        "fault": change.fault,
        "code": change.watch.code,
        "target": change.watch.target,
        "severity": rule.severity,
        "since": local_iso(at),
        "title_vi": rule.title_vi,
        "title_en": rule.title_en,
        "advice_vi": rule.advice_vi,
        "advice_en": rule.advice_en,
        "evidence": dict(change.watch.evidence),
        "days": [local_day(at).isoformat()],
    }
