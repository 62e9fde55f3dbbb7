"""What was judged and decided, and is not given out yet: it may still change, and what follows may need it."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from audio.match.doubt import REACH as DOUBT_REACH
from audio.match.grid import BLOCK, HOP, HOPS, Floats
from audio.match.judge import Judged
from audio.match.path import Run, runs
from audio.segments import Quality


class Decided:
    """Hops of SENT, counted from its begin; a ``Run`` counts from the first that is kept."""

    def __init__(self) -> None:
        self.judged: deque[Judged] = deque()
        self.states: list[int] = []
        self.first = 0  # hop of states
        self._nats = np.zeros(0, np.float32)  # for on air along any track, one a judged hop
        self.first_nats = 0  # hop of _nats; from there on all is judged that is decided

    def restart(self, block: int) -> None:
        """A programme begins. What was judged of the last one is kept until it is forgotten."""
        self.first = self.first_nats = block * HOPS
        self._nats = self._nats[:0]

    def add(self, judged: Sequence[Judged], nats: Floats) -> None:
        self.judged += judged
        self._nats = np.concatenate([self._nats, nats])

    def runs(self) -> list[Run]:
        return runs(self.states)

    def span(self, run: Run) -> tuple[int, int]:
        """Samples of SENT."""
        return (self.first + run.start) * HOP, (self.first + run.stop) * HOP

    def judged_within(self, start: int, stop: int) -> list[Judged]:
        """Blocks that reach into these samples of SENT."""
        return [one for one in self.judged if one.block * BLOCK < stop and (one.block + 1) * BLOCK > start]

    def is_impaired(self, state: int) -> bool:
        """Is ours anything but good in one of the blocks that are kept?"""
        return any(one.seen[state].quality != Quality.OK for one in self.judged if state in one.seen)

    def nats(self, first_hop: int, stop_hop: int) -> Floats:
        return self._nats[first_hop - self.first_nats : max(first_hop, stop_hop) - self.first_nats]

    def fill(self, run: Run, state: int) -> None:
        self.states[run.start : run.stop] = [state] * (run.stop - run.start)

    def put(self, hop: int, states: list[int], nats: Floats) -> None:
        """Decide anew from *hop* on."""
        at, nats_at = hop - self.first, hop - self.first_nats
        self.states[at : at + len(states)] = states
        here = self._nats[nats_at : nats_at + len(nats)]
        np.maximum(here, nats, out=here)

    def forget(self, hops: int) -> None:
        """The first *hops* were given out. Blocks are kept a little longer: what was seen of them names the rest."""
        del self.states[:hops]
        self.first += hops
        while self.judged and (self.judged[0].block + 3) * HOPS < self.first:
            self.judged.popleft()
        old = max(0, self.first - DOUBT_REACH - self.first_nats)
        self._nats, self.first_nats = self._nats[old:], self.first_nats + old
