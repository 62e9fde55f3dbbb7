"""What playout finds when it starts: its journal's plan, what was done, what was going on when its predecessor died."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from audio.events import EndCause
from scheduler.agenda import Cause, Stopped
from scheduler.book import NO_TIMETABLES, TimetableBook
from scheduler.clock import datetime_of
from scheduler.occurrence import Occurrence
from telemetry.database import damaged_rows
from telemetry.facts import Fact, PlayoutFact, Watermark
from telemetry.journal import PlayoutReader

CANCELLED = "cancelled"  # a person, or whoever sent the alert, took it back
DROPPED = str(Cause.DROPPED)
FINAL_ENDS = {str(EndCause.PLANNED_END), str(EndCause.SOURCE_SHORT), CANCELLED, DROPPED}  # it is not started again
FINAL_MISSES = {CANCELLED, DROPPED}
CARD_LOST = ("sound_device", "output")
LOOK_BACK = timedelta(days=2)
LOOK_AHEAD = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Open:
    """A playout that began in this boot and of which no end is known."""

    began: PlayoutFact
    frames: int = 0  # at its last progress


@dataclass(frozen=True, slots=True)
class Past:
    """The state that outlives a process."""

    timetables: TimetableBook = NO_TIMETABLES
    occurrences: tuple[Occurrence, ...] = ()
    closed: frozenset[str] = frozenset()
    missed: frozenset[str] = frozenset()
    pinned: dict[str, int] = field(default_factory=dict)  # id → anchor_ns, of what began in this boot
    open: dict[str, Open] = field(default_factory=dict)
    stopped: Stopped | None = None
    bad: frozenset[tuple[str, str]] = frozenset()  # (code, target) of conditions that were never called good again
    newest_wall_ns: int = 0
    last_boot: int | None = None  # of the process before us
    shut_down: bool = True  # that process ended in good order (or there was none)

    @property
    def card_lost(self) -> bool:
        return CARD_LOST in self.bad


def read_past(path: Path, boot: int) -> Past:
    """Read playout.db once, at the start. Raises JournalError, Corrupt where what it says makes no sense."""
    reader = PlayoutReader(path)
    try:
        with damaged_rows(path):
            return _past(reader, boot)
    finally:
        reader.close()


def _past(reader: PlayoutReader, boot: int) -> Past:
    mark = reader.watermark()
    newest_ns = mark.wall_ns if mark else 0
    around = datetime_of(newest_ns)
    rows = reader.plan_between(around - LOOK_BACK, around + LOOK_AHEAD) if mark else []
    facts = {row.occurrence.id: reader.facts_of(row.occurrence.id) for row in rows}
    timetables, stop = reader.timetables(), reader.stop()
    return Past(
        timetables=TimetableBook.from_json(timetables) if timetables else NO_TIMETABLES,
        occurrences=tuple(row.occurrence for row in rows),
        closed=frozenset(id for id, of in facts.items() if any(_is_final(fact) for fact in of)),
        missed=frozenset(id for id, of in facts.items() if any(fact.kind is Fact.MISSED for fact in of)),
        pinned={id: anchor for id, of in facts.items() if (anchor := _anchor(of, boot)) is not None},
        open={id: still for id, of in facts.items() if (still := _still_open(of, boot)) is not None},
        stopped=None
        if stop is None
        else Stopped(stop.by, stop.why, None if stop.until_wall_ns is None else datetime_of(stop.until_wall_ns)),
        bad=frozenset((condition.code, condition.target) for condition in reader.open_conditions()),
        newest_wall_ns=newest_ns,
        last_boot=mark.boot if mark else None,
        shut_down=_was_shut_down(reader, mark),
    )


def _was_shut_down(reader: PlayoutReader, mark: Watermark | None) -> bool:
    """Its last fact says so: it is stamped with the last watermark."""
    if mark is None:
        return True
    last = reader.facts_between(mark.boot, mark.boottime_ns, mark.boottime_ns)
    return any(fact.kind is Fact.SHUT_DOWN for fact in last)


def _is_final(fact: PlayoutFact) -> bool:
    cause = fact.detail.get("cause")
    return (fact.kind is Fact.ENDED and cause in FINAL_ENDS) or (fact.kind is Fact.MISSED and cause in FINAL_MISSES)


def _anchor(facts: list[PlayoutFact], boot: int) -> int | None:
    began = [fact for fact in facts if fact.kind is Fact.BEGAN and fact.at.boot == boot]
    return int(began[-1].detail["anchor_ns"]) if began else None


def _still_open(facts: list[PlayoutFact], boot: int) -> Open | None:
    """The last playout, if it began in this boot and nothing says that it ended."""
    still: Open | None = None
    for fact in facts:
        if fact.kind is Fact.BEGAN and fact.at.boot == boot:
            still = Open(fact)
        elif fact.kind is Fact.PROGRESS and still is not None:
            still = Open(still.began, int(fact.detail["frames"]))
        elif fact.kind is Fact.ENDED:
            still = None
    return still
