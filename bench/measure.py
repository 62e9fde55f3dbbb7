"""How right the airtime is: our matcher beside silencedetect, the player's log and chromaprint, on the same recordings.

Judged in the milliseconds in which the programme is audible: where it is silent nothing can be on air or off.
Recordings come from ``bench.recordings``; the seeds here are not those that the matcher was tuned on.
"""

import functools
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.format import BLOCK_FRAMES
from audio.loudness import LoudnessMeter
from audio.match import Matcher
from audio.match.evidence import spectra_together
from audio.match.grid import FRAME, RATE_HZ, TICK
from audio.match.plain import STEP
from audio.measure import Measurement, measure
from audio.segments import State
from bench.recordings import (
    KIND_OF,
    Channel,
    Fault,
    Recording,
    as_int16,
    programme,
    random_faults,
    record,
    resample,
    write_wav,
)
from bench.rows import Row, row

Bools = NDArray[np.bool_]
ALL_OFF = ("silence", "hiss", "voice", "same_voice", "hum", "replay")
FAULTS = 40
SECONDS = 600.0
RATE = 16_000
BULLETIN_SEED, FAULT_SEED = 7_001, 8_001  # not the seeds that anything was tuned on


@dataclass(frozen=True)
class Scenario:
    name: str
    channel: Channel
    kinds: tuple[str, ...] = ALL_OFF
    never: bool = False
    shortest_s: float = 0.1
    faults: tuple[Fault, ...] | None = None


HORN = (300.0, 5_000.0)
FM = (60.0, 7_500.0)
SCENARIOS = (
    Scenario("line, 70 dB, faults from 50 ms", Channel(), shortest_s=0.05),
    Scenario("line, +100 ppm", Channel(drift_ppm=100)),
    Scenario("line, -100 ppm, 3 s delay", Channel(drift_ppm=-100, delay_s=3.0)),
    Scenario("FM 30 dB", Channel(30, FM), ("hiss",)),
    Scenario("FM 20 dB", Channel(20, FM), ("hiss", "silence")),
    Scenario("FM 10 dB", Channel(10, FM), ("hiss", "silence")),
    Scenario("FM 3 dB, clicks", Channel(3, FM, clicks=True), ("hiss", "silence")),
    Scenario("FM 0 dB, clicks", Channel(0, FM, clicks=True), ("hiss", "silence")),
    Scenario("FM -3 dB, clicks", Channel(-3, FM, clicks=True), ("hiss", "silence")),
    Scenario("horn, RT60 0.35 s, 20 dB", Channel(20, HORN, reverb_s=0.35, direct_db=3), ("silence", "voice", "hum")),
    Scenario("horn, RT60 0.8 s, 10 dB", Channel(10, HORN, reverb_s=0.8), ("silence", "voice", "hum")),
    Scenario("horn, RT60 1.2 s, 3 dB", Channel(3, HORN, reverb_s=1.2, direct_db=-3), ("silence", "voice", "hum")),
    Scenario("wrong audio, same voice, 20 dB", Channel(20, FM), ("same_voice",)),
    Scenario("wrong audio, 10 dB", Channel(10, FM), ("voice", "same_voice")),
    Scenario("replay 30 s late inserted", Channel(30, FM), ("replay",)),
    Scenario("hum 0 dB throughout, 40 dB", Channel(40, FM, hum_db=0), ("hum", "voice")),
    Scenario("AGC, 10 dB", Channel(10, FM, agc=True), ("hiss", "voice")),
    Scenario("all kinds mixed, 20 dB", Channel(20, FM), (*ALL_OFF, "low", "clip", "overlay")),
    Scenario("6 delay jumps, 20 dB", Channel(20, FM, jumps=6), ("silence", "hiss", "voice")),
    Scenario("clipped 12 dB all along, 20 dB", Channel(20, FM, clip_db=12), ("silence", "hiss", "voice")),
    Scenario("all on air, 20 dB, +50 ppm", Channel(20, FM, drift_ppm=50), faults=()),
    Scenario("all on air, horn 10 dB", Channel(10, HORN, reverb_s=0.8), faults=()),
    Scenario("never: other voice", Channel(20, FM), ("voice",), never=True),
    Scenario("never: same voice", Channel(20, FM), ("same_voice",), never=True),
    Scenario("never: hiss", Channel(20, FM), ("hiss",), never=True),
    Scenario("never: hum", Channel(20, FM), ("hum",), never=True),
    Scenario("never: silence", Channel(20, FM), ("silence",), never=True),
    Scenario("never: 30 s late", Channel(20, FM), ("replay",), never=True),
)


