"""A relay with its fallback chain: one source whose sound comes from the first link that gives any (see ``fallback``).

It is like a receiver that is switched on when it is opened: the links that are listened to run on at the pace of sound,
asked for or not, and ``take`` only turns the knob. While the player takes, its card gives the pace; before the start,
and while there is no card, a thread does.
"""

import threading
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from audio.deck import Source
from audio.fallback import Chain, Health, Heard, Patience, Trouble, Why, begin, step
from audio.format import BYTES_PER_FRAME, RATE_HZ, frames_to_ns, ns_to_frames
from audio.quick_level import level_dbfs
from audio.sources import FILE_AHEAD_FRAMES, FileSource

SILENCE_DBFS = -55.0
CROSSFADE_FRAMES = RATE_HZ // 50
IDLE_TICK_S = 0.1
IDLE_NS = 300_000_000  # nobody has taken anything for so long: the thread gives the pace
MOST_AT_ONCE_NS = 500_000_000  # after a freeze of the process: no link is to be blamed for it


class LinkSource(Source, Protocol):
    """A source that can be a link. What is not live waits, ready at its beginning, until it is its turn."""

    @property
    def ready(self) -> bool: ...

    @property
    def trouble(self) -> Trouble | None:
        """Why it gives nothing; None while it does, or may soon."""

    def join(self, timeout_s: float) -> bool:
        """Wait until a closed source has let go of everything; False if it did not in time."""


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """A link before it is needed. *start* does not block."""

    name: str  # for the record
    start: Callable[[], LinkSource]


@dataclass(frozen=True, slots=True)
class Sounding:
    """Which link sounds; replaced as a whole when that changes."""

    link: int  # 0: the relay itself
    name: str
    since_ns: int  # boottime
    first_lost: bool | None = None  # None: it has not shown itself yet, in one way or the other
    trouble: Trouble | None = None  # of the first link, once it was lost


@dataclass(frozen=True, slots=True)
class LinkState:
    """How a link is, for eyes."""

    name: str
    health: Health
    why: Why | None  # it was lost last


