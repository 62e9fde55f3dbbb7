"""How honest the stated uncertainty is: how often the truth lies within it, and how wide it is, by kind of channel.

Programmes of one to two minutes with faults of 0.05–20 s. Judged as in ``bench.measure``, in audible milliseconds.
The seeds are not those that the figures in ``audio.uncertainty`` were set on.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from audio.measure import measure
from bench.measure import ALL_OFF, FM, HORN, RATE, claimed_by_us, judge
from bench.recordings import Channel, Recording, programme, random_faults, record, write_wav
from bench.rows import Row, progress, row

SEED = 9_101
EACH, EACH_QUICK = 24, 4
LENGTHS_S = (60.0, 90.0, 120.0)
MOST_FAULTS = 6
SHORTEST_S = 0.05


@dataclass(frozen=True)
class Kind:
    """Recordings that are judged together, and how wide their intervals may be."""

    name: str
    channels: tuple[Channel, ...]
    kinds: tuple[str, ...] = ALL_OFF
    reach_percent: float = 0.1
    faults: bool = True


KINDS = (
    Kind("line", (Channel(), Channel(drift_ppm=100), Channel(drift_ppm=-100, delay_s=3.0))),
    Kind("FM 30 to 10 dB", (Channel(30, FM), Channel(20, FM), Channel(10, FM)), ("hiss", "silence")),
    Kind(
        "FM 3 to -3 dB, clicks",
        tuple(Channel(snr, FM, clicks=True) for snr in (3, 0, -3)),
        ("hiss", "silence"),
        reach_percent=0.3,
    ),
    Kind(
        "horn, RT60 0.35 and 0.8 s",
        (Channel(20, HORN, reverb_s=0.35, direct_db=3), Channel(10, HORN, reverb_s=0.8)),
        ("silence", "voice", "hum"),
    ),
    Kind(
        "horn, RT60 1.2 s, 3 dB",
        (Channel(3, HORN, reverb_s=1.2, direct_db=-3),),
        ("silence", "voice", "hum"),
        reach_percent=0.3,
    ),
    Kind("wrong audio", (Channel(20, FM), Channel(10, FM)), ("voice", "same_voice", "replay")),
    Kind("hum, AGC, clipped", (Channel(40, FM, hum_db=0), Channel(10, FM, agc=True), Channel(20, FM, clip_db=12))),
    Kind("all kinds mixed", (Channel(20, FM),), (*ALL_OFF, "low", "clip", "overlay")),
    Kind("delay jumps", (Channel(20, FM, jumps=1),), ("silence", "hiss", "voice")),
    Kind("all on air", (Channel(20, FM, drift_ppm=50), Channel(10, HORN, reverb_s=0.8)), faults=False),
)


@dataclass(frozen=True)
class Trial:
    seconds: float
    error_ms: float
    half_width_ms: float

    @property
    def covered(self) -> bool:
        return self.error_ms <= self.half_width_ms

    @property
    def half_width_percent(self) -> float:
        return self.half_width_ms / self.seconds / 10


def make(kind: Kind, number: int, seed: int) -> Recording:
    """The *number*-th recording of a kind: each has a bulletin, a length and faults of its own."""
    own = seed + 1_000 * sum(kind.name.encode()) + number
    random = np.random.default_rng((own, 5))
    seconds, channel = float(random.choice(LENGTHS_S)), kind.channels[number % len(kind.channels)]
    if channel.jumps:
        channel = replace(channel, jumps=int(random.integers(1, 4)))
    count = int(random.integers(1, MOST_FAULTS + 1)) if kind.faults else 0
    faults = random_faults(seconds, count, kind.kinds, own, SHORTEST_S) if count else ()
    return record(kind.name, programme(seconds, own, RATE), channel, faults, own, RATE)


def trial(recording: Recording) -> Trial:
    with tempfile.TemporaryDirectory() as folder:
        sent = write_wav(Path(folder, "sent.wav"), recording.sent, RATE)
        heard = write_wav(Path(folder, "heard.wav"), recording.heard, RATE)
        measured = measure(sent, heard)
    count = len(recording.sent) * 1_000 // RATE
    error_ms = judge(recording, claimed_by_us(measured, count)).err_percent * count / 100
    return Trial(count / 1_000, error_ms, measured.uncertainty_ms)


def trials(kind: Kind, count: int, seed: int) -> list[Trial]:
    done = []
    for number in range(count):
        progress(f"{kind.name}: {number + 1} of {count}")
        done.append(trial(make(kind, number, seed)))
    return done


def rows(quick: bool = False, kinds: Sequence[Kind] = KINDS, seed: int = SEED) -> list[Row]:
    """Print the table, kind by kind, and return it. ``quick``: four recordings a kind."""
    print(f"{'':<28}{'within':>10}{'median ±':>12}{'widest ±':>12}{'reach':>10}", flush=True)
    every: list[Trial] = []
    made: list[Row] = []
    for kind in kinds:
        found = trials(kind, EACH_QUICK if quick else EACH, seed)
        print(_line(kind.name, found, f"{kind.reach_percent:.1f} %"), flush=True)
        made += _rows_of(kind.name, found)
        every += found
    print(_line("all", every, ""), flush=True)
    return made + _rows_of("all", every)


def _covered_percent(found: Sequence[Trial]) -> float:
    return 100 * sum(one.covered for one in found) / len(found)


def _line(name: str, found: Sequence[Trial], reach: str) -> str:
    widths = [one.half_width_percent for one in found]
    inside = f"{sum(one.covered for one in found)}/{len(found)}"
    return f"{name:<28}{inside:>10}{np.median(widths):>10.3f} %{max(widths):>10.3f} %{reach:>10}"


def _rows_of(name: str, found: Sequence[Trial]) -> list[Row]:
    median = float(np.median([one.half_width_percent for one in found]))
    return [
        row("uncertainty", f"{name}: truth within the interval", _covered_percent(found), "%", runs=len(found)),
        row("uncertainty", f"{name}: half-width, median", median, "%", runs=len(found)),
    ]


if __name__ == "__main__":
    rows(quick="--quick" in sys.argv)
