"""What people and alerts ask of playout: a request's body becomes an order, checked once, here. Pure.

The bodies are those of ``spool.drop``. Every reader raises KeyError, TypeError or ValueError on what it cannot take.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from scheduler.clock import STATION_TZ, Reading, local_iso
from scheduler.occurrence import ALL_ZONES, LIVE_PRECEDENCE, BulletinClass, Kind, Occurrence
from scheduler.timetable import MAX_TEXT, Timetable

PLAY_LEAD = timedelta(milliseconds=600)  # from an operator's "play" to its first frame, at least
LONGEST_LIVE_MS = 4 * 3_600_000
LONGEST_AIRED_MS = 24 * 3_600_000
LONGEST_STOP = timedelta(days=366)
LAST_INSTANT = datetime(2200, 1, 1, tzinfo=STATION_TZ)  # of all plans; beyond 2262 no integer of a journal holds it
UNTRUSTED_WAITS_MS = 3_600_000
STALE = timedelta(seconds=60)  # "now" that nobody heard for so long is now no more
BY_HAND = "phat-ngay"
LIVE = "truc-tiep"
ALERT = "canh-bao"
_LIVE_ID = re.compile(rf"T\d{{6}}-{LIVE}-[^-]{{8}}$")


@dataclass(frozen=True, slots=True)
class NewTimetable:
    timetable: Timetable
    file: str


@dataclass(frozen=True, slots=True)
class DropTimetable:
    timetable_id: str  # of scheduler/book.py; one that is gone already is no error


@dataclass(frozen=True, slots=True)
class StopAll:
    """Nothing scheduled sounds, until *until* or for good."""

    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Resume:
    pass


@dataclass(frozen=True, slots=True)
class LearnLevel:
    why: str


@dataclass(frozen=True, slots=True)
class Air:
    """Sound this now, outside any timetable. Its id ends in ``mark``, the same whenever the request is read again."""

    occurrence: Occurrence
    mark: str
    what: str  # for the record
    why: str
    replaces: tuple[str, ...] = ()  # marks of what it takes the place of


@dataclass(frozen=True, slots=True)
class EndAired:
    """What was asked for with one of these marks ends now, or never begins."""

    marks: tuple[str, ...]
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class EndLive:
    """Whoever speaks live is done. It was to end whenever somebody says so: what is left of it was never due."""

    why: str


@dataclass(frozen=True, slots=True)
class Arrange:
    """Of the priority bulletins that wait, these are next, in this order; the others follow as they came."""

    ids: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A person has listened to a notice that was rendered from text; it may be aired."""

    source: str
    why: str


Order = NewTimetable | DropTimetable | StopAll | Resume | LearnLevel | Air | EndAired | EndLive | Arrange | Heard


def read_order(id: str, command: str, body: Mapping[str, Any], at: Reading) -> Order:
    """What the request *id* asks for. Raises ValueError for a command that nobody knows."""
    match command:
        case "timetable":
            return NewTimetable(Timetable.from_json(body["timetable"]), str(body.get("file", "")))
        case "drop_timetable":
            return DropTimetable(_text(body["id"]))
        case "stop":
            return StopAll(_until(body, at), _why(body))
        case "resume":
            return Resume()
        case "learn_level":
            return LearnLevel(_why(body))
        case "live_stop":
            return EndLive(_why(body))
        case "arrange":
            return Arrange(tuple(map(_text, body["ids"])), _why(body))
        case "heard":
            return Heard(_text(body["source"]), _why(body))
    if (read := _AIRED.get(command)) is not None:
        return read(id, body, at)
    raise ValueError("unknown command")


def _until(body: Mapping[str, Any], at: Reading) -> datetime | None:
    """When a stop ends. A typing error must not silence a station for a lifetime."""
    if not body.get("until"):
        return None
    until = datetime.fromisoformat(body["until"])
    if until.tzinfo is None:
        raise ValueError(f"{body['until']} does not say its offset from UTC")
    if until > (at.wall + LONGEST_STOP if at.quality.plays else LAST_INSTANT):
        raise ValueError(f"{body['until']} is more than a year away")
    return until


def _play(id: str, body: Mapping[str, Any], at: Reading) -> Air:
    """A person's "play this now" takes the zone from what is scheduled, which is joined again afterwards.

    With *waits_ms* it waits for others of its class, so long at most, and is played whole.
    """
    _must_be_fresh(body, at)
    source, mark = _text(body["source"]), f"-{BY_HAND}-{id[:8]}"
    occurrence = _starting(_soon(at.wall), mark, source, _duration_ms(body, LONGEST_AIRED_MS))
    waits_ms = int(body.get("waits_ms", 0))
    if not 0 <= waits_ms <= LONGEST_AIRED_MS:
        raise ValueError(f"{waits_ms} ms is not between 0 and {LONGEST_AIRED_MS} ms")
    return Air(replace(occurrence, source=source, waits_ms=waits_ms), mark, "play", _why(body))


