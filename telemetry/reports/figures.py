"""Read the JSON of ``airtime`` and ``logbook`` into values. A missing key is our bug and raises KeyError."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from scheduler.clock import STATION_TZ

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Durations:
    """The figures of a broadcast, or of many together. on_air + not_on_air + unobserved = planned."""

    planned_ms: int
    programme_ms: int
    played_ms: int
    on_air_ms: int
    not_on_air_ms: int
    unobserved_ms: int

    @classmethod
    def from_json(cls, data: Json) -> "Durations":
        return cls(*(int(data[name]) for name in cls.__dataclass_fields__))

    @property
    def parts(self) -> tuple[int, int, int]:
        """The three that the planned time is made of."""
        return self.on_air_ms, self.not_on_air_ms, self.unobserved_ms


@dataclass(frozen=True, slots=True)
class Broadcast:
    """The account of one occurrence, as it is printed. Times are local."""

    id: str
    programme: str
    starts_at: datetime
    ends_at: datetime
    began_at: datetime | None  # when its first sound left the machine
    ended_at: datetime | None
    kind: str
    origin: str | None
    bulletin_class: str
    durations: Durations
    overlaid_ms: int
    causes: Mapping[str, int]
    evidence: str
    revision: int
    on_duty: str

    @property
    def day(self) -> date:
        return self.starts_at.date()

    @classmethod
    def from_json(cls, data: Json) -> "Broadcast":
        starts_at = _local(data["starts_at"])
        return cls(
            id=str(data["occurrence"]),
            programme=str(data["programme"]),
            starts_at=starts_at,
            ends_at=_local(data["ends_at"]),
            began_at=_began_at(data, starts_at),
            ended_at=_local_or_none(data.get("ended_at")),
            kind=str(data["kind"]),
            origin=data.get("origin"),
            bulletin_class=str(data.get("class", "normal")),
            durations=Durations.from_json(data),
            overlaid_ms=int(data.get("overlaid_ms", 0)),
            causes=dict(data.get("causes") or {}),
            evidence=str(data.get("evidence") or "none"),
            revision=int(data.get("revision") or 0),
            on_duty=str(data.get("on_duty") or ""),
        )


@dataclass(frozen=True, slots=True)
class FaultEntry:
    """A fault, for the logbook. ``cleared_at`` is None while it is open."""

    since: datetime
    cleared_at: datetime | None
    target: str
    severity: str
    title_vi: str
    title_en: str

    @classmethod
    def from_json(cls, data: Json) -> "FaultEntry":
        return cls(
            since=_local(data["since"]),
            cleared_at=_local_or_none(data.get("cleared_at")),
            target=str(data.get("target", "")),
            severity=str(data["severity"]),
            title_vi=str(data["title_vi"]),
            title_en=str(data["title_en"]),
        )


def month_days(month: str) -> tuple[date, date]:
    """First and last day of "2026-11". Raises ValueError."""
    first = datetime.strptime(month, "%Y-%m").date()
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def week_days(week: str) -> tuple[date, ...]:
    """The seven days of "2026-W47", Monday first. Raises ValueError."""
    monday = datetime.strptime(f"{week}-1", "%G-W%V-%u").date()
    return tuple(monday + timedelta(days=n) for n in range(7))


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(STATION_TZ)


def _local_or_none(text: str | None) -> datetime | None:
    return _local(text) if text else None


def _began_at(data: Json, starts_at: datetime) -> datetime | None:
    """``began_at`` if the account has it, else the scheduled start and the measured error of it."""
    if data.get("began_at"):
        return _local(data["began_at"])
    if data.get("start_error_ms") is None or not data["played_ms"]:
        return None
    return starts_at + timedelta(milliseconds=data["start_error_ms"])
