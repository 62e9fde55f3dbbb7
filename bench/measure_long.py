"""What `smartradio measure` needs for eight hours, beside ten minutes: memory must not know the length.

Each is a process of its own, which says at its end what the kernel counted of it: VmHWM (``ru_maxrss`` would be that of
its parent, if it was larger) and CPU time. A minute of programme in ten, 5 s off air in each second of them, hiss
throughout; written to disk in pieces, 8 kHz.
"""

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
MEASURE_AND_TELL = """
import re, sys, time
from firmware_py.cli import main
code = main(sys.argv[2:])
kib = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
open(sys.argv[1], "w").write(f"{kib} {time.process_time()}")
sys.exit(code)
"""


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
        picture = used(Path(folder), SHORT_MIN, plot=True)  # drawing needs more than measuring, and would hide growth
        progress(f"{hours} h")
        long = used(Path(folder), hours * 60)
    return [
        row("measure_long", f"peak memory, {SHORT_MIN} min", round(short.peak_mib, 1), "MiB"),
        row("measure_long", f"peak memory, {SHORT_MIN} min, with a picture", round(picture.peak_mib, 1), "MiB"),
        row("measure_long", f"peak memory, {hours} h", round(long.peak_mib, 1), "MiB"),
        row("measure_long", "growth", round(long.peak_mib - short.peak_mib, 1), "MiB"),
        row("measure_long", f"CPU an hour of recording, {SHORT_MIN} min", round(short.cpu_s * 60 / SHORT_MIN, 1), "s"),
        row("measure_long", f"CPU an hour of recording, {hours} h", round(long.cpu_s / hours, 1), "s"),
    ]


def used(folder: Path, minutes: int, *, plot: bool = False, stderr: int | None = None) -> Use:
    """Measure a recording of so many minutes in a process of its own; *stderr* is its terminal."""
    sent, heard = write(folder, minutes)
    told = folder / "use"
    command = [sys.executable, "-c", MEASURE_AND_TELL, str(told), "measure", str(sent), str(heard), "--json"]
    command += ["--plot", str(folder / "long.png")] if plot else []
    with (folder / "answer.json").open("wb") as answer:
        subprocess.run(command, stdout=answer, stderr=stderr, check=True)
    peak_kib, cpu_s = told.read_text(encoding="ascii").split()
    return Use(float(peak_kib) / MIB, float(cpu_s))


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
