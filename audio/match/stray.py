"""Ours for so short a time that the follower could not find its delay: between two jumps, or between one and a fault.

Looking back, both ends are known: it is sought at the ends of what is off air, at delays near those before and after,
and the path that is known has to explain it.
"""

import numpy as np

from audio.match import lag, path
from audio.match.channel import Channel
from audio.match.decided import Decided
from audio.match.explained import speak_for
from audio.match.follower import Follower
from audio.match.grid import HOP, HOPS, RATE_HZ, rms, samples
from audio.match.judge import Judge
from audio.match.looks import Looks
from audio.match.material import Material
from audio.match.path import OFF, Path, Run
from audio.match.plain import STEP
from audio.match.sent import AUDIBLE
from audio.match.tracks import MOST_TRACKS, Track

_HEAD, TAIL = samples(900), samples(1_700)  # so much of what is off air is looked at, from its begin and from its end
_LEAST, _SHORTEST = samples(300), samples(150)  # what is off air for less is not looked at; a stray is no shorter
_WINDOW, _APART = samples(400), samples(300)
_NEAR = RATE_HZ  # a queue that was filled anew is longer, or shorter, by less
_KNOWN = 8  # samples: a delay as near to one that is known was looked at
_CLEAR = 7.0  # standard deviations, and nothing else as high
_TELLING, _SHARE = 12, 0.85  # looks of a window that have to tell, and the share of them that has to speak for it
_QUIET = 0.1  # of what is usual on air: there is nothing to be found
_POLISHED, _FAR = 2, 12.0  # times, samples
_DEVIATION = 0.3


class Strays:
    """Those that were found, and how far it was looked for them."""

    def __init__(
        self, material: Material, follower: Follower, judge: Judge, decided: Decided, switch_nats: float
    ) -> None:
        self._material, self._follower, self._judge, self._decided = material, follower, judge, decided
        self._switch_nats = switch_nats
        self._tracks: dict[int, Track] = {}  # by number
        self._sought_to = 0  # hop

    def numbered(self, number: int) -> Track | None:
        """The track, whoever found it."""
        return self._follower.tracks.numbered(number) or self._tracks.get(number)

    def seek(self, last_track: Track | None, everything: bool) -> int:
        """Look in what is off air for what is ours at a delay of its own. Hops up to which that is done.

        *last_track*: of what was on air before all that is decided; *everything*: nothing follows that.
        """
        states = self._decided.states
        for run in self._decided.runs():
            ended = everything or run.stop < len(states)
            if run.state != OFF or self._decided.first + run.stop <= self._sought_to:
                continue
            if not ended and (run.stop - run.start) * HOP < _HEAD:
                return run.start
            if self._has_stray(run, last_track, ended):
                return self.seek(last_track, everything)  # what is left of the run may have another
            left_hops = 0 if ended else TAIL // HOP
            self._sought_to = max(self._sought_to, self._decided.first + run.stop - left_hops)
        return len(states)

    def _has_stray(self, run: Run, last_track: Track | None, ended: bool) -> bool:
        """Whether one was found, and is on air now."""
        states, follower = self._decided.states, self._follower
        start, stop = self._decided.span(run)
        if stop - start < _LEAST or not follower.channel.known:
            return False
        before = self.numbered(states[run.start - 1]) if run.start else last_track
        after = self.numbered(states[run.stop]) if run.stop < len(states) else before
        if before and before.number in self._tracks and self._take(before, start, stop):  # it went on, we did not know
            return True
        places = [(before, at) for at in _heads(start, stop) if start >= self._sought_to * HOP]
        places += [(after, at) for at in _tails(start, stop) if ended]
        tracks = (_find(self._material, follower.channel, near, at, follower.on_air_rms) for near, at in places if near)
        return any(self._take(track, start, stop) for track in tracks if track)

    def _take(self, track: Track, start: int, stop: int) -> bool:
        """Judge what was off air along a delay that was found in it."""
        judged = self._decided.judged_within(start, stop)
        if not judged:
            return False
        clean, mixed = self._judge.look_back(track, judged)
        own = Path(self._switch_nats, len(clean))
        own.push({path.clean(track.number): clean, path.mixed(track.number): mixed}, len(clean))
        begin = judged[0].block * HOPS
        first = max(start // HOP, self._decided.first_nats, begin)
        here = slice(first - begin, stop // HOP - begin)
        states = own.rest()[here]
        if sum(state != OFF for state in states) * HOP < _SHORTEST:
            return False
        self._tracks = dict([*self._tracks.items(), (track.number, track)][-MOST_TRACKS:])
        self._decided.put(first, states, np.maximum(clean, mixed)[here])
        return True


def _heads(start: int, stop: int) -> range:
    """Where to look at the begin of what is off air."""
    return range(start, min(start + _HEAD, stop) - _WINDOW + 1, _APART)


def _tails(start: int, stop: int) -> range:
    """Where to look at its end, the last first."""
    return range(stop - _WINDOW, max(start, stop - TAIL) - 1, -_APART)


def _find(material: Material, channel: Channel, near: Track, start: int, loud: float) -> Track | None:
    """Another delay, near that of a track, along which what was heard about *start* is ours.

    *loud*: RMS of what is usually heard on air.
    """
    lag_there = near.lag_at(start)
    heard_at = int(start + lag_there - material.heard_at)
    heard = material.heard.read(heard_at, heard_at + _WINDOW)
    sent = material.sent.read(start - _NEAR, start + _NEAR + _WINDOW)
    if rms(heard) < _QUIET * loud or rms(sent) < AUDIBLE:
        return None
    peak = lag.search(heard, sent, [_NEAR])
    if peak.height < _CLEAR or not peak.stands_out or abs(peak.at - _NEAR) < _KNOWN:
        return None
    at = start - _NEAR + peak.at
    track = Track(round(at), heard_at + material.heard_at - at, near.slope)
    return track if _is_ours(material, channel, track, round(at)) else None


def _is_ours(material: Material, channel: Channel, track: Track, start: int) -> bool:
    start -= start % STEP
    stop = start + _WINDOW // STEP * STEP
    for _ in range(_POLISHED):
        peak = material.lag_left(track, start, stop, STEP, channel)
        if peak.height > lag.CLEAR_FINE_PEAK and abs(peak.at) < _FAR:
            track.measure((start + stop) // 2, peak.at, _DEVIATION)
    seen = Looks(material, channel).weigh(track, start, stop).seen
    return speak_for(seen, 1.5, _TELLING, _SHARE)
