"""Taking files into the library: how fast, how near to the target, how far below the ceiling, beside ffmpeg loudnorm.

Thirty files that differ in voice, music, level, band, offset, clipping, noise, silence and format. What comes out is
measured by our own meter (``audio.loudness``), not by the one that set the gain. The peer is the usual way of two
passes with ``loudnorm``: measured, then ``linear=true`` with the same target and ceiling; where it cannot be linear it
turns the level up and down by itself. Speeds are by CPU time, all children included, so that a busy machine does not
matter.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio.format import RATE_HZ
from audio.levelling import CEILING_DBTP, TARGET_LUFS, TOLERANCE_LU
from audio.library import ingest
from audio.loudness import LoudnessMeter
from audio.segments import Loudness
from bench.recordings import Samples, music, programme, speech, write_wav
from bench.rows import Row, progress, row

SEED = 7_300
FILES, FILES_QUICK = 30, 8
LONG_S, LONG_QUICK_S = 600.0, 120.0
PEER = "loudnorm, two passes"
WAYS = {
    "wav": (),
    "mp3": ("-b:a", "64k"),
    "m4a": ("-b:a", "96k", "-ac", "2"),
    "ogg": ("-c:a", "libvorbis"),
    "opus": ("-b:a", "32k"),
    "flac": ("-ar", "44100"),
    "8khz.wav": ("-ar", "8000"),
}


@dataclass(frozen=True)
class Result:
    """What one of the two made of a file. ``told``: the station was told that it stays softer."""

    loudness: Loudness
    frames_off: int
    told: bool = False

    @property
    def off_lu(self) -> float:
        assert self.loudness.integrated_lufs is not None
        return abs(self.loudness.integrated_lufs - TARGET_LUFS)

    @property
    def true_peak_dbtp(self) -> float:
        assert self.loudness.true_peak_dbtp is not None
        return self.loudness.true_peak_dbtp


def rows(quick: bool = False, seed: int = SEED) -> list[Row]:
    """``quick``: eight files, and two minutes instead of ten."""
    with tempfile.TemporaryDirectory(prefix="smartradio-library-") as folder:
        count = FILES_QUICK if quick else FILES
        both = [_both(Path(folder), n, seed) for n in range(count)]
        ours, peers = zip(*both, strict=True)
        return [*_speed(Path(folder), LONG_QUICK_S if quick else LONG_S), *_rows_of(ours, peers)]


def _rows_of(ours: Sequence[Result], peers: Sequence[Result]) -> list[Row]:
    kept, theirs = [r.off_lu for r in ours if not r.told], [r.off_lu for r in peers]
    count, untold = len(ours), sum(r.off_lu > TOLERANCE_LU and not r.told for r in ours)
    worst = max(r.true_peak_dbtp for r in ours), max(r.true_peak_dbtp for r in peers)
    over = [sum(r.true_peak_dbtp > CEILING_DBTP for r in results) for results in (ours, peers)]
    moved = [sum(r.frames_off != 0 for r in results) for results in (ours, peers)]
    off = [sum(r.off_lu > TOLERANCE_LU for r in results) for results in (ours, peers)]
    return [
        row("library", "off the target, median", _median(kept), "LU", peer=(PEER, _median(theirs)), runs=count),
        row(
            "library", "off the target, worst of those not told", max(kept), "LU", peer=(PEER, max(theirs)), runs=count
        ),
        row("library", "more than 1 LU off", off[0], "files", peer=(PEER, off[1]), runs=count),
        row("library", "more than 1 LU off and not told", untold, "files", peer=(PEER, off[1]), runs=count),
        row("library", "true peak, worst", worst[0], "dBTP", peer=(PEER, worst[1]), runs=count),
        row("library", "true peak above -1 dBTP", over[0], "files", peer=(PEER, over[1]), runs=count),
        row("library", "other number of frames than decoded", moved[0], "files", peer=(PEER, moved[1]), runs=count),
    ]


def _median(values: Sequence[float]) -> float:
    return round(float(np.median(values)), 3)


# ---- files --------------------------------------------------------------------------------------------------------


def recording(number: int, seed: int) -> Samples:
    """The *number*-th: 6 to 39 s at 48 kHz, full scale 1.0, each with something that a commune's files have."""
    random = np.random.default_rng((seed, number))
    seconds = float(random.integers(6, 40))
    made = (speech, music, programme)[number % 3](seconds, seed + number, rate=RATE_HZ)
    sound = made * 10 ** (float(random.uniform(-32, 3)) / 20) / np.abs(made).max()
    spoilt = random.choice(["", "noise", "offset", "clipped", "pauses", "clicks"])
    return np.clip(_spoilt(sound, str(spoilt), random), -1, 1)


