"""What the meter says of a stretch of time: states, qualities, segments, loudness. Values, without numpy."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class State(enum.StrEnum):
    ON_AIR = "on_air"  # what was sent is what is heard
    SILENCE = "silence"
    NOISE = "noise"  # hiss: carrier lost
    HUM = "hum"
    FOREIGN = "foreign"  # other audio
    UNOBSERVED = "unobserved"  # nothing was heard of this stretch, or the return proves nothing


class Quality(enum.StrEnum):
    OK = "ok"
    CLIPPED = "clipped"
    LOW = "low"
    OVERLAID = "overlaid"  # other audio on top: counted as on air, and flagged


@dataclass(frozen=True, slots=True)
class MatchSegment:
    """A decided stretch on the axis of what was sent, in frames of 48 kHz. Segments follow one another without gap."""

    from_frame: int
    to_frame: int
    state: State
    quality: Quality = Quality.OK
    delay_ms: float | None = None  # of the path, while locked
    coherence: float | None = None  # mean over the stretch, 0 … 1: the evidence
    edge_ms: float | None = None  # standard deviation of its start; None where on and off air do not change there
    doubt_ms: float = 0.0  # of it that may be the other way round: a dip that was no gap, a gap hardly spoken for
    evidence_share: float | None = None  # of its time in which the programme could be told from anything else
    snr_db: float | None = None  # mean of the looks in which it could, while on air


@dataclass(frozen=True, slots=True)
class Segment:
    """A decided stretch on a boot's axis, dated by the instant its sound was sent (the path's delay removed)."""

    channel: str
    boot: int
    from_ns: int  # boottime
    to_ns: int
    state: State
    quality: Quality = Quality.OK
    delay_ms: float | None = None
    coherence: float | None = None
    heard_dbfs: float | None = None
    edge_ms: float | None = None  # these four as in MatchSegment; None where no meter said
    doubt_ms: float | None = None
    evidence_share: float | None = None
    snr_db: float | None = None


@dataclass(frozen=True, slots=True)
class Loudness:
    """Of a stretch of sound. None where nothing can be said: too short, digital silence, all below the gate."""

    integrated_lufs: float | None = None  # of 400 ms and more
    max_short_term_lufs: float | None = None  # of 3 s and more
    true_peak_dbtp: float | None = None

    def to_json(self) -> dict[str, float | None]:
        """Rounded to 0.1, as EBU Tech 3341 has a meter show it."""
        return {
            "integrated_lufs": _rounded(self.integrated_lufs),
            "max_short_term_lufs": _rounded(self.max_short_term_lufs),
            "true_peak_dbtp": _rounded(self.true_peak_dbtp),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, float | None]) -> "Loudness":
        """Inverse of ``to_json``. Raises KeyError."""
        return cls(data["integrated_lufs"], data["max_short_term_lufs"], data["true_peak_dbtp"])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
