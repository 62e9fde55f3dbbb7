"""Blocks of SENT looked at along a track once more: what speaks for on air, and what is to be remembered of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from audio.match import evidence
from audio.match.evidence import RECENT, Evidence
from audio.match.follower import Follower
from audio.match.grid import BLOCK, HOP, HOPS, LEAD, Floats
from audio.match.kind import Heard, quality_of
from audio.match.live import snr_db
from audio.match.material import Material
from audio.match.plain import STEP
from audio.match.tracks import Track
from audio.segments import Quality


@dataclass(frozen=True, slots=True)
class Seen:
    """Of a block along one track."""

    quality: Quality
    coherence: float | None
    share: float  # of its looks that could tell the programme from anything else
    snr_db: float | None


@dataclass(frozen=True, slots=True)
class Judged:
    """A block with what was seen of it, by the number of the track."""

    block: int
    seen: dict[int, Seen] = field(default_factory=dict)


class Judge:
    def __init__(self, material: Material, follower: Follower) -> None:
        self._material, self._follower = material, follower

    def judge(self, track: Track, judged: Sequence[Judged]) -> tuple[Floats, Floats]:
        """Nats a hop for clean and for mixed; what is seen of each block is noted.

        What was plainly on air when it came is taken as it was seen then.
        """
        return self._as_seen(track, judged) or self.look_back(track, judged)

    def _as_seen(self, track: Track, judged: Sequence[Judged]) -> tuple[Floats, Floats] | None:
        start, stop = judged[0].block * BLOCK, (judged[-1].block + 1) * BLOCK
        seen = self._follower.plain.seen(start, stop, track.number)
        if seen is None:
            return None
        size = BLOCK // STEP
        for n, one in enumerate(judged):
            _remember(one, track, seen.part(slice(n * size, (n + 1) * size)), Quality.OK)
        mixed = np.repeat(seen.llr / (STEP // HOP), STEP // HOP)
        return mixed + np.maximum(mixed, 0), mixed  # nothing else is heard: what speaks for us speaks for *clean*

    def look_back(self, track: Track, judged: Sequence[Judged]) -> tuple[Floats, Floats]:
        """The same, by looking at all of it again."""
        channel = self._follower.channel
        start, stop = judged[0].block * BLOCK, (judged[-1].block + 1) * BLOCK
        sent = self._material.sent_for_looks(start, stop, RECENT * HOP)
        expected, ringing = channel.predict_and_ringing(sent)
        heard, expected_looks = self._material.heard_looks(track, start, stop), evidence.spectra(expected)
        late = self._material.late.looks(start - RECENT * HOP, stop, HOP)
        seen, clean, mixed = evidence.looked_back(heard, expected_looks, evidence.spectra(ringing), late, channel)
        for n, one in enumerate(judged):
            here, at = slice(n * HOPS, (n + 1) * HOPS), RECENT * HOP + LEAD + n * BLOCK
            sound = self._material.heard_near(one.block * BLOCK + track.lag_at(one.block * BLOCK), BLOCK)
            block = Heard(sound, expected[at : at + BLOCK], heard[here], expected_looks[RECENT:][here])
            self._note(one, track, seen.part(here), block)
        for low, high in self._material.gaps(start, stop, track.lag_at(start)):
            unheard = slice(max(0, (low - start) // HOP - 2), (high - start) // HOP + 3)
            clean[unheard] = mixed[unheard] = 0
        return clean, mixed

    def _note(self, one: Judged, track: Track, seen: Evidence, block: Heard) -> None:
        channel = self._follower.channel
        _remember(
            one, track, seen, quality_of(seen, block, not channel.is_young, *self._follower.gain.of(seen, channel))
        )


def _remember(one: Judged, track: Track, seen: Evidence, quality: Quality) -> None:
    share = float(np.count_nonzero(seen.weight > 1)) / len(seen.weight)
    one.seen[track.number] = Seen(quality, _coherence(seen), share, snr_db(seen))


def _coherence(seen: Evidence) -> float | None:
    telling = seen.weight > 1
    return float(seen.coherence[telling].mean()) if telling.any() else None
