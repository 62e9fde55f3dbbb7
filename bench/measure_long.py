"""What `smartradio measure --plot` needs for eight hours, beside ten minutes: memory must not know the length.

Each is a process of its own; peak resident memory and CPU time are the kernel's (``wait4``). A minute of programme in
ten, 5 s off air in each second of them, hiss throughout; written to disk in pieces, 8 kHz.
"""

import os
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.recordings import as_int16, programme, resample
from bench.rows import Row, progress, row

RATE = 8_000
SHORT_MIN = 10
DELAY_MS = 300
MIB = 1_024.0


@dataclass(frozen=True, slots=True)
class Use:
    """Of one run."""

    peak_mib: float
    cpu_s: float


def rows(quick: bool) -> list[Row]:
    """``quick``: one hour in place of eight."""
    hours = 1 if quick else 8
    with tempfile.TemporaryDirectory(prefix="smartradio-long-") as folder:
        progress(f"{SHORT_MIN} min")
        short = used(Path(folder), SHORT_MIN)
        progress(f"{hours} h")
        long = used(Path(folder), hours * 60)
    return [
        row("measure_long", f"peak memory, {SHORT_MIN} min", round(short.peak_mib, 1), "MiB"),
        row("measure_long", f"peak memory, {hours} h", round(long.peak_mib, 1), "MiB"),
        row("measure_long", "growth", round(long.peak_mib - short.peak_mib, 1), "MiB"),
        row("measure_long", f"CPU an hour of recording, {SHORT_MIN} min", round(short.cpu_s * 60 / SHORT_MIN, 1), "s"),
        row("measure_long", f"CPU an hour of recording, {hours} h", round(long.cpu_s / hours, 1), "s"),
    ]


def used(folder: Path, minutes: int, stderr: int | None = None) -> Use:
    """Measure a recording of so many minutes in a process of its own, with a picture; *stderr* is its terminal."""
    sent, heard = write(folder, minutes)
    command = [sys.executable, "-m", "firmware_py.cli", "measure", str(sent), str(heard), "--json"]
    with (folder / "answer.json").open("wb") as answer:
        process = subprocess.Popen([*command, "--plot", str(folder / "long.png")], stdout=answer, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"measure ended with {process.returncode}")
    return Use(usage.ru_maxrss / MIB, usage.ru_utime + usage.ru_stime)


def write(folder: Path, minutes: int) -> tuple[Path, Path]:
    """SENT and HEARD, a minute at a time."""
    paths = folder / "sent.wav", folder / "heard.wav"
    with wave.open(str(paths[0]), "wb") as sent, wave.open(str(paths[1]), "wb") as heard:
        for file in (sent, heard):
            file.setparams((1, 2, RATE, 0, "NONE", ""))
        heard.writeframes(bytes(2 * RATE * DELAY_MS // 1_000))
        for said, came_back in _minutes(minutes):
            sent.writeframes(said.tobytes())
            heard.writeframes(came_back.tobytes())
    return paths


def _minutes(count: int) -> Iterator[tuple[NDArray[np.int16], NDArray[np.int16]]]:
    sound = as_int16(resample(programme(60.0, 5), 16_000, RATE))
    nothing = np.zeros(60 * RATE, np.int16)
    random = np.random.default_rng(8)
    for minute in range(count):
        said = nothing if minute % 10 else sound
        air = said.copy()
        if minute % 20 == 0:
            air[20 * RATE : 25 * RATE] = 0
        hiss = np.rint(random.standard_normal(len(air)) * 30).astype(np.int16)
        yield said, np.clip(air, -32_000, 32_000) + hiss
