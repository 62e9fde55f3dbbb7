"""What playout shows to eyes: run/playout.json. Never for accounts."""

import os
from typing import Any

from audio.player import Progress
from audio.relay import ChainSource
from firmware_py.playout.desk import Desk
from scheduler.agenda import Playing
from scheduler.clock import NS_PER_MS, Reading, datetime_of, local_day, local_iso
from scheduler.occurrence import Occurrence


def status(desk: Desk, progress: Progress, reading: Reading, relay: ChainSource | None = None) -> dict[str, Any]:
    """*relay*: what sounds, if that is a relay with its chain."""
    today = local_day(reading.wall)
    in_force = desk.plan.timetables.on(today, desk.guards.holidays)
    sounding = next((p for p in desk.on_air.playing if p.occurrence.id == progress.occurrence_id), None)
    coming = _coming(desk, sounding, reading)
    return {
        "at": local_iso(reading.wall),
        "boottime_ns": reading.boottime_ns,
        "clock": {"quality": str(reading.quality), "wall": local_iso(reading.wall)},
        "on_air": _on_air(sounding, reading) if sounding else None,
        "relay": _relay(relay, reading) if relay else None,
        "waiting": [o.to_json() for o in desk.waiting(reading)],
        "next": coming[0].to_json() if coming else None,
        "today": [
            {**o.to_json(), "state": _state(o, desk, sounding, coming)}
            for o in desk.plan.occurrences
            if local_day(o.starts_at) == today
        ],
        "sent_dbfs": progress.sent_dbfs,
        "card": "ok" if progress.card_ok else "lost",
        "stopped": _stopped(desk),
        "timetable": in_force.title if in_force else None,
        "pid": os.getpid(),
    }


def _on_air(sounding: Playing, reading: Reading) -> dict[str, Any]:
    position_ms = (reading.boottime_ns - sounding.anchor_ns) // NS_PER_MS
    return {**sounding.occurrence.to_json(), "position_ms": position_ms}


def _relay(chain: ChainSource, reading: Reading) -> dict[str, Any]:
    """Which link of the chain sounds, since when, and how each of them is."""
    said = chain.sounding
    return {
        "link": said.link,
        "name": said.name,
        "since": local_iso(datetime_of(said.since_ns + reading.offset_ns)),
        "first_lost": said.first_lost,
        "why": said.trouble.code if said.first_lost and said.trouble else None,
        "links": [
            {"name": link.name, "health": str(link.health.value), "why": str(link.why) if link.why else None}
            for link in chain.links
        ],
    }


def _coming(desk: Desk, sounding: Playing | None, reading: Reading) -> list[Occurrence]:
    if not reading.quality.plays:
        return []
    at = sounding.occurrence.id if sounding else ""
    done = desk.on_air.closed | desk.on_air.missed
    return [o for o in desk.plan.occurrences if o.ends_at > reading.wall and o.id not in done and o.id != at]


def _state(occurrence: Occurrence, desk: Desk, sounding: Playing | None, coming: list[Occurrence]) -> str:
    if sounding and sounding.occurrence.id == occurrence.id:
        return "on_air"
    if occurrence.id in desk.on_air.missed:
        return "missed"
    if coming and coming[0].id == occurrence.id:
        return "next"
    return "planned" if occurrence in coming else "done"


def _stopped(desk: Desk) -> dict[str, Any] | None:
    if desk.stopped is None:
        return None
    until = desk.stopped.until
    return {"by": desk.stopped.by, "why": desk.stopped.why, "until": local_iso(until) if until else None}
