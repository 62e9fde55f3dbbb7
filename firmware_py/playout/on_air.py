"""What plays and what has played: orders cues and stops, and books what the player tells of them.

The desk decides what; here is how it is done, and what is remembered of each occurrence.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from audio.deck import Cue, Source
from audio.events import Began, EndCause, Ended
from firmware_py.playout.book import Book
from firmware_py.playout.past import CANCELLED, DROPPED, FINAL_ENDS, Past
from scheduler.agenda import Cause, Miss, Playing, Start, Stop, obey
from scheduler.clock import NS_PER_MS, Reading
from scheduler.conduct import AfterCut
from scheduler.occurrence import Occurrence
from telemetry.facts import Fact

SOURCE_RETRY_NS = 2_000 * NS_PER_MS
LONGEST_RETRY_NS = 600_000 * NS_PER_MS  # of a broken file, which seldom mends itself: each try is heard in what fills
JUST_ENDED_NS = 60_000 * NS_PER_MS
MAY_STILL_BEGIN = {str(Cause.STOPPED_BY), str(Cause.PRE_EMPTED), DROPPED, str(EndCause.SHUTDOWN)}  # or be missed
_BROKEN = str(EndCause.SOURCE_FAILED)


class Player(Protocol):
    def cue(self, cue: Cue) -> None: ...

    def stop(self, occurrence_id: str) -> None: ...


class SourceMissing(Exception):
    """There is nothing to play; the text says why, for the record."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A source, decoding ahead, and how long its content is (None: a stream)."""

    source: Source
    content_ms: int | None
    content: str | None = None  # digest of its samples: what tells a repeat


