"""How soon a relay's fallback sounds after its stream dies, stalls or falls silent, how soon it is back, and the cost.

A real Icecast on this computer; behind it encoders that are killed, stopped, and fed silence, then mended. Dead air is
counted in blocks of the chain's output, at the patience that a station has unless it says otherwise; the floor beside
each is that patience: what the operator asked to wait. CPU: the takes of one chain and its decoders.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from audio.decode import Child
from audio.fallback import Patience
from audio.format import BLOCK_FRAMES, RATE_HZ
from audio.library import ingest
from audio.relay import ChainSource, LinkPlan, LoopedFiles
from audio.sources import StreamSource
from bench.cost import cpu_s
from bench.rows import Row, progress, row
from firmware_py.clocks import boottime_ns
from scheduler.clock import NS_PER_S
from tests.station.station import wave_of
from tests.support.icecast import Encoder, Icecast
from tests.support.tones import pitch_of, tone

RELAY_HZ, SECOND_HZ, FILE_HZ = TONES = (440, 660, 880)
BLOCK_S = BLOCK_FRAMES / RATE_HZ
PATIENCE = Patience()
PATIENCE_S = {"killed": 0.0, "stalled": PATIENCE.stall_ns / NS_PER_S, "silenced": PATIENCE.silence_ns / NS_PER_S}
BREAKS: Mapping[str, Callable[[Encoder], None]] = {
    "killed": Encoder.kill,
    "stalled": Encoder.stall,
    "silenced": lambda encoder: setattr(encoder, "hz", None),
}
MENDS: Mapping[str, Callable[[Encoder], None]] = {
    "killed": Encoder.restart,
    "stalled": Encoder.go_on,
    "silenced": lambda encoder: setattr(encoder, "hz", RELAY_HZ),
}
NEXT = {"second stream": SECOND_HZ, "file": FILE_HZ}  # what stands behind the relay
MOST_S = 60.0
COST_S = 20.0


@dataclass
class Listened:
    """One chain, the fault of its relay, and the tones of its output, a block each."""

    fault: str
    behind: str
    chain: ChainSource
    tones: list[float | None] = field(default_factory=list)
    take_s: float = 0.0  # CPU

    @property
    def now(self) -> float | None:
        return self.tones[-1] if len(set(self.tones[-3:])) == 1 else None

    def dead_air_s(self, since: int) -> float:
        """From block *since* on, until it sounds for good."""
        return sum(hz is None for hz in self.tones[since:]) * BLOCK_S


def rows(quick: bool) -> list[Row]:
    """Dead air, way back and cost, each of a stream and of a file behind the relay."""
    with tempfile.TemporaryDirectory(prefix="smartradio-fallback-") as folder, ExitStack() as stack:
        server = stack.enter_context(Icecast(Path(folder)))
        encoders = {fault: server.encoder(fault, RELAY_HZ) for fault in PATIENCE_S}
        second = server.encoder("second", SECOND_HZ)
        for encoder in (*encoders.values(), second):
            stack.callback(encoder.kill)
        server.wait_until_up(*encoders, "second")
        listened = [one for fault in encoders for one in _chains(server, Path(folder), fault)]
        for one in listened:
            stack.callback(one.chain.close)
        return _measured(encoders, listened, COST_S / 4 if quick else COST_S)


def _chains(server: Icecast, folder: Path, fault: str) -> list[Listened]:
    """Of one relay, one with each kind of link behind it."""
    file = wave_of(folder / "behind.wav", tone(FILE_HZ, 6 * RATE_HZ))
    entry = ingest(file, folder / "library")
    behind = {
        "second stream": LinkPlan("second", partial(StreamSource, server.url("second"))),
        "file": LinkPlan("file", partial(LoopedFiles, [(entry.path_in(folder / "library"), entry.frames)])),
    }
    relay = LinkPlan(fault, partial(StreamSource, server.url(fault)))
    return [Listened(fault, name, ChainSource([relay, link], boottime_ns, PATIENCE)) for name, link in behind.items()]


def _measured(encoders: Mapping[str, Encoder], listened: list[Listened], cost_s: float) -> list[Row]:
    progress("the relays begin")
    _listen(listened, until=lambda one: one.now == RELAY_HZ)
    progress("cost of a relay that sounds")
    alone = _cost(listened, cost_s)
    progress("dead air")
    since = len(listened[0].tones)
    for fault, do in BREAKS.items():
        do(encoders[fault])
    _listen(listened, until=lambda one: one.now == NEXT[one.behind])
    progress("cost while the lost relay is listened to")
    probing = _cost([one for one in listened if one.fault == "silenced"], cost_s, listened)
    progress("the way back")
    back = _way_back(encoders, listened)
    dead = [_worst(one, one.dead_air_s(since), "dead air after", PATIENCE_S[one.fault]) for one in listened]
    return [
        *dead,
        *(_worst(one, back[id(one)], "back after mending", PATIENCE.back_after_ns / NS_PER_S) for one in listened),
        row("fallback", "CPU of a relay that sounds", alone, "s/min", runs=len(listened)),
        row("fallback", "CPU while the fallback sounds and the relay is listened to", probing, "s/min", runs=2),
    ]


def _worst(one: Listened, seconds: float, what: str, patience_s: float) -> Row:
    return row(
        "fallback", f"{what} {one.fault}, {one.behind} behind", round(seconds, 2), "s", peer=("patience", patience_s)
    )


def _way_back(encoders: Mapping[str, Encoder], listened: list[Listened]) -> dict[int, float]:
    """Mend everything; seconds until each relay sounds again."""
    since = len(listened[0].tones)
    for fault, do in MENDS.items():
        do(encoders[fault])
    _listen(listened, until=lambda one: one.now == RELAY_HZ)
    return {id(one): (one.tones.index(RELAY_HZ, since) - since) * BLOCK_S for one in listened}


def _listen(listened: list[Listened], until: Callable[[Listened], bool]) -> None:
    """Take block after block at the pace of sound until it is so for every chain."""
    waiting, began_s, n = list(listened), time.monotonic(), 0
    while waiting:
        _take_all(listened, began_s, n)
        n += 1
        waiting = [one for one in waiting if not until(one)]
        if n * BLOCK_S > MOST_S:
            raise RuntimeError(f"after {MOST_S:g} s still: {[(one.fault, one.behind, one.now) for one in waiting]}")


def _take_all(listened: list[Listened], began_s: float, n: int) -> None:
    time.sleep(max(0.0, began_s + n * BLOCK_S - time.monotonic()))
    for one in listened:
        before_s = time.thread_time()
        pcm = one.chain.take(BLOCK_FRAMES, len(one.tones) * BLOCK_FRAMES)
        one.take_s += time.thread_time() - before_s
        one.tones.append(pitch_of(pcm[:2_048], TONES))


def _cost(measured: list[Listened], seconds: float, listened: list[Listened] | None = None) -> float:
    """CPU seconds a minute of the takes and the decoders of one chain, in the mean of *measured*."""
    before, began_s = _used_s(measured), time.monotonic()
    for n in range(round(seconds / BLOCK_S)):
        _take_all(listened or measured, began_s, n)
    return round((_used_s(measured) - before) * 60 / (time.monotonic() - began_s) / len(measured), 3)


def _used_s(measured: list[Listened]) -> float:
    return sum(one.take_s + sum(cpu_s(child.process.pid) for child in _decoders(one.chain)) for one in measured)


def _decoders(chain: ChainSource) -> list[Child]:
    """Of its streams. (A file's ends between two looks.)"""
    streams = [source for source in chain._open if isinstance(source, StreamSource)]
    return [child for stream in streams if (child := stream._child) is not None]
