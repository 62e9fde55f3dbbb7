"""What is heard along a track, beside what the path makes of SENT: looks, and how much they speak for on air."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audio.match import evidence
from audio.match.channel import Channel
from audio.match.evidence import Evidence
from audio.match.grid import C64, LEAD, Floats
from audio.match.material import Material, alone
from audio.match.plain import STEP
from audio.match.tracks import Track


@dataclass(frozen=True, slots=True)
class Look:
    """Looks × bins of what was heard, of what was expected, and of what was sent."""

    heard: C64
    expected: C64
    sent: C64
    late: Floats  # power that SENT rings late with
    predicted: Floats  # samples of the hops alone

    def left(self, gain: float) -> Floats:
        """Power of what the prediction does not explain. *gain*: of HEARD against the channel's filter."""
        return evidence.power(self.heard - np.float32(gain) * self.expected)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was looked at: SENT's positions, and what was seen there."""

    start: int
    stop: int
    look: Look
    seen: Evidence


class Looks:
    """One each *hop* samples."""

    def __init__(self, material: Material, channel: Channel, hop: int = STEP) -> None:
        self._material, self._channel, self._hop = material, channel, hop

    def weigh(self, track: Track, start: int, stop: int) -> Stretch:
        look = self.take(track, start, stop)
        white = evidence.whitened(look.heard, look.expected, look.late, self._channel)
        return Stretch(start, stop, look, evidence.weigh(white, self._hop))

    def take(self, track: Track, start: int, stop: int) -> Look:
        material, around = self._material, self._material.sent_for_looks(start, stop)
        predicted = self._channel.predict(around)
        sound, turns = material.heard_for_looks(track, start, stop, self._hop)
        sent, expected, heard = evidence.spectra_together((alone(around), predicted, sound), self._hop)
        material.late.know(start, sent, self._hop)
        late = material.late.looks(start, stop, self._hop)
        return Look(heard * turns, expected, sent, late, predicted[LEAD : LEAD + stop - start])


def together(stretches: Sequence[Stretch]) -> Stretch:
    """The last of them that follow one another, as one."""
    first = next((n for n in range(len(stretches) - 1, 0, -1) if stretches[n - 1].stop != stretches[n].start), 0)
    joined, last = stretches[first:], stretches[-1]
    if len(joined) == 1:
        return last
    looks = (one.look for one in joined)
    parts = zip(*((look.heard, look.expected, look.sent, look.late, look.predicted) for look in looks), strict=True)
    seen = evidence.together([one.seen for one in joined])
    return Stretch(joined[0].start, last.stop, Look(*map(np.concatenate, parts)), seen)
