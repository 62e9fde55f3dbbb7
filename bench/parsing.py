"""What a hostile sheet costs the sound: playout plays on while another process parses such files without a pause.

Programmes of one second follow one another, first alone, then while ``smartradio schedule check`` reads a workbook of a
million rows again and again. Told of both: playout's processor time, and when each programme was on the sink (an
independent recording, dated as in ``start``) against when it was planned.
"""

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openpyxl

from bench.cost import cpu_s
from bench.rows import Row, progress, row
from bench.schedule import hostile_parts, with_parts
from bench.start import CALIBRATION_IMPULSES, Bursts, Ear, Start, play_impulses
from bench.takeover import BURST_S, back_to_back
from firmware_py.demo.rig import RigSettings
from tests.station.station import Station

ALLOWED_MS = 5.0


def rows(quick: bool) -> list[Row]:
    pairs = 10 if quick else 30
    settings = RigSettings(console_port=0, processes=("playout",))
    with tempfile.TemporaryDirectory(prefix="bench-parsing-") as name, Station(Path(name), settings) as station:
        folder = Path(name)
        ear = Ear(station.sound)
        time.sleep(2.5)
        calibration = play_impulses(station.sound, CALIBRATION_IMPULSES // 2)
        station.start()
        bursts = Bursts(folder, BURST_S)
        alone = _measured(station, bursts, pairs)
        with _parsing(folder) as parsed:
            beside = _measured(station, bursts, pairs)
        heard = ear.finish(calibration)
        found = {"alone": alone, "beside hostile sheets": beside}
        made = [
            _cpu_row(beside[0], alone[0], pairs),
            row("parsing", "hostile sheets parsed meanwhile", len(parsed), ""),
        ]
        for what, (_, starts) in found.items():
            errors_ms = [abs(ms) for ms in heard.errors_ms(starts)]
            allowed = ("allowed", ALLOWED_MS)
            made += [
                row("parsing", f"start error {what}, median", statistics.median(errors_ms), "ms", runs=len(starts)),
                row("parsing", f"start error {what}, worst", max(errors_ms), "ms", peer=allowed, runs=len(starts)),
                row("parsing", f"{what}: not found in the recording", len(starts) - len(errors_ms), "starts"),
            ]
        return made


def _cpu_row(beside: float, alone: float, runs: int) -> Row:
    return row("parsing", "playout's CPU beside hostile sheets", beside, "s/min", peer=("alone", alone), runs=runs)


def _measured(station: Station, bursts: Bursts, pairs: int) -> tuple[float, list[Start]]:
    """Playout's CPU seconds a minute while so many programmes are played, and when they were planned."""
    before_s, began_s = cpu_s(station.pid("playout")), time.monotonic()
    starts = back_to_back(station, bursts, pairs)
    return (cpu_s(station.pid("playout")) - before_s) / (time.monotonic() - began_s) * 60, starts


@contextmanager
def _parsing(folder: Path) -> Iterator[list[int]]:
    """Read hostile workbooks in another process as long as the body runs; the exit codes so far."""
    plain, hostile = folder / "plain.xlsx", folder / "hostile.xlsx"
    openpyxl.Workbook().save(plain)
    with_parts(plain, hostile, hostile_parts()["a million rows"])
    command = [sys.executable, "-m", "firmware_py.cli", "schedule", "check", str(hostile)]
    done, codes = threading.Event(), []

    def run() -> None:
        while not done.is_set():
            codes.append(subprocess.run(command, capture_output=True, check=False).returncode)

    progress("hostile sheets are parsed beside it")
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield codes
    finally:
        done.set()
        thread.join()