@dataclass(frozen=True, slots=True)
class _Content:
    """What an occurrence was last opened with."""

    source: str
    content_ms: int | None
    content: str | None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why it could not be played when it was last tried, and when it is tried again."""

    cause: str
    retry_ns: int
    times: int = 1  # it was broken


OpenSource = Callable[[Occurrence, int], Opened]  # occurrence, offset_ms; raises SourceMissing


@dataclass
class OnAir:
    """State of the deciding thread, about what sounds. ``playing`` is what the agenda goes by."""

    player: Player
    book: Book
    open_source: OpenSource
    playing: tuple[Playing, ...] = ()
    closed: set[str] = field(default_factory=set)
    missed: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    pinned: dict[str, int] = field(default_factory=dict)
    _ended_ns: int = -JUST_ENDED_NS
    _sounding: set[str] = field(default_factory=set)  # began, and not yet ended
    _contents: dict[str, _Content] = field(default_factory=dict)
    _cut_causes: dict[str, str] = field(default_factory=dict)
    _failures: dict[str, _Failure] = field(default_factory=dict)

    def recall(self, past: Past) -> None:
        """Take over from the predecessor."""
        self.closed, self.missed = set(past.closed), set(past.missed)
        self.begun, self.pinned = set(past.pinned) | self.closed, dict(past.pinned)

    def unavailable(self, reading: Reading) -> set[str]:
        """What could not be opened, until it is tried again."""
        return {id for id, failure in self._failures.items() if reading.boottime_ns < failure.retry_ns}

    @property
    def cued(self) -> set[str]:
        """What sounds or will within seconds."""
        return {p.occurrence.id for p in self.playing}

    def is_busy(self, reading: Reading) -> bool:
        """Something plays, or has just ended: its account waits for us."""
        return bool(self.playing) or reading.boottime_ns - self._ended_ns < JUST_ENDED_NS

    # -- orders ----------------------------------------------------------------------------------------------------

    def open(self, start: Start, reading: Reading) -> Opened | None:
        """Its source, decoding from now on; None, and the fault, if there is nothing to play. It is tried again."""
        occurrence = start.occurrence
        try:
            opened = self.open_source(occurrence, start.offset_ms)
        except SourceMissing as error:
            self._failures[occurrence.id] = _Failure("source_missing", reading.boottime_ns + SOURCE_RETRY_NS)
            evidence = {"occurrence": occurrence.id, "why": str(error)}
            self.book.state(
                {"source_missing": True}, reading, evidence, target=occurrence.source or occurrence.programme
            )
            return None
        self._contents[occurrence.id] = _Content(
            occurrence.source or occurrence.programme, opened.content_ms, opened.content
        )
        return opened

    def cue(self, start: Start, opened: Opened, sounds_ms: int) -> None:
        """Let it sound. *sounds_ms*: from there on its slot is a filler's."""
        id, playing = start.occurrence.id, Playing.of(start)
        self.playing = tuple(
            p.until(start.anchor_ns + sounds_ms * NS_PER_MS) if p.occurrence.id == id else p
            for p in obey(self.playing, [start])
        )
        self._cut_causes.pop(id, None)
        if sounds_ms < start.occurrence.planned_ms:
            self._cut_causes[id] = str(EndCause.SOURCE_SHORT)  # should the filler cut its last frames
        self.pinned.setdefault(id, start.anchor_ns)
        whole = start.occurrence.waits_ms > 0 and start.offset_ms == 0
        self.player.cue(Cue(id, opened.source, playing.starts_ns, playing.ends_ns, start.offset_ms, whole=whole))

    def stop(self, stop: Stop) -> None:
        id, taken_over = stop.occurrence.id, stop.cause is Cause.PRE_EMPTED
        drops = taken_over and stop.occurrence.conduct.after_cut is AfterCut.DROP
        self._cut_causes[id] = DROPPED if drops else str(stop.cause)
        sounds_before = any(p.occurrence.id == id and p.starts_ns < stop.at_ns for p in self.playing)
        self.playing = obey(self.playing, [stop])
        if not (taken_over and sounds_before):  # else the deck cuts it, on the winner's first frame
            self.player.stop(id)  # what only waits would take the air from the winner when its time comes

    def miss(self, miss: Miss, reading: Reading) -> None:
        id = miss.occurrence.id
        failure = self._failures.pop(id, None)
        if miss.cause is Cause.DROPPED:
            self.closed.add(id)
        self._book_miss(id, failure.cause if failure else str(miss.cause), reading)

    def cancel(self, occurrence: Occurrence, reading: Reading) -> int | None:
        """It ends now, or never begins; how many ms its first sound lies back by then, None if it has not begun."""
        id = occurrence.id
        if id in self.closed:
            return None
        self.closed.add(id)
        playing = next((p for p in self.playing if p.occurrence.id == id), None)
        begun = id in self.begun or (playing is not None and playing.starts_ns <= reading.boottime_ns)
        if not (begun and playing) and id not in self.missed:
            self._book_miss(id, CANCELLED, reading)  # also of what was cut: nobody joins it any more
        if playing is not None:
            self._cut_causes[id] = CANCELLED
            self.playing = tuple(p for p in self.playing if p is not playing)
            self.player.stop(id)
        return (reading.boottime_ns - self.pinned[id]) // NS_PER_MS if begun and id in self.pinned else None

    def drop_ended(self, reading: Reading) -> None:
        """What the player would have told long ago is gone (its event came before ours was booked)."""
        self.playing = tuple(p for p in self.playing if p.ends_ns > reading.boottime_ns - 5_000 * NS_PER_MS)

    # -- what the player tells -------------------------------------------------------------------------------------

    def began(self, began: Began, reading: Reading) -> None:
        id = began.occurrence_id
        self.begun.add(id)
        self._sounding.add(id)
        self.missed.discard(id)
        known = self._contents[id]
        if id in self._failures and self._failures[id].cause != _BROKEN:
            del self._failures[id]
        self.book.state({"source_missing": False}, reading, target=known.source)  # whoever it was missing to
        times = {"sink_ns": began.sink_ns, "wanted_ns": began.wanted_ns, "anchor_ns": self._anchor_of(began)}
        of_file = {"content_ms": known.content_ms, "content": known.content}
        self.book.fact(Fact.BEGAN, reading, id, **times, offset_ms=began.offset_ms, **of_file)

    def _anchor_of(self, began: Began) -> int:
        """Where its slot lies: pinned when it was ordered, but for what waited in the player for its first frame."""
        id, begun_ns = began.occurrence_id, began.wanted_ns - began.offset_ms * NS_PER_MS
        playing = next((p for p in self.playing if p.occurrence.id == id), None)
        if playing is not None and playing.occurrence.waits_ms and began.offset_ms == 0:
            late_ns = begun_ns - playing.anchor_ns
            later = Playing(playing.occurrence, begun_ns, playing.starts_ns + late_ns, playing.ends_ns + late_ns)
            self.playing = tuple(later if p is playing else p for p in self.playing)
            self.pinned[id] = begun_ns
        return self.pinned.get(id, begun_ns)

    def ended(self, ended: Ended, reading: Reading) -> None:
        id = ended.occurrence_id
        ordered = self._cut_causes.pop(id, str(EndCause.PLANNED_END))  # unordered: the next one's start cut its last ms
        cause = ordered if ended.cause is EndCause.STOPPED else str(ended.cause)
        self._ended_ns = reading.boottime_ns
        self.playing = tuple(p for p in self.playing if p.occurrence.id != id)
        if ended.cause is EndCause.SOURCE_FAILED:
            self._failures[id] = self._broken_again(id, reading)
        if id not in self._sounding:
            self._ended_unheard(id, cause, reading)
            return
        self._sounding.discard(id)
        self.book.fact(Fact.ENDED, reading, id, sink_ns=ended.sink_ns, frames=ended.frames, cause=cause)
        if cause in FINAL_ENDS:
            self.closed.add(id)

    def _broken_again(self, id: str, reading: Reading) -> _Failure:
        before = self._failures.get(id)
        times = before.times + 1 if before and before.cause == _BROKEN else 1
        wait_ns = min(SOURCE_RETRY_NS * 2 ** min(times - 1, 16), LONGEST_RETRY_NS)
        return _Failure(_BROKEN, reading.boottime_ns + wait_ns, times)

    def _ended_unheard(self, id: str, cause: str, reading: Reading) -> None:
        """It was cued and its time passed, or it was joined behind the last sample of its content."""
        told = id in self.begun | self.closed | self.missed
        if id not in self.begun:
            self.pinned.pop(id, None)  # it was never heard: it may still be dropped, or missed
        if cause == str(EndCause.SOURCE_SHORT):
            self.closed.add(id)
        if not told and cause not in MAY_STILL_BEGIN:
            known = cause in (str(EndCause.SOURCE_FAILED), str(EndCause.SOURCE_SHORT))
            self._book_miss(id, cause if known else "device_lost", reading)

    def _book_miss(self, id: str, cause: str, reading: Reading) -> None:
        self.missed.add(id)
        self.book.fact(Fact.MISSED, reading, id, cause=cause)