@functools.lru_cache(maxsize=2)
def _bulletin(seconds: float, seed: int) -> Any:
    return programme(seconds, seed, RATE)


def make(scenario: Scenario, seconds: float, seed: int) -> Recording:
    """The recording of a scenario; every scenario has faults of its own, all share the bulletin."""
    sent = _bulletin(seconds, seed)
    own = seed + sum(scenario.name.encode())
    faults = scenario.faults
    if scenario.never:
        faults = (Fault(0.0, seconds, scenario.kinds[0]),)
    elif faults is None:
        faults = random_faults(
            seconds, max(4, round(FAULTS * seconds / SECONDS)), scenario.kinds, own, scenario.shortest_s
        )
    return record(scenario.name, sent, scenario.channel, faults, own, RATE, scenario.never)


# ---- judging ----


@dataclass(frozen=True)
class Score:
    """What a claim of "on air" (a bool a millisecond of SENT) is worth."""

    err_percent: float  # |claimed − true| audible seconds on air, of the programme
    wrong_percent: float  # audible time said wrongly either way
    claimed_on_s: float
    found: int
    faults: int
    by_length: tuple[tuple[float, bool], ...]  # (length, found) of each fault
    edges_ms: tuple[float, ...]  # in audible time
    strict_edges_ms: tuple[float, ...]  # the same, where what is audible is so within 5 ms: no pause counts as heard
    false_gaps: int


def audible(recording: Recording, within_ms: int = 20) -> Bools:
    """A millisecond counts if the programme is louder than (active level − min(40, SNR + 6) dB) around it.

    *within_ms*: a mean over so much. With 20 the first and last 10 ms of each pause beside a loud word count, too, in
    which nobody can tell what is on air; 5 is a period of a deep voice.
    """
    per = recording.rate // 1_000
    count = len(recording.sent) // per
    power = np.mean(recording.sent[: count * per].reshape(count, per) ** 2, axis=1)
    smooth = np.convolve(power, np.ones(within_ms) / within_ms, "same")
    active = float(np.mean(recording.sent[np.abs(recording.sent) > 0.003] ** 2))
    return np.asarray(smooth > active * 10 ** (-min(40.0, recording.channel.snr_db + 6) / 10))


