"""What a picture of a measurement shows, gathered while it runs: spectrograms and lag track, on SENT's axis."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.format import RATE_HZ
from audio.measure import Block, Observer
from audio.segments import MatchSegment
from audio.spectrogram import BANDS, Spectrogram, decibels

Floats = NDArray[np.float32]

COLUMNS = 1_600
_SHORTEST_COLUMN = RATE_HZ // 200  # 5 ms: a look is 43 ms long
_FINE = 4  # HEARD's columns are finer, so that a shift by the delay does not tear them


@dataclass(frozen=True, slots=True)
class Panels:
    """A row a column of the picture; NaN where nothing is known."""

    sent_db: Floats  # (columns, BANDS)
    heard_db: Floats  # (columns, BANDS), each column from where its sound was heard
    delay_ms: Floats  # (columns,): as decided, while on air


class Traces(Observer):
    """Memory is that of its columns, however long the recording is."""

    def begin(self, sent_frames: int, heard_frames: int) -> None:
        self._columns = min(COLUMNS, max(1, sent_frames // _SHORTEST_COLUMN))
        self._width = max(1.0, sent_frames / self._columns)  # of a column, in frames
        self._fine = self._width / (_FINE if self._width >= _FINE * _SHORTEST_COLUMN else 1)
        self._heard_columns = max(1, int(np.ceil(heard_frames / self._fine)))
        self._sent = Spectrogram(self._columns, max(1, sent_frames))
        self._heard = Spectrogram(self._heard_columns, max(1, round(self._heard_columns * self._fine)))
        self._delay_ms = np.full(self._columns, np.nan, np.float32)

    def sent(self, block: Block) -> None:
        self._sent.push(block)

    def heard(self, block: Block) -> None:
        self._heard.push(block)

    def decided(self, segments: list[MatchSegment]) -> None:
        for segment in segments:
            if segment.delay_ms is not None:
                first, last = (int(f / self._width) for f in (segment.from_frame, segment.to_frame - 1))
                self._delay_ms[first : last + 1] = segment.delay_ms

    def panels(self) -> Panels:
        """Once, after the last block."""
        self._sent.finish()
        self._heard.finish()
        return Panels(decibels(*self._sent.sums()), self._heard_where_sent(), self._delay_ms)

    def _heard_where_sent(self) -> Floats:
        shift = _held(self._delay_ms) * (RATE_HZ / 1_000)
        first = np.rint((np.arange(self._columns) * self._width + shift) / self._fine).astype(np.int64)
        taken = first[:, None] + np.arange(round(self._width / self._fine))
        there = (taken >= 0) & (taken < self._heard_columns)
        taken = np.clip(taken, 0, self._heard_columns - 1)
        sums, counts = self._heard.sums()
        power = np.einsum("cfb,cf->cb", sums[taken], there.astype(np.float32), dtype=np.float32)
        return decibels(np.asarray(power, np.float32).reshape(-1, BANDS), (counts[taken] * there).sum(axis=1))


def _held(delay_ms: Floats) -> Floats:
    """The delay everywhere: the last one known, before the first that one, 0 where none ever was."""
    known = np.flatnonzero(~np.isnan(delay_ms))
    if not len(known):
        return np.zeros_like(delay_ms)
    last = np.searchsorted(known, np.arange(len(delay_ms)), side="right") - 1
    return delay_ms[known[np.maximum(last, 0)]]
