"""Follows the return as it comes: finds the delay, keeps to its drift, learns the path, says if we are on air now."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.match import evidence, lag
from audio.match.channel import WINDOW, Channel
from audio.match.evidence import Evidence
from audio.match.gain import UsualGain
from audio.match.grid import BLOCK, C64, HOP, LEAD, RATE_HZ, TICK, Floats, median, rms, samples
from audio.match.kind import Heard, quality_of
from audio.match.lag import CLEAR_FINE_PEAK, LOOK, MOST_TRACKS, VOTE_DEVIATION, FineLag, Probation, Track, Vote
from audio.match.live import Presence, snr_db
from audio.match.material import Material, alone
from audio.match.plain import STEP, Plain, is_plain
from audio.match.settings import Settings
from audio.segments import Quality

_OLD_TRACK = 20 * RATE_HZ  # a track is thought of that long after it was last seen: what is judged lags by 16 s
_REACH_BACK = 10 * RATE_HZ  # a new track may explain what was heard so long before it was found
_WEAK_PEAK, _CLEAR_PEAK = 5.0, 7.0  # standard deviations
_JUMP_LOOK = 3 * BLOCK  # a jump is sought in so little of what was heard after it, and in more as more is heard
_SMALL_JUMP = 4.0  # samples: a track follows less, more is a new one …
_SAME = 0.6  # … and so is more than this, where nothing is on air along the track
_POLISHED = 0.3  # samples: how sure pieces of one stretch are together: what a path's resonances do, all of them show
_NEAR_VOTE = 2.0  # samples: what a part of a vote's stretch may differ from it, by drift
_COLD_PROOF, _JUMP_PROOF = 80, 30  # telling looks that have to confirm a delay: the first, one that a known path fits
_FINE_LOOKS, _MORE_FINE_LOOKS = 40, 80  # good looks that show the drift; so many where less show none
_SCATTER_PACE = 0.2  # at which it is learnt how far fine measures lie from where they should
_PIECE_DEVIATION = 0.3  # samples
_FINE_DEVIATION, _WEAK_DEVIATION = 0.15, 0.4  # samples: of a clear peak, of one that only its place makes likely
_WEAK_FINE_PEAK = 3.0  # standard deviations
_CONFIRMED = 6  # times that the known delay is found before the channel is learnt afresh
_HEARD_AT_ALL = 1e-4  # −80 dBFS
_LEARNT_TOGETHER = 2  # blocks, once the channel is grown
_SURE_LOOK_NATS = 0.6
_OVERLAID_PACE = 0.1  # at which the floor is learnt beneath other audio


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks × bins of what has just been heard, of what was expected, and of what was sent."""

    heard: C64
    expected: C64
    sent: C64
    late: Floats  # power that SENT rings late with
    predicted: Floats  # samples of the hops alone


@dataclass(frozen=True, slots=True)
class _Tick:
    """What was looked at in a tick: SENT's positions, and what was seen there."""

    start: int
    stop: int
    look: _Look
    seen: Evidence


