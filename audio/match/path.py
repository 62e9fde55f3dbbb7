"""Viterbi, one hop at a time: off air, or on air along one of the tracks. What can no longer change is given out."""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audio.match.grid import Floats
from audio.match.tracks import MOST_TRACKS

OFF = 0
_COLUMNS = 1 + 2 * MOST_TRACKS  # off, and the tracks, each clean or with something else on top
_NEVER = -1e9
_ON_TOP = 0.9  # something else that comes or goes on top costs that share of a change between on and off


def clean(track: int) -> int:
    """The state "on air along this track, nothing else heard"."""
    return 2 * track


def mixed(track: int) -> int:
    """The state "on air along this track, with something else, or distorted"."""
    return 2 * track + 1


class Path:
    """States inside are OFF, clean(track) or mixed(track); given out are OFF or the track's number.

    Ties go to what was: a change is dated where it is proven.
    """

    def __init__(self, switch_nats: float, longest_doubt: int) -> None:
        self._cost = switch_nats
        self._longest = longest_doubt
        self.restart()

    def restart(self) -> None:
        self._score = [0.0] + [_NEVER] * (_COLUMNS - 1)
        self._holds: list[int | None] = [OFF] + [None] * (_COLUMNS - 1)  # the state each column stands for
        self._back: deque[tuple[list[int], list[int | None]]] = deque()
        self._spoken = False

    def push(self, evidence: dict[int, Floats], hops: int) -> None:
        """Nats for on air a hop, a track; a track that is not named has ended."""
        self._seat(list(evidence))
        columns = [c for c, s in enumerate(self._holds) if s is not None]
        gains = np.array([evidence[s] if s else np.zeros(hops) for s in self._holds if s is not None])
        highest = gains.max(0)
        table, held = gains.T.tolist(), list(self._holds)
        hop = 0
        while hop < hops:  # all stays steady for as long as nothing gains more than the best
            best = max(columns, key=self._score.__getitem__)
            own = gains[columns.index(best)]
            steady = _hops_until(highest[hop:] > own[hop:]) if self._is_steady(columns, best) else 0
            if steady:
                self._glide(columns, best, table[hop + steady - 1], held, steady)
            else:
                self._step(columns, best, table[hop], held)
            hop += steady or 1

    def _seat(self, states: list[int]) -> None:
        """Columns 2n−1 and 2n are the clean and the mixed state of one track."""
        entry = max(self._score) - (self._cost if self._back else 0.0)
        for column in range(1, _COLUMNS):
            if self._holds[column] not in states:
                self._holds[column], self._score[column] = None, _NEVER
        for state in states:
            if state not in self._holds:
                column = self._holds.index(None, state % 2 + 1)
                while column % 2 == state % 2:
                    column = self._holds.index(None, column + 1)
                self._holds[column], self._score[column] = state, entry

    def _is_steady(self, columns: list[int], best: int) -> bool:
        """Whoever goes on from here comes from *best*."""
        return all(self._score[c] <= self._score[best] - self._cost_of(c, best) for c in columns if c != best)

    def _cost_of(self, column: int, best: int) -> float:
        return self._cost * (_ON_TOP if best and (column - 1) // 2 == (best - 1) // 2 else 1.0)

    def _glide(self, columns: list[int], best: int, gains: list[float], held: list[int | None], hops: int) -> None:
        """What *hops* steps would do where all is steady. *gains*: of the last of them."""
        back, own = list(range(_COLUMNS)), gains[columns.index(best)]
        self._score[best] = 0.0
        for column, gain in zip(columns, gains, strict=True):
            if column != best:
                self._score[column], back[column] = gain - own - self._cost_of(column, best), best
        self._back.extend([(back, held)] * hops)

    def _step(self, columns: list[int], best: int, gains: list[float], held: list[int | None]) -> None:
        score = self._score
        entry = score[best] - self._cost
        back = list(range(_COLUMNS))
        made = list(score)
        for column, gain in zip(columns, gains, strict=True):
            came, value = best, entry
            if column and column != best:
                sister = column - 1 if column % 2 == 0 else column + 1
                other = score[sister] - self._cost * _ON_TOP
                came, value = (sister, other) if other >= entry else (best, entry)
            if value >= score[column] and column != best:
                made[column], back[column] = value + gain, came
            else:
                made[column] = score[column] + gain
        top = max(made)
        self._score = [s - top if s > _NEVER / 2 else _NEVER for s in made]
        self._back.append((back, held))

    def decided(self) -> list[int]:
        """States that every survivor shares, and what is older than the longest doubt; they are given out once."""
        alive = {c for c, s in enumerate(self._score) if s > _NEVER / 2}
        hop = len(self._back)
        while len(alive) > 1 and hop > 0:
            hop -= 1
            alive = {self._back[hop][0][c] for c in alive}
        if len(alive) > 1:
            hop = 0
        forced = len(self._back) - self._longest
        if forced > hop:
            best = max(range(_COLUMNS), key=self._score.__getitem__)
            return self._give(forced, self._trace(best, len(self._back), forced))
        return self._give(hop, next(iter(alive))) if hop > 0 else []

    def rest(self) -> list[int]:
        best = max(range(_COLUMNS), key=self._score.__getitem__)
        return self._give(len(self._back), best)

    def _trace(self, column: int, from_hop: int, to_hop: int) -> int:
        for hop in range(from_hop - 1, to_hop - 1, -1):
            column = self._back[hop][0][column]
        return column

    def _give(self, hops: int, column: int) -> list[int]:
        """*column* is the state after *hops*; walk back from there. Survivors that came another way are closed."""
        self._close_others(hops, column)
        states: list[int] = []
        for hop in range(hops - 1, -1, -1):
            back, held = self._back[hop]
            states.append((held[column] or OFF) // 2)
            column = back[column]
        for _ in range(hops):
            self._back.popleft()
        return states[::-1]

    def _close_others(self, hops: int, column: int) -> None:
        for end in range(_COLUMNS):
            if self._score[end] > _NEVER / 2 and self._trace(end, len(self._back), hops) != column:
                self._score[end] = _NEVER


def _hops_until(true: NDArray[np.bool_]) -> int:
    """Number of values before the first that is."""
    return int(np.argmax(true)) if true.any() else len(true)


@dataclass(frozen=True, slots=True)
class Run:
    """Equal neighbours: hops from *start* to before *stop*."""

    start: int
    stop: int
    state: int


def runs(states: list[int]) -> list[Run]:
    if not states:
        return []
    if states.count(states[0]) == len(states):  # as nearly always
        return [Run(0, len(states), states[0])]
    cuts = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]
    return [Run(a, b, states[a]) for a, b in pairwise(cuts)]
