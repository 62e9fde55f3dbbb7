"""Sources: a programme file, a relay or a line input, read ahead of time into a bounded buffer.

Each source has one thread. For a file or a relay it starts a decoding child, reads its pipe and reaps it; ``take`` only
copies from the buffer. The child dies with that thread (see decode), and the thread ends when the source is closed:
nothing is left behind.
"""

import contextlib
import random
import threading
from collections.abc import Callable
from pathlib import Path

from audio.card import CardError, Input
from audio.decode import Child, reading, stream_trouble, streaming
from audio.fallback import Trouble, retry_after_s
from audio.format import BLOCK_FRAMES, BYTES_PER_FRAME, RATE_HZ

READY_FRAMES = 2 * RATE_HZ
LINE_READY_FRAMES = 3 * BLOCK_FRAMES
LINE_MOST_FRAMES = 12 * BLOCK_FRAMES  # input and output of two cards have two clocks: what piles up is left out
FILE_AHEAD_FRAMES = 4 * RATE_HZ
STREAM_AHEAD_FRAMES = 8 * RATE_HZ
ROOM_FRAMES = RATE_HZ  # a thread that waits for room is woken for so much: not twelve times a second for a block
SEEK_FRAMES = 20 * RATE_HZ  # decoding so much takes 0.1 s: for what is further ahead a new start is quicker
CATCH_UP_TAKES = 12  # 1 s in which a relay may deliver what piled up on the way
STARVED_S = 20.0  # a connection that brings no sound for so long is made anew, however well it seems to stand


class _ReadingThread:
    """A buffer holding source frames [start, end), filled by a thread from one child (or card) after another."""

    def __init__(self, start_frame: int, capacity_frames: int, name: str) -> None:
        self._changed = threading.Condition()  # guards all below; held for copies only
        self._start = start_frame
        self._pcm = bytearray()
        self._capacity = capacity_frames
        self._child: Child | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let go of the child and the thread, soon. Harmless when repeated."""
        with self._changed:
            self._closed = True
            self._abandon_child()
            self._changed.notify_all()

    def join(self, timeout_s: float) -> bool:
        """Wait until a closed source has let go of everything; False if it did not in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        raise NotImplementedError

    @property
    def _end(self) -> int:
        return self._start + len(self._pcm) // BYTES_PER_FRAME

    def _drop_before(self, frame: int) -> None:
        """Forget what lies before *frame*, as far as there is any."""
        drop = max(0, min(frame, self._end) - self._start)
        del self._pcm[: drop * BYTES_PER_FRAME]
        self._start += drop
        self._wake_for_room()

    def _cut_off(self, n_frames: int) -> bytes:
        """The first frames of the buffer, at most so many."""
        taken = bytes(memoryview(self._pcm)[: n_frames * BYTES_PER_FRAME])
        del self._pcm[: len(taken)]
        self._start += len(taken) // BYTES_PER_FRAME
        self._wake_for_room()
        return taken

    def _wake_for_room(self) -> None:
        if self._has_room():
            self._changed.notify_all()

    def _pump(self, child: Child, starved_s: float | None = None) -> None:
        """Move the child's samples into the buffer, waiting while it is full, until the child ends or is abandoned.

        One that gives nothing for *starved_s* is ended.
        """
        with self._changed:
            self._child = child
            if self._closed:
                self._abandon_child()
        odd = b""
        while chunk := child.read(starved_s):
            chunk = odd + chunk
            whole = len(chunk) // BYTES_PER_FRAME * BYTES_PER_FRAME
            odd = chunk[whole:]
            with self._changed:
                self._changed.wait_for(self._has_room)
                self._store(chunk[:whole])
        with self._changed:
            self._child = None

    def _store(self, pcm: bytes) -> None:
        """With the lock held."""
        self._pcm += pcm

    def _has_room(self) -> bool:
        return self._child is None or self._end - self._start <= self._capacity - ROOM_FRAMES

    def _abandon_child(self) -> None:
        """Kill it: its pipe ends, and so does the pumping. (Kept by ``_pump``, which still reads the rest.)"""
        if self._child is not None:
            self._child.process.kill()
            self._child = None


