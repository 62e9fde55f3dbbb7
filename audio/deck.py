"""The deck: which source's samples fill the next block. Pure decisions on frozen state; the sources are handed in.

Every frame of a cue has one right place: frame number on the card ↔ boottime (the frame clock) ↔ place in the source.
A start falls on its exact frame in mid-block and an end cuts on its exact frame. Where a source has nothing yet,
silence is sent and the source goes on at the place where it would be, never late. Silence stands everywhere else.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from audio.events import Began, EndCause, Ended
from audio.format import BYTES_PER_FRAME, RATE_HZ, frames_to_ms, ns_to_frames
from scheduler.clock import NS_PER_MS

FADE_FRAMES = RATE_HZ // 50  # 20 ms, before a stop or a take-over: a sharp cut clicks
END_FADE_FRAMES = RATE_HZ // 2  # before a planned end at which the programme would go on, as a hand on the knob does it
SHORT_NS = 50 * NS_PER_MS  # a source may end so much before the plan …
SHORT_RATE = 500e-6  # … plus what a card's clock may be off, and still count as whole


class Source(Protocol):
    """Where samples come from. No method blocks."""

    @property
    def live(self) -> bool:
        """A relay: what was missed is gone, so after a freeze it skips instead of going on."""

    @property
    def failure(self) -> str | None:
        """Why there will never be any more, once that is so."""

    @property
    def ready(self) -> bool:
        """Enough is decoded to begin without a break, or there will never be any more."""

    def take(self, n_frames: int, at_frame: int) -> bytes:
        """Samples (s16le mono) of source frames [at_frame, at_frame + n_frames), or as many of the first as are ready.

        What lies before *at_frame* is dropped.
        """

    def ended_by(self, frame: int) -> bool:
        """Whether the source is known to have nothing at *frame* or later."""

    def close(self) -> None:
        """Let go of threads and processes, soon. Harmless when repeated."""


class Clock(Protocol):
    """What the deck needs of a ``FrameClock``."""

    @property
    def ready(self) -> bool: ...

    def sink_ns(self, frame: int) -> int: ...

    def frame_at(self, sink_ns: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Cue:
    """Sound *source* from boottime *start_ns* until *end_ns*; at the start it is *offset_ms* into the source.

    A *whole* one begins at its first frame however late: as soon as the card has room and the source is ready.
    """

    occurrence_id: str
    source: Source
    start_ns: int
    end_ns: int
    offset_ms: int = 0
    whole: bool = False
    stopped: EndCause | None = None  # while it waited


@dataclass(frozen=True, slots=True)
class Playing:
    """A cue whose start has come. Its source frame at card frame *f* is ``f - anchor``."""

    cue: Cue
    anchor: int
    frames: int = 0  # of the source, handed to the card; none yet: it has not begun for the listener
    sounded_ns: int = 0  # boottime at which the last of them has sounded
    stopped: EndCause | None = None
    cut_frame: int | None = None  # where the stop takes effect


@dataclass(frozen=True, slots=True)
class Deck:
    """The whole state. Cues wait in order of their start; one sounds at a time, and a later start takes over."""

    waiting: tuple[Cue, ...] = ()
    playing: Playing | None = None
    rejoining: bool = False  # the card is gone, or a new one: the place in the source is found again from the time

    def add(self, cue: Cue) -> "Deck":
        """With *cue* in its place. The same occurrence twice is a bug of the caller: ValueError."""
        if self.holds(cue.occurrence_id):
            raise ValueError(f"{cue.occurrence_id} is cued already")
        return replace(self, waiting=tuple(sorted((*self.waiting, cue), key=lambda c: c.start_ns)))

    def holds(self, occurrence_id: str) -> bool:
        cues = (*self.waiting, *([self.playing.cue] if self.playing else []))
        return any(cue.occurrence_id == occurrence_id for cue in cues)

    def stop(self, occurrence_id: str, cause: EndCause) -> "Deck":
        """End it with the next block (fill) or at once (expire, without a card). Harmless if it is not here."""
        playing = self.playing
        if playing and playing.cue.occurrence_id == occurrence_id:
            playing = replace(playing, stopped=playing.stopped or cause)
        waiting = (replace(c, stopped=cause) if c.occurrence_id == occurrence_id else c for c in self.waiting)
        return replace(self, playing=playing, waiting=tuple(waiting))

    def put_off(self, cue: Cue, start_ns: int) -> "Deck":
        """*cue* waits until *start_ns* (to the next whole ms), and what was to follow it at once is joined later."""
        late_ms = -((cue.start_ns - start_ns) // NS_PER_MS)
        late_ns = late_ms * NS_PER_MS
        late = replace(cue, start_ns=cue.start_ns + late_ns, end_ns=cue.end_ns + late_ns)

        def moved(other: Cue) -> Cue:
            if other is cue:
                return late
            if other.start_ns != cue.end_ns or other.whole:
                return other
            return replace(other, start_ns=late.end_ns, offset_ms=other.offset_ms + late_ms)

        return replace(self, waiting=tuple(sorted(map(moved, self.waiting), key=lambda c: c.start_ns)))

    def jumped(self, lost_ns: int) -> "Deck":
        """The card stood still for *lost_ns*: a file goes on from where it was, a relay leaves out what it missed."""
        if self.playing is None or not self.playing.cue.source.live:
            return self
        return replace(self, playing=replace(self.playing, anchor=self.playing.anchor - ns_to_frames(lost_ns)))

    def card_lost(self, now_ns: int) -> "Deck":
        """What lay in its buffer never sounds. Time goes on: what plays is found again by its time on the next card."""
        playing = self.playing
        if playing is not None:
            playing = replace(playing, sounded_ns=min(playing.sounded_ns, now_ns))
        return replace(self, playing=playing, rejoining=True)


@dataclass(frozen=True, slots=True)
class Filled:
    """One block and what begins and ends in it."""

    pcm: bytes
    occurrence_id: str  # of the last cue that sounds in it, empty if none does
    events: tuple[Began | Ended, ...]
    finished: tuple[Source, ...]  # to be closed


@dataclass(frozen=True, slots=True)
class Expired:
    events: tuple[Ended, ...]
    finished: tuple[Source, ...]


def fill(deck: Deck, first_frame: int, n_frames: int, clock: Clock) -> tuple[Deck, Filled]:
    """The block of card frames [first_frame, first_frame + n_frames), and the deck after it.

    While the clock is not ready nothing sounds: nobody could say when.
    """
    if not clock.ready:
        return deck, Filled(bytes(n_frames * BYTES_PER_FRAME), "", (), ())
    deck, expired = expire(deck, clock.sink_ns(first_frame))
    deck = _waiting_for_whole(deck, first_frame, n_frames, clock)
    filling = _Filling(deck, first_frame, n_frames, clock)
    filling.run()
    events, finished = (*expired.events, *filling.events), (*expired.finished, *filling.finished)
    return filling.deck, Filled(bytes(filling.out), filling.occurrence_id, events, finished)


def _waiting_for_whole(deck: Deck, first_frame: int, n_frames: int, clock: Clock) -> Deck:
    """Put off what is to be heard whole into this block, or the next if it is not ready; what it cuts fades before."""
    for cue in [cue for cue in deck.waiting if cue.whole]:
        if not cue.source.ready and cue.start_ns < clock.sink_ns(first_frame + n_frames + FADE_FRAMES):
            deck = deck.put_off(cue, clock.sink_ns(first_frame + n_frames + FADE_FRAMES))
        elif cue.start_ns < clock.sink_ns(first_frame):
            deck = deck.put_off(cue, clock.sink_ns(first_frame + FADE_FRAMES))
    return deck


def expire(deck: Deck, now_ns: int) -> tuple[Deck, Expired]:
    """Without what can sound no more: cues that wait and were stopped or are past; of a lost card, what played, too."""
    over = [cue for cue in deck.waiting if cue.stopped or cue.end_ns <= now_ns]
    events = [Ended(cue.occurrence_id, now_ns, 0, cue.stopped or EndCause.PLANNED_END) for cue in over]
    deck = replace(deck, waiting=tuple(cue for cue in deck.waiting if cue not in over))
    playing = deck.playing
    if playing and deck.rejoining and (playing.stopped or playing.cue.end_ns <= now_ns):
        cause = playing.stopped or EndCause.PLANNED_END
        events.append(Ended(playing.cue.occurrence_id, playing.sounded_ns or now_ns, playing.frames, cause))
        over.append(playing.cue)
        deck = replace(deck, playing=None)
    return deck, Expired(tuple(events), tuple(cue.source for cue in over))


class _Filling:
    """The work on one block: a cursor that walks from cue to cue."""

    def __init__(self, deck: Deck, first_frame: int, n_frames: int, clock: Clock) -> None:
        self.deck = deck
        self.clock = clock
        self.first = first_frame
        self.cursor = first_frame
        self.until = first_frame + n_frames
        self.out = bytearray(n_frames * BYTES_PER_FRAME)
        self.occurrence_id = ""
        self.events: list[Began | Ended] = []
        self.finished: list[Source] = []

    def run(self) -> None:
        self._find_place_again()
        while self.cursor < self.until:
            playing = self.deck.playing or self._next()
            if playing is None:
                return
            self._play(playing)

    def _find_place_again(self) -> None:
        playing = self.deck.playing
        if self.deck.rejoining and playing:
            playing = replace(playing, anchor=self._anchor(playing.cue))
        self.deck = replace(self.deck, playing=playing, rejoining=False)

    def _anchor(self, cue: Cue) -> int:
        """The card frame of the source's frame 0 when the cue sounds at its right place."""
        return self.clock.frame_at(cue.start_ns) - cue.offset_ms * RATE_HZ // 1_000

    def _next(self) -> Playing | None:
        """Take the next cue if it starts in this block (or should have before); the cursor moves to its start."""
        if not self.deck.waiting:
            return None
        cue, *rest = self.deck.waiting
        start = self.clock.frame_at(cue.start_ns)
        if start >= self.until:
            return None
        self.deck = replace(self.deck, waiting=tuple(rest))
        self.cursor = max(self.cursor, start)
        return Playing(cue, self._anchor(cue))

    def _play(self, playing: Playing) -> None:
        """Sound it until its end, the next cue's start or the block's end, whichever comes first."""
        playing, cut, cause = self._cut(playing)
        end = min(cut, self.until)
        playing, got = self._copy(playing, end)
        source = playing.cue.source
        if self.cursor + got < end and source.failure is not None:
            return self._end(playing, EndCause.SOURCE_FAILED, self.cursor + got)
        if self.cursor + got < end and source.ended_by(self.cursor + got - playing.anchor):
            return self._end(playing, self._natural_cause(playing, self.cursor + got), self.cursor + got)
        for silent_at, n_frames in self._fades(playing, cut):
            self._fade(silent_at, n_frames, end)
        if end == cut:
            return self._end(playing, cause, end)
        self.cursor = end
        self.deck = replace(self.deck, playing=playing)
        return None

    def _cut(self, playing: Playing) -> tuple[Playing, int, EndCause]:
        """The card frame at which it is cut (not before the cursor), and why."""
        cause = EndCause.PLANNED_END
        cut = max(self.cursor, self.clock.frame_at(playing.cue.end_ns))
        if self.deck.waiting and (start := self.clock.frame_at(self.deck.waiting[0].start_ns)) < cut:
            cut, cause = max(self.cursor, start), EndCause.STOPPED
        if playing.stopped is None:
            return playing, cut, cause
        stop = playing.cut_frame if playing.cut_frame is not None else self.cursor + FADE_FRAMES
        return replace(playing, cut_frame=stop), min(stop, cut), playing.stopped

    def _copy(self, playing: Playing, end: int) -> tuple[Playing, int]:
        """Copy what the source has for [cursor, end); how many frames. The first ones of a cue are its beginning."""
        place = self.cursor - playing.anchor
        pcm = playing.cue.source.take(end - self.cursor, place)
        if not (got := len(pcm) // BYTES_PER_FRAME):
            return playing, 0
        at = (self.cursor - self.first) * BYTES_PER_FRAME
        self.out[at : at + len(pcm)] = pcm
        cue, self.occurrence_id = playing.cue, playing.cue.occurrence_id
        if not playing.frames:
            began_ns = self.clock.sink_ns(self.cursor)
            self.events.append(Began(cue.occurrence_id, began_ns, cue.start_ns, frames_to_ms(place)))
        sounded_ns = self.clock.sink_ns(self.cursor + got)
        return replace(playing, frames=playing.frames + got, sounded_ns=sounded_ns), got

    def _natural_cause(self, playing: Playing, frame: int) -> EndCause:
        left_ns = playing.cue.end_ns - self.clock.sink_ns(frame)
        allowed_ns = SHORT_NS + SHORT_RATE * (playing.cue.end_ns - playing.cue.start_ns)
        return EndCause.SOURCE_SHORT if left_ns > allowed_ns else EndCause.PLANNED_END

    def _fades(self, playing: Playing, cut: int) -> Iterator[tuple[int, int]]:
        """The frames before which it fades out, and how long. A cut in the planned end's fade goes on from there.

        What ends by itself at the cut needs none; what all but ends there is not worth a long one.
        """
        planned = self.clock.frame_at(playing.cue.end_ns)
        for at in {planned, cut}:
            if not playing.cue.source.ended_by(at - playing.anchor):
                goes_on = not playing.cue.source.ended_by(at + END_FADE_FRAMES - playing.anchor)
                yield at, END_FADE_FRAMES if at == planned and goes_on else FADE_FRAMES

    def _fade(self, silent_at: int, n_frames: int, end: int) -> None:
        """Fade out over the *n_frames* before *silent_at*, as far as they lie in [cursor, end)."""
        begin = max(self.cursor, silent_at - n_frames)
        if begin >= end:
            return
        low, high = ((frame - self.first) * BYTES_PER_FRAME for frame in (begin, end))
        samples = array("h", bytes(self.out[low:high]))
        faded = (sample * (silent_at - begin - i) // n_frames for i, sample in enumerate(samples))
        self.out[low:high] = array("h", faded).tobytes()

    def _end(self, playing: Playing, cause: EndCause, frame: int) -> None:
        self.cursor = frame
        self.deck = replace(self.deck, playing=None)
        sink_ns = playing.sounded_ns or self.clock.sink_ns(frame)
        self.events.append(Ended(playing.cue.occurrence_id, sink_ns, playing.frames, cause))
        self.finished.append(playing.cue.source)
