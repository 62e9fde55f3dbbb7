"""Segments out of runs: by the plan, by what was lost, off air by kind, on air by quality, each with its evidence."""

from collections.abc import Iterator

from audio.match.decided import Decided
from audio.match.doubt import Doubt
from audio.match.follower import Follower
from audio.match.grid import BLOCK, DECIMATION, FRAME, HOP, RATE_HZ, milliseconds
from audio.match.judge import Judged, Seen
from audio.match.kind import kind_of
from audio.match.material import Material
from audio.match.path import OFF
from audio.match.tracks import Track
from audio.segments import MatchSegment, Quality, State

_PIECE = RATE_HZ  # off air is named a second at a time
_TAIL = RATE_HZ // 5  # what was on air may reverberate so long: it does not name what follows


class Naming:
    """Gives SENT out without a gap, once."""

    def __init__(self, material: Material, follower: Follower, decided: Decided) -> None:
        self._material, self._follower, self._decided = material, follower, decided
        self._active = False
        self._sent_was_audible = False  # since this programme began
        self.given = 0  # 48 kHz frames given out
        self.edge_ms: float | None = None  # of the next segment's start
        self.doubts: list[Doubt] = []  # in what is named now

    def begin(self) -> None:
        """A programme begins: until something of it could be heard, nothing is said."""
        self._active, self._sent_was_audible = True, False

    def end(self) -> None:
        self._active = False

    def by_plan(self, start: int, stop: int, state: int, track: Track | None) -> Iterator[MatchSegment]:
        """What is neither planned nor sent is no part of a run: playout stood still there, or the plan changes."""
        parts = list(self._material.planned(start * DECIMATION, stop * DECIMATION))
        for low, high, programme in parts:
            a, b = low // DECIMATION, high // DECIMATION
            alone = len(parts) == 1 and state == OFF
            idle = not (programme or alone or self._is_sent(a, b))
            yield from self.named(a, b, OFF if idle else state, track, idle)

    def _is_sent(self, start: int, stop: int) -> bool:
        """Whether anything was that could be heard, but for what our own low pass rings with at either end."""
        return stop - start > 2 * HOP and self._material.sent_is_audible(start + HOP, stop - HOP)

    def named(
        self, start: int, stop: int, state: int, track: Track | None, idle: bool = False
    ) -> Iterator[MatchSegment]:
        """Split a run where nothing was heard, then by kind or quality."""
        delay, at = track.lag_at(start) if track else self._follower.tracks.delay(start), start
        for low, high in [*self._material.gaps(start, stop, delay), (stop, stop)]:
            if low > at:
                yield from self._pieces(at, low, state, track, idle)
            if high > max(low, at):
                yield self._segment(high, State.UNOBSERVED)
            at = max(at, high)

    def _pieces(self, start: int, stop: int, state: int, track: Track | None, idle: bool) -> Iterator[MatchSegment]:
        if self._active and not idle and not self._sent_was_audible:
            self._sent_was_audible = self._material.sent_is_audible(start, stop)
            if not self._sent_was_audible:  # nothing could have been heard so far
                yield self._segment(stop, State.UNOBSERVED)
                return
        yield from self._off(start, stop, track) if state == OFF else self._on(start, stop, state, track)

    def _off(self, start: int, stop: int, track: Track | None) -> Iterator[MatchSegment]:
        delay = track.lag_at(start) if track else self._follower.tracks.delay(start)
        at = start
        while at < stop:
            end = stop if stop - at < 2 * _PIECE else at + _PIECE
            late = min(_TAIL, (end - at) // 2) if at == start else 0
            heard = self._material.heard_near(at + late + delay, max(end - at - late, FRAME))
            yield self._segment(end, kind_of(heard, self._follower.on_air_rms))
            at = end

    def _on(self, start: int, stop: int, state: int, track: Track | None) -> Iterator[MatchSegment]:
        judged = list(self._decided.judged)
        for n, one in enumerate(judged):
            end = min(stop, (one.block + 1) * BLOCK)
            if end > max(start, one.block * BLOCK) and state in one.seen:
                quality = _lasting(judged[max(0, n - 1) : n + 2], state, one.seen[state].quality)
                yield self._segment(end, State.ON_AIR, quality, track, one.seen[state])
        if self.given < stop * DECIMATION:
            yield self._segment(stop, State.ON_AIR, Quality.OK, track)

    def _segment(
        self,
        until: int,
        state: State,
        quality: Quality = Quality.OK,
        track: Track | None = None,
        seen: Seen | None = None,
    ) -> MatchSegment:
        start, self.given = self.given, max(self.given, until * DECIMATION)
        edge_ms = self.edge_ms
        if self.given > start:
            self.edge_ms = None
        return MatchSegment(
            start,
            self.given,
            state,
            quality,
            delay_ms=round(milliseconds(track.lag_at(until)), 3) if track else None,
            coherence=seen.coherence if seen else None,
            edge_ms=edge_ms,
            doubt_ms=self._doubted_ms(start, self.given),
            evidence_share=self._share(start, self.given) if state != State.UNOBSERVED else None,
            snr_db=seen.snr_db if seen else None,
        )

    def _doubted_ms(self, start: int, stop: int) -> float:
        inside = (one.length_ms for one in self.doubts if start <= one.position * DECIMATION < stop)
        return sum(inside, 0.0)

    def _share(self, start: int, stop: int) -> float:
        """Of the time between two frames in which the programme could be told from anything else."""
        shares = [
            max((seen.share for seen in one.seen.values()), default=0.0)
            for one in self._decided.judged_within(start // DECIMATION, stop // DECIMATION)
        ]
        return sum(shares) / len(shares) if shares else 0.0


def _lasting(near: list[Judged], state: int, quality: Quality) -> Quality:
    """A quality counts if a neighbouring block has it too: a single one is a boundary or a chance."""
    same = [one for one in near if state in one.seen and one.seen[state].quality == quality]
    return quality if len(same) > 1 else Quality.OK