class Follower:
    def __init__(self, material: Material, settings: Settings, prior: int | None) -> None:
        self._material, self._prior = material, prior
        self._range = _search_range(settings, prior)
        self.channel, self.presence = Channel(), Presence()
        self.tracks: list[Track] = []  # the last is the current one
        self.snr_db: float | None = None  # of the last looks
        self.on_air_rms = 0.0
        self._qualities: deque[Quality] = deque(maxlen=3)  # of the last ticks on air
        self.gain, self.plain = UsualGain(), Plain()
        self._votes: list[Vote] = []
        self._found: deque[Vote] = deque(maxlen=16)  # the last that agreed on a delay, whichever
        self._fine = FineLag()
        self._slope = self._proven_slope = 0.0
        self._scatter = 0.0  # samples², of fine measures of the lag beyond what a track's own doubt explains
        self._absent = 0  # ticks since it was on air
        self._confirmed = 0  # times that the delay was found again while the channel explained nothing
        self._refused, self._refused_lag = 0, 0.0  # times that a delay was found at which the channel explains nothing
        self._found_since_rest = False
        self._to = 0  # up to here it was looked at
        self._ticks: list[_Tick] = []  # that are not digested yet
        self._unlearnt: list[_Tick] = []  # blocks that are on air
        self._good_from, self._good_to = 0, 0  # what was good and the channel has not learnt from yet
        self._on_air_to = 0  # up to here it was on air

    # ---- what others ask ----

    @property
    def track(self) -> Track | None:
        return self.tracks[-1] if self.tracks else None

    @property
    def proven(self) -> Track | None:
        """The newest whose delay was proven: one on probation is most often another text by the same voice."""
        return next((t for t in reversed(self.tracks) if not t.probation), None)

    @property
    def locked(self) -> bool:
        return self.proven is not None

    @property
    def longest_delay(self) -> int:
        return self._range[1]

    @property
    def sent_needed_ahead(self) -> int:
        """How far SENT has to be known beyond what is heard: delays may be negative in a recording."""
        return max(0, -self._range[0])

    @property
    def quality(self) -> Quality:
        """Of what is on air now. One tick may be chance: it counts when two of the last three have it."""
        often = [q for q in self._qualities if q is not Quality.OK and self._qualities.count(q) > 1]
        return often[-1] if often and self.presence.on_air else Quality.OK

    def delay(self, position: float) -> float:
        """The delay that is known or supposed, in samples."""
        newest = self.proven
        return newest.lag_at(position) if newest else float(self._prior or 0)

    def numbered(self, number: int) -> Track | None:
        return next((t for t in self.tracks if t.number == number), None)

    def carriers(self, start: int) -> list[Track]:
        """Tracks along which the block at *start* may have been heard; where any was proven, there is one."""
        newest = self.proven
        begun = [t for t in self.tracks if t.was_proven and t.since <= start + BLOCK]
        return [t for t in begun if t is newest or start - t.last_seen < RATE_HZ] or begun[-1:]

    # ---- a tick ----

    def is_active(self, now: int) -> bool:
        """Was something planned or sent when that left which is heard now, by the delay that is being tried?"""
        delay = self.track.lag_at(now) if self.track else self.delay(now)
        return self._material.is_active(int(now - delay) // BLOCK - 1)

    def look(self, now: int) -> None:
        """Is it on air? Look at all that was heard before *now* and not looked at yet."""
        track = self.track
        if track is None:
            return
        stop = int(now - track.lag_at(now) - LEAD - 16) // STEP * STEP
        start = self._to if 0 <= stop - self._to <= 4 * BLOCK else stop - TICK
        if stop > start:
            self._to = stop
            self._look(track, start, stop)

    def digest(self, now: int) -> None:
        """Learn from what was looked at since the last time; seek the delay while nothing is found."""
        if self.track and self._ticks:
            self._digest(self.track, _together(self._ticks))
            self._ticks.clear()
        sought = not self.presence.on_air and rms(self._material.heard_near(now - BLOCK, BLOCK)) >= _HEARD_AT_ALL
        self._absent = self._absent + 1 if sought else 0  # after a silence it is sought as often as at first
        if self._absent and self._absent % self._seek_every() == 0:
            self._seek(now)

    def rest(self) -> None:
        """Nothing is planned or sent: delay and path are kept, all else is forgotten."""
        self._ticks.clear()
        self._unlearnt.clear()
        self._absent = self._to = 0
        self._votes.clear()
        self.presence.forget()
        self.snr_db = None
        self._found_since_rest = False

    def _seek_every(self) -> int:
        """Ticks: each after a jump of a known delay, one in four when long nothing was found along it."""
        if not self.track:
            return 2
        return 1 if self._absent <= 12 else 2 if self._absent <= 24 else 4

    def _look(self, track: Track, start: int, stop: int) -> None:
        look, seen = self._weigh(track, start, stop)
        self._ticks.append(_Tick(start, stop, look, seen))
        self.presence.add(seen)
        if track.probation:
            self._prove(track, track.probation, seen, stop)

    def _digest(self, track: Track, block: _Tick) -> None:
        self.snr_db = snr_db(block.seen)
        if not self.presence.on_air:
            self._unlearnt.clear()
            return
        self._confirmed, self._found_since_rest, self._on_air_to = 0, True, block.stop
        self._qualities.append(self._quality_of(track, block))
        self._unlearnt.append(block)
        if self.channel.is_young or len(self._unlearnt) >= _LEARNT_TOGETHER:
            self._learn(track, _together(self._unlearnt))
            self._unlearnt.clear()

    def _learn(self, track: Track, tick: _Tick) -> None:
        good = _good(tick.seen)
        self._learn_drift(track, tick, good)
        usual = self._learn_floor(tick.look, tick.seen, good)
        if usual and not track.probation and not self.channel.is_young and set(self._qualities) == {Quality.OK}:
            self.plain.add(tick.start, tick.stop, track.number, tick.seen)
        self._learn_channel(track, tick, good)

    def _weigh(self, track: Track, start: int, stop: int) -> tuple[_Look, Evidence]:
        look = self._looked(track, start, stop)
        return look, evidence.weigh(evidence.whitened(look.heard, look.expected, look.late, self.channel), STEP)

    def _looked(self, track: Track, start: int, stop: int) -> _Look:
        material, around = self._material, self._material.sent_for_looks(start, stop)
        predicted = self.channel.predict(around)
        sound, turns = material.heard_for_looks(track, start, stop, STEP)
        sent, expected, heard = evidence.spectra_together((alone(around), predicted, sound), STEP)
        material.late.know(start, sent, STEP)
        late = material.late.looks(start, stop, STEP)
        return _Look(heard * turns, expected, sent, late, predicted[LEAD : LEAD + stop - start])

    def _quality_of(self, track: Track, tick: _Tick) -> Quality:
        look, seen = tick.look, tick.seen
        sound = self._material.heard_near(tick.start + track.lag_at(tick.start), len(look.predicted))
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
            track.probation = None

    def _drop(self, track: Track) -> None:
        """One that was proven before is only not the current one any more: what is undecided may lie along it."""
        self.tracks.remove(track)
        if track.was_proven:
            track.probation = None
            self.tracks.insert(max(0, len(self.tracks) - 1), track)
        if not self.tracks:
            self.channel.forget()
            self._slope = self._proven_slope
        self._look_afresh()

    def _look_afresh(self) -> None:
        """What was seen along another track, or of another path, counts no more."""
        self.presence.forget()
        self._ticks.clear()
        self._unlearnt.clear()
        self.plain.forget()
        self._to = self._good_to = 0

    # ---- learning ----

    def _learn_drift(self, track: Track, tick: _Tick, good: NDArray[np.bool_]) -> None:
        if not good.any():
            return
        self._fine.add(tick.look.heard[good], tick.look.sent[good], (tick.start + tick.stop) // 2)
        if self._fine.frames >= _FINE_LOOKS:
            self._correct(track)

    def _learn_floor(self, look: _Look, seen: Evidence, good: NDArray[np.bool_]) -> bool:
        """Is it plainly on air?"""
        channel, weak = self.channel, seen.weight < 0.5
        calm = (seen.llr > _SURE_LOOK_NATS) | weak
        if np.count_nonzero(good) > 1:
            channel.gain = min(10.0, max(0.1, median(seen.gain[good])))
        if not calm.any():
            return False
        left = evidence.power(look.heard - np.float32(channel.gain) * look.expected)
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

    def _learn_channel(self, track: Track, tick: _Tick, good: NDArray[np.bool_]) -> None:
        stop = tick.stop
        if np.count_nonzero(good) <= 0.5 * len(good):
            return
        if self._good_to != tick.start:
            self._good_from = tick.start
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
        clear, is_near = peak.height >= CLEAR_FINE_PEAK, abs(peak.at) < _SMALL_JUMP
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
        self._slope = track.slope
        if not track.probation:
            self._proven_slope = track.slope

    # ---- finding the delay ----

    def _seek(self, now: int) -> None:
        """Look for what was heard just now among what was sent."""
        size = self._look_size()
        drifted = round(self._slope * now)
        low, high = self._range[0] + drifted, self._range[1] + drifted
        first = int(now - self._material.heard_at) - size
        heard = self._material.heard.read(first, first + size)
        sent_from = now - size - high
        sent = self._material.sent.read(sent_from, now - low)
        if rms(heard) < _HEARD_AT_ALL or rms(sent) < _HEARD_AT_ALL:
            return
        known = [now - size - t.lag_at(now) - sent_from for t in self.tracks]
        peak = lag.search(heard, sent, known)
        delay = first + self._material.heard_at - (sent_from + peak.at)
        if peak.height >= _WEAK_PEAK:
            confirmed = any(abs(peak.at - at) < _SMALL_JUMP for at in known)
            clear = peak.height >= _CLEAR_PEAK and (peak.stands_out or confirmed)
            self._vote(Vote(round(now - size / 2 - delay), delay, peak.height, size, clear))

    def _look_size(self) -> int:
        """Two seconds; after a jump of a known delay less, for only what came after it can tell the new one."""
        return min(LOOK, max(_JUMP_LOOK, (self._absent + 1) * BLOCK)) if self.track else LOOK

    def _vote(self, vote: Vote) -> None:
        recent = [v for v in self._votes if vote.position - v.position < 8 * RATE_HZ]
        self._votes = [*recent[-15:], vote]
        near = lag.agreeing(self._votes, self._slope, alone_enough=self.channel.known)
        if near:
            self._votes.clear()
            self._lock(near)

    def _lock(self, votes: list[Vote]) -> None:
        """The votes agree on a delay: the known one, one that was known, or a new one."""
        newest = votes[-1]
        self._found.append(newest)
        known = self._known_at(newest)
        if known and known is self.track:
            self._follow_votes(known, votes)
            self._doubt_channel(known, newest)
            return
        track = known or self._new_track(votes)
        if not self.channel.known or self._explains(track, newest) or self._is_refused_often(newest):
            self._take(track, newest)

    def _known_at(self, vote: Vote) -> Track | None:
        """The track that *vote* is for. What is off the air along the current one, and was proven, may have jumped."""
        near = min(self.tracks, key=vote.beside, default=None)
        if near is None or vote.beside(near) >= _SMALL_JUMP:
            return None
        can_jump = near is self.track and not near.probation and vote.position > self._on_air_to
        return None if can_jump and vote.beside(near) > _SAME else near

    def _take(self, track: Track, vote: Vote) -> None:
        position = vote.position
        others = [t for t in self.tracks if t is not track and position - t.last_seen < _OLD_TRACK]
        wanted, patience = (_JUMP_PROOF, 4) if self.channel.known else (_COLD_PROOF, 10)
        track.probation = Probation(
            wanted, position + patience * RATE_HZ, again=track in self.tracks and track.was_proven
        )
        track.last_seen = position
        if others:
            others[-1].last_seen = max(position, others[-1].last_seen)  # nothing else was known until now
        self.tracks = [*others[1 - MOST_TRACKS :], track]
        self._polish(track, vote)

    def _new_track(self, votes: list[Vote]) -> Track:
        newest = votes[-1]
        made = Track(newest.position, newest.lag, self._slope)
        if self.track:  # clocks do not jump: its drift is as sure as that of the one before
            made.variance = (1.0, 0.0, max(lag.LEAST_SLOPE**2, self.track.variance[2]))
            if newest.beside(self.track) < _SMALL_JUMP:  # or else it was thought to drift less, or more
                self._doubt_drift(made, newest, self.track)
        if self.tracks and self._found_since_rest:
            made.since = votes[0].position - _REACH_BACK
        self._follow_votes(made, votes[:-1])
        made.advance(newest.position)
        return made

    def _doubt_drift(self, made: Track, vote: Vote, before: Track) -> None:
        """*before* was missed by little: it drifted otherwise than was thought."""
        drift = lag.drift_of(self._found)
        if drift:
            made.slope, deviation = drift
            made.variance = (1.0, 0.0, deviation**2)
        else:
            made.doubt_slope(vote.beside(before) / max(RATE_HZ, vote.position - before.last_seen))

    def _explains(self, track: Track, vote: Vote) -> bool:
        """Does the channel that is known fit the new delay? Music that resembles itself does not."""
        start = vote.start // HOP * HOP
        _, seen = self._weigh(track, start, start + vote.size // STEP * STEP)
        telling = seen.llr[seen.weight > 2]
        return int(np.count_nonzero(telling > 0)) > 0.4 * max(5, len(telling))

    def _is_refused_often(self, vote: Vote) -> bool:
        """What is found at one delay again and again is there: the channel was learnt in a bad moment, forget it."""
        if vote.start < self._on_air_to or abs(vote.lag - self._refused_lag) >= _SMALL_JUMP:
            self._refused = 0
        self._refused, self._refused_lag = self._refused + 1, vote.lag
        if self._refused < _CONFIRMED:
            return False
        self._refused = 0
        self.channel.forget()
        return True

    @staticmethod
    def _follow_votes(track: Track, votes: list[Vote]) -> None:
        """Of a known track: a drift that was not known when its delay was found may have led away from it."""
        for vote in votes:
            track.measure(vote.position, vote.lag - track.lag_at(vote.position), VOTE_DEVIATION)

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
        peak, middle = self._material.lag_left(track, start, start + size, STEP), start + size // 2
        if peak.height > CLEAR_FINE_PEAK and abs(track.lag_at(middle) + peak.at - vote.lag) < _NEAR_VOTE:
            track.measure(middle, peak.at, _PIECE_DEVIATION)

    def _learn_stretch(self, track: Track, start: int, size: int) -> None:
        """A filter and a floor from what gave a vote, whatever the channel predicts."""
        for begin in range(start, start + size - WINDOW, WINDOW // 2):
            heard = self._material.heard_along(track, begin, begin + WINDOW)
            self.channel.learn(self._material.sent.read(begin, begin + WINDOW), heard)
        self.channel.settle()
        look = self._looked(track, start, start + size // STEP * STEP)
        left, expected = evidence.power(look.heard - look.expected), evidence.power(look.expected)
        self.channel.learn_floor(left, expected, look.late, size / RATE_HZ)


def _together(ticks: list[_Tick]) -> _Tick:
    """The last of them that follow one another, as one."""
    first = next((n for n in range(len(ticks) - 1, 0, -1) if ticks[n - 1].stop != ticks[n].start), 0)
    looks, last = [tick.look for tick in ticks[first:]], ticks[-1]
    if len(looks) == 1:
        return last
    parts = zip(*((look.heard, look.expected, look.sent, look.late, look.predicted) for look in looks), strict=True)
    seen = evidence.together([tick.seen for tick in ticks[first:]])
    return _Tick(ticks[first].start, last.stop, _Look(*map(np.concatenate, parts)), seen)


def _good(seen: Evidence) -> NDArray[np.bool_]:
    """Looks that can be learnt from."""
    return np.asarray((seen.llr > _SURE_LOOK_NATS) & (seen.weight > 1))


def _search_range(settings: Settings, prior: int | None) -> tuple[int, int]:
    """The delays that are possible, in samples. A known one closes the door to replays, which are later.

    It keeps out no shorter one, down to none at all: it may have been learnt on a bad day.
    """
    low, high = samples(settings.earliest_ms), samples(settings.latest_ms)
    if prior is None:
        return low, high
    low = max(low, min(0, prior - samples(settings.prior_before_ms)))
    return low, min(high, prior + samples(settings.prior_after_ms))