def truth(recording: Recording) -> Bools:
    on = np.ones(len(recording.sent) * 1_000 // recording.rate, bool)
    for start, stop in recording.off_air:
        on[round(start * 1_000) : round(stop * 1_000)] = False
    return on


def judge(recording: Recording, claimed: Bools) -> Score:
    heard, true = audible(recording), truth(recording)
    heard_before, strictly_before = (_before(flags) for flags in (heard, audible(recording, 5)))
    faults = [(a, b) for a, b in runs(~true) if heard_before[b] > heard_before[a]]
    found = [bool(np.mean(~claimed[a:b][heard[a:b]]) > 0.5) for a, b in faults]
    right = [fault for fault, ok in zip(faults, found, strict=True) if ok]
    return Score(
        100 * abs(int(np.sum(claimed & heard)) - int(np.sum(true & heard))) / len(true),
        100 * float(np.mean((claimed != true) & heard)),
        float(np.sum(claimed & heard)) / 1_000,
        sum(found),
        len(faults),
        tuple(((b - a) / 1_000, f) for (a, b), f in zip(faults, found, strict=True)),
        tuple(_edge_errors(claimed, true, heard_before, right)),
        tuple(_edge_errors(claimed, true, strictly_before, right)),
        _false_gaps(claimed, true, heard),
    )


def _before(audible: Bools) -> NDArray[np.intp]:
    """Audible ms before each instant."""
    return np.concatenate([[0], np.cumsum(audible)])


def runs(flags: Bools) -> list[tuple[int, int]]:
    steps = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def _edge_errors(claimed: Bools, true: Bools, clock: Any, faults: Sequence[tuple[int, int]]) -> list[float]:
    """For both ends of each fault that was found: to the nearest end of a claimed gap, in audible ms."""
    gaps = runs(~claimed)
    errors = []
    for start, stop in faults:
        touching = [(a, b) for a, b in gaps if a < stop and b > start]
        if start > 0:
            errors.append(min(abs(float(clock[a] - clock[start])) for a, _ in touching))
        if stop < len(true):
            errors.append(min(abs(float(clock[b] - clock[stop])) for _, b in touching))
    return errors


def _false_gaps(claimed: Bools, true: Bools, heard: Bools) -> int:
    """Claimed gaps of at least 30 audible ms that touch nothing that was off."""
    return sum(1 for a, b in runs(~claimed) if true[max(0, a - 100) : b + 100].all() and heard[a:b].sum() >= 30)


def acceptable(recording: Recording, fault: Fault) -> set[str]:
    """What a fault may be called; nothing for one that is not judged. Silence: the channel's noise or hum."""
    right = {KIND_OF[fault.kind]} if fault.kind in KIND_OF else set()
    if fault.kind == "silence" and recording.channel.snr_db < 40:
        right.add("noise")
    if fault.kind == "silence" and recording.channel.hum_db is not None:
        right.add("hum")
    return right


def kinds_right(
    recording: Recording,
    measured: Measurement,
    names: Callable[[Recording, Fault], set[str]] = acceptable,
) -> tuple[int, int]:
    """(right, all) of the faults of at least 0.5 s that were found off air."""
    right = total = 0
    for fault in recording.faults:
        said, wanted = _said(measured, fault), names(recording, fault)
        if fault.length_s < 0.5 or not wanted or not said or max(said, key=said.__getitem__) == "on_air":
            continue
        total += 1
        right += max(said, key=said.__getitem__) in wanted
    return right, total


def _said(measured: Measurement, fault: Fault) -> dict[str, float]:
    said: dict[str, float] = {}
    low, high = fault.start_s * 1_000, (fault.start_s + fault.length_s) * 1_000
    for segment in measured.segments:
        overlap = min(high, segment.to_ms) - max(low, segment.from_ms)
        if overlap > 0:
            said[segment.state] = said.get(segment.state, 0) + overlap
    return said


# ---- those who claim ----


def claimed_by_us(measured: Measurement, count: int) -> Bools:
    on = np.zeros(count, bool)
    for segment in measured.segments:
        if segment.state == State.ON_AIR:
            on[round(segment.from_ms) : round(segment.to_ms)] = True
    return on


def claimed_by_the_log(recording: Recording, _heard: Path, _sent: Path) -> Bools:
    """The player's log: it was played, so it was on air."""
    return np.ones(len(recording.sent) * 1_000 // recording.rate, bool)


def claimed_by_silencedetect(recording: Recording, heard: Path, _sent: Path) -> Bools:
    """ffmpeg silencedetect −40 dB, 0.5 s, told the true delay."""
    said = subprocess.run(
        ["ffmpeg", "-hide_banner", "-i", str(heard), "-af", "silencedetect=noise=-40dB:d=0.5", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    on = np.ones(len(recording.sent) * 1_000 // recording.rate, bool)
    starts = [float(x) for x in re.findall(r"silence_start: (-?[\d.]+)", said)]
    ends = [float(x) for x in re.findall(r"silence_end: ([\d.]+)", said)] + [1e9]
    for start, end in zip(starts, ends, strict=False):
        late = recording.channel.delay_s
        on[max(0, round((start - late) * 1_000)) : max(0, round(min(end - late, len(on) / 1_000) * 1_000))] = False
    return on


def claimed_by_chromaprint(recording: Recording, heard: Path, sent: Path) -> Bools:
    """fpcalc's raw fingerprints at the best offset; on air where at most 10 of 32 bits differ (mean of nine items)."""
    ours, theirs = _fingerprint(sent), _fingerprint(heard)
    offset = min(range(-20, 90), key=lambda o: _bit_errors(ours, theirs, o).mean())
    errors = np.convolve(_bit_errors(ours, theirs, offset), np.ones(9) / 9, "same")
    on = np.zeros(len(recording.sent) * 1_000 // recording.rate, bool)
    item_ms = 1_000 * 1365 / 11025
    for n in np.flatnonzero(errors <= 10):
        middle = (n + 9) * item_ms  # an item covers 2.6 s
        on[int(middle) : int(middle + item_ms) + 1] = True
    on[: int(10 * item_ms)] = on[int(10 * item_ms)] if len(on) > 10 * item_ms else False
    return on


def _fingerprint(path: Path) -> NDArray[np.uint32]:
    """fpcalc ends with 3 where its decoder complains of the file's end, and has printed all of the fingerprint."""
    said = subprocess.run(["fpcalc", "-raw", "-length", "0", str(path)], capture_output=True, text=True, check=False)
    if said.returncode not in (0, 3) or "FINGERPRINT=" not in said.stdout:
        raise RuntimeError(f"fpcalc: {said.stderr.strip()}")
    return np.array([int(x) for x in said.stdout.split("FINGERPRINT=")[1].split(",")], np.uint32)


def _bit_errors(ours: NDArray[np.uint32], theirs: NDArray[np.uint32], offset: int) -> NDArray[np.float64]:
    at = np.arange(len(ours)) + offset
    inside = (at >= 0) & (at < len(theirs))
    different = np.full(len(ours), 16.0)
    different[inside] = np.bitwise_count(ours[inside] ^ theirs[at[inside]])
    return different


PEERS: dict[str, Callable[[Recording, Path, Path], Bools]] = {
    "player's log": claimed_by_the_log,
    "silencedetect": claimed_by_silencedetect,
}


# ---- the table ----


@dataclass(frozen=True)
class Result:
    recording: Recording
    ours: Score
    kinds: tuple[int, int]
    cpu_ms: float  # a second of audio
    floor_cpu_ms: float  # of the same
    peers: dict[str, Score]


def run(scenario: Scenario, seconds: float, seed: int, peers: dict[str, Callable[..., Bools]]) -> Result:
    recording = make(scenario, seconds, seed)
    with tempfile.TemporaryDirectory() as folder:
        sent = write_wav(Path(folder, "sent.wav"), recording.sent, RATE)
        heard = write_wav(Path(folder, "heard.wav"), recording.heard, RATE)
        measured = measure(sent, heard)
        count = len(truth(recording))
        others = {name: judge(recording, claim(recording, heard, sent)) for name, claim in peers.items()}
    ours = judge(recording, claimed_by_us(measured, count))
    kinds, cpu_ms, floor_ms = kinds_right(recording, measured), matcher_cpu_ms(recording), floor_cpu_ms(recording)
    return Result(recording, ours, kinds, cpu_ms, floor_ms, others)


def matcher_cpu_ms(recording: Recording) -> float:
    """CPU of the matcher alone, a second of audio, in the blocks and with the learnt delay that a live meter has."""
    sent, heard = (as_int16(resample(s, recording.rate, 48_000)) for s in (recording.sent, recording.heard))
    matcher = Matcher(prior_delay_ms=recording.channel.delay_s * 1_000)
    began = time.thread_time()
    for at in range(0, len(sent), BLOCK_FRAMES):
        matcher.push_sent(sent[at : at + BLOCK_FRAMES], True)
        matcher.push_heard(heard[at : at + BLOCK_FRAMES])
        matcher.step()
    return (time.thread_time() - began) * 1_000 * 48_000 / len(sent)


def floor_cpu_ms(recording: Recording) -> float:
    """CPU of nothing but the spectra of both sides, a tick at a time, as they are looked at: this machine's pace."""
    sent, heard = (
        resample(sound, recording.rate, RATE_HZ).astype(np.float32) for sound in (recording.sent, recording.heard)
    )
    began = time.thread_time()
    for at in range(0, len(sent) - TICK - FRAME, TICK):
        tick = slice(at, at + TICK + FRAME - STEP)
        spectra_together((sent[tick], heard[tick]), STEP)
    return (time.thread_time() - began) * 1_000 * RATE_HZ / len(sent)


def loudness_cpu_ms(recording: Recording) -> float:
    """CPU of what the meter does beside it: loudness and true peak of both sides."""
    sides = [as_int16(resample(sound, recording.rate, 48_000)) for sound in (recording.sent, recording.heard)]
    began = time.thread_time()
    for pcm in sides:
        meter = LoudnessMeter()
        for at in range(0, len(pcm), BLOCK_FRAMES):
            meter.push(pcm[at : at + BLOCK_FRAMES])
    return (time.thread_time() - began) * 1_000 * 48_000 / len(sides[0])


def with_chromaprint() -> dict[str, Callable[..., Bools]]:
    return PEERS | ({"chromaprint": claimed_by_chromaprint} if shutil.which("fpcalc") else {})


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:<34}" + "".join(f"{cell:>10}" if len(cell) < 10 else f"{cell:>15}" for cell in cells)


def _cells(result: Result, peers: Sequence[str]) -> list[str]:
    ours = result.ours
    p50, p95 = np.percentile(ours.edges_ms, [50, 95]) if ours.edges_ms else (np.nan, np.nan)
    strict = np.percentile(ours.strict_edges_ms, 95) if ours.edges_ms else np.nan
    return [
        f"{ours.err_percent:.3f}",
        f"{ours.wrong_percent:.3f}",
        f"{ours.found}/{ours.faults}",
        f"{p50:.0f}/{p95:.0f}/{strict:.0f}",
        f"{ours.false_gaps}",
        f"{result.kinds[0]}/{result.kinds[1]}",
        f"{result.cpu_ms:.1f}/{result.floor_cpu_ms:.2f}",
        *(f"{result.peers[p].err_percent:.1f};{result.peers[p].found}" for p in peers),
    ]


def _rows_of(result: Result) -> list[Row]:
    name, ours = result.recording.name, result.ours
    best = min(((score.err_percent, peer) for peer, score in result.peers.items()), default=None)
    made = [
        row("measure", f"{name}: airtime error", ours.err_percent, "%", peer=(best[1], best[0]) if best else None),
        row("measure", f"{name}: false gaps", ours.false_gaps, ""),
        row("measure", f"{name}: claimed on air", ours.claimed_on_s, "s"),
        row(
            "measure",
            f"{name}: CPU of the matcher",
            result.cpu_ms,
            "ms/s",
            peer=("spectra of both sides alone", result.floor_cpu_ms),
        ),
    ]
    if ours.edges_ms:
        p95 = float(np.percentile(ours.edges_ms, 95))
        made.append(row("measure", f"{name}: edges p95", p95, "ms", runs=len(ours.edges_ms)))
        strict = float(np.percentile(ours.strict_edges_ms, 95))
        made.append(row("measure", f"{name}: edges p95, no pause counted", strict, "ms", runs=len(ours.edges_ms)))
        made.append(row("measure", f"{name}: found", 100 * ours.found / ours.faults, "%", runs=ours.faults))
    return made


def rows(quick: bool = False, scenarios: Sequence[Scenario] = SCENARIOS, seed: int = BULLETIN_SEED) -> list[Row]:
    """Print the table, scenario by scenario, and return it. ``quick``: two minutes each instead of ten."""
    seconds = 120.0 if quick else SECONDS
    peers = with_chromaprint()
    print(f"airtime of {seconds:.0f} s programmes; peers: error %; faults found", flush=True)
    print("edges in ms: median, p95, and p95 where no part of a pause counts as audible")
    print("CPU: of the matcher, and of nothing but the spectra of both sides, ms a second of audio")
    print(_line("", ["err %", "wrong %", "found", "edges", "false", "kind", "CPU", *peers]), flush=True)
    table: list[Row] = []
    lengths: list[tuple[float, float, bool]] = []
    for scenario in scenarios:
        result = run(scenario, seconds, seed, peers)
        print(_line(scenario.name, _cells(result, list(peers))), flush=True)
        table += _rows_of(result)
        if scenario is scenarios[0]:
            table.append(row("measure", "loudness of both sides: CPU", loudness_cpu_ms(result.recording), "ms/s"))
        lengths += [(scenario.channel.snr_db, length, found) for length, found in result.ours.by_length]
    _print_lengths(lengths)
    return table


def _print_lengths(lengths: Sequence[tuple[float, float, bool]]) -> None:
    print("found by length and noise:")
    for label, low, high in ((">= 30 dB", 30, 99), ("20 dB", 15, 30), ("10 dB", 5, 15), ("<= 3 dB", -9, 5)):
        cells = []
        for short, long in ((0.05, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 1.0), (1.0, 99.0)):
            hits = [found for snr, length, found in lengths if low <= snr < high and short <= length < long]
            cells.append(f"{short}-{long}s {sum(hits)}/{len(hits)}")
        print(f"  {label:<9}" + "   ".join(cells))


if __name__ == "__main__":
    rows(quick="--quick" in sys.argv)
