"""One side of the comparison: the last of it at 8 kHz, readable by position, and what of it was lost."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from audio.match.decimate import Decimator
from audio.match.grid import DECIMATION, TICK, Floats

_ZEROS = np.zeros(48_000, np.int16)


class Signal:
    """Positions are 8 kHz samples from the first frame pushed. Outside what is kept it reads as zeros."""

    def __init__(self, keep: int) -> None:
        """*keep*: samples, at least."""
        self._kept = np.zeros(-(-keep // TICK) * TICK, np.float32)  # a ring, whole parts: p lies at p % its length
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
        """Where all of it is kept and lies together, a view: good until the next push."""
        keep = len(self._kept)
        at, first = start % keep, max(0, self.end - keep)
        if first <= start and stop <= self.end and at + stop - start <= keep:
            return self._kept[at : at + stop - start]
        out = np.zeros(stop - start, np.float32)
        low, high = max(start, first), min(stop, self.end)
        if high > low:
            out[low - start : high - start] = self._kept.take(np.arange(low, high), mode="wrap")
        return out

    def _append(self, part: Floats) -> None:
        """*part*: a tick's."""
        at = self.end % len(self._kept)
        self._kept[at : at + len(part)] = part
        self.end += len(part)

    def _forget_old_losses(self) -> None:
        while self.lost and self.lost[0][1] < (self.end - 4 * len(self._kept)) * DECIMATION:
            self.lost.popleft()
