"""The facts that playout and the meter journal, and the accounts that the ledger makes of them.

A fact is stamped with (boot ordinal, boottime) for arithmetic and with a wall guess and its quality as a label.
"""

import enum
from dataclasses import dataclass, field
from typing import Any

from audio.segments import Loudness
from scheduler.clock import Reading


class Fact(enum.StrEnum):
    """Kinds of playout facts, with the keys of ``detail``; its times are boottime ns of the fact's boot."""

    BOOTED = "booted"  # process started: first_of_boot, predecessor_died (bools); clock quality in the stamp
    SHUT_DOWN = "shut_down"  # process ended in good order
    BEGAN = "began"  # anchor_ns (boottime of the slot's first instant), sink_ns, wanted_ns, offset_ms; content_ms|null
    # (how long the file is), content|null (digest of its samples)
    PROGRESS = "progress"  # sink_ns, frames: one row an open playout, updated in place every 5 s
    ENDED = (
        "ended"  # sink_ns, frames, cause (audio.events.EndCause, "pre_empted", "dropped", "cancelled", of a person's
    )
    # stop "stopped_by", or "playout_died" found at the next start)
    MISSED = "missed"  # cause: of the agenda, source_missing, source_failed, source_short, device_lost, cancelled
    STOPPED = "stopped"  # by, why, until_ns|null: nothing scheduled sounds from here
    RESUMED = "resumed"  # by
    PLAN_CHANGED = "plan_changed"  # by, file, added [ids], withdrawn [ids]
    COMMAND = "command"  # by, what, …: any other thing a person asked for
    CLOCK_MOVED = "clock_moved"  # from_wall_ns, to_wall_ns, quality
    CARD_LOST = "card_lost"  # reason
    CARD_BACK = "card_back"  # at_ns: from when it can carry sound
    JUMPED = "jumped"  # lost_ms: the process or the card stood still
    SOURCE_CHANGED = "source_changed"  # at_ns, link (0: the relay itself), name, why: another link of a relay sounds
    SLOW_DISK = "slow_disk"  # ms: a commit took that long


LEARN_LEVEL = "learn_level"  # a COMMAND: from here on the path's normal level is learnt anew


@dataclass(frozen=True, slots=True)
class PlayoutFact:
    n: int  # the journal's own counter; 0 before it is stored
    kind: Fact
    at: Reading
    occurrence_id: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """Something is bad, or good again, says the process that sees it; the ledger makes faults of it."""

    code: str  # e.g. "dead_air", "sound_device", "clock_untrusted"
    target: str  # what it is about: "station", a channel's name, a device
    bad: bool
    boot: int
    since_ns: int  # boottime of the change
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Level:
    """How loud an occurrence was sent and heard over a stretch of a boot: evidence, never part of an account."""

    channel: str
    occurrence_id: str
    boot: int
    from_ns: int  # boottime, of what was sent
    to_ns: int
    heard_ms: int  # of it so much was heard; less where the path's delay was not known, or nobody listened
    sent: Loudness
    heard: Loudness


@dataclass(frozen=True, slots=True)
class Watermark:
    """All facts of this writer up to this boottime are stored. It is the heartbeat too."""

    boot: int
    boottime_ns: int
    wall_ns: int
