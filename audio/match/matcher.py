"""The matcher: sent and heard samples in, decided segments out. Streaming, no I/O, memory flat."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.levels import DBFS_OF_NOTHING, dbfs
from audio.match import align, evidence, lag, path, refine
from audio.match.channel import AFTER, BEFORE, Channel
from audio.match.evidence import RECENT, Evidence
from audio.match.grid import BLOCK, DECIMATION, FRAME, HOP, HOPS, LEAD, RATE_HZ, Floats, milliseconds, samples
from audio.match.kind import kind_of, quality_of
from audio.match.lag import LOOK, FineLag, Probation, Track, Vote
from audio.match.live import Live, Presence, snr_db
from audio.match.path import OFF, Path, runs
from audio.match.settings import Settings
from audio.match.signal import Signal
from audio.segments import MatchSegment, Quality, State

_KEEP_S = 64
_AUDIBLE = 10 ** (-60 / 20)  # RMS of a look: below it nothing is expected to be heard
_MARGIN = 32  # hops that stay open after a decision, so that a boundary's other side is known
_OLD_TRACK = 12 * RATE_HZ  # a track is thought of that long after it was last seen
_SMALL_JUMP = 4.0  # samples: a track follows less, more is a new one
_COLD_PROOF, _JUMP_PROOF = 160, 60  # telling hops that have to confirm a first delay, a new one
_PIECE = RATE_HZ  # off air is named a second at a time


@dataclass(frozen=True, slots=True)
class Judged:
    """A block of SENT with all that its decision needs."""

    block: int
    evidence: dict[int, Evidence]  # by track
    audible: NDArray[np.bool_]  # a hop
    quality: dict[int, Quality]


class Matcher:
    """Blocks are judged in the order of HEARD's clock: a *tick* for each 256 ms of it, whatever the pieces pushed."""

    def __init__(
        self, *, heard_starts_at: int = 0, prior_delay_ms: float | None = None, settings: Settings | None = None
    ) -> None:
        self._settings = settings or Settings()
        self._sent, self._heard = Signal(_KEEP_S * RATE_HZ), Signal(_KEEP_S * RATE_HZ)
        self._heard_at = heard_starts_at / DECIMATION
        self._heard_starts_at = heard_starts_at
        self._tick = max(0, int(heard_starts_at // (DECIMATION * BLOCK)))
        self._flags: deque[tuple[int, bool]] = deque([(0, False)])  # (frame, programme) where it changes
        self._channel = Channel()
        self._tracks: list[Track] = []  # the last is the current one
        self._votes: list[Vote] = []
        self._fine = FineLag()
        self._presence = Presence()
        self._prior = None if prior_delay_ms is None else samples(prior_delay_ms)
        self._slope = self._proven_slope = 0.0
        self._absent = 0  # ticks since it was on air
        self._confirmed = 0  # times that the delay was found again while the channel explained nothing
        self._front_to = 0
        self._usual_gain = 0.0
        self._on_air_rms = 0.0
        self._last: Evidence | None = None
        self._path = Path(self._settings.switch_nats, samples(self._settings.longest_doubt_ms) // HOP)
        self._judged: deque[Judged] = deque()
        self._next_block = 0
        self._states: list[int] = []  # decided hops that are not given out yet
        self._given = 0  # 48 kHz frames given out
        self._given_hop = 0
        self._active = False
        self._heard_audible_sent = False  # since this programme began
        self._state_now = State.UNOBSERVED
        self._levels = (DBFS_OF_NOTHING, DBFS_OF_NOTHING, DBFS_OF_NOTHING)

    # ---- in ----

    def push_sent(self, frames: NDArray[np.int16], programme: bool) -> None:
        """What was handed to the card, continuously. *programme* False: nothing is scheduled or sent."""
        if programme != self._flags[-1][1]:
            self._flags.append((self._sent.frames, programme))
        self._sent.push(frames)

    def push_heard(self, frames: NDArray[np.int16]) -> None:
        self._heard.push(frames)

    def lose_heard(self, frames: int) -> None:
        """The capture has nothing for this stretch: it is unobserved."""
        self._heard.lose(frames)

    # ---- out ----

    @property
    def decided_to(self) -> int:
        return self._given

    def step(self) -> list[MatchSegment]:
        segments: list[MatchSegment] = []
        while self._can_tick():
            segments += self._run_tick()
        return merged(segments)

    def finish(self) -> list[MatchSegment]:
        """Decide all that remains: nothing more will be sent or heard."""
        end = self._sent.frames
        ahead = samples(self._settings.latest_ms + self._settings.unlocked_wait_ms) + 8 * BLOCK
        drift = abs(self._lag(self._sent.end))
        last = end + round((ahead + drift) * DECIMATION) + 100_000
        silent_heard = last - self._heard_starts_at - self._heard.frames
        segments: list[MatchSegment] = []
        self._flags.append((end, False))
        for _ in range(0, max(1, last - end), 48_000):
            self._sent.push(np.zeros(48_000, np.int16))
            if silent_heard > 0:
                self._heard.lose(min(48_000, silent_heard))
                silent_heard -= 48_000
            segments += self.step()
        return merged([_cut(s, end) for s in segments if s.from_frame < end])

    def live(self) -> Live:
        track = self._track
        return Live(
            state=self._state_now,
            quality=self._quality_now(),
            locked=track is not None and not track.probation,
            delay_ms=round(milliseconds(track.lag_at(self._front_to)), 2) if track else None,
            drift_ppm=round(track.slope * 1e6, 2) if track else None,
            sent_dbfs=self._levels[0],
            heard_dbfs=self._levels[1],
            heard_peak_dbfs=self._levels[2],
            snr_db=snr_db(self._last) if self._last else None,
        )

    # ---- a tick ----

    def _can_tick(self) -> bool:
        now = (self._tick + 1) * BLOCK
        ahead = max(0, -self._search_range()[0])
        return self._heard_at + self._heard.end >= now and self._sent.end >= now + ahead + BEFORE + FRAME

    def _run_tick(self) -> list[MatchSegment]:
        self._tick += 1
        now = self._tick * BLOCK
        self._levels = self._levels_at(now)
        if self._is_active(int(now - self._lag(now)) // BLOCK - 1):
            self._follow(now)
            self._absent = 0 if self._presence.on_air else self._absent + 1
            if self._absent and self._absent % self._seek_every() == 0:
                self._seek(now)
        else:
            self._rest()
        self._state_now = self._name_now(now)
        return list(self._judge_due(now))

    def _seek_every(self) -> int:
        """Ticks: twice a second at first, once in two when the delay is known and long nothing was found along it."""
        return 2 if self._absent <= 24 or not self._track else 8

    def _rest(self) -> None:
        self._absent = 0
        self._front_to = 0
        self._votes.clear()
        self._presence.forget()
        self._last = None

    def _levels_at(self, now: int) -> tuple[float, float, float]:
        sent = self._sent.read(now - BLOCK, now)
        heard = self._heard.read(int(now - self._heard_at) - BLOCK, int(now - self._heard_at))
        return (
            dbfs(float(np.sqrt(np.mean(sent**2)))),
            dbfs(float(np.sqrt(np.mean(heard**2)))),
            dbfs(float(np.max(np.abs(heard)))),
        )

    # ---- the front: as soon as it is heard ----

    @property
    def _track(self) -> Track | None:
        return self._tracks[-1] if self._tracks else None

    def _lag(self, position: float) -> float:
        """The delay that is known or supposed, in samples."""
        if self._track:
            return self._track.lag_at(position)
        return float(self._prior or 0)

    def _follow(self, now: int) -> None:
        """Compare what has just been heard along the current track; learn delay, drift, channel and floor."""
        track = self._track
        if track is None:
            return
        stop = int(now - track.lag_at(now) - LEAD - 16) // HOP * HOP
        start = self._front_to if 0 < stop - self._front_to <= 4 * BLOCK else stop - BLOCK
        start = max(start, stop - 4 * BLOCK)
        if stop <= start:
            return
        self._front_to = stop
        self._look(track, start, stop)

    def _look(self, track: Track, start: int, stop: int) -> None:
        heard, sent = self._aligned(track, start, stop)
        expected = self._channel.predict(sent)
        spectra = [evidence.spectra(s) for s in (heard, expected, _alone(sent))]
        seen = evidence.weigh(spectra[0], spectra[1], self._channel)
        spectra[1] = spectra[1][RECENT:]
        self._last = seen
        self._presence.add(seen)
        if track.probation and not self._prove(track, track.probation, seen, stop):
            return
        if self._presence.on_air:
            self._confirmed = 0
            self._learn(track, stop, heard, spectra, seen)

    def _prove(self, track: Track, probation: Probation, seen: Evidence, position: int) -> bool:
        """False if the track was refuted, and with it, when it was the first, the channel that was learnt along it."""
        probation.add(seen.llr, seen.weight)
        verdict = probation.verdict(position)
        if verdict is None:
            return True
        if verdict:
            track.probation = None
            return True
        self._tracks.remove(track)
        if not self._tracks:
            self._channel.forget()
            self._slope = self._proven_slope
        self._presence.forget()
        self._front_to = 0
        return False

    def _aligned(self, track: Track, start: int, stop: int) -> tuple[Floats, Floats]:
        """HEARD for the frames of these hops, and SENT with what the filter and ``evidence.weigh`` reach over."""
        hops = (stop - start + 2 * LEAD) // HOP
        heard = align.along(self._heard, self._heard_at, track, start - LEAD, hops)
        before = LEAD + RECENT * HOP + AFTER
        return heard, self._sent.read(start - before, start - LEAD + hops * HOP + BEFORE)

    def _learn(
        self, track: Track, stop: int, heard: Floats, spectra: list[NDArray[np.complex64]], seen: Evidence
    ) -> None:
        good = (seen.llr > 0.3) & (seen.weight > 1)
        if good.any():
            self._fine.add(spectra[0][good], spectra[2][good])
        if self._fine.frames >= 80:
            self._correct(track, stop)
        self._learn_floor(spectra[0], spectra[1], seen, good)
        if np.count_nonzero(good) > 0.5 * len(good):
            self._learn_channel(stop + LEAD, heard[-BLOCK:])

    def _learn_floor(
        self, heard: NDArray[np.complex64], expected: NDArray[np.complex64], seen: Evidence, good: NDArray[np.bool_]
    ) -> None:
        channel, weak = self._channel, seen.weight < 0.5
        calm = (seen.llr > 0.3) | weak
        if np.count_nonzero(good) > 3:
            channel.gain = float(np.clip(np.median(seen.gain[good]), 0.1, 10))
        if not calm.any():
            return
        rest = evidence.rest_over_floor(heard, expected, channel)
        channel.learn_scatter(rest[calm])
        if weak.any():
            channel.learn_lowest(rest[weak])
        left = np.abs(heard[calm] - np.float32(channel.gain) * expected[calm]) ** 2
        channel.learn_floor(left, np.abs(expected[calm]) ** 2)

    def _learn_channel(self, end: int, heard: Floats) -> None:
        if len(heard) == BLOCK:
            self._channel.learn(self._sent.read(end - BLOCK, end), heard)
        if self._tick % 4 == 0:
            self._channel.settle()
        self._on_air_rms = self._on_air_rms * 0.98 + 0.02 * _rms(heard) if self._on_air_rms else _rms(heard)

    def _correct(self, track: Track, position: int) -> None:
        peak = self._fine.peak()
        self._fine.clear()
        if peak.height < 6:
            return
        if abs(peak.at) < _SMALL_JUMP:
            track.measure(position - BLOCK * 2, peak.at, 0.15)
            self._slope = track.slope
            if not track.probation:
                self._proven_slope = track.slope
        else:
            self._vote(Vote(position - BLOCK, track.lag_at(position - BLOCK) + peak.at, 2 * peak.height))

    # ---- a lock ----

    def _search_range(self) -> tuple[int, int]:
        """The delays that are possible, in samples."""
        settings = self._settings
        low, high = samples(settings.earliest_ms), samples(settings.latest_ms)
        if self._prior is not None:
            low = max(low, self._prior - samples(settings.prior_before_ms))
            high = min(high, self._prior + samples(settings.prior_after_ms))
        return low, high

    def _seek(self, now: int) -> None:
        """Look for what was heard in the last two seconds among what was sent."""
        low, high = self._search_range()
        drifted = round(self._slope * now)
        low, high = low + drifted, high + drifted
        first = int(now - self._heard_at) - LOOK
        heard = self._heard.read(first, first + LOOK)
        sent_from = now - LOOK - high
        sent = self._sent.read(sent_from, now - low)
        if _rms(heard) < 1e-4 or _rms(sent[: len(sent)]) < 1e-4:
            return
        peak = lag.search(heard, sent)
        delay = now - LOOK - (sent_from + peak.at) + (first + self._heard_at - (now - LOOK))
        if peak.height >= 7 and peak.stands_out:
            self._vote(Vote(round(now - LOOK / 2 - delay), delay, peak.height))

    def _vote(self, vote: Vote) -> None:
        recent = [v for v in self._votes if vote.position - v.position < 8 * RATE_HZ]
        self._votes = [*recent[-15:], vote]
        near = lag.agreeing(self._votes, self._slope)
        if near:
            self._votes.clear()
            self._lock(near)

    def _lock(self, votes: list[Vote]) -> None:
        """The votes agree on a delay: the known one, one that was known, or a new one."""
        newest = votes[-1]
        known = [t for t in self._tracks if abs(t.lag_at(newest.position) - newest.lag) < _SMALL_JUMP]
        if known and known[0] is self._track:
            self._doubt_channel(known[0], newest.position)
            return
        track = known[0] if known else self._new_track(votes)
        if self._channel.known and not self._explains(track, newest.position):
            return
        self._tracks = [t for t in self._tracks if t is not track and newest.position - t.last_seen < _OLD_TRACK][-2:]
        track.probation = Probation(_COLD_PROOF, newest.position + 10 * RATE_HZ)
        if self._tracks:
            track.probation = Probation(_JUMP_PROOF, newest.position + 4 * RATE_HZ)
        self._tracks.append(track)
        track.last_seen = newest.position
        self._polish(track, newest.position)

    def _new_track(self, votes: list[Vote]) -> Track:
        newest = votes[-1]
        made = Track(newest.position, newest.lag, self._slope)
        if self._tracks:
            made.since = votes[0].position - LOOK
            made.variance = (1.0, 0.0, (5e-6) ** 2)
        for vote in votes[:-1]:
            made.measure(vote.position, vote.lag - made.lag_at(vote.position), 0.7)
        made.advance(newest.position)
        return made

    def _explains(self, track: Track, position: int) -> bool:
        """Does the channel that is known fit the new delay? Music that resembles itself does not."""
        start = (position - LOOK // 2) // HOP * HOP
        heard, sent = self._aligned(track, start, start + LOOK // HOP * HOP)
        seen = evidence.weigh(evidence.spectra(heard), evidence.spectra(self._channel.predict(sent)), self._channel)
        telling = seen.weight > 2
        return bool(np.count_nonzero(seen.llr[telling] > 0) > 0.4 * max(10, np.count_nonzero(telling)))

    def _doubt_channel(self, track: Track, position: int) -> None:
        """The delay holds and yet what is heard is not what the channel predicts: after a while, learn it afresh."""
        self._confirmed += 1
        if self._confirmed >= 3:
            self._channel.forget()
            self._polish(track, position)

    def _polish(self, track: Track, position: int) -> None:
        """Learn delay, and the channel if it is not known, from the two seconds that gave the lock."""
        start = position - LOOK // 2
        for piece in (0, 1, 2, 3, 0, 1, 2, 3):
            self._measure_piece(track, start + piece * LOOK // 4, LOOK // 4)
        if not self._channel.known:
            for begin in range(start, start + LOOK - BLOCK, BLOCK // 2):
                heard = align.along(self._heard, self._heard_at, track, begin, HOPS)
                self._channel.learn(self._sent.read(begin, begin + BLOCK), heard)
            self._channel.settle()
            self._learn_first_floor(track, start)
        self._presence.forget()
        self._confirmed = 0
        self._fine.clear()
        self._front_to = 0

    def _measure_piece(self, track: Track, start: int, size: int) -> None:
        start = start // HOP * HOP
        heard, sent = self._aligned(track, start, start + size // HOP * HOP)
        self._fine.clear()
        self._fine.add(evidence.spectra(heard), evidence.spectra(_alone(sent)))
        peak = self._fine.peak()
        if peak.height > 6 and abs(peak.at) < 12:
            track.measure(start + size // 2, peak.at, 0.3)

    def _learn_first_floor(self, track: Track, start: int) -> None:
        start = start // HOP * HOP
        heard, sent = self._aligned(track, start, start + LOOK // HOP * HOP)
        y, p = evidence.spectra(heard), evidence.spectra(self._channel.predict(sent))[RECENT:]
        self._channel.learn_floor(np.abs(y - p) ** 2, np.abs(p) ** 2)

    # ---- the account: with a look ahead ----

    def _judge_due(self, now: int) -> Iterator[MatchSegment]:
        while self._is_due(self._next_block, now):
            block = self._next_block
            self._next_block += 1
            if self._is_active(block):
                self._judge_active(block)
                yield from self._give()
            else:
                yield from self._judge_idle(block)

    def _is_due(self, block: int, now: int) -> bool:
        end = (block + 1) * BLOCK
        if not self._is_active(block) and not self._active:
            return now >= end + self._lag(end) + FRAME
        if any(not t.probation for t in self._tracks):
            delay = max(t.lag_at(end) for t in self._tracks)
            return now >= end + delay + samples(self._settings.look_ahead_ms)
        return now >= end + self._search_range()[1] + samples(self._settings.unlocked_wait_ms)

    def _is_active(self, block: int) -> bool:
        """Is something planned, or sent, in this block?"""
        if self._programme_in(block):
            return True
        return bool(_rms(self._sent.read(block * BLOCK, (block + 1) * BLOCK)) > _AUDIBLE)

    def _programme_in(self, block: int) -> bool:
        start, stop = block * BLOCK * DECIMATION, (block + 1) * BLOCK * DECIMATION
        while len(self._flags) > 1 and self._flags[1][0] <= start - _KEEP_S * 48_000:
            self._flags.popleft()
        spans = zip(self._flags, [*list(self._flags)[1:], (1 << 62, False)], strict=True)
        return any(programme and since < stop and until > start for (since, programme), (until, _) in spans)

    def _judge_active(self, block: int) -> None:
        if not self._active:
            self._active, self._heard_audible_sent = True, False
            self._given_hop = block * HOPS
            self._path.restart()
        start = block * BLOCK
        sent = self._sent.read(start, start + BLOCK).reshape(HOPS, HOP)
        audible = np.sqrt(np.mean(sent**2, 1)) > _AUDIBLE
        tracks = [t for t in self._tracks if self._may_carry(t, start)]
        nats: dict[int, Floats] = {}
        looked = {t.number: self._look_back(t, start) for t in tracks}
        self._judged.append(
            Judged(block, {n: e for n, (e, _) in looked.items()}, audible, {n: q for n, (_, q) in looked.items()})
        )
        for (number, (seen, _)), track in zip(looked.items(), tracks, strict=True):
            unheard = self._unheard(track, start)
            clean, mixed = (np.where(unheard, np.float32(0), nats) for nats in (seen.clean, seen.llr))
            nats |= {path.clean(number): clean, path.mixed(number): mixed}
        self._path.push(nats, HOPS)
        self._states += self._path.decided()

    def _may_carry(self, track: Track, start: int) -> bool:
        return (
            not track.probation
            and track.since <= start + BLOCK
            and (track is self._track or start - track.last_seen < RATE_HZ)
        )

    def _look_back(self, track: Track, start: int) -> tuple[Evidence, Quality]:
        heard, sent = self._aligned(track, start, start + BLOCK)
        expected = self._channel.predict(sent)
        seen = evidence.weigh(evidence.spectra(heard), evidence.spectra(expected), self._channel)
        telling = (seen.weight > 2) & (seen.llr > 0)
        gain = float(np.median(seen.gain[telling])) * _norm(self._channel.taps) if telling.any() else self._usual_gain
        quality = quality_of(seen, heard, expected[RECENT * HOP :], gain, self._usual_gain)
        if telling.any() and np.median(seen.llr[telling]) > 1:
            self._usual_gain += (gain - self._usual_gain) * (0.002 if self._usual_gain else 1)
        return seen, quality

    def _unheard(self, track: Track, start: int) -> NDArray[np.bool_]:
        """Hops for which no sample was heard: there is no evidence."""
        unheard = np.zeros(HOPS, bool)
        for low, high in self._gaps(start, start + BLOCK, track):
            unheard[max(0, (low - start) // HOP - 2) : (high - start) // HOP + 3] = True
        return unheard

    def _gaps(self, start: int, stop: int, track: Track | None) -> Iterator[tuple[int, int]]:
        """Unobserved stretches within, in samples of SENT."""
        delay = (track.lag_at(start) if track else self._lag(start)) - self._heard_at
        begin = -delay
        if begin > start:
            yield start, min(stop, int(begin))
        for low, high in self._heard.lost:
            a, b = low / DECIMATION - delay, high / DECIMATION - delay
            if b > start and a < stop:
                yield max(start, int(a)), min(stop, int(b))

    def _judge_idle(self, block: int) -> Iterator[MatchSegment]:
        if self._active:
            self._states += self._path.rest()
            yield from self._give(everything=True)
            self._active = False
            self._judged.clear()
        start = block * BLOCK
        stop = start + BLOCK
        yield from self._named(start, stop, OFF, self._track, refined=(start, stop))

    # ---- segments ----

    def _give(self, everything: bool = False) -> Iterator[MatchSegment]:
        """Turn decided hops into segments; boundaries are refined once what follows is known."""
        total = len(self._states)
        open_from = total if everything else max(0, total - _MARGIN)
        if open_from <= 0:
            return
        base = self._given_hop
        found = runs(self._states)
        done = 0
        for n, (first, last, state) in enumerate(found):
            final = n == len(found) - 1
            if not final and last > open_from:
                break
            if final:
                last = total if everything else max(done, self._safe_cut(open_from))
                if last <= first and not everything:
                    break
                edge = (base + last) * HOP
                edge_frames = edge * DECIMATION
            else:
                edge_frames = self._refined(base + last, state, found[n + 1], found[n], base, total)
            yield from self._run(edge_frames, state)
            done = last
        if done:
            del self._states[:done]
            self._given_hop += done
            while self._judged and (self._judged[0].block + 3) * HOPS < self._given_hop:
                self._judged.popleft()

    def _safe_cut(self, open_from: int) -> int:
        return max(0, open_from - 16)

    def _refined(
        self, hop: int, state: int, following: tuple[int, int, int], this: tuple[int, int, int], base: int, total: int
    ) -> int:
        edge = hop * HOP
        before, after = (this[1] - this[0]) * HOP, (following[1] - following[0]) * HOP
        number = following[2] if state == OFF else state
        track = next((t for t in self._tracks if t.number == number), None)
        if track is None:
            return edge * DECIMATION
        heard = align.along(self._heard, self._heard_at, track, edge - refine.REACH, 2 * refine.REACH // HOP)
        first = edge - refine.REACH
        expected = self._channel.predict(self._sent.read(first - AFTER, edge + refine.REACH + BEFORE))
        if state == OFF:
            moved = -refine.first_off_sample(heard[::-1], expected[::-1], after, before)
        else:
            moved = refine.first_off_sample(heard, expected, before, after)
        return max(self._given, (edge + moved) * DECIMATION)

    def _run(self, until: int, state: int) -> Iterator[MatchSegment]:
        start, stop = self._given // DECIMATION, until // DECIMATION
        if until <= self._given:
            return
        track = next((t for t in self._tracks if t.number == state), self._track)
        yield from self._named(start, stop, state, track, refined=(start, stop))

    def _named(
        self, start: int, stop: int, state: int, track: Track | None, refined: tuple[int, int]
    ) -> Iterator[MatchSegment]:
        """Split a run where HEARD was lost, then by kind or quality."""
        at = start
        for low, high in [*self._gaps(start, stop, track), (stop, stop)]:
            if low > at:
                yield from self._pieces(at, low, state, track)
            if high > max(low, at):
                yield self._segment(high, State.UNOBSERVED)
            at = max(at, high)

    def _pieces(self, start: int, stop: int, state: int, track: Track | None) -> Iterator[MatchSegment]:
        if self._active and not self._heard_audible_sent:
            self._heard_audible_sent = self._sent_audible(start, stop)
            if not self._heard_audible_sent:
                yield self._segment(stop, State.UNOBSERVED)
                return
        if state == OFF:
            yield from self._off_pieces(start, stop, track)
        else:
            yield from self._on_pieces(start, stop, state, track)

    def _sent_audible(self, start: int, stop: int) -> bool:
        sent = self._sent.read(start, max(stop, start + HOP))
        hops = sent[: len(sent) // HOP * HOP].reshape(-1, HOP)
        return bool(np.any(np.sqrt(np.mean(hops**2, 1)) > _AUDIBLE))

    def _off_pieces(self, start: int, stop: int, track: Track | None) -> Iterator[MatchSegment]:
        delay = self._lag(start) if track is None else track.lag_at(start)
        for a in range(start, stop, _PIECE):
            b = stop if stop - a < 2 * _PIECE else a + _PIECE
            if b - a < HOP and a > start:
                continue
            first = int(a + delay - self._heard_at)
            heard = self._heard.read(first, first + max(b - a, FRAME))
            yield self._segment(b, kind_of(heard, self._on_air_rms))
            if b == stop:
                return

    def _on_pieces(self, start: int, stop: int, state: int, track: Track | None) -> Iterator[MatchSegment]:
        for judged in list(self._judged):
            a, b = max(start, judged.block * BLOCK), min(stop, (judged.block + 1) * BLOCK)
            if b <= a or state not in judged.evidence:
                continue
            seen = judged.evidence[state]
            telling = seen.weight > 1
            coherence = float(np.mean(seen.coherence[telling])) if telling.any() else None
            yield self._segment(b, State.ON_AIR, judged.quality[state], track, coherence)
        if self._given < stop * DECIMATION:
            yield self._segment(stop, State.ON_AIR, Quality.OK, track)

    def _segment(
        self,
        until: int,
        state: State,
        quality: Quality = Quality.OK,
        track: Track | None = None,
        coherence: float | None = None,
    ) -> MatchSegment:
        start, self._given = self._given, max(self._given, until * DECIMATION)
        delay = round(milliseconds(track.lag_at(until)), 3) if track else None
        return MatchSegment(start, self._given, state, quality, delay, coherence)

    # ---- now ----

    def _name_now(self, now: int) -> State:
        if self._presence.on_air:
            return State.ON_AIR
        end = int(now - self._heard_at)
        heard = self._heard.read(end - 2 * BLOCK, end)
        if self._heard.lost and self._heard.lost[-1][1] >= (end - BLOCK // 2) * DECIMATION:
            return State.UNOBSERVED
        return kind_of(heard, self._on_air_rms)

    def _quality_now(self) -> Quality:
        return next(reversed(self._judged[-1].quality.values()), Quality.OK) if self._judged else Quality.OK


def merged(segments: list[MatchSegment]) -> list[MatchSegment]:
    """Join neighbours that say the same."""
    out: list[MatchSegment] = []
    for segment in segments:
        if segment.to_frame <= segment.from_frame:
            continue
        if out and _alike(out[-1], segment):
            out[-1] = _joined(out[-1], segment)
        else:
            out.append(segment)
    return out


def _alike(one: MatchSegment, other: MatchSegment) -> bool:
    same = one.state == other.state and one.quality == other.quality
    if not same or one.delay_ms is None or other.delay_ms is None:
        return same and one.delay_ms is other.delay_ms
    return abs(one.delay_ms - other.delay_ms) < 2.0


def _joined(one: MatchSegment, other: MatchSegment) -> MatchSegment:
    return MatchSegment(
        one.from_frame, other.to_frame, one.state, one.quality, one.delay_ms, _mean_coherence(one, other)
    )


def _mean_coherence(one: MatchSegment, other: MatchSegment) -> float | None:
    known = [(s.coherence, s.to_frame - s.from_frame) for s in (one, other) if s.coherence is not None]
    return sum(c * n for c, n in known) / sum(n for _, n in known) if known else None


def _cut(segment: MatchSegment, end: int) -> MatchSegment:
    if segment.to_frame <= end:
        return segment
    return MatchSegment(segment.from_frame, end, segment.state, segment.quality, segment.delay_ms, segment.coherence)


def _rms(sound: Floats) -> float:
    return float(np.sqrt(np.mean(sound**2))) if len(sound) else 0.0


def _alone(sent: Floats) -> Floats:
    """SENT of the frames alone, without what reaches over them."""
    return sent[AFTER + RECENT * HOP : -BEFORE]


def _norm(taps: Floats) -> float:
    return float(np.sqrt(np.sum(taps**2)))
