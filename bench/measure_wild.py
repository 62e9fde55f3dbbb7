"""How right the airtime is on recordings of a second maker (``bench.wild``), written without sight of the matcher.

Judged as in ``bench.measure``. By hand: ``python -m bench.measure_wild 3 17 --seconds 180 --seed 5`` measures single
recordings and says where they were judged wrongly.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio.measure import measure
from bench.measure import (
    Bools,
    Score,
    audible,
    claimed_by_us,
    judge,
    kinds_right,
    runs,
    truth,
    with_chromaprint,
)
from bench.recordings import Fault, Recording, write_wav
from bench.rows import Row, progress, row
from bench.uncertainty import Trial
from bench.wild import Wild, make
from bench.wild_noises import SURROUNDINGS

SEED = 11_301
COUNT, SECONDS = 60, 180.0
COUNT_QUICK, SECONDS_QUICK = 8, 90.0
LIMITS_PERCENT = (0.05, 0.15, 0.5)
TOLD_MS = 20  # of what is said by hand: shorter wrong stretches are edges

FOREIGN, NOISE, HUM, SILENCE = "foreign", "noise", "hum", "silence"
NAMES = {
    "silence": {SILENCE}, "hiss": {NOISE}, "hum": {HUM}, "voice": {FOREIGN}, "same_voice": {FOREIGN},
    "music": {FOREIGN},
    "replay": {FOREIGN}, "tone": {FOREIGN, HUM}, "crackle": {FOREIGN, NOISE},
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    number: int
    recording: Wild
    ours: Score
    kinds: tuple[int, int]
    trial: Trial
    peers: dict[str, Score]
    wrong: tuple[str, ...]


def names(recording: Recording, fault: Fault) -> set[str]:
    """What a fault may be called. In silence what else is there is heard, and an AGC lifts it."""
    right = set(NAMES.get(fault.kind, set()))
    path = recording.path if isinstance(recording, Wild) else None
    if fault.kind == "silence" and path is not None:
        right |= {NOISE} if path.snr_db < 40 or path.agc else set()
        right |= {HUM} if path.hum_db is not None else set()
        right |= {FOREIGN} if any(one in path.noise for one in SURROUNDINGS) else set()
    return right


def run(number: int, seconds: float, seed: int, peers: dict[str, Callable[..., Bools]]) -> Result:
    recording = make(number, seconds, seed)
    with tempfile.TemporaryDirectory() as folder:
        sent = write_wav(Path(folder, "sent.wav"), recording.sent, recording.rate)
        heard = write_wav(Path(folder, "heard.wav"), recording.heard, recording.rate)
        measured = measure(sent, heard)
        others = {name: judge(recording, claim(recording, heard, sent)) for name, claim in peers.items()}
    count = len(truth(recording))
    claimed = claimed_by_us(measured, count)
    ours = judge(recording, claimed)
    trial = Trial(count / 1_000, ours.err_percent * count / 100, measured.uncertainty_ms)
    kinds = kinds_right(recording, measured, names)
    return Result(number, recording, ours, kinds, trial, others, wrong_stretches(recording, claimed))


def wrong_stretches(recording: Wild, claimed: Bools) -> tuple[str, ...]:
    """Where the claim is wrong for more than ``TOLD_MS`` audible ms, and what was on air there."""
    heard, true = audible(recording), truth(recording)
    told = []
    for first, end in runs(claimed != true):
        wrong_ms = int(np.sum(heard[first:end]))
        if wrong_ms > TOLD_MS:
            said = "on air" if claimed[first] else "off air"
            near = [
                f"{one.kind} {one.start_s:.3f}+{one.length_s:.3f}"
                for one in recording.faults
                if one.start_s * 1_000 < end + 100 and (one.start_s + one.length_s) * 1_000 > first - 100
            ]
            lost = [f"lost {a:.3f}-{b:.3f}" for a, b in recording.lost if a * 1_000 < end + 100 and b * 1_000 > first]
            jumps = recording.path.jumps if recording.path else ()
            grown = [f"delay +{by:.2f} at {at:.3f}" for at, by in jumps if by > 0 and first - 3_000 < at * 1_000 < end]
            where = ", ".join(near + lost + grown) or "nothing"
            told.append(f"{first / 1_000:.3f}-{end / 1_000:.3f} s: {wrong_ms} audible ms claimed {said}; {where}")
    return tuple(told)


# ---- the table ----

HEAD = (
    f"{'':>3} {'err %':>7} {'wrong %':>7} {'found':>6} {'edges':>8} {'false':>5} {'kind':>6} {'± %':>7} {'in':>3}  what"
)


def line(result: Result) -> str:
    ours, trial = result.ours, result.trial
    p50, p95 = np.percentile(ours.edges_ms, [50, 95]) if ours.edges_ms else (np.nan, np.nan)
    cells = [
        f"{result.number:>3} {ours.err_percent:>7.3f} {ours.wrong_percent:>7.3f} {ours.found:>3}/{ours.faults:<2}",
        f"{f'{p50:.0f}/{p95:.0f}':>8} {ours.false_gaps:>5} {result.kinds[0]:>3}/{result.kinds[1]:<2}",
        f"{trial.half_width_percent:>7.3f} {'yes' if trial.covered else 'NO':>3}  {described(result.recording)}",
    ]
    return " ".join(cells)


def described(recording: Wild) -> str:
    path = recording.path
    assert path is not None
    troubles = [
        f"{recording.rate // 1_000} kHz",
        f"{path.name} {path.snr_db:.0f} dB",
        path.noise if path.noise not in ("white", "fm", "weak fm") else "",
        path.codec.name if path.codec else "",
        f"RT {path.rt60_s:.1f} s" if path.rt60_s else "",
        f"{path.drift_ppm:+.0f} ppm" if path.drift_ppm else "",
        f"{path.delay_s:.1f} s" if path.delay_s > 1 else "",
        f"{len(path.jumps)} jumps" if path.jumps else "",
        "hum" if path.hum_db is not None else "",
        "AGC" if path.agc else "",
        "clipped" if path.clip_db else "",
    ]
    kinds = sorted({one.kind for one in recording.faults})
    faults = ("never: " if recording.never else "") + ("+".join(kinds) or "no fault")
    return f"{recording.what} | {', '.join(t for t in troubles if t)} | {faults}"


def rows(quick: bool = False, seed: int = SEED) -> list[Row]:
    """Print the table, a line a recording, and return its summary. ``quick``: eight of a minute and a half."""
    count, seconds = (COUNT_QUICK, SECONDS_QUICK) if quick else (COUNT, SECONDS)
    print(HEAD, flush=True)
    results = []
    for number in range(count):
        progress(f"{number + 1} of {count}")
        results.append(run(number, seconds, seed, with_chromaprint()))
        print(line(results[-1]), flush=True)
    return summary(results)


def summary(results: Sequence[Result]) -> list[Row]:
    errors = [one.ours.err_percent for one in results]
    hours = sum(one.trial.seconds for one in results) / 3_600
    faults, kinds = sum(one.ours.faults for one in results), sum(one.kinds[1] for one in results)
    edges = [ms for one in results for ms in one.ours.edges_ms]

    def of_all(what: str, value: float, unit: str, best: Callable[[Sequence[float]], float] | None = None) -> Row:
        others = {name: [one.peers[name].err_percent for one in results] for name in results[0].peers}
        peer = min(((best(of), name) for name, of in others.items()), default=None) if best else None
        return row("measure_wild", what, value, unit, peer=(peer[1], peer[0]) if peer else None, runs=len(results))

    made = [
        of_all("airtime error, mean", float(np.mean(errors)), "%", lambda of: float(np.mean(of))),
        of_all("airtime error, median", float(np.median(errors)), "%", lambda of: float(np.median(of))),
        of_all("airtime error, p90", float(np.percentile(errors, 90)), "%", lambda of: float(np.percentile(of, 90))),
    ]
    for limit in LIMITS_PERCENT:

        def beyond(of: Sequence[float], limit: float = limit) -> float:
            return 100 * float(np.mean(np.array(of) > limit))

        made.append(of_all(f"recordings with an error above {limit} %", beyond(errors), "%", beyond))
    made += [
        of_all("truth within the interval", 100 * float(np.mean([one.trial.covered for one in results])), "%"),
        of_all("half-width, median", float(np.median([one.trial.half_width_percent for one in results])), "%"),
        of_all("false gaps an hour", sum(one.ours.false_gaps for one in results) / hours, ""),
        row("measure_wild", "found", 100 * sum(one.ours.found for one in results) / max(1, faults), "%", runs=faults),
        row("measure_wild", "kinds", 100 * sum(one.kinds[0] for one in results) / max(1, kinds), "%", runs=kinds),
    ]
    for name in results[0].peers:
        mean = float(np.mean([one.peers[name].err_percent for one in results]))
        theirs = 100 * sum(one.peers[name].found for one in results) / max(1, faults)
        made.append(of_all(f"{name}: airtime error, mean", mean, "%"))
        made.append(row("measure_wild", f"{name}: found", theirs, "%", runs=faults))
    if edges:
        made.append(row("measure_wild", "edges p95", float(np.percentile(edges, 95)), "ms", runs=len(edges)))
    return made


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.measure_wild", description="Measure recordings of bench.wild."
    )
    parser.add_argument("numbers", nargs="+", type=int, metavar="N")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args(argv)
    print(HEAD)
    for number in args.numbers:
        result = run(number, args.seconds, args.seed, {})
        print(line(result), *result.wrong, sep="\n        ", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
