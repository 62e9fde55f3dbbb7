"""Sources: a programme file or a relay, decoded by a child process ahead of time into a bounded buffer.

Each source has one thread that starts the child, reads its pipe and reaps it; ``take`` only copies from the buffer. The
child dies with that thread (see decode), and the thread ends when the source is closed: nothing is left behind.
"""

import contextlib
import threading
from pathlib import Path

from audio.decode import Child, reading, streaming
from audio.format import BYTES_PER_FRAME, RATE_HZ

READY_FRAMES = 2 * RATE_HZ
FILE_AHEAD_FRAMES = 4 * RATE_HZ
STREAM_AHEAD_FRAMES = 8 * RATE_HZ
SEEK_FRAMES = 20 * RATE_HZ  # decoding so much takes 0.1 s: for what is further ahead a new start is quicker
CATCH_UP_TAKES = 12  # 1 s in which a relay may deliver what piled up on the way
RETRY_FIRST_S = 0.5
RETRY_MOST_S = 15.0


class _DecodingThread:
    """A buffer holding source frames [start, end), filled by a thread from one child after another."""

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
        self._changed.notify_all()

    def _cut_off(self, n_frames: int) -> bytes:
        """The first frames of the buffer, at most so many."""
        taken = bytes(memoryview(self._pcm)[: n_frames * BYTES_PER_FRAME])
        del self._pcm[: len(taken)]
        self._start += len(taken) // BYTES_PER_FRAME
        self._changed.notify_all()
        return taken

    def _pump(self, child: Child) -> None:
        """Move the child's samples into the buffer, waiting while it is full, until the child ends or is abandoned."""
        with self._changed:
            self._child = child
            if self._closed:
                self._abandon_child()
        odd = b""
        while chunk := child.read():
            chunk = odd + chunk
            whole = len(chunk) // BYTES_PER_FRAME * BYTES_PER_FRAME
            odd = chunk[whole:]
            with self._changed:
                self._changed.wait_for(self._has_room)
                self._pcm += chunk[:whole]
        with self._changed:
            self._child = None

    def _has_room(self) -> bool:
        return self._child is None or self._end - self._start < self._capacity

    def _abandon_child(self) -> None:
        """Kill it: its pipe ends, and so does the pumping. (Kept by ``_pump``, which still reads the rest.)"""
        if self._child is not None:
            self._child.process.kill()
            self._child = None


class FileSource(_DecodingThread):
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


class StreamSource(_DecodingThread):
    """A relay. It is asked for by place like a file, but the place is only that of its card: what comes, comes.

    When it runs dry it gathers two seconds before it goes on. A connection that ends is made again for ever.
    """

    live = True
    failure = None  # never for good

    def __init__(self, url: str) -> None:
        self._url = url
        self._gathering = True
        self._shift = 0  # card place minus stream place
        self._behind_takes = 0
        self._trouble: str | None = None
        super().__init__(0, STREAM_AHEAD_FRAMES, "relay")

    @property
    def ready(self) -> bool:
        with self._changed:
            return self._end - self._start >= READY_FRAMES

    @property
    def trouble(self) -> str | None:
        """Why the last connection ended; None while sound comes in."""
        return self._trouble

    def take(self, n_frames: int, at_frame: int) -> bytes:
        with self._changed:
            if self._gathering:
                if self._end - self._start < READY_FRAMES:
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

    def _run(self) -> None:
        retry_s = RETRY_FIRST_S
        while not self._closed:
            before = self._end
            with streaming(self._url) as child:
                self._pump(child)
            self._trouble = child.complaints[-1] if child.complaints else "the stream ended"
            retry_s = RETRY_FIRST_S if self._end - before > READY_FRAMES else min(2 * retry_s, RETRY_MOST_S)
            with self._changed, contextlib.suppress(TimeoutError):
                self._changed.wait_for(lambda: self._closed, retry_s)
