"""What the page shows, made of what the processes last said. Pure. Old news is never shown as news."""

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from firmware_py.live import Live
from telemetry.reports.reasons import gravest_first, reason_of

NOTHING: Mapping[str, Any] = {}
FIGURES = ("planned_ms", "played_ms", "on_air_ms", "not_on_air_ms", "unobserved_ms")


class Level(enum.StrEnum):
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one line at the top. ``code`` has its words in ``texts``."""

    level: Level
    code: str


HEARD_WHILE_PLAYING = {
    "on_air": Verdict(Level.GOOD, "verdict.on_air"),
    "unobserved": Verdict(Level.WARN, "verdict.unobserved"),
    "silence": Verdict(Level.BAD, "verdict.silence"),
    "noise": Verdict(Level.BAD, "verdict.noise"),
    "hum": Verdict(Level.BAD, "verdict.hum"),
    "foreign": Verdict(Level.BAD, "verdict.foreign"),
}


def verdict(playout: Live, meter: Live) -> Verdict:
    """The whole station in one line. Without fresh news of playout nothing good can be said."""
    said = playout.data
    if not playout.fresh:
        return Verdict(Level.BAD, "verdict.no_playout")
    if said.get("stopped"):
        return Verdict(Level.BAD, "verdict.stopped")
    if said.get("card") == "lost":
        return Verdict(Level.BAD, "verdict.card_lost")
    if said.get("clock", NOTHING).get("quality", "none") == "none":
        return Verdict(Level.BAD, "verdict.no_clock")
    channel = account_channel(meter)
    return _while_playing(channel) if said.get("on_air") else _while_idle(channel)


def _while_playing(channel: Mapping[str, Any] | None) -> Verdict:
    if channel is None:
        return Verdict(Level.WARN, "verdict.unmeasured")
    if channel.get("device") == "lost":
        return Verdict(Level.WARN, "verdict.return_lost")
    heard = HEARD_WHILE_PLAYING.get(channel.get("state", ""), HEARD_WHILE_PLAYING["unobserved"])
    if heard.level is Level.GOOD and channel.get("quality", "ok") != "ok":
        return Verdict(Level.WARN, "verdict.poor")
    return heard


def _while_idle(channel: Mapping[str, Any] | None) -> Verdict:
    if channel is not None and channel.get("state") == "foreign":
        return Verdict(Level.BAD, "verdict.unplanned")
    return Verdict(Level.IDLE, "verdict.idle")


def account_channel(meter: Live) -> Mapping[str, Any] | None:
    """The channel whose airtime is the station's; None without fresh news of it."""
    channels = meter.data.get("channels", ()) if meter.fresh else ()
    return next((channel for channel in channels if channel.get("account")), None)


def page_status(lives: Mapping[str, Live]) -> dict[str, Any]:
    """Everything but what moves many times a second."""
    playout, meter, ledger = lives["playout"], lives["meter"], lives["ledger"]
    return {
        "news": {name: live.fresh for name, live in lives.items()},
        "verdict": asdict(verdict(playout, meter)),
        "playout": _playout(playout, ledger) if playout.fresh else None,
        "meter": _meter(meter) if meter.fresh else None,
        "ledger": _ledger(ledger) if ledger.fresh else None,
    }


def page_levels(lives: Mapping[str, Live]) -> dict[str, Any]:
    """What moves: small enough to be sent five times a second."""
    playout = lives["playout"].data if lives["playout"].fresh else NOTHING
    channels = lives["meter"].data.get("channels", ()) if lives["meter"].fresh else ()
    return {
        "wall": playout.get("clock", NOTHING).get("wall"),
        "position_ms": (playout.get("on_air") or NOTHING).get("position_ms"),
        "sent_dbfs": _tenths(playout.get("sent_dbfs")),
        "heard": [[_tenths(c.get("sent_dbfs")), _tenths(c.get("heard_dbfs"))] for c in channels],
    }


def _playout(live: Live, ledger: Live) -> dict[str, Any]:
    said = live.data
    records = ledger.data.get("records_today", NOTHING) if ledger.fresh else NOTHING
    return {
        "clock": said.get("clock", NOTHING).get("quality", "none"),
        "card": said.get("card"),
        "stopped": said.get("stopped"),
        "on_air": _broadcast(said.get("on_air")),
        "next": _broadcast(said.get("next")),
        "today": [_line(line, records.get(line["occurrence"], NOTHING)) for line in said.get("today", ())],
    }


def _broadcast(said: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is on air or next, without its position: that one moves."""
    if not said:
        return None
    return {key: said.get(key) for key in ("programme", "starts_at", "ends_at", "kind", "origin", "planned_ms")}


def _line(said: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    line = {key: said.get(key) for key in ("programme", "starts_at", "ends_at", "class", "state", "planned_ms")}
    return {key: record.get(key) for key in FIGURES} | line | {"kind": record.get("kind") or said.get("kind")}


def _meter(live: Live) -> dict[str, Any]:
    keys = ("name", "account", "state", "quality", "locked", "delay_ms", "device")
    return {"channels": [{key: channel.get(key) for key in keys} for channel in live.data.get("channels", ())]}


def _ledger(live: Live) -> dict[str, Any]:
    keys = ("today", "seq", "acknowledged_seq", "uplink")
    return {key: live.data.get(key) for key in keys} | {
        "faults": [_fault(f) for f in gravest_first(live.data.get("faults") or ())]
    }


def _fault(said: Mapping[str, Any]) -> dict[str, Any]:
    """What the page shows of a fault, with what is known of its reason."""
    evidence = said.get("evidence") or NOTHING
    return {**said, "why_vi": reason_of(evidence, "vi"), "why_en": reason_of(evidence, "en")}


def _tenths(level: float | None) -> float | None:
    return None if level is None else round(level, 1)
