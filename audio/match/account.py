"""The account: each block of SENT judged with a look ahead, decided, its boundaries refined, named."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from audio.match import path, pause, stray
from audio.match.decided import Decided
from audio.match.doubt import REACH as DOUBT_REACH
from audio.match.doubt import Doubt, doubts, may_be_ours
from audio.match.edges import Edge, Edges
from audio.match.follower import Follower
from audio.match.grid import BLOCK, DECIMATION, FRAME, HOP, HOPS, Floats, milliseconds, rms, samples
from audio.match.judge import Judge, Judged
from audio.match.likeness import is_alike
from audio.match.looks import Looks
from audio.match.material import Material
from audio.match.naming import Naming
from audio.match.path import OFF, Path, Run
from audio.match.settings import Settings
from audio.match.stray import Strays
from audio.match.tracks import Track
from audio.segments import MatchSegment

_MARGIN = 32  # hops that stay open after a decision, so that a boundary's other side is known
_REFINED = 16  # hops more: no boundary may move into what was given out
_MOMENT = samples(1_250)  # what is off air for no longer is looked at as a whole …
_HEAD = samples(3_000)  # … and before anything was on air at all, when the path was unknown
_AS_LOUD = 0.5  # −6 dB
_HARDLY_AGAINST = 1.0  # nats a hop: what is not ours contradicts as much, or more
_TOGETHER = 4  # blocks that are judged at once: small arrays cost as much as large ones


class Account:
    def __init__(self, material: Material, follower: Follower, settings: Settings) -> None:
        self._material, self._follower = material, follower
        self._look_ahead = samples(settings.look_ahead_ms)
        self._young_look_ahead = samples(settings.young_look_ahead_ms)
        self._unlocked_wait = samples(settings.unlocked_wait_ms)
        self._judge = Judge(material, follower)
        self._path = Path(settings.switch_nats, samples(settings.longest_doubt_ms) // HOP)
        self._decided = Decided()
        self._strays = Strays(material, follower, self._judge, self._decided, settings.switch_nats)
        self._edges = Edges(material, follower.channel, self._strays, self._decided)
        self._naming = Naming(material, follower, self._decided)
        self._next_block = 0
        self._changed_hop = self._changed_at = 0  # where the run that is given out began: its hop, to the sample
        self._last_track: Track | None = None  # of what was on air
        self._active = False

    @property
    def given(self) -> int:
        """Frames of 48 kHz given out."""
        return self._naming.given

    def due(self, now: int) -> Iterator[MatchSegment]:
        """Judge every block of which enough has been heard before *now*."""
        while self._is_due(self._next_block, now):
            blocks = self._alike()
            if blocks and not self._is_due(blocks[-1], now):
                return
            self._next_block += len(blocks) or 1
            if blocks:
                self._decide(blocks)
                yield from self._give()
            else:
                yield from self._idle(self._next_block - 1)

    def _alike(self) -> range:
        """The next blocks if they are active, and along the same tracks: few, so that decisions do not wait."""
        first, active, carriers = self._next_block, self._material.is_active, self._follower.tracks.carriers
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
            return now >= end + follower.tracks.delay(end) + FRAME
        if follower.locked:
            ahead = self._young_look_ahead if follower.channel.is_young else self._look_ahead
            return now >= end + max(t.lag_at(end) for t in follower.tracks.known) + ahead
        return now >= end + follower.longest_delay + self._unlocked_wait

    # ---- judging ----

    def _idle(self, block: int) -> Iterator[MatchSegment]:
        if self._active:
            self._decided.states += self._path.rest()
            yield from self._give(everything=True)
            self._active = False
            self._naming.end()
            self._decided.judged.clear()
        yield from self._naming.named(block * BLOCK, (block + 1) * BLOCK, OFF, None)

    def _decide(self, blocks: range) -> None:
        if not self._active:
            self._active = True
            self._changed_hop, self._changed_at = blocks[0] * HOPS, blocks[0] * BLOCK
            self._decided.restart(blocks[0])
            self._naming.begin()
            self._path.restart()
        nats: dict[int, Floats] = {}
        judged = [Judged(block) for block in blocks]
        for track in self._follower.tracks.carriers(blocks[0] * BLOCK):
            clean, mixed = self._judge.judge(track, judged)
            nats[path.clean(track.number)], nats[path.mixed(track.number)] = clean, mixed
        self._path.push(nats, HOPS * len(blocks))
        best = np.maximum.reduce(list(nats.values())) if nats else np.zeros(HOPS * len(blocks))
        self._decided.add(judged, best)
        self._decided.states += self._path.decided()

    # ---- giving out ----

    def _give(self, everything: bool = False) -> Iterator[MatchSegment]:
        """Turn decided hops into segments; a boundary is refined once what follows it is known."""
        total = len(self._decided.states)
        sought = self._strays.seek(self._last_track, everything)
        settled = min(sought, self._fill_lulls(), self._fill_contradicted(everything))
        known_to = total if everything else min(total - _MARGIN, settled)
        found = self._decided.runs()
        done = 0
        for this, following in pairwise(found):
            if this.stop >= known_to:
                break
            edge = self._edges.between(this, following, self._changed_at)
            if this.state == OFF:
                self._doubt_gap(self._changed_at, edge.position, following)
            yield from self._until(edge.position, this)
            self._begin(following, edge, this.state)
            done = this.stop
        cut = total if everything else known_to - _REFINED
        if found and found[-1].state == OFF and not everything:
            cut = min(cut - self._pausing_hops(cut), total - stray.TAIL // HOP)
        if found and cut > max(done, found[-1].start):
            yield from self._until((self._decided.first + cut) * HOP, found[-1])
            done = cut
        self._decided.forget(done)
        self._edges.forget()

    def _fill_lulls(self) -> int:
        """What was on air before a pause of SENT and after it was so in the pause, if nothing else was heard in there.

        Hops up to which that is known.
        """
        found = self._decided.runs()
        for before, this, after in zip(found, found[1:], found[2:], strict=False):
            if OFF not in (before.state, after.state) and self._is_lull(this, before.state):
                self._decided.fill(this, before.state)
        if len(found) > 1 and self._is_lull(found[-1], found[-2].state):
            return found[-1].start
        return len(self._decided.states)

    def _fill_contradicted(self, everything: bool) -> int:
        """What was off air for a moment is ours if the evidence between its refined ends speaks for that after all.

        So it is with slow music in a room: a new note over the last one's ringing speaks against us for a few hops, and
        the ends are drawn out over what plainly was on air. Or nothing speaks for us but that the note is there.
        Hops up to which that is known.
        """
        found = self._decided.runs()
        known_to = len(self._decided.states) - (0 if everything else _MARGIN)
        for n, this in enumerate(found[1:-1], 1):
            if this.state == OFF and found[n - 1].state == found[n + 1].state and _is_moment(this):
                if this.stop > known_to:
                    return this.start
                if self._is_contradicted(found, n):
                    self._decided.fill(this, found[n - 1].state)
                    return self._fill_contradicted(everything)  # what lies either side of it is one now
        if len(found) > 1 and found[-1].state == OFF and _is_moment(found[-1]) and not everything:
            return found[-1].start
        return len(self._decided.states)

    def _is_contradicted(self, found: list[Run], gap: int) -> bool:
        first, last = self._begins(found, gap), self._begins(found, gap + 1)
        nats, track = float(self._nats_between(first, last).sum()), self._strays.numbered(found[gap + 1].state)
        if nats > 0 or track is None:
            return nats > 0
        return nats > -_HARDLY_AGAINST * (last - first) / HOP and self._is_alike(track, first, last)

    def _is_alike(self, track: Track, first: int, last: int) -> bool:
        """Whether what was heard between two samples of SENT has its notes."""
        channel = self._follower.channel
        look = Looks(self._material, channel, HOP).take(track, first // HOP * HOP, last // HOP * HOP)
        return is_alike(look.heard, look.expected, channel.floor_at(look.late))

    def _nats_between(self, start: int, stop: int) -> Floats:
        """For on air, one a hop of these samples of SENT, as far back as they are kept."""
        return self._decided.nats(max(start // HOP, self._decided.first_nats), stop // HOP)

    def _begins(self, found: list[Run], n: int) -> int:
        """The sample at which the n-th of the runs that are not given out begins: one is dated after the other."""
        begun_at = self._changed_at
        for this, following in pairwise(found[: n + 1]):
            begun_at = self._edges.between(this, following, begun_at).position
        return begun_at

    def _is_lull(self, run: Run, before: int) -> bool:
        start, stop = self._decided.span(run)
        track = self._strays.numbered(before)
        if run.state != OFF or track is None or stop - start > pause.LONGEST:
            return False
        border = min(pause.BORDER, (stop - start) // 3)  # a short one has a middle, too
        if self._material.audible(start + border, stop - border).any():
            return False
        looks, late = self._material.heard_looks(track, start, stop), self._material.late.looks(start, stop, HOP)
        return pause.is_quiet(looks, late, self._follower.channel)

    def _pausing_hops(self, hops: int) -> int:
        """For how long SENT has paused before these decided hops end: a return may yet be dated in there."""
        end = (self._decided.first + hops) * HOP
        start, stop = pause.last_pause(self._material.audible(end - pause.LONGEST, end))
        return (stop - start) // HOP

    def _begin(self, run: Run, edge: Edge, before: int) -> None:
        self._changed_hop, self._changed_at = self._decided.first + run.start, edge.position
        self._naming.edge_ms = edge.deviation_ms if OFF in (run.state, before) else None

    def _until(self, stop: int, run: Run) -> Iterator[MatchSegment]:
        start = self.given // DECIMATION
        if stop > start:
            track = self._strays.numbered(run.state)
            if run.state != OFF:
                self._last_track = track
                self._doubt(start, stop, run)
            yield from self._naming.by_plan(start, stop, run.state, track or self._follower.tracks.proven)

    def _doubt(self, start: int, stop: int, run: Run) -> None:
        """What speaks against the part of *run* that is given out now; a dip on its border is seen whole.

        Where ours is covered, distorted or soft, here and there, words that are hidden dip, too: no dip is a gap.
        """
        low = max(self._changed_hop, start // HOP - DOUBT_REACH, self._decided.first_nats)
        high = min(self._decided.first + run.stop, stop // HOP + DOUBT_REACH)
        found = () if self._decided.is_impaired(run.state) else doubts(self._decided.nats(low, high), low)
        self._naming.doubts = [one for one in found if start <= one.position < stop]

    def _doubt_gap(self, start: int, stop: int, following: Run) -> None:
        """What is off air here, for a moment between two stretches of one delay, may be ours after all."""
        track, cold = self._strays.numbered(following.state), self._last_track is None
        if track is None or not (cold or track is self._last_track) or stop - start >= (_HEAD if cold else _MOMENT):
            return
        ours = may_be_ours(self._nats_between(start, stop), cold)
        if ours and self._follower.channel.is_clear and self._is_as_loud(track, start, stop):
            audible = float(self._material.audible(start, stop).sum())
            self._naming.doubts = [Doubt(max(start, self.given // DECIMATION), milliseconds(audible))]

    def _is_as_loud(self, track: Track, start: int, stop: int) -> bool:
        """As it would be if it were ours. Of what is far softer nothing speaks but its shape, and that but weakly."""
        channel = self._follower.channel
        expected = channel.gain * rms(channel.predict(self._material.sent_around(start, stop)))
        return rms(self._material.heard_along(track, start, stop)) > _AS_LOUD * expected


def _is_moment(run: Run) -> bool:
    return (run.stop - run.start) * HOP < _MOMENT
