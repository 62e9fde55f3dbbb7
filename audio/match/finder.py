"""Finds the delay: seeks what was heard just now among what was sent, until what it finds agrees."""

from collections import deque

from audio.match import lag, votes
from audio.match.grid import BLOCK, RATE_HZ, rms, samples
from audio.match.lag import LOOK
from audio.match.material import Material
from audio.match.settings import Settings
from audio.match.tracks import LEAST_SLOPE, Track, Tracks
from audio.match.votes import Vote

HEARD_AT_ALL = 1e-4  # −80 dBFS
SMALL_JUMP = 4.0  # samples: a track follows less, more is a new one …
_SAME = 0.6  # … and so is more than this, where nothing is on air along the track
_WEAK_PEAK, _CLEAR_PEAK = 5.0, 7.0  # standard deviations
_JUMP_LOOK = 3 * BLOCK  # a jump is sought in so little of what was heard after it, and in more as more is heard
_REACH_BACK = 10 * RATE_HZ  # a new track may explain what was heard so long before it was found
_RECENT, _MOST_VOTES, _MOST_FOUND = 8 * RATE_HZ, 16, 16


class Finder:
    def __init__(self, material: Material, settings: Settings, prior: int | None, tracks: Tracks) -> None:
        self._material, self._tracks = material, tracks
        self.shortest, self.longest = _range(settings, prior)  # delays that are sought, in samples
        self._votes: list[Vote] = []
        self._found: deque[Vote] = deque(maxlen=_MOST_FOUND)  # the last that agreed on a delay, whichever

    def rest(self) -> None:
        self._votes.clear()

    def is_due(self, absent: int) -> bool:
        """*absent*: blocks in which something was heard, and nothing was on air.

        After a jump of a known delay each, one in four when long nothing was found along it.
        """
        if not self._tracks.known:
            return absent % 2 == 0
        return absent % (1 if absent <= 12 else 2 if absent <= 24 else 4) == 0

    def seek(self, now: int, absent: int) -> list[Vote]:
        """What was heard just before *now*. Two seconds; after a jump less: only what came after it can tell.

        The highest peak first; where others come near it, as in music that resembles itself, those as well.
        """
        size = min(LOOK, max(_JUMP_LOOK, (absent + 1) * BLOCK)) if self._tracks.known else LOOK
        drifted = round(self._tracks.slope * now)
        low, high = self.shortest + drifted, self.longest + drifted
        first = int(now - self._material.heard_at) - size
        heard = self._material.heard.read(first, first + size)
        sent_from = now - size - high
        sent = self._material.sent.read(sent_from, now - low)
        if rms(heard) < HEARD_AT_ALL or rms(sent) < HEARD_AT_ALL:
            return []
        known = [now - size - t.lag_at(now) - sent_from for t in self._tracks.known]
        peak = lag.search(heard, sent, known)
        if peak.height < _WEAK_PEAK:
            return []
        confirmed = any(abs(peak.at - at) < SMALL_JUMP for at in known)
        clear = peak.height >= _CLEAR_PEAK and (peak.stands_out or confirmed)
        peaks = (peak, *peak.rivals) if peak.height >= _CLEAR_PEAK and not clear else (peak,)
        delays = ((first + self._material.heard_at - sent_from - one.at, one.height) for one in peaks)
        return [Vote(round(now - size / 2 - delay), delay, height, size, clear) for delay, height in delays]

    def agreeing(self, vote: Vote, alone_enough: bool) -> list[Vote]:
        """Those of the last votes that agree with this one, which is the last of them; none while they are too few."""
        recent = [v for v in self._votes if vote.position - v.position < _RECENT]
        self._votes = [*recent[1 - _MOST_VOTES :], vote]
        agreed = votes.agreeing(self._votes, self._tracks.slope, alone_enough)
        if agreed:
            self._votes.clear()
            self._found.append(vote)
        return agreed

    def known_at(self, vote: Vote, on_air_to: int) -> Track | None:
        """The track that *vote* is for. What is off the air along the current one, and was proven, may have jumped.

        *on_air_to*: up to there it was on air.
        """
        near = min(self._tracks.known, key=vote.beside, default=None)
        if near is None or vote.beside(near) >= SMALL_JUMP:
            return None
        can_jump = near is self._tracks.current and not near.probation and vote.position > on_air_to
        return None if can_jump and vote.beside(near) > _SAME else near

    def new_track(self, agreed: list[Vote], reaches_back: bool) -> Track:
        """*reaches_back*: it may explain some of what was heard before, for another one was on air then."""
        newest, current = agreed[-1], self._tracks.current
        made = Track(newest.position, newest.lag, self._tracks.slope)
        if current:  # clocks do not jump: its drift is as sure as that of the one before
            made.variance = (1.0, 0.0, max(LEAST_SLOPE**2, current.variance[2]))
            if newest.beside(current) < SMALL_JUMP:  # or else it was thought to drift less, or more
                self._doubt_drift(made, newest, current)
        if current and reaches_back:
            made.since = agreed[0].position - _REACH_BACK
        follow(made, agreed[:-1])
        made.advance(newest.position)
        return made

    def _doubt_drift(self, made: Track, vote: Vote, before: Track) -> None:
        """*before* was missed by little: it drifted otherwise than was thought."""
        drift = votes.drift_of(self._found)
        if drift:
            made.slope, deviation = drift
            made.variance = (1.0, 0.0, deviation**2)
        else:
            made.doubt_slope(vote.beside(before) / max(RATE_HZ, vote.position - before.last_seen))


def follow(track: Track, agreed: list[Vote]) -> None:
    """Of a known track: a drift that was not known when its delay was found may have led away from it."""
    for vote in agreed:
        track.measure(vote.position, vote.lag - track.lag_at(vote.position), votes.DEVIATION)


def _range(settings: Settings, prior: int | None) -> tuple[int, int]:
    """The delays that are possible, in samples. A known one closes the door to replays, which are later.

    It keeps out no shorter one, down to none at all: it may have been learnt on a bad day.
    """
    low, high = samples(settings.earliest_ms), samples(settings.latest_ms)
    if prior is None:
        return low, high
    low = max(low, min(0, prior - samples(settings.prior_before_ms)))
    return low, min(high, prior + samples(settings.prior_after_ms))