class ChainSource:
    """The links of a relay as one source of the deck. It opens and closes them as the chain has need of them."""

    live = True
    ready = True  # what is live begins with whatever comes
    failure = None  # never for good

    def __init__(
        self,
        links: Sequence[LinkPlan],
        boottime_ns: Callable[[], int],
        patience: Patience,
        silence_dbfs: float = SILENCE_DBFS,
    ) -> None:
        self._plans = tuple(links)
        self._boottime_ns = boottime_ns
        self._patience = patience
        self._silence_dbfs = silence_dbfs
        self._lock = threading.Lock()  # guards all below; never held while anything waits
        self._chain = begin(len(links))
        self._open: list[LinkSource] = []
        self._let_go: list[LinkSource] = []
        self._place = 0  # of the next frame, on the axis that the links are asked by
        self._heard_frames = 0
        self._shift: int | None = None  # the deck's place minus ours; None: to be found
        self._taken_ns = self._now_ns = boottime_ns()
        self._sounding = Sounding(0, links[0].name, self._now_ns)
        self._closed = threading.Event()
        self._wake = threading.Event()
        self._open.append(self._plans[0].start())
        self._thread = threading.Thread(target=self._run, name="relay-chain", daemon=True)
        self._thread.start()

    @property
    def sounding(self) -> Sounding:
        return self._sounding

    @property
    def links(self) -> tuple[LinkState, ...]:
        """All links, the relay itself first."""
        chain = self._chain  # it is replaced as a whole
        pairs = zip(self._plans, chain.links, strict=True)
        return tuple(LinkState(plan.name, link.health, link.why) for plan, link in pairs)

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    def take(self, n_frames: int, at_frame: int) -> bytes:
        with self._lock:
            if self.closed:
                return b""
            self._taken_ns = self._boottime_ns()
            if self._shift is None or at_frame - self._shift < self._place:
                self._shift = at_frame - self._place
            return self._advance(n_frames, at_frame - self._shift)

    def ended_by(self, frame: int) -> bool:
        return False

    def close(self) -> None:
        with self._lock:
            self._closed.set()
            self._wake.set()
            self._close_from(0)

    def join(self, timeout_s: float) -> bool:
        """Wait until a closed chain has let go of everything; False if it did not in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and all(source.join(timeout_s) for source in self._let_go)

    # -- the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self.closed:
            self._wake.wait(IDLE_TICK_S)
            self._wake.clear()
            with self._lock:
                self._run_idle()
            self._open_as_wanted()

    def _run_idle(self) -> None:
        """Let the links run on by the clock if nobody takes."""
        before_ns, self._now_ns = self._now_ns, self._boottime_ns()
        if self.closed or self._now_ns - self._taken_ns < IDLE_NS:
            return
        elapsed_ns = self._now_ns - max(before_ns, self._taken_ns)
        self._advance(ns_to_frames(min(elapsed_ns, MOST_AT_ONCE_NS)), self._place)
        self._shift = None

    def _open_as_wanted(self) -> None:
        """Here and not while taking: to start a thread is to wait for it."""
        while not self.closed and (n := len(self._open)) < self._chain.listening:
            source = self._plans[n].start()
            with self._lock:
                self._open.append(source)
                if self.closed:
                    self._close_from(0)
        with self._lock:
            self._close_from(self._chain.listening)

    # -- inside, with the lock held -----------------------------------------------------------------------------

    def _advance(self, n_frames: int, place: int) -> bytes:
        """Move every open link on by *n_frames*, judge what came, and give what the chain then sounds."""
        if not n_frames:
            return b""
        before = self._chain
        given = [self._given(n, n_frames, place) for n in range(before.listening)]
        heard = [self._judged(n, pcm) for n, pcm in enumerate(given)]
        self._place = place + n_frames
        self._heard_frames += n_frames
        self._chain = after = step(before, heard, frames_to_ns(self._heard_frames), self._patience)
        if after.listening != len(self._open):
            self._wake.set()
        pcm = given[after.active]
        if after.active != before.active:
            pcm = crossfaded(given[before.active], pcm or self._open[after.active].take(n_frames, place))
        self._tell(before, after)
        return pcm

    def _source(self, n: int) -> LinkSource | None:
        """The thread may not have opened it yet."""
        return self._open[n] if n < len(self._open) else None

    def _given(self, n: int, n_frames: int, place: int) -> bytes:
        source = self._source(n)
        takes = source is not None and (source.live or n == self._chain.active)
        return source.take(n_frames, place) if source is not None and takes else b""

    def _judged(self, n: int, pcm: bytes) -> Heard:
        source = self._source(n)
        if pcm:
            return Heard.SOUND if level_dbfs(pcm) >= self._silence_dbfs else Heard.QUIET
        if source is None:
            return Heard.NOTHING
        if source.trouble is not None:
            return Heard.BROKEN
        waits = not source.live and n != self._chain.active
        return Heard.SOUND if waits and source.ready else Heard.NOTHING

    def _tell(self, before: Chain, after: Chain) -> None:
        """Put what has changed into words."""
        said = self._sounding
        lost = said.first_lost if after.first_lost is None else after.first_lost
        if after.active == before.active and lost == said.first_lost:
            return
        name = self._plans[after.active].name
        since_ns = said.since_ns if after.active == before.active else self._boottime_ns()
        trouble = self._trouble() if lost and not said.first_lost else said.trouble
        self._sounding = Sounding(after.active, name, since_ns, lost, trouble)

    def _trouble(self) -> Trouble:
        """Why the first link was lost."""
        why = self._chain.links[0].why
        known = self._open[0].trouble if why is Why.BROKEN else None
        return known or Trouble(str(why), "")

    def _close_from(self, n: int) -> None:
        for source in self._open[n:]:
            source.close()
        self._let_go = [*(source for source in self._let_go if not source.join(0.0)), *self._open[n:]]
        del self._open[n:]


class LoopedFiles:
    """Library files one after another, again and again. It knows no places: what is asked for next, comes next."""

    live = False

    def __init__(self, files: Sequence[tuple[Path, int]]) -> None:
        """*files*: each with its frames; at least one."""
        self._files = tuple(files)
        self._turn = 0
        self._at = 0
        self._round = self._opened(0)
        self._next_round: FileSource | None = None
        self._failed = 0  # files in a row

    @property
    def ready(self) -> bool:
        return self._round.ready

    @property
    def failure(self) -> str | None:
        return self.trouble.said if self.trouble else None

    @property
    def trouble(self) -> Trouble | None:
        """Once none of the files can be read."""
        failure = self._round.failure
        return Trouble("source_failed", failure) if failure and self._failed + 1 >= len(self._files) else None

    def take(self, n_frames: int, at_frame: int) -> bytes:
        if self._next_round is None and self._at + FILE_AHEAD_FRAMES > self._total:
            self._next_round = self._opened(self._turn + 1)
        pcm = self._go_on(n_frames)
        if self._at >= self._total or (not pcm and self._round.failure and self.trouble is None):
            self._turn_over()
            pcm += self._go_on(n_frames - len(pcm) // BYTES_PER_FRAME)
        return pcm

    @property
    def _total(self) -> int:
        return self._files[self._turn % len(self._files)][1]

    def _opened(self, turn: int) -> FileSource:
        return FileSource(*self._files[turn % len(self._files)])

    def _turn_over(self) -> None:
        """Go on with the next file."""
        self._failed = self._failed + 1 if self._round.failure else 0
        self._round.close()
        self._turn, self._at = self._turn + 1, 0
        self._round, self._next_round = self._next_round or self._opened(self._turn), None

    def _go_on(self, n_frames: int) -> bytes:
        pcm = self._round.take(n_frames, self._at)
        self._at += len(pcm) // BYTES_PER_FRAME
        return pcm

    def ended_by(self, frame: int) -> bool:
        return False

    def close(self) -> None:
        self._round.close()
        if self._next_round is not None:
            self._next_round.close()

    def join(self, timeout_s: float) -> bool:
        return self._round.join(timeout_s) and (self._next_round is None or self._next_round.join(timeout_s))


class NoSource:
    """A link that cannot be had, and says why."""

    live = False
    failure = None
    ready = False

    def __init__(self, trouble: Trouble) -> None:
        self.trouble: Trouble | None = trouble

    def take(self, n_frames: int, at_frame: int) -> bytes:
        return b""

    def ended_by(self, frame: int) -> bool:
        return False

    def close(self) -> None: ...

    def join(self, timeout_s: float) -> bool:
        return True


def crossfaded(old: bytes, new: bytes) -> bytes:
    """*new*, rising from under what there is of *old* within 20 ms: a bare cut clicks."""
    frames = min(CROSSFADE_FRAMES, len(new) // BYTES_PER_FRAME)
    head = frames * BYTES_PER_FRAME
    pairs = zip(array("h", old[:head].ljust(head, b"\0")), array("h", new[:head]), strict=True)
    mixed = array("h", (was + (comes - was) * n // frames for n, (was, comes) in enumerate(pairs)))
    return mixed.tobytes() + new[head:]
