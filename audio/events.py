"""What the player tells: events with the frame and the instant at which the sink carries it."""

import enum
from dataclasses import dataclass


class EndCause(enum.StrEnum):
    """Why a playout ended."""

    PLANNED_END = "planned_end"
    SOURCE_SHORT = "source_short"  # the source had no more
    SOURCE_FAILED = "source_failed"
    STOPPED = "stopped"  # a command
    SHUTDOWN = "shutdown"  # the process was told to end


@dataclass(frozen=True, slots=True)
class Began:
    """The first frame of a playout was handed to the card and will sound at *sink_ns* (boottime)."""

    occurrence_id: str
    sink_ns: int
    wanted_ns: int  # when it should have sounded
    offset_ms: int  # how far into the slot (0, or where a restart joined)


@dataclass(frozen=True, slots=True)
class Ended:
    """The last frame sounds until *sink_ns*. *frames* of the source were handed to the card."""

    occurrence_id: str
    sink_ns: int
    frames: int
    cause: EndCause


@dataclass(frozen=True, slots=True)
class CardLost:
    at_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class CardBack:
    at_ns: int  # boottime from which it can carry sound again: an opened card has to tell its time first


@dataclass(frozen=True, slots=True)
class ClockJumped:
    """The card's frames no longer follow boottime (underrun, freeze): *lost_ns* of sound are missing."""

    at_ns: int
    lost_ns: int


PlayerEvent = Began | Ended | CardLost | CardBack | ClockJumped
