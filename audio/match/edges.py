"""Changes between on and off air, dated to the millisecond, and how sure that is."""

import math
from dataclasses import dataclass

from audio.match import pause, refine
from audio.match.channel import Channel
from audio.match.decided import Decided
from audio.match.grid import HOP, milliseconds
from audio.match.material import Material
from audio.match.path import OFF, Run
from audio.match.stray import Strays
from audio.match.tracks import Track

_LEAST_EDGE_MS = 2.0  # no model dates a change better
_UNTRACED_EDGE_MS = 30.0  # where no track was left to date it along
_RINGS = 0.25  # standard deviation of an edge, by how long the path rings


@dataclass(frozen=True, slots=True)
class Edge:
    """A change between on and off air: samples of SENT, and how sure."""

    position: int
    deviation_ms: float


class Edges:
    """Of runs that are decided and not given out yet."""

    def __init__(self, material: Material, channel: Channel, strays: Strays, decided: Decided) -> None:
        self._material, self._channel, self._strays, self._decided = material, channel, strays, decided
        self._known: dict[tuple[int, int, int], Edge] = {}  # by where Viterbi saw it, and the states either side

    def between(self, this: Run, following: Run, begun_at: int) -> Edge:
        """The change between two runs, to the millisecond. It is asked for more than once, and dear.

        *begun_at*: the sample of SENT at which *this* begins.
        """
        edge = (self._decided.first + this.stop) * HOP
        key = edge, this.state, following.state
        if key not in self._known:
            self._known[key] = self._dated(edge, this, following, begun_at)
        return self._known[key]

    def forget(self) -> None:
        """Those that were given out."""
        self._known = {key: edge for key, edge in self._known.items() if key[0] > self._decided.first * HOP}

    def _dated(self, edge: int, this: Run, following: Run, begun_at: int) -> Edge:
        ends = this.state != OFF
        track = self._strays.numbered(this.state if ends else following.state)
        if track is None:
            return Edge(edge, _UNTRACED_EDGE_MS)
        start, stop = edge - refine.REACH, edge + refine.REACH
        before, after = edge - begun_at, (following.stop - following.start) * HOP
        heard, sent = self._material.heard_along(track, start, stop), self._material.sent_around(start, stop)
        scene = refine.Scene(heard, sent, self._material.audible(start, stop), ends, before, after)
        found = refine.boundary(scene, self._channel)
        deviation_ms = _deviation_ms(found, _RINGS * self._channel.ringing_ms())
        back = 0 if ends else self._back_into_pause(track, edge + found.offset, begun_at)
        return Edge(edge + found.offset - back, deviation_ms)

    def _back_into_pause(self, track: Track, edge: int, begun_at: int) -> int:
        """Samples by which a return lies before *edge*, because what else was heard ended in the pause before it.

        *begun_at*: where that was heard first.
        """
        first = max(begun_at, edge - pause.LONGEST)
        start, stop = (first + at for at in pause.last_pause(self._material.audible(first, edge)))
        if stop - start < pause.LEAST:
            return 0
        looks, late = self._material.heard_looks(track, start, stop), self._material.late.looks(start, stop, HOP)
        ended = pause.else_until(looks, late, self._material.heard_along(track, start, stop), self._channel)
        return 0 if ended is None else edge - start - ended


def _deviation_ms(found: refine.Boundary, ringing_ms: float) -> float:
    return math.hypot(milliseconds(found.deviation), ringing_ms, _LEAST_EDGE_MS)
