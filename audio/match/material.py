"""Both sides of the comparison on one axis, and what was planned: what everything else here reads from."""

from collections.abc import Iterator

import numpy as np

from audio.match import align, evidence
from audio.match.channel import AFTER, BEFORE, Channel
from audio.match.grid import BLOCK, C64, DECIMATION, HOP, LEAD, RATE_HZ, Floats
from audio.match.lag import FineLag, Peak
from audio.match.sent import AUDIBLE, Sent
from audio.match.signal import Signal
from audio.match.tracks import Track

_KEEP_HEARD = 40 * RATE_HZ  # what is judged without a known delay came 27 s before, and was decided 5 s later
_AROUND = RATE_HZ // 100  # samples either side that tell whether SENT is audible at an instant


class Material:
    """SENT's position 0 is the origin; HEARD's first sample lies at ``heard_at``."""

    def __init__(self, sent: Sent, heard_starts_at: int) -> None:
        self._sent = sent
        self.sent, self.late, self.heard = sent.signal, sent.late, Signal(_KEEP_HEARD)
        self.heard_at = heard_starts_at / DECIMATION

    # ---- what was planned ----

    def planned(self, start: int, stop: int) -> Iterator[tuple[int, int, bool]]:
        """(from, to, programme) within, in frames of 48 kHz."""
        return self._sent.planned(start, stop)

    def is_active(self, block: int) -> bool:
        """Is something planned, or sent, in this block?"""
        return self._sent.is_active(block)

    def sent_is_audible(self, start: int, stop: int) -> bool:
        sent = self.sent.read(start, max(stop, start + HOP))
        hops = sent[: len(sent) // HOP * HOP].reshape(-1, HOP)
        return bool(np.any(np.mean(hops**2, 1) > AUDIBLE**2))

    def audible(self, start: int, stop: int) -> Floats:
        """1 for each sample of SENT around which 20 ms are loud enough to be heard, else 0."""
        sent = self.sent.read(start - _AROUND, stop + _AROUND)
        total = np.cumsum(sent.astype(np.float64) ** 2)
        return np.asarray(total[2 * _AROUND :] - total[: -2 * _AROUND] > 2 * _AROUND * AUDIBLE**2, np.float32)

    # ---- what was heard ----

    def heard_along(self, track: Track, start: int, stop: int) -> Floats:
        """HEARD for these SENT positions, whole hops."""
        return align.along(self.heard, self.heard_at, track, start, (stop - start) // HOP)

    def heard_near(self, position: float, size: int) -> Floats:
        """HEARD from the nearest sample to a position on SENT's axis that already includes the delay."""
        first = int(position - self.heard_at)
        return self.heard.read(first, first + size)

    def heard_looks(self, track: Track, start: int, stop: int, hop: int = HOP) -> C64:
        """Spectra of HEARD for a look each *hop* of these SENT positions."""
        return align.spectra_along(self.heard, self.heard_at, track, start - LEAD, (stop - start) // hop, hop)

    def heard_for_looks(self, track: Track, start: int, stop: int, hop: int) -> tuple[Floats, C64]:
        """The samples of the same, and what turns their spectra into place."""
        return align.frames_along(self.heard, self.heard_at, track, start - LEAD, (stop - start) // hop, hop)

    def lag_left(self, track: Track, start: int, stop: int, hop: int, channel: Channel) -> Peak:
        """What a track leaves of the lag between two positions of SENT, looked at each *hop*.

        Against what the channel predicts, where it is known well: resonances delay one sound more than another.
        """
        fine, sent = FineLag(), self.sent_for_looks(start, stop)
        expected = alone(sent) if channel.is_young else channel.predict(sent)
        fine.add(self.heard_looks(track, start, stop, hop), evidence.spectra(expected, hop), (start + stop) // 2)
        return fine.peak()

    def sent_for_looks(self, start: int, stop: int, earlier: int = 0) -> Floats:
        """SENT of the same, with what the filter reaches over, for looks that begin *earlier* samples before."""
        return self.sent_around(start - LEAD - earlier, stop + LEAD)

    def sent_around(self, start: int, stop: int) -> Floats:
        """SENT with what the filter reaches over, before and beyond."""
        return self.sent.read(start - AFTER, stop + BEFORE)

    def gaps(self, start: int, stop: int, delay: float) -> Iterator[tuple[int, int]]:
        """Stretches within of which nothing was heard, in samples of SENT."""
        shift = delay - self.heard_at
        if -shift > start:
            yield start, min(stop, round(-shift))
        for low, high in self.heard.lost:
            a, b = low / DECIMATION - shift, high / DECIMATION - shift
            if b > start and a < stop:
                yield max(start, round(a)), min(stop, round(b))

    def lost_just_now(self, now: int) -> bool:
        end = (now - self.heard_at - BLOCK // 2) * DECIMATION
        return bool(self.heard.lost) and self.heard.lost[-1][1] >= end


def alone(sent: Floats) -> Floats:
    """SENT of the looks alone, out of what ``sent_for_looks`` gave."""
    return sent[AFTER:-BEFORE]
