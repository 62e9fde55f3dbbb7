"""Follows the return as it comes: keeps to its delay and drift, learns the path, says if we are on air now."""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from audio.match import evidence, finder
from audio.match.channel import WINDOW, Channel, Learnt
from audio.match.evidence import Evidence
from audio.match.explained import explains, plainest
from audio.match.finder import HEARD_AT_ALL, SMALL_JUMP, Finder
from audio.match.gain import UsualGain
from audio.match.grid import BLOCK, HOP, LEAD, RATE_HZ, TICK, median, rms
from audio.match.kind import Heard, quality_of
from audio.match.lag import CLEAR_FINE_PEAK, FineLag
from audio.match.live import Presence, snr_db
from audio.match.looks import Look, Looks, Stretch, together
from audio.match.material import Material
from audio.match.plain import STEP, Plain, is_plain
from audio.match.settings import Settings
from audio.match.tracks import Probation, Track, Tracks
from audio.match.votes import Finds, Vote
from audio.segments import Quality

_POLISHED = 0.3  # samples: how sure pieces of one stretch are together: what a path's resonances do, all of them show
_NEAR_VOTE = 2.0  # samples: what a part of a vote's stretch may differ from it, by drift
_COLD_PROOF, _JUMP_PROOF = 80, 30  # telling looks that have to confirm a delay: the first, one that a known path fits
_FINE_LOOKS, _MORE_FINE_LOOKS = 40, 80  # good looks that show the drift; so many where less show none
_SCATTER_PACE = 0.2  # at which it is learnt how far fine measures lie from where they should
_PIECE_DEVIATION = 0.3  # samples
_FINE_DEVIATION, _WEAK_DEVIATION = 0.15, 0.4  # samples: of a clear peak, of one that only its place makes likely
_WEAK_FINE_PEAK = 3.0  # standard deviations
_CONFIRMED = 6  # times that a delay is found before the channel that does not explain it is learnt afresh …
_APART, _APART_YOUNG = 3, 2  # … or so often unmistakably, each in something else: of a channel, of a young one
_SAME_PATH = 0.6  # samples: as near to another, what was learnt along one is good for both
_LEARNT_TOGETHER = 2  # blocks, once the channel is grown
_SURE_LOOK_NATS = 0.6
_ASKED_AFTER = 4  # blocks: of what is asked about then, all was heard after a jump
_OVERLAID_PACE = 0.1  # at which the floor is learnt beneath other audio


