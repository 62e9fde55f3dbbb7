"""What the meter says of a stretch of time: states, qualities, segments."""

import enum
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
    doubt_ms: float = 0.0  # of it that may not have been on air: what was too short or too weak to be called a gap
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
