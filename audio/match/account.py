"""The account: each block of SENT judged with a look ahead, decided, its boundaries refined, named."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from audio.match import evidence, path, pause, refine, stray
from audio.match.doubt import REACH as DOUBT_REACH
from audio.match.doubt import Doubt, doubts
from audio.match.evidence import RECENT, Evidence
from audio.match.follower import Follower
from audio.match.grid import BLOCK, DECIMATION, FRAME, HOP, HOPS, LEAD, RATE_HZ, Floats, milliseconds, samples
from audio.match.kind import Heard, kind_of, quality_of
from audio.match.lag import MOST_TRACKS, Track
from audio.match.live import snr_db
from audio.match.material import Material
from audio.match.path import OFF, Path, Run, runs
from audio.match.plain import STEP
from audio.match.settings import Settings
from audio.segments import MatchSegment, Quality, State

_MARGIN = 32  # hops that stay open after a decision, so that a boundary's other side is known
_REFINED = 16  # hops more: no boundary may move into what was given out
_PIECE = RATE_HZ  # off air is named a second at a time
_TAIL = RATE_HZ // 5  # what was on air may reverberate so long: it does not name what follows
_LEAST_EDGE_MS = 2.0  # no model dates a change better
_UNTRACED_EDGE_MS = 30.0  # where no track was left to date it along
_END_RINGS, _RETURN_RINGS = 0.25, 0.25  # standard deviation of an end, of a return, by how long the path rings
_TOGETHER = 4  # blocks that are judged at once: small arrays cost as much as large ones


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


@dataclass(frozen=True, slots=True)
class Edge:
    """A change between on and off air: samples of SENT, and how sure."""

    position: int
    deviation_ms: float


class Account:
    def __init__(self, material: Material, follower: Follower, settings: Settings) -> None:
        self._material, self._follower = material, follower
        self._look_ahead = samples(settings.look_ahead_ms)
        self._unlocked_wait = samples(settings.unlocked_wait_ms)
        self._switch_nats = settings.switch_nats
        self._path = Path(settings.switch_nats, samples(settings.longest_doubt_ms) // HOP)
        self._judged: deque[Judged] = deque()
        self._next_block = 0
        self._states: list[int] = []  # decided hops that are not given out yet
        self._first_hop = 0  # of _states
        self._nats = np.zeros(0, np.float32)  # for on air along any track, one a judged hop
        self._first_nats = 0  # hop of _nats
        self._changed_hop = self._changed_at = 0  # where the run that is given out began: its hop, to the sample
        self._edge_ms: float | None = None  # of the next segment's start
        self._doubts: list[Doubt] = []  # in the run that is given out
        self._strays: dict[int, Track] = {}  # by number: tracks that the follower did not find
        self._sought_to = 0  # hop up to which what is off air was looked at for strays
        self._last_track: Track | None = None  # of what was on air
        self._active = False
        self._sent_was_audible = False  # since this programme began
        self.given = 0  # 48 kHz frames given out

    def due(self, now: int) -> Iterator[MatchSegment]:
        """Judge every block of which enough has been heard before *now*."""
        while self._is_due(self._next_block, now):
            blocks = self._alike()
            if blocks and not self._is_due(blocks[-1], now):
                return
            self._next_block += len(blocks) or 1
            if blocks:
                self._judge(blocks)
                yield from self._give()
            else:
                yield from self._idle(self._next_block - 1)

    def _alike(self) -> range:
        """The next blocks if they are active, and along the same tracks: few, so that decisions do not wait."""
        first, active, carriers = self._next_block, self._material.is_active, self._follower.carriers
        if not active(first):
            return range(0)
        tracks, stop = carriers(first * BLOCK), first + 1
        plain = self._is_plain(first, tracks)
        while (
            stop < first + _TOGETHER
            and active(stop)
            and carriers(stop * BLOCK) == tracks
            and self._is_plain(stop, tracks) == plain
        ):
            stop += 1
        return range(first, stop)

    def _is_plain(self, block: int, tracks: list[Track]) -> bool:
        """There is one delay that it can have, and along that it was plainly on air when it came."""
        start, stop = block * BLOCK, (block + 1) * BLOCK
        return len(tracks) == 1 and self._follower.plain.has(start, stop, tracks[0].number)

    def _is_due(self, block: int, now: int) -> bool:
        end, follower = (block + 1) * BLOCK, self._follower
        if not self._active and not self._material.is_active(block):
            return now >= end + follower.delay(end) + FRAME
        if follower.locked:
            return now >= end + max(t.lag_at(end) for t in follower.tracks) + self._look_ahead
        return now >= end + follower.longest_delay + self._unlocked_wait

    # ---- judging ----

    def _idle(self, block: int) -> Iterator[MatchSegment]:
        if self._active:
            self._states += self._path.rest()
            yield from self._give(everything=True)
            self._active = False
            self._judged.clear()
        yield from self._named(block * BLOCK, (block + 1) * BLOCK, OFF, self._follower.track)

    def _judge(self, blocks: range) -> None:
        if not self._active:
            self._active, self._sent_was_audible = True, False
            self._first_hop = self._first_nats = self._changed_hop = blocks[0] * HOPS
            self._changed_at = blocks[0] * BLOCK
            self._nats = self._nats[:0]
            self._path.restart()
        nats: dict[int, Floats] = {}
        judged = [Judged(block) for block in blocks]
        for track in self._follower.carriers(blocks[0] * BLOCK):
            clean, mixed = self._as_seen(track, judged) or self._look_back(track, judged)
            nats[path.clean(track.number)], nats[path.mixed(track.number)] = clean, mixed
        self._judged += judged
        self._path.push(nats, HOPS * len(blocks))
        best = np.maximum.reduce(list(nats.values())) if nats else np.zeros(HOPS * len(blocks))
        self._nats = np.concatenate([self._nats, best])
        self._states += self._path.decided()

    def _as_seen(self, track: Track, judged: list[Judged]) -> tuple[Floats, Floats] | None:
        """The same of what was plainly on air when it came, as it was seen then; of all else None."""
        start, stop = judged[0].block * BLOCK, (judged[-1].block + 1) * BLOCK
        seen = self._follower.plain.seen(start, stop, track.number)
        if seen is None:
            return None
        size = BLOCK // STEP
        for n, one in enumerate(judged):
            self._remember(one, track, seen.part(slice(n * size, (n + 1) * size)), Quality.OK)
        mixed = np.repeat(seen.llr / (STEP // HOP), STEP // HOP)
        return mixed + np.maximum(mixed, 0), mixed  # nothing else is heard: what speaks for us speaks for *clean*

    def _look_back(self, track: Track, judged: list[Judged]) -> tuple[Floats, Floats]:
        """Nats a hop for clean and for mixed; what is seen of each block is noted."""
        channel = self._follower.channel
        start, stop = judged[0].block * BLOCK, (judged[-1].block + 1) * BLOCK
        sent = self._material.sent_for_looks(start, stop, RECENT * HOP)
        expected, ringing = channel.predict(sent), channel.predict_ringing(sent)
        heard, expected_looks = self._material.heard_looks(track, start, stop), evidence.spectra(expected)
        seen, clean, mixed = evidence.looked_back(heard, expected_looks, evidence.spectra(ringing), channel)
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
        self._remember(one, track, seen, quality_of(seen, block, *self._follower.gain.of(seen, self._follower.channel)))

    @staticmethod
    def _remember(one: Judged, track: Track, seen: Evidence, quality: Quality) -> None:
        share = float(np.count_nonzero(seen.weight > 1)) / len(seen.weight)
        one.seen[track.number] = Seen(quality, _coherence(seen), share, snr_db(seen))

    # ---- giving out ----

    def _give(self, everything: bool = False) -> Iterator[MatchSegment]:
        """Turn decided hops into segments; a boundary is refined once what follows it is known."""
        total = len(self._states)
        settled = min(self._seek_strays(everything), self._fill_lulls())
        known_to = total if everything else min(total - _MARGIN, settled)
        found = runs(self._states)
        done = 0
        for this, following in pairwise(found):
            if this.stop > known_to:
                break
            edge = self._boundary(this, following)
            yield from self._until(edge.position, this)
            self._begin(following, edge, this.state)
            done = this.stop
        cut = total if everything else known_to - _REFINED
        if found and found[-1].state == OFF and not everything:
            cut = min(cut - self._pausing_hops(cut), total - stray.TAIL // HOP)
        if found and cut > max(done, found[-1].start):
            yield from self._until((self._first_hop + cut) * HOP, found[-1])
            done = cut
        self._forget(done)

    def _numbered(self, number: int) -> Track | None:
        return self._follower.numbered(number) or self._strays.get(number)

    def _seek_strays(self, everything: bool) -> int:
        """Look in what is off air for what is ours at a delay of its own. Hops up to which that is done."""
        for run in runs(self._states):
            ended = everything or run.stop < len(self._states)
            if run.state != OFF or self._first_hop + run.stop <= self._sought_to:
                continue
            if not ended and (run.stop - run.start) * HOP < stray.HEAD:
                return run.start
            if self._has_stray(run, ended):
                return self._seek_strays(everything)  # what is left of the run may have another
            left_hops = 0 if ended else stray.TAIL // HOP
            self._sought_to = max(self._sought_to, self._first_hop + run.stop - left_hops)
        return len(self._states)

    def _has_stray(self, run: Run, ended: bool) -> bool:
        """Whether one was found, and is on air now."""
        start, stop = (self._first_hop + run.start) * HOP, (self._first_hop + run.stop) * HOP
        follower = self._follower
        if stop - start < stray.LEAST or not follower.channel.known:
            return False
        before = self._numbered(self._states[run.start - 1]) if run.start else self._last_track
        after = self._numbered(self._states[run.stop]) if run.stop < len(self._states) else before
        places = [(before, at) for at in stray.heads(start, stop) if self._first_hop + run.start >= self._sought_to]
        places += [(after, at) for at in stray.tails(start, stop) if ended]
        tracks = (
            stray.find(self._material, follower.channel, near, at, follower.on_air_rms) for near, at in places if near
        )
        return any(self._take_stray(track, run) for track in tracks if track)

    def _take_stray(self, track: Track, run: Run) -> bool:
        """Judge what was off air along a delay that was found in it."""
        first, last = self._first_hop + run.start, self._first_hop + run.stop
        judged = [one for one in self._judged if one.block * HOPS < last and (one.block + 1) * HOPS > first]
        if not judged:
            return False
        clean, mixed = self._look_back(track, judged)
        own = Path(self._switch_nats, len(clean))
        own.push({path.clean(track.number): clean, path.mixed(track.number): mixed}, len(clean))
        begin = judged[0].block * HOPS
        skipped = max(0, max(first, self._first_nats) - begin)
        states, best = own.rest()[skipped : last - begin], np.maximum(clean, mixed)[skipped : last - begin]
        if sum(state != OFF for state in states) * HOP < stray.SHORTEST:
            return False
        self._strays = dict([*self._strays.items(), (track.number, track)][-MOST_TRACKS:])
        at, nats_at = begin + skipped - self._first_hop, begin + skipped - self._first_nats
        self._states[at : at + len(states)] = states
        self._nats[nats_at : nats_at + len(best)] = np.maximum(self._nats[nats_at : nats_at + len(best)], best)
        return True

    def _fill_lulls(self) -> int:
        """What was on air before a pause of SENT and after it was so in the pause, if nothing else was heard in there.

        Hops up to which that is known.
        """
        found = runs(self._states)
        for before, this, after in zip(found, found[1:], found[2:], strict=False):
            if OFF not in (before.state, after.state) and self._is_lull(this, before.state):
                self._states[this.start : this.stop] = [before.state] * (this.stop - this.start)
        if len(found) > 1 and self._is_lull(found[-1], found[-2].state):
            return found[-1].start
        return len(self._states)

    def _is_lull(self, run: Run, before: int) -> bool:
        start, stop = (self._first_hop + run.start) * HOP, (self._first_hop + run.stop) * HOP
        track = self._numbered(before)
        if run.state != OFF or track is None or stop - start > pause.LONGEST:
            return False
        border = min(pause.BORDER, (stop - start) // 3)  # a short one has a middle, too
        if self._material.audible(start + border, stop - border).any():
            return False
        return pause.is_quiet(self._material.heard_looks(track, start, stop), self._follower.channel)

    def _pausing_hops(self, hops: int) -> int:
        """For how long SENT has paused before these decided hops end: a return may yet be dated in there."""
        end = (self._first_hop + hops) * HOP
        start, stop = pause.last_pause(self._material.audible(end - pause.LONGEST, end))
        return (stop - start) // HOP

    def _begin(self, run: Run, edge: Edge, before: int) -> None:
        self._changed_hop, self._changed_at = self._first_hop + run.start, edge.position
        self._edge_ms = edge.deviation_ms if OFF in (run.state, before) else None

    def _forget(self, hops: int) -> None:
        del self._states[:hops]
        self._first_hop += hops
        while self._judged and (self._judged[0].block + 3) * HOPS < self._first_hop:
            self._judged.popleft()
        old = max(0, self._first_hop - DOUBT_REACH - self._first_nats)
        self._nats, self._first_nats = self._nats[old:], self._first_nats + old

    def _boundary(self, this: Run, following: Run) -> Edge:
        """The change between two runs, to the millisecond."""
        edge = (self._first_hop + this.stop) * HOP
        ends = this.state != OFF
        track = self._numbered(this.state if ends else following.state)
        if track is None:
            return Edge(edge, _UNTRACED_EDGE_MS)
        start, stop = edge - refine.REACH, edge + refine.REACH
        before, after = edge - self._changed_at, (following.stop - following.start) * HOP
        heard, sent = self._material.heard_along(track, start, stop), self._material.sent_around(start, stop)
        scene = refine.Scene(heard, sent, self._material.audible(start, stop), ends, before, after)
        found = refine.boundary(scene, self._follower.channel)
        rings = _END_RINGS if ends else _RETURN_RINGS
        deviation_ms = _deviation_ms(found, rings * self._follower.channel.ringing_ms())
        back = 0 if ends else self._back_into_pause(track, edge + found.offset)
        return Edge(edge + found.offset - back, deviation_ms)

    def _back_into_pause(self, track: Track, edge: int) -> int:
        """Samples by which a return lies before *edge*, because what else was heard ended in the pause before it."""
        first = max(self._changed_at, edge - pause.LONGEST)
        start, stop = (first + at for at in pause.last_pause(self._material.audible(first, edge)))
        if stop - start < pause.LEAST:
            return 0
        looks = self._material.heard_looks(track, start, stop)
        ended = pause.else_until(looks, self._material.heard_along(track, start, stop), self._follower.channel)
        return 0 if ended is None else edge - start - ended

    def _until(self, stop: int, run: Run) -> Iterator[MatchSegment]:
        start = self.given // DECIMATION
        if stop > start:
            track = self._numbered(run.state)
            if run.state != OFF:
                self._last_track = track
                self._doubt(start, stop, run)
            yield from self._by_plan(start, stop, run.state, track or self._follower.track)

    def _doubt(self, start: int, stop: int, run: Run) -> None:
        """What speaks against the part of *run* that is given out now; a dip on its border is seen whole."""
        low = max(self._changed_hop, start // HOP - DOUBT_REACH, self._first_nats)
        high = min(self._first_hop + run.stop, stop // HOP + DOUBT_REACH)
        found = doubts(self._nats[low - self._first_nats : max(low, high) - self._first_nats], low)
        self._doubts = [one for one in found if start <= one.position < stop]

    # ---- naming ----

    def _by_plan(self, start: int, stop: int, state: int, track: Track | None) -> Iterator[MatchSegment]:
        """Where the plan changes inside a run, what is neither planned nor sent is no part of it."""
        parts = list(self._material.planned(start * DECIMATION, stop * DECIMATION))
        for low, high, programme in parts:
            a, b = low // DECIMATION, high // DECIMATION
            idle = len(parts) > 1 and not programme and not self._material.sent_is_audible(a, b)
            yield from self._named(a, b, OFF if idle else state, track, idle)

    def _named(
        self, start: int, stop: int, state: int, track: Track | None, idle: bool = False
    ) -> Iterator[MatchSegment]:
        """Split a run where nothing was heard, then by kind or quality."""
        delay, at = track.lag_at(start) if track else self._follower.delay(start), start
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
        delay = track.lag_at(start) if track else self._follower.delay(start)
        at = start
        while at < stop:
            end = stop if stop - at < 2 * _PIECE else at + _PIECE
            late = min(_TAIL, (end - at) // 2) if at == start else 0
            heard = self._material.heard_near(at + late + delay, max(end - at - late, FRAME))
            yield self._segment(end, kind_of(heard, self._follower.on_air_rms))
            at = end

    def _on(self, start: int, stop: int, state: int, track: Track | None) -> Iterator[MatchSegment]:
        judged = list(self._judged)
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
        edge_ms = self._edge_ms
        if self.given > start:
            self._edge_ms = None
        return MatchSegment(
            start,
            self.given,
            state,
            quality,
            delay_ms=round(milliseconds(track.lag_at(until)), 3) if track else None,
            coherence=seen.coherence if seen else None,
            edge_ms=edge_ms,
            doubt_ms=self._doubted_ms(start, self.given) if state == State.ON_AIR and quality == Quality.OK else 0.0,
            evidence_share=self._share(start, self.given) if state != State.UNOBSERVED else None,
            snr_db=seen.snr_db if seen else None,
        )

    def _doubted_ms(self, start: int, stop: int) -> float:
        """Where ours is covered, distorted or soft, words that are hidden dip, too: there dips are no gaps."""
        inside = (one.length_ms for one in self._doubts if start <= one.position * DECIMATION < stop)
        return sum(inside, 0.0)

    def _share(self, start: int, stop: int) -> float:
        """Of the time between two frames in which the programme could be told from anything else."""
        shares = [
            max((seen.share for seen in one.seen.values()), default=0.0)
            for one in self._judged
            if one.block * BLOCK * DECIMATION < stop and (one.block + 1) * BLOCK * DECIMATION > start
        ]
        return sum(shares) / len(shares) if shares else 0.0


def _lasting(near: list[Judged], state: int, quality: Quality) -> Quality:
    """A quality counts if a neighbouring block has it too: a single one is a boundary or a chance."""
    same = [one for one in near if state in one.seen and one.seen[state].quality == quality]
    return quality if len(same) > 1 else Quality.OK


def _coherence(seen: Evidence) -> float | None:
    telling = seen.weight > 1
    return float(seen.coherence[telling].mean()) if telling.any() else None


def _deviation_ms(found: refine.Boundary, ringing_ms: float) -> float:
    return math.hypot(milliseconds(found.deviation), ringing_ms, _LEAST_EDGE_MS)
