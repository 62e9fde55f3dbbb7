"""What plays and what has played: orders cues and stops, and books what the player tells of them.

The desk decides what; here is how it is done, and what is remembered of each occurrence.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from audio.deck import Cue, Source
from audio.events import Began, EndCause, Ended
from firmware_py.playout.book import Book
from firmware_py.playout.past import CANCELLED, FINAL_ENDS, Past
from scheduler.agenda import Miss, Playing, Start, Stop, obey
from scheduler.clock import NS_PER_MS, Reading
from scheduler.occurrence import Occurrence
from telemetry.facts import Fact

SOURCE_RETRY_NS = 2_000 * NS_PER_MS
JUST_ENDED_NS = 60_000 * NS_PER_MS
MAY_BE_JOINED = {"stopped_by", "pre_empted", str(EndCause.SHUTDOWN)}


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
    _failures: dict[str, tuple[int, str]] = field(default_factory=dict)  # id → (retry at, cause)

    def recall(self, past: Past) -> None:
        """Take over from the predecessor."""
        self.closed, self.missed = set(past.closed), set(past.missed)
        self.begun, self.pinned = set(past.pinned) | self.closed, dict(past.pinned)

    @property
    def cued(self) -> set[str]:
        """What sounds or will within seconds."""
        return {p.occurrence.id for p in self.playing}

    def is_busy(self, reading: Reading) -> bool:
        """Something plays, or has just ended: its account waits for us."""
        return bool(self.playing) or reading.boottime_ns - self._ended_ns < JUST_ENDED_NS

    # -- orders ----------------------------------------------------------------------------------------------------

    def start(self, start: Start, reading: Reading) -> None:
        id = start.occurrence.id
        retry_ns, _ = self._failures.get(id, (0, ""))
        if reading.boottime_ns < retry_ns:
            return
        offset_ms = max(0, start.offset_ns // NS_PER_MS)
        try:
            opened = self.open_source(start.occurrence, offset_ms)
        except SourceMissing as error:
            self._failures[id] = (reading.boottime_ns + SOURCE_RETRY_NS, "source_missing")
            evidence = {"occurrence": id, "why": str(error)}
            self.book.state({"source_missing": True}, reading, evidence, target=start.occurrence.source)
            return
        self._contents[id] = _Content(start.occurrence.source, opened.content_ms, opened.content)
        playing = Playing.of(start)
        self.playing = obey(self.playing, [start])
        self.pinned.setdefault(id, start.anchor_ns)
        whole = start.occurrence.waits_ms > 0 and offset_ms == 0
        self.player.cue(Cue(id, opened.source, playing.starts_ns, playing.ends_ns, offset_ms, whole=whole))

    def stop(self, stop: Stop) -> None:
        id = stop.occurrence.id
        self._cut_causes[id] = str(stop.cause)
        self.playing = obey(self.playing, [stop])
        if str(stop.cause) != "pre_empted":  # a take-over is cut by the deck, on the winner's first frame
            self.player.stop(id)

    def miss(self, miss: Miss, reading: Reading) -> None:
        id = miss.occurrence.id
        _, known = self._failures.pop(id, (0, str(miss.cause)))
        self._book_miss(id, known, reading)

    def cancel(self, occurrence: Occurrence, reading: Reading) -> int | None:
        """It ends now, or never begins; for how many ms it has sounded by then, None if it has not begun."""
        if occurrence.id in self.closed:
            return None
        self.closed.add(occurrence.id)
        playing = next((p for p in self.playing if p.occurrence.id == occurrence.id), None)
        begun = playing is not None and playing.starts_ns <= reading.boottime_ns
        if not begun and occurrence.id not in self.begun | self.missed:
            self._book_miss(occurrence.id, CANCELLED, reading)
        if playing is None:
            return None
        self._cut_causes[occurrence.id] = CANCELLED
        self.playing = tuple(p for p in self.playing if p is not playing)
        self.player.stop(occurrence.id)
        return (reading.boottime_ns - playing.anchor_ns) // NS_PER_MS if begun else None

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
        if self._failures.pop(id, None) is not None:
            self.book.state({"source_missing": False}, reading, target=known.source)
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
        if id not in self._sounding:
            if id not in self.begun and cause not in MAY_BE_JOINED:  # it was cued and its time passed
                self._book_miss(id, "source_failed" if cause == "source_failed" else "device_lost", reading)
            return
        self._sounding.discard(id)
        self.book.fact(Fact.ENDED, reading, id, sink_ns=ended.sink_ns, frames=ended.frames, cause=cause)
        if cause in FINAL_ENDS:
            self.closed.add(id)
        if ended.cause is EndCause.SOURCE_FAILED:
            self._failures[id] = (reading.boottime_ns + SOURCE_RETRY_NS, "source_failed")

    def _book_miss(self, id: str, cause: str, reading: Reading) -> None:
        self.missed.add(id)
        self.book.fact(Fact.MISSED, reading, id, cause=cause)
