"""What was handed to the card, and when a programme was due: one for all the channels that hear it."""

from collections import deque
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audio.match.grid import BLOCK, DECIMATION, RATE_HZ, rms
from audio.match.late import Late
from audio.match.signal import Signal

_KEEP = 64 * RATE_HZ
AUDIBLE = 10 ** (-60 / 20)  # RMS of a look: below it nothing is expected to be heard
_FOR_EVER = 1 << 62


class Sent:
    """Its first frame is the origin of all positions. Continuous: where nothing was sent zeros are pushed."""

    def __init__(self) -> None:
        self.signal = Signal(_KEEP)
        self.late = Late(self.signal)
        self._flags: deque[tuple[int, bool]] = deque([(0, False)])  # (frame, programme) where it changes
        self._ended_at: int | None = None

    def push(self, frames: NDArray[np.int16], programme: bool) -> None:
        """*programme* False: nothing is scheduled or sent."""
        if programme != self._flags[-1][1]:
            self._flags.append((self.signal.frames, programme))
            while self._flags[1][0] < (self.signal.end - 4 * _KEEP) * DECIMATION:
                self._flags.popleft()
        self.signal.push(frames)

    def end(self) -> int:
        """Nothing more will be sent: the frame at which it ended, for whoever asks first and for all who ask then."""
        if self._ended_at is None:
            self._ended_at = self.signal.frames
        return self._ended_at

    def planned(self, start: int, stop: int) -> Iterator[tuple[int, int, bool]]:
        """(from, to, programme) within, in frames of 48 kHz."""
        flags = [*self._flags, (_FOR_EVER, False)]
        for (since, programme), (until, _) in pairwise(flags):
            if since < stop and until > start:
                yield max(since, start), min(until, stop), programme

    def is_active(self, block: int) -> bool:
        """Is something planned, or sent, in this block?"""
        start, stop = block * BLOCK, (block + 1) * BLOCK
        since, programme = self._flags[-1]
        if programme and since <= start * DECIMATION:
            return True
        if any(programme for *_, programme in self.planned(start * DECIMATION, stop * DECIMATION)):
            return True
        return rms(self.signal.read(start, stop)) > AUDIBLE
