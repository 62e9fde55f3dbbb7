"""How soon the meter sees what goes wrong, live: from the instant it can be heard, a capture's block at a time.

Faults of some seconds in audible programme, by kind; locks from cold, without and with a learnt delay; locks after a
jump of the delay. The floor beside each is a block and the matcher's tick: nobody can know sooner.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from audio.format import BLOCK_FRAMES
from audio.match import Live, Matcher
from audio.segments import Quality, State
from bench.measure import FM, HORN, KIND_OF, RATE, audible
from bench.recordings import Channel, Fault, Recording, as_int16, programme, record, resample
from bench.rows import Row, progress, row

SECONDS, BULLETIN_SEED, FAULT_SEED = 200.0, 9_001, 9_101  # not the seeds that anything was tuned on
FAULT_S, REST_S, FIRST_S = 4.0, 4.0, 12.0
FLOOR_MS = BLOCK_FRAMES / 48 + 128  # a block, and a tick
WAIT_S = 4.0  # what is not seen by then is never seen
CHANNELS = {
    "line": Channel(),
    "FM 20 dB": Channel(20, FM),
    "FM 10 dB": Channel(10, FM),
    "horn 10 dB": Channel(10, HORN, reverb_s=0.8),
}
KINDS = ("silence", "hiss", "hum", "voice", "same_voice", "overlay")
QUICK = ("line", "FM 10 dB")
Seen = Callable[[Live], bool]


@dataclass(frozen=True)
class Waited:
    """ms from the instant that something could be heard to the block after which it was said; inf: never."""

    kind: str
    ms: float


def rows(quick: bool) -> list[Row]:
    made: list[Row] = []
    for name in QUICK if quick else CHANNELS:
        progress(f"alarms: {name}")
        made += _rows_of(name, list(alarms(CHANNELS[name], FAULT_SEED, 1 if quick else 3)))
    for what, prior_ms in (("cold", None), ("with a learnt delay", 300.0)):
        progress(f"locks, {what}")
        waits = [lock_ms(CHANNELS["FM 20 dB"], BULLETIN_SEED + n, prior_ms) for n in range(2 if quick else 6)]
        made.append(_worst(f"lock, {what}", waits))
    progress("locks after jumps")
    jumps = [ms for n in range(1 if quick else 3) for ms in relocks(BULLETIN_SEED + n)]
    made.append(_worst("lock after a jump of the delay", jumps))
    return made


def _rows_of(channel: str, waits: list[Waited]) -> list[Row]:
    return [_worst(f"{kind}, {channel}", [w.ms for w in waits if w.kind == kind]) for kind in KINDS]


def _worst(what: str, waits_ms: list[float]) -> Row:
    p95 = float(np.sort(waits_ms)[min(len(waits_ms) - 1, int(0.95 * len(waits_ms)))])
    return row("alarms", f"{what} (p95)", min(p95, 1e6), "ms", peer=("floor", FLOOR_MS), runs=len(waits_ms))


def alarms(channel: Channel, seed: int, recordings: int) -> Iterator[Waited]:
    """For each fault, how long it took until it was said what it is."""
    for n in range(recordings):
        sent = programme(SECONDS, BULLETIN_SEED + n, RATE)
        heard = record("alarms", sent, channel, _faults(sent, n), seed + n, RATE)
        said = list(_lives(heard))
        for fault in heard.faults:
            yield Waited(fault.kind, _wait_ms(said, fault.start_s + channel.delay_s, _seen(fault.kind, channel)))


def _faults(sent: np.ndarray, n: int) -> tuple[Fault, ...]:
    """One after another, each beginning where the programme is loud for a while."""
    loud = audible(Recording("", RATE, sent, sent, (), Channel(20)))
    faults, at = list[Fault](), FIRST_S
    while at + FAULT_S + REST_S < SECONDS:
        ms = round(at * 1_000)
        if loud[ms - 300 : ms + 1_200].mean() > 0.9:
            faults.append(Fault(at + n / 37, FAULT_S, KINDS[len(faults) % len(KINDS)]))
            at += FAULT_S + REST_S
        at += 0.05
    return tuple(faults)


def _seen(kind: str, channel: Channel) -> Seen:
    if kind == "overlay":
        return lambda live: live.state is State.ON_AIR and live.quality is Quality.OVERLAID
    right = {KIND_OF[kind]} | ({"noise"} if kind == "silence" and channel.snr_db < 40 else set())
    return lambda live: live.state.value in right


def _lives(recording: Recording, prior_ms: float | None = None) -> Iterator[tuple[float, Live]]:
    """(seconds of HEARD pushed, what the matcher says then), a capture's block at a time."""
    sent, heard = (as_int16(resample(s, recording.rate, 48_000)) for s in (recording.sent, recording.heard))
    matcher = Matcher(prior_delay_ms=prior_ms)
    sent = np.concatenate([sent, np.zeros(3 * 48_000, np.int16)])  # a recording's delay may be negative: SENT leads
    matcher.push_sent(sent[: 2 * 48_000 + BLOCK_FRAMES], True)
    for at in range(0, len(recording.sent) * 48_000 // recording.rate, BLOCK_FRAMES):
        ahead = at + 2 * 48_000 + BLOCK_FRAMES
        matcher.push_sent(sent[ahead : ahead + BLOCK_FRAMES], True)
        matcher.push_heard(heard[at : at + BLOCK_FRAMES])
        matcher.step()
        yield (at + BLOCK_FRAMES) / 48_000, matcher.live()


def _wait_ms(said: list[tuple[float, Live]], since_s: float, seen: Seen, wait_s: float = WAIT_S) -> float:
    return next((1_000 * (s - since_s) for s, live in said if since_s < s < since_s + wait_s and seen(live)), np.inf)


def lock_ms(channel: Channel, seed: int, prior_ms: float | None) -> float:
    """From the first audible millisecond until it is said to be on air."""
    sent = programme(20.0, seed, RATE)
    heard = record("lock", sent, channel, (), seed, RATE)
    begins_s = float(np.argmax(audible(heard))) / 1_000 + channel.delay_s
    return _wait_ms(list(_lives(heard, prior_ms)), begins_s, lambda live: live.state is State.ON_AIR, 15.0)


def relocks(seed: int) -> Iterator[float]:
    """For jumps of the delay of 20 … 500 ms, from the jump until it is on air again along the new delay."""
    random = np.random.default_rng(seed)
    sent = programme(SECONDS / 2, seed, RATE)
    plain = record("jumps", sent, CHANNELS["FM 20 dB"], (), seed, RATE)
    loud = audible(plain)
    heard, late_ms, jumps = plain.heard.copy(), 0.0, list[tuple[float, float]]()
    at = 15.0
    while at < SECONDS / 2 - 12:
        if loud[round(1_000 * at) : round(1_000 * at) + 2_000].mean() > 0.8:
            late_ms += float(random.uniform(20, 500)) * (-1 if late_ms > 200 else 1)
            begin, shift = int((at + 0.3) * RATE), round(late_ms * RATE / 1_000)
            moved = np.roll(plain.heard, shift)
            heard[begin:] = moved[begin:]
            jumps.append((at + 0.3, 300.0 + late_ms))
            at += 9.0
        at += 0.1
    said = list(_lives(replace(plain, heard=heard)))
    for at_s, delay_ms in jumps:
        yield _wait_ms(said, at_s, partial(_on_air_along, delay_ms), 9.0)


def _on_air_along(delay_ms: float, live: Live) -> bool:
    return live.state is State.ON_AIR and live.delay_ms is not None and abs(live.delay_ms - delay_ms) < 2
