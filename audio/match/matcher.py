"""The matcher: sent and heard samples in, decided segments out. Streaming, no I/O, memory flat."""

import math

import numpy as np
from numpy.typing import NDArray

from audio.levels import DBFS_OF_NOTHING, dbfs
from audio.match.account import Account
from audio.match.channel import BEFORE
from audio.match.follower import Follower
from audio.match.grid import BLOCK, DECIMATION, LEAD, TICK, milliseconds, peak, rms, samples
from audio.match.joining import cut, merged
from audio.match.kind import kind_of
from audio.match.live import Live
from audio.match.material import Material
from audio.match.sent import Sent
from audio.match.settings import Settings
from audio.segments import MatchSegment, State

_SECOND = 48_000
_TICKS = BLOCK // TICK  # each whole block is learnt from, and a block is judged
_NAMED_BY = 4 * TICK  # so much of what is heard names it; less after a change, for the rest is from before


class Matcher:
    """Works in *ticks*, one for each 128 ms of HEARD, so that the answer does not depend on the pieces pushed.

    A follower looks at what has just been heard (for alarms, and to learn); an account judges the same some seconds
    later, when delay and path are surer, and its decisions are final. Both streams have to be pushed without gaps:
    what the capture lost is told by ``lose_heard``, and where nothing was sent zeros are pushed. Of SENT a minute
    is kept, of HEARD 40 s, of which 33 may still be wanted: neither may run further ahead, and after each 5 s of HEARD
    a ``step`` is due.
    """

    def __init__(
        self,
        *,
        heard_starts_at: int = 0,
        prior_delay_ms: float | None = None,
        settings: Settings | None = None,
        sent: Sent | None = None,
    ) -> None:
        """*heard_starts_at*: where HEARD's first frame lies on SENT's axis, in frames of 48 kHz.

        *sent*: of several channels, pushed to by its owner; without it ``push_sent`` is asked for.
        """
        self._settings = settings or Settings()
        self._sent = sent or Sent()
        self._material = Material(self._sent, heard_starts_at)
        prior = None if prior_delay_ms is None else samples(prior_delay_ms)
        self._follower = Follower(self._material, self._settings, prior)
        self._account = Account(self._material, self._follower, self._settings)
        self._tick = max(0, heard_starts_at // (DECIMATION * BLOCK)) * _TICKS
        self._state_now = State.UNOBSERVED
        self._off_ticks = 0  # for how long it has not been on air
        self._ends_at: float = math.inf  # SENT, once it has
        self._levels = (DBFS_OF_NOTHING, DBFS_OF_NOTHING, DBFS_OF_NOTHING)

    def push_sent(self, frames: NDArray[np.int16], programme: bool) -> None:
        """What was handed to the card, continuously. *programme* False: nothing is scheduled or sent."""
        self._sent.push(frames, programme)

    def push_heard(self, frames: NDArray[np.int16]) -> None:
        self._material.heard.push(frames)

    def lose_heard(self, frames: int) -> None:
        """The capture has nothing for this stretch: it is unobserved."""
        self._material.heard.lose(frames)

    @property
    def decided_to(self) -> int:
        """Frame of SENT up to which all is final."""
        return self._account.given

    def step(self) -> list[MatchSegment]:
        """What has been decided since the last step, contiguous."""
        segments: list[MatchSegment] = []
        while self._can_tick():
            segments += self._run_tick()
        return merged(segments)

    def finish(self) -> list[MatchSegment]:
        """Decide all that remains: nothing more will be sent or heard."""
        end, heard = self._sent.end(), self._material.heard
        self._ends_at = end / DECIMATION
        segments: list[MatchSegment] = []
        while self.decided_to < end:
            if heard.end + self._material.heard_at < self._material.sent.end:
                heard.lose(_SECOND)
            else:
                self._sent.push(np.zeros(_SECOND, np.int16), False)
            segments += self.step()
        return merged(cut(segments, end))

    def live(self) -> Live:
        track, at = self._follower.tracks.proven, min(self._tick * TICK, self._ends_at)
        return Live(
            state=self._state_now,
            quality=self._follower.quality,
            locked=self._follower.locked,
            delay_ms=round(milliseconds(track.lag_at(at)), 2) if track else None,
            drift_ppm=round(track.slope * 1e6, 2) if track else None,
            sent_dbfs=self._levels[0],
            heard_dbfs=self._levels[1],
            heard_peak_dbfs=self._levels[2],
            snr_db=self._follower.snr_db,
        )

    def _can_tick(self) -> bool:
        now = (self._tick + 1) * TICK
        sent_needed = now + self._follower.sent_needed_ahead + BEFORE + LEAD
        return self._material.heard_at + self._material.heard.end >= now and self._material.sent.end >= sent_needed

    def _run_tick(self) -> list[MatchSegment]:
        self._tick += 1
        now, whole = self._tick * TICK, self._tick % _TICKS == 0
        if self._follower.is_active(now):
            self._follower.look(now)
            if whole:
                self._follower.digest(now)
            self._see(now)
        elif whole:
            self._follower.rest()
            self._see(now)
        if not whole:
            return []
        self._weigh(now)
        return list(self._account.due(now))

    def _weigh(self, now: int) -> None:
        """Levels of the last block."""
        sent, heard = self._material.sent.read(now - BLOCK, now), self._material.heard_near(now - BLOCK, BLOCK)
        self._levels = (dbfs(rms(sent)), dbfs(rms(heard)), dbfs(peak(heard)))

    def _see(self, now: int) -> None:
        """What is heard now."""
        if self._follower.presence.on_air:
            self._state_now, self._off_ticks = State.ON_AIR, 0
        elif self._material.lost_just_now(now):
            self._state_now, self._off_ticks = State.UNOBSERVED, 0
        else:
            size = min(_NAMED_BY, max(1, self._off_ticks) * TICK)
            self._state_now = kind_of(self._material.heard_near(now - size, size), self._follower.on_air_rms)
            self._off_ticks += 1