def _spoilt(sound: Samples, how: str, random: np.random.Generator) -> Samples:
    peak = float(np.abs(sound).max())
    if how == "noise":
        return sound + random.normal(0, peak / 200, len(sound))
    if how == "offset":
        return sound + float(random.uniform(-0.2, 0.2))
    if how == "clipped":
        return np.clip(sound * 4 / peak, -1, 1)
    if how == "pauses":
        return np.concatenate((np.zeros(3 * RATE_HZ), sound, np.zeros(5 * RATE_HZ)))
    if how == "clicks":
        return np.where(random.random(len(sound)) < 1e-5, np.sign(sound) * min(1.0, 4 * peak), sound)
    return sound


def _file(folder: Path, number: int, seed: int) -> Path:
    way = list(WAYS)[number % len(WAYS)]
    wav = write_wav(folder / f"{number}.made.wav", recording(number, seed), RATE_HZ)
    path = folder / f"{number}.{way}"
    _ffmpeg("-i", wav, *WAYS[way], path)
    return path


# ---- the two ------------------------------------------------------------------------------------------------------


def _both(folder: Path, number: int, seed: int) -> tuple[Result, Result]:
    progress(f"file {number + 1}")
    path = _file(folder, number, seed)
    entry = ingest(path, folder / "library")
    peer = _loudnorm(path, folder / f"{number}.peer.flac")
    plain, mine, theirs = (_pcm(p) for p in (path, entry.path_in(folder / "library"), peer))
    told = any(warning.code in ("too_quiet", "too_peaky") for warning in entry.warnings)
    ours = Result(_measured(mine), len(mine) - entry.frames, told)
    return ours, Result(_measured(theirs), len(theirs) - len(plain))


def _loudnorm(path: Path, flac: Path) -> Path:
    target = f"loudnorm=I={TARGET_LUFS}:TP={CEILING_DBTP}:LRA=20"
    said = _ffmpeg("-i", path, "-ac", "1", "-af", f"{target}:print_format=json", "-f", "null", "-", level="info")
    found = json.loads(said[said.rindex("{") : said.rindex("}") + 1])
    measured = ":".join(f"measured_{key}={found[f'input_{key.lower()}']}" for key in ("I", "TP", "LRA", "thresh"))
    second = f"{target}:{measured}:offset={found['target_offset']}:linear=true"
    _ffmpeg("-i", path, "-ac", "1", "-af", second, "-ar", RATE_HZ, "-sample_fmt", "s16", flac)
    return flac


def _speed(folder: Path, seconds: float) -> list[Row]:
    """One long MP3, as a commune's programme is."""
    progress(f"{seconds / 60:.0f} minutes of MP3")
    wav = write_wav(folder / "long.wav", np.resize(programme(60.0, SEED, RATE_HZ), round(seconds * RATE_HZ)), RATE_HZ)
    path = folder / "long.mp3"
    _ffmpeg("-i", wav, "-ac", "2", "-b:a", "128k", path)
    began = _cpu_s()
    ingest(path, folder / "long")
    ours = _cpu_s() - began
    _loudnorm(path, folder / "long.flac")
    peers = _cpu_s() - began - ours
    times = f"{seconds / 60:.0f} minutes of MP3 taken in"
    return [row("library", times, round(seconds / ours), "× real time", peer=(PEER, round(seconds / peers)))]


def _cpu_s() -> float:
    """Of this process and its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _measured(pcm: np.ndarray[tuple[int], np.dtype[np.int16]]) -> Loudness:
    meter = LoudnessMeter()
    meter.push(pcm)
    return meter.so_far()


def _pcm(path: Path) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    command = ["ffmpeg", "-v", "error", "-i", path, "-ac", "1", "-ar", str(RATE_HZ), "-f", "s16le", "-"]
    return np.frombuffer(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout, np.int16)


def _ffmpeg(*arguments: object, level: str = "error") -> str:
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-v", level, "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True).stderr