class FileSource(_ReadingThread):
    """A library file of *total_frames*, read from *start_frame* on. Trouble is told by ``failure``, never raised."""

    live = False

    def __init__(self, flac: Path, total_frames: int, start_frame: int = 0) -> None:
        self._flac = flac
        self._total = total_frames
        self._wanted = start_frame
        self._seeking = False  # what is wanted is far ahead: the child was abandoned for a new one
        self._failure: str | None = None
        super().__init__(start_frame, FILE_AHEAD_FRAMES, f"file-{flac.stem[:8]}")

    @property
    def failure(self) -> str | None:
        """Why the file gives less than it should. What is in the buffer can still be taken."""
        return self._failure

    @property
    def ready(self) -> bool:
        """Two seconds are decoded, or all that will come."""
        with self._changed:
            return self._failure is not None or self._end >= min(self._total, self._wanted + READY_FRAMES)

    def take(self, n_frames: int, at_frame: int) -> bytes:
        with self._changed:
            self._drop_before(at_frame)
            taken = self._cut_off(n_frames) if self._start == at_frame else b""
            self._wanted = max(0, at_frame + len(taken) // BYTES_PER_FRAME)
            if self._wanted > self._end + SEEK_FRAMES:
                self._seeking = True
                self._abandon_child()
            return taken

    def ended_by(self, frame: int) -> bool:
        return frame >= self._total

    def _run(self) -> None:
        while not self._closed and self._failure is None and self._end < self._total:
            self._decode_from(self._wanted)

    def _decode_from(self, frame: int) -> None:
        """Run one child from the second of *frame* on, until the file's end or until it is abandoned."""
        with self._changed:
            self._pcm.clear()
            self._start = frame // RATE_HZ * RATE_HZ
            self._seeking = False
        with reading(self._flac, frame // RATE_HZ) as child:
            self._pump(child)
        with self._changed:
            if self._end < self._total and not self._seeking and not self._closed:
                self._failure = child.complaints[-1] if child.complaints else f"ends at {self._end} of {self._total}"


class _LiveSource(_ReadingThread):
    """What comes, comes: it is asked for by place like a file, but the place is only that of its card.

    When it runs dry it gathers *ready_frames* before it goes on. What fails is tried again for ever, ever more seldom.
    """

    live = True
    failure = None  # never for good

    def __init__(self, ready_frames: int, capacity_frames: int, name: str, jitter: Callable[[], float]) -> None:
        self._ready_frames = ready_frames
        self._jitter = jitter
        self._gathering = True
        self._shift = 0  # card place minus source place
        self._behind_takes = 0
        self._trouble: Trouble | None = None
        super().__init__(0, capacity_frames, name)

    @property
    def ready(self) -> bool:
        with self._changed:
            return self._end - self._start >= self._ready_frames

    @property
    def trouble(self) -> Trouble | None:
        """Why the last connection ended, or the device cannot be had; None once sound comes in again."""
        return self._trouble

    def take(self, n_frames: int, at_frame: int) -> bytes:
        with self._changed:
            if self._gathering:
                if self._end - self._start < self._ready_frames:
                    return b""
                self._gathering = False
                self._shift = at_frame - self._start
            self._drop_before(at_frame - self._shift)
            if self._start != at_frame - self._shift:
                return self._wait_behind()
            self._behind_takes = 0
            taken = self._cut_off(n_frames)
            self._gathering = len(taken) < n_frames * BYTES_PER_FRAME
            return taken

    def ended_by(self, frame: int) -> bool:
        return False

    def _wait_behind(self) -> bytes:
        """Nothing yet: what a freeze missed comes in a rush, to be dropped. If it does not come, start afresh."""
        self._behind_takes += 1
        self._gathering = self._behind_takes > CATCH_UP_TAKES
        return b""

    def _store(self, pcm: bytes) -> None:
        super()._store(pcm)
        self._trouble = None

    def _run(self) -> None:
        failures = 0
        while not self._closed:
            before = self._end
            trouble = self._connection()
            failures = 1 if self._end - before > self._ready_frames else failures + 1
            with self._changed:
                self._trouble = trouble
                self._changed.wait_for(lambda: self._closed, retry_after_s(failures, self._jitter()))

    def _connection(self) -> Trouble:
        """Bring sound for as long as it lasts; why it ended."""
        raise NotImplementedError


class StreamSource(_LiveSource):
    """A relay's address, decoded by one child a connection."""

    def __init__(self, url: str, jitter: Callable[[], float] = random.random, starved_s: float = STARVED_S) -> None:
        self._url = url
        self._starved_s = starved_s
        super().__init__(READY_FRAMES, STREAM_AHEAD_FRAMES, "relay", jitter)

    def _connection(self) -> Trouble:
        with streaming(self._url) as child:
            self._pump(child, self._starved_s)
        return stream_trouble(child.complaints, self._url)


class LineSource(_LiveSource):
    """A line input or a microphone, through the card that *open_input* opens.

    While it is open PortAudio does not look for new cards (see card): an output that is lost meanwhile is found again
    under the name it had.
    """

    def __init__(self, name: str, open_input: Callable[[], Input], jitter: Callable[[], float] = random.random) -> None:
        self._open_input = open_input
        super().__init__(LINE_READY_FRAMES, LINE_MOST_FRAMES, f"line-{name[:8]}", jitter)

    def _connection(self) -> Trouble:
        try:
            self._listen(self._open_input())
        except CardError as error:
            return Trouble("device_lost", str(error))
        return Trouble("ended", "closed")

    def _listen(self, card: Input) -> None:
        try:
            while not self._closed:
                pcm = card.read()
                with self._changed:
                    self._store(pcm)
        finally:
            with contextlib.suppress(CardError):  # it is gone, which is why we close it
                card.close()

    def _store(self, pcm: bytes) -> None:
        super()._store(pcm)
        if self._end - self._start > self._capacity:
            excess = self._end - self._start - self._ready_frames
            self._cut_off(excess)
            self._shift -= excess  # the place on the card stays, what sounds there is younger