class Follower:
    def __init__(self, material: Material, settings: Settings, prior: int | None) -> None:
        self._material = material
        self.tracks = Tracks(prior)
        self._finder = Finder(material, settings, prior, self.tracks)
        self.channel, self.presence = Channel(), Presence()
        self._looks = Looks(material, self.channel)
        self.snr_db: float | None = None  # of the last looks
        self.on_air_rms = 0.0
        self._qualities: deque[Quality] = deque(maxlen=3)  # of the last ticks on air
        self.gain, self.plain = UsualGain(), Plain()
        self._fine = FineLag()
        self._scatter = 0.0  # samples², of fine measures of the lag beyond what a track's own doubt explains
        self._absent = 0  # ticks since it was on air
        self._confirmed = 0  # times that the delay was found again while the channel explained nothing
        self._refused = Finds()  # of a delay at which the channel explains nothing
        self._dropped: tuple[Track, Learnt] | None = None  # the only one, refuted, and what was learnt along it
        self._found_since_rest = False
        self._to = 0  # up to here it was looked at
        self._ticks: list[Stretch] = []  # that are not digested yet
        self._unlearnt: list[Stretch] = []  # blocks that are on air
        self._good_from, self._good_to = 0, 0  # what was good and the channel has not learnt from yet
        self._on_air_to = 0  # up to here it was on air

    # ---- what others ask ----

    @property
    def locked(self) -> bool:
        return self.tracks.proven is not None

    @property
    def longest_delay(self) -> int:
        return self._finder.longest

    @property
    def sent_needed_ahead(self) -> int:
        """How far SENT has to be known beyond what is heard: delays may be negative in a recording."""
        return max(0, -self._finder.shortest)

    @property
    def quality(self) -> Quality:
        """Of what is on air now. One tick may be chance: it counts when two of the last three have it."""
        often = [q for q in self._qualities if q is not Quality.OK and self._qualities.count(q) > 1]
        return often[-1] if often and self.presence.on_air else Quality.OK

    # ---- a tick ----

    def is_active(self, now: int) -> bool:
        """Was something planned or sent when that left which is heard now, by the delay that is being tried?"""
        track = self.tracks.current
        delay = track.lag_at(now) if track else self.tracks.delay(now)
        return self._material.is_active(int(now - delay) // BLOCK - 1)

    def look(self, now: int) -> None:
        """Is it on air? Look at all that was heard before *now* and not looked at yet."""
        track = self.tracks.current
        if track is None:
            return
        stop = int(now - track.lag_at(now) - LEAD - 16) // STEP * STEP
        start = self._to if 0 <= stop - self._to <= 4 * BLOCK else stop - TICK
        if stop > start:
            self._to = stop
            self._look(track, start, stop)

    def digest(self, now: int) -> None:
        """Learn from what was looked at since the last time; seek the delay while nothing is found."""
        if self.tracks.current and self._ticks:
            self._digest(self.tracks.current, together(self._ticks))
            self._ticks.clear()
        sought = not self.presence.on_air and rms(self._material.heard_near(now - BLOCK, BLOCK)) >= HEARD_AT_ALL
        self._absent = self._absent + 1 if sought else 0  # after a silence it is sought as often as at first
        if self._absent and self._finder.is_due(self._absent):
            self._choose(self._finder.seek(now, self._absent))

    def rest(self) -> None:
        """Nothing is planned or sent: delay and path are kept, all else is forgotten."""
        self._ticks.clear()
        self._unlearnt.clear()
        self._absent = self._to = 0
        self._finder.rest()
        self.presence.forget()
        self.snr_db = None
        self._found_since_rest = False

    def _look(self, track: Track, start: int, stop: int) -> None:
        tick = self._looks.weigh(track, start, stop)
        self._ticks.append(tick)
        self.presence.add(tick.seen)
        if track.probation:
            self._prove(track, track.probation, tick.seen, stop)

    def _digest(self, track: Track, block: Stretch) -> None:
        self.snr_db = snr_db(block.seen)
        if not self.presence.on_air:
            self._unlearnt.clear()
            return
        self._confirmed, self._found_since_rest, self._on_air_to = 0, True, block.stop
        self._qualities.append(self._quality_of(track, block))
        self._unlearnt.append(block)
        if self.channel.is_young or len(self._unlearnt) >= _LEARNT_TOGETHER:
            self._learn(track, together(self._unlearnt))
            self._unlearnt.clear()

    def _learn(self, track: Track, stretch: Stretch) -> None:
        good = _good(stretch.seen)
        self._learn_drift(track, stretch, good)
        usual = self._learn_floor(stretch.look, stretch.seen, good)
        if usual and not track.probation and not self.channel.is_young and set(self._qualities) == {Quality.OK}:
            self.plain.add(stretch.start, stretch.stop, track.number, stretch.seen)
        self._learn_channel(track, stretch, good)

    def _quality_of(self, track: Track, stretch: Stretch) -> Quality:
        look, seen = stretch.look, stretch.seen
        sound = self._material.heard_near(stretch.start + track.lag_at(stretch.start), len(look.predicted))
        gain = self.gain.learn(seen, self.channel)
        return quality_of(
            seen, Heard(sound, look.predicted, look.heard, look.expected), not self.channel.is_young, *gain
        )

    def _prove(self, track: Track, probation: Probation, seen: Evidence, position: int) -> None:
        """A track that is refuted is dropped, and when it was the only one, the channel learnt along it."""
        probation.add(seen.llr, seen.weight)
        verdict = probation.verdict(position)
        if verdict is False:
            self._drop(track)
        elif verdict:
            track.probation = self._dropped = None

    def _drop(self, track: Track) -> None:
        """When it was the only one, what was learnt along it goes with it."""
        self.tracks.drop(track)
        if not self.tracks.known:
            self._remember(track)
            self.channel.forget()
        self._look_afresh()

    def _look_afresh(self) -> None:
        """What was seen along another track, or of another path, counts no more."""
        self.presence.forget()
        self._ticks.clear()
        self._unlearnt.clear()
        self.plain.forget()
        self._to = self._good_to = 0

    # ---- learning ----

    def _learn_drift(self, track: Track, stretch: Stretch, good: NDArray[np.bool_]) -> None:
        """Against what the path makes of SENT once it is known, for resonances delay one sound more than another.

        A young path would go along with the drift that it was learnt in.
        """
        if not good.any():
            return
        expected = stretch.look.sent if self.channel.is_young else stretch.look.expected
        self._fine.add(stretch.look.heard[good], expected[good], (stretch.start + stretch.stop) // 2)
        if self._fine.frames >= _FINE_LOOKS:
            self._correct(track)

    def _learn_floor(self, look: Look, seen: Evidence, good: NDArray[np.bool_]) -> bool:
        """Is it plainly on air?"""
        channel, weak = self.channel, seen.weight < 0.5
        calm = (seen.llr > _SURE_LOOK_NATS) | weak
        if np.count_nonzero(good) > 1:
            channel.gain = min(10.0, max(0.1, median(seen.gain[good])))
        if not calm.any():
            return False
        left = look.left(channel.gain)
        expected, late = evidence.power(look.expected), look.late
        rest = evidence.rest_over_floor(left, expected, late, channel)
        plain = is_plain(seen, rest, channel)
        if weak.any():
            channel.learn_lowest(rest[weak], STEP)
        if not calm.all():
            rest, left, expected, late = rest[calm], left[calm], expected[calm], late[calm]
        seconds = len(rest) * STEP / RATE_HZ
        if Quality.OVERLAID in self._qualities:  # of the path it tells little; or else the path has changed for good
            seconds *= _OVERLAID_PACE
        channel.learn_scatter(rest, seconds)
        channel.learn_floor(left, expected, late, seconds)
        return plain

    def _learn_channel(self, track: Track, stretch: Stretch, good: NDArray[np.bool_]) -> None:
        stop = stretch.stop
        if np.count_nonzero(good) <= 0.5 * len(good):
            return
        if self._good_to != stretch.start:
            self._good_from = stretch.start
        self._good_to = stop
        if stop - self._good_from < WINDOW:
            return
        self._good_from = stop - (WINDOW // 2 if self.channel.is_young else 0)  # overlapping windows: more of little
        heard = self._material.heard_along(track, stop - WINDOW, stop)
        self.channel.learn(self._material.sent.read(stop - WINDOW, stop), heard)
        self.channel.settle_now_and_then()
        self.on_air_rms = self.on_air_rms * 0.98 + 0.02 * rms(heard) if self.on_air_rms else rms(heard)

    def _correct(self, track: Track) -> None:
        """Drift: the lag that the last looks show. More than a track can drift is a vote for a new one.

        On a horn the direct path stands out but weakly. The highest peak of all, where it is expected, is no chance.
        """
        peak, position = self._fine.peak(), self._fine.position
        clear, is_near = peak.height >= CLEAR_FINE_PEAK, abs(peak.at) < SMALL_JUMP
        if not clear and self._fine.frames < _MORE_FINE_LOOKS:
            return
        self._fine.clear()
        if is_near and peak.height >= _WEAK_FINE_PEAK:
            self._follow_drift(track, position, peak.at, _FINE_DEVIATION if clear else _WEAK_DEVIATION)
        elif clear:
            self._vote(Vote(position, track.lag_at(position) + peak.at, 2 * peak.height))

    def _follow_drift(self, track: Track, position: int, excess: float, deviation: float) -> None:
        """As surely as the last measures agreed: a horn's resonances delay one sound more than another."""
        track.advance(position)
        unexpected = max(0.0, excess * excess - track.variance[0])
        self._scatter += _SCATTER_PACE * (unexpected - self._scatter)
        track.measure(position, excess, max(deviation, math.sqrt(self._scatter)))
        self.tracks.followed(track)

    # ---- a delay was found ----

    def _choose(self, found: list[Vote]) -> None:
        """The highest votes. Where others are as high, that is chance, and a path that is known tells which is ours."""
        told = len(found) > 1 and not self.channel.is_young and self._absent >= _ASKED_AFTER
        ours = plainest(self._looks, found, self.tracks.slope, self.channel) if told else None
        if ours:
            self._lock([ours])
        elif found:
            self._vote(found[0])

    def _vote(self, vote: Vote) -> None:
        agreed = self._finder.agreeing(vote, alone_enough=self.channel.known)
        if agreed:
            self._lock(agreed)

    def _lock(self, agreed: list[Vote]) -> None:
        """The votes agree on a delay: the known one, one that was known, or a new one."""
        newest = agreed[-1]
        known = self._finder.known_at(newest, self._on_air_to)
        if known and known is self.tracks.current:
            finder.follow(known, agreed)
            self._doubt_channel(known, newest)
            return
        track = known or self._finder.new_track(agreed, self._found_since_rest)
        if not self.channel.known or explains(self._looks, track, newest) or self._is_refused_often(newest):
            self._take(track, newest)

    def _take(self, track: Track, vote: Vote) -> None:
        wanted, patience = (_JUMP_PROOF, 4) if self.channel.known else (_COLD_PROOF, 10)
        again = track in self.tracks.known and track.was_proven
        track.probation = Probation(wanted, vote.position + patience * RATE_HZ, again=again)
        self.tracks.take(track, vote.position)
        if not self.channel.known:
            self._recall(vote)
        self._polish(track, vote)

    def _remember(self, track: Track) -> None:
        """What was learnt along a delay that is refuted a second time: the first may have been of two delays."""
        again = self._dropped and abs(self._dropped[0].lag_at(track.position) - track.lag) < _SAME_PATH
        self._dropped = track, self.channel.learnt if again else Learnt()

    def _recall(self, vote: Vote) -> None:
        """What is refuted and found again and again is right; what was learnt along it was too little, not wrong."""
        if self._dropped and vote.beside(self._dropped[0]) < _SAME_PATH:
            self.channel.recall(self._dropped[1])

    def _is_refused_often(self, vote: Vote) -> bool:
        """What is found at one delay again and again is there: the channel was learnt in a bad moment, forget it."""
        goes_on = vote.start >= self._on_air_to and abs(vote.lag - self._refused.lag) < SMALL_JUMP
        self._refused = (self._refused if goes_on else Finds()).and_by(vote)
        apart = _APART_YOUNG if self.channel.is_young else _APART
        if self._refused.times < _CONFIRMED and self._refused.apart < apart:
            return False
        self._refused = Finds()
        self.channel.forget()
        return True

    def _doubt_channel(self, track: Track, vote: Vote) -> None:
        """The delay holds and yet what is heard is not what the channel predicts: after a while, learn it afresh.

        A young one learns from it at once: it has heard too few notes yet to know what others sound like.
        """
        if vote.start < self._on_air_to:  # some of it is from before: no wonder
            return
        self._confirmed += 1
        if self.channel.is_young:
            self._learn_stretch(track, vote.start // HOP * HOP, vote.size)
            self._look_afresh()
            if track.probation:
                track.probation.restart()
        if self._confirmed >= _CONFIRMED:
            self.channel.forget()
            self._polish(track, vote)

    def _polish(self, track: Track, vote: Vote) -> None:
        """Learn delay, and the channel if it is not known, from the stretch that gave the lock."""
        start = vote.start // HOP * HOP
        for piece in (0, 1, 2, 3, 0, 1, 2, 3):
            self._measure_piece(track, vote, start + piece * vote.size // 4)
        track.doubt_lag(_POLISHED)
        if not self.channel.known:
            self._learn_stretch(track, start, vote.size)
        self._look_afresh()
        self._fine.clear()
        self._confirmed = 0

    def _measure_piece(self, track: Track, vote: Vote, start: int) -> None:
        """A quarter of what gave *vote*. What lies elsewhere is from before a jump."""
        start, size = start // HOP * HOP, vote.size // 4 // STEP * STEP
        peak, middle = self._material.lag_left(track, start, start + size, STEP, self.channel), start + size // 2
        if peak.height > CLEAR_FINE_PEAK and abs(track.lag_at(middle) + peak.at - vote.lag) < _NEAR_VOTE:
            track.measure(middle, peak.at, _PIECE_DEVIATION)

    def _learn_stretch(self, track: Track, start: int, size: int) -> None:
        """A filter and a floor from what gave a vote, whatever the channel predicts."""
        for begin in range(start, start + size - WINDOW, WINDOW // 2):
            heard = self._material.heard_along(track, begin, begin + WINDOW)
            self.channel.learn(self._material.sent.read(begin, begin + WINDOW), heard)
        self.channel.settle()
        look = self._looks.take(track, start, start + size // STEP * STEP)
        left, expected = look.left(1.0), evidence.power(look.expected)
        self.channel.learn_floor(left, expected, look.late, size / RATE_HZ)


def _good(seen: Evidence) -> NDArray[np.bool_]:
    """Looks that can be learnt from."""
    return np.asarray((seen.llr > _SURE_LOOK_NATS) & (seen.weight > 1))
