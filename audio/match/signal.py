"""One side of the comparison: its last minute at 8 kHz, readable by position, and what of it was lost."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from audio.match.decimate import Decimator
from audio.match.grid import DECIMATION, RATE_HZ, Floats

_ZEROS = np.zeros(48_000, np.int16)
_ROOM = 4 * RATE_HZ  # beyond what is kept: it is moved to the front once in so long


class Signal:
    """Positions are 8 kHz samples from the first frame pushed. Outside what is kept it reads as zeros."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._kept = np.zeros(keep + _ROOM, np.float32)
        self._first = 0  # position of _kept[0]
        self.end = 0
        self.frames = 0  # of 48 kHz, pushed
        self.lost: deque[tuple[int, int]] = deque(maxlen=10_000)  # in frames of 48 kHz
        self._decimator = Decimator()

    def push(self, frames: NDArray[np.int16]) -> None:
        self.frames += len(frames)
        for part in self._decimator.push(frames):
            self._append(part)

    def lose(self, frames: int) -> None:
        """*frames* are missing here: they read as zeros and are remembered as lost."""
        if self.lost and self.lost[-1][1] == self.frames:
            self.lost[-1] = (self.lost[-1][0], self.frames + frames)
        else:
            self.lost.append((self.frames, self.frames + frames))
        self._forget_old_losses()
        for start in range(0, frames, len(_ZEROS)):
            self.push(_ZEROS[: min(len(_ZEROS), frames - start)])

    def read(self, start: int, stop: int) -> Floats:
        """Where all of it is kept, a view: good until the next push."""
        if self._first <= start and stop <= self.end:
            return self._kept[start - self._first : stop - self._first]
        out = np.zeros(stop - start, np.float32)
        low, high = max(start, self._first), min(stop, self.end)
        if high > low:
            out[low - start : high - start] = self._kept[low - self._first : high - self._first]
        return out

    def _append(self, part: Floats) -> None:
        if self.end - self._first + len(part) > len(self._kept):
            self._kept[: self._keep] = self._kept[self.end - self._first - self._keep : self.end - self._first]
            self._first = self.end - self._keep
        self._kept[self.end - self._first : self.end - self._first + len(part)] = part
        self.end += len(part)

    def _forget_old_losses(self) -> None:
        while self.lost and self.lost[0][1] < (self.end - 4 * self._keep) * DECIMATION:
            self.lost.popleft()
