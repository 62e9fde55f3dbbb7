"""Read the JSON of ``airtime`` and ``logbook`` into values. A missing key is our bug and raises KeyError."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from scheduler.clock import FIRST_DAY, LAST_DAY, STATION_TZ

Json = Mapping[str, Any]
FLAGS = ("overlaid", "low", "clipped")


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
    flags: Mapping[str, int]  # ms of what was on air, but "overlaid", "low" or "clipped"
    causes: Mapping[str, int]
    evidence: str
    revision: int  # 0: never revised
    on_duty: str
    partly: bool  # only the share of the period is counted: it runs across the end of a month

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
            flags={name: int(data.get(f"{name}_ms") or 0) for name in FLAGS},
            causes=_causes(data),
            evidence=str(data.get("evidence") or "none"),
            revision=int(data.get("revision") or 0),
            on_duty=str(data.get("on_duty") or ""),
            partly=data.get("whole_planned_ms", data["planned_ms"]) != data["planned_ms"],
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


def slot_text(starts_at: datetime, ends_at: datetime) -> str:
    """05:00–05:30; with seconds where there are any."""
    form = "%H:%M:%S" if starts_at.second or ends_at.second else "%H:%M"
    return f"{starts_at:{form}}–{ends_at:{form}}"


def week_days(week: str) -> tuple[date, ...]:
    """The seven days of "2026-W47", Monday first. Raises ValueError."""
    monday = datetime.strptime(f"{week}-1", "%G-W%V-%u").date()
    if not FIRST_DAY <= monday <= LAST_DAY:
        raise ValueError(f"{week!r} is no week of a broadcast")
    return tuple(monday + timedelta(days=n) for n in range(7))


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(STATION_TZ)


def _local_or_none(text: str | None) -> datetime | None:
    return _local(text) if text else None


def _causes(data: Json) -> dict[str, int]:
    """Causes of both kinds of loss; one that explains time not on air and unobserved time too is added up."""
    kinds = ("not_on_air", "unobserved") if "not_on_air" in data else ("causes",)
    summed: dict[str, int] = {}
    for kind in kinds:
        for code, ms in (data.get(kind) or {}).items():
            summed[code] = summed.get(code, 0) + int(ms)
    return summed


def _began_at(data: Json, starts_at: datetime) -> datetime | None:
    """``began_at`` if the account has it, else the scheduled start and the measured error of it."""
    if data.get("began_at"):
        return _local(data["began_at"])
    if data.get("start_error_ms") is None or not data["played_ms"]:
        return None
    return starts_at + timedelta(milliseconds=data["start_error_ms"])
