"""The closed account of one occurrence (phiếu thời lượng): what became of every planned millisecond. Pure values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from audio.segments import Loudness
from scheduler.occurrence import Occurrence

MEASURED = "measured"
SELF_REPORTED = "self_reported"  # no return channel: nothing is proven, played stands beside it
FIGURES = ("planned_ms", "programme_ms", "played_ms", "on_air_ms", "not_on_air_ms", "unobserved_ms")


@dataclass(frozen=True, slots=True)
class Share:
    """Figures of a whole occurrence, or of the part of it that lies on one local day. Causes sum to their figure."""

    planned_ms: int
    programme_ms: int  # content time: what was played of what had not been aired before
    played_ms: int  # handed to the card, by count of samples: what the machine says of itself
    on_air_ms: int
    not_on_air: Mapping[str, int]  # cause: ms
    unobserved: Mapping[str, int]  # cause: ms
    overlaid_ms: int  # these three are parts of on_air_ms
    low_ms: int
    clipped_ms: int

    @property
    def not_on_air_ms(self) -> int:
        return sum(self.not_on_air.values())

    @property
    def unobserved_ms(self) -> int:
        return sum(self.unobserved.values())

    def figures(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in FIGURES}

    def to_json(self) -> dict[str, Any]:
        return self.figures() | {
            "not_on_air": dict(self.not_on_air),
            "unobserved": dict(self.unobserved),
            "overlaid_ms": self.overlaid_ms,
            "low_ms": self.low_ms,
            "clipped_ms": self.clipped_ms,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Share":
        """Inverse of ``to_json``. Raises KeyError."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Coverage:
    """What another channel than the account's heard of the occurrence."""

    on_air_ms: int
    not_on_air_ms: int
    unobserved_ms: int


@dataclass(frozen=True, slots=True)
class LoudnessShare:
    """How loud the occurrence was sent, and heard on the account's channel, over a part of its slot."""

    from_ms: int  # in the slot
    to_ms: int
    heard_ms: int
    sent: Loudness
    heard: Loudness

    def to_json(self) -> dict[str, Any]:
        span = {"from_ms": self.from_ms, "to_ms": self.to_ms, "heard_ms": self.heard_ms}
        return span | {"sent": self.sent.to_json(), "heard": self.heard.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "LoudnessShare":
        """Inverse of ``to_json``. Raises KeyError."""
        sent, heard = (Loudness.from_json(data[side]) for side in ("sent", "heard"))
        return cls(data["from_ms"], data["to_ms"], data["heard_ms"], sent, heard)


@dataclass(frozen=True, slots=True)
class AirtimeRecord:
    """on air + not on air + unobserved = planned, in the whole and on every day."""

    occurrence: Occurrence
    evidence: str
    whole: Share
    days: Mapping[date, Share]  # by local date
    began_at: str | None = None  # wall guess of the first sample, ISO 8601
    ended_at: str | None = None
    start_error_ms: float | None = None  # of the first playout: where it sounded minus where it should have
    clock: str = "none"  # who vouched for the wall clock when it began
    clock_moved: bool = False
    delay_ms: float | None = None  # of the return path, mean over what was on air
    coherence: float | None = None  # the evidence, mean over what was on air
    uncertainty_ms: int | None = None  # half-width of the 95 % interval of on_air_ms; None: a record of before
    evidence_share: float | None = None  # of the heard time in which the programme could be told from anything else
    coverage: Mapping[str, Coverage] = field(default_factory=dict)
    withdrawn_by: str | None = None  # from the plan, while it ran
    loudness: LoudnessShare | None = None  # evidence only; None: not measured, or of a record before it was
    content: str | None = None  # SHA-256 of the file's samples; None: not of a file, not played, or a record of before
    fallback_ms: int | None = None  # a relay's fallback sounded instead, for so much of what was played; None: never
    revision: int = 0

    def to_json(self) -> dict[str, Any]:
        """Flat: the occurrence's own keys, its figures, its causes, and what they rest on."""
        return (
            self.occurrence.to_json()
            | self.whole.to_json()
            | {
                "causes": {**self.whole.not_on_air, **self.whole.unobserved},
                "days": {day.isoformat(): share.to_json() for day, share in self.days.items()},
                "evidence": self.evidence,
                "began_at": self.began_at,
                "ended_at": self.ended_at,
                "start_error_ms": self.start_error_ms,
                "clock": self.clock,
                "clock_moved": self.clock_moved,
                "delay_ms": self.delay_ms,
                "coherence": self.coherence,
                "uncertainty_ms": self.uncertainty_ms,
                "evidence_share": self.evidence_share,
                "coverage": {
                    name: {"on_air_ms": c.on_air_ms, "not_on_air_ms": c.not_on_air_ms, "unobserved_ms": c.unobserved_ms}
                    for name, c in self.coverage.items()
                },
                "withdrawn_by": self.withdrawn_by,
                "loudness": self.loudness and self.loudness.to_json(),
                "content": self.content,
                "fallback_ms": self.fallback_ms,
                "revision": self.revision,
            }
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "AirtimeRecord":
        """Inverse of ``to_json``. Raises KeyError or ValueError on what is not its output."""
        return cls(
            occurrence=Occurrence.from_json(dict(data)),
            evidence=data["evidence"],
            whole=Share.from_json(data),
            days={date.fromisoformat(day): Share.from_json(share) for day, share in data["days"].items()},
            began_at=data["began_at"],
            ended_at=data["ended_at"],
            start_error_ms=data["start_error_ms"],
            clock=data["clock"],
            clock_moved=data["clock_moved"],
            delay_ms=data["delay_ms"],
            coherence=data["coherence"],
            uncertainty_ms=data.get("uncertainty_ms"),
            evidence_share=data.get("evidence_share"),
            coverage={name: Coverage(**c) for name, c in data["coverage"].items()},
            withdrawn_by=data["withdrawn_by"],
            loudness=LoudnessShare.from_json(data["loudness"]) if data.get("loudness") else None,
            content=data.get("content"),
            fallback_ms=data.get("fallback_ms"),
            revision=data["revision"],
        )


def sum_of_causes(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """By cause, in ms."""
    summed: dict[str, int] = {}
    for causes in several:
        for cause, ms in causes.items():
            summed[cause] = summed.get(cause, 0) + ms
    return summed