def _live(id: str, body: Mapping[str, Any], at: Reading) -> Air:
    """The microphone, until somebody ends it or it was forgotten for *limit_ms*."""
    _must_be_fresh(body, at)
    source, mark = _text(body["source"]), f"-{LIVE}-{id[:8]}"
    title = _text(body.get("title") or "Phát trực tiếp")
    occurrence = _starting(_soon(at.wall), mark, title, _duration_ms(body, LONGEST_LIVE_MS))
    return Air(replace(occurrence, kind=Kind.LIVE, source=source), mark, "live_start", _why(body))


def _alert(id: str, body: Mapping[str, Any], at: Reading) -> Air:
    """An alert from outside: at its first word as soon as the card can, after those of its class, until it expires."""
    mark, starts = _alert_mark(body["alert"]), at.wall.replace(microsecond=at.wall.microsecond // 1_000 * 1_000)
    occurrence = _starting(starts, mark, _text(body["title"]), _duration_ms(body, LONGEST_AIRED_MS))
    bulletin_class = BulletinClass(body["class"])
    if bulletin_class is BulletinClass.NORMAL:
        raise ValueError("a bulletin of class normal is scheduled, not aired at once")
    occurrence = replace(
        occurrence,
        bulletin_class=bulletin_class,
        source=_text(body["source"]),
        zone=_text(body.get("zone") or ALL_ZONES),
        waits_ms=_waits_ms(datetime.fromisoformat(body["expires_at"]), at),
    )
    return Air(
        occurrence, mark, f"alert {body['alert']}", _why(body), tuple(map(_alert_mark, body.get("replaces", ())))
    )


def is_live_by_hand(one: Occurrence) -> bool:
    """Whether an operator's "live start" planned it; a timetable's "Trực tiếp …" is not hers to end."""
    return one.precedence == LIVE_PRECEDENCE and _LIVE_ID.search(one.id) is not None


def _cancel_alerts(id: str, body: Mapping[str, Any], at: Reading) -> EndAired:
    alerts = [str(alert) for alert in body["alerts"]]
    return EndAired(tuple(map(_alert_mark, alerts)), f"cancel {', '.join(alerts)}"[:MAX_TEXT], _why(body))


_AIRED: Mapping[str, Callable[[str, Mapping[str, Any], Reading], Air | EndAired]] = {
    "play": _play,
    "live_start": _live,
    "alert": _alert,
    "cancel_alerts": _cancel_alerts,
}


def _must_be_fresh(body: Mapping[str, Any], at: Reading) -> None:
    """What was asked for now must not sound at whatever hour the station is switched on again."""
    if at.quality.plays and "at" in body and at.wall - datetime.fromisoformat(body["at"]) > STALE:
        raise ValueError(f"it was given at {body['at']}, too long ago")


def _alert_mark(alert: object) -> str:
    """An alert's id (sender, identifier, sent) holds any characters; an occurrence's does not."""
    return f"-{ALERT}-{sha256(_text(alert).encode()).hexdigest()[:12]}"


def _waits_ms(expires: datetime, at: Reading) -> int:
    """Until it expires. A clock that nobody trusts cannot say when that is: then an hour, a warning must be heard."""
    if not at.quality.plays:
        return UNTRUSTED_WAITS_MS
    waits_ms = (expires - at.wall) // timedelta(milliseconds=1)
    if waits_ms <= 0:
        raise ValueError(f"expired at {local_iso(expires)}")
    return waits_ms


def _soon(now: datetime) -> datetime:
    return (now + PLAY_LEAD).replace(microsecond=0) + timedelta(seconds=1)  # plans know whole seconds


def _starting(starts: datetime, mark: str, title: str, duration_ms: int) -> Occurrence:
    id = starts.astimezone(STATION_TZ).strftime("%Y-%m-%dT%H%M%S") + mark
    ends = starts + timedelta(milliseconds=duration_ms)
    return Occurrence(id, title, starts, ends, Kind.OWN, bulletin_class=BulletinClass.PRIORITY)


def _duration_ms(body: Mapping[str, Any], longest_ms: int) -> int:
    duration_ms = int(body["duration_ms"])
    if not 0 < duration_ms <= longest_ms:
        raise ValueError(f"{duration_ms} ms is not between 1 ms and {longest_ms} ms")
    return duration_ms


def _text(given: object) -> str:
    if not isinstance(given, str) or not given or len(given) > MAX_TEXT:
        raise ValueError(f"{given!r:.60} is no text of 1 to {MAX_TEXT} characters")
    return given


def _why(body: Mapping[str, Any]) -> str:
    return str(body.get("why", ""))[:MAX_TEXT]
