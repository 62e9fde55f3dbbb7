"""How soon an alert is on the sink, and what lies between two programmes that follow one another.

A playout process plays a programme; alerts are dropped into its spool by a rename, as the alerts' reader does, at odd
instants. Each alert is a burst of noise that no other has, found in an independent recording of the sink's monitor,
whose frames are dated as in ``start``. Then programmes follow one another without a pause between: the gap is counted
in frames of that recording, from the last sample of one to the first of the next.
"""

import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from audio.library import ingest
from bench.rows import Row, progress, row
from bench.start import CALIBRATION_IMPULSES, NS_PER_MS, Bursts, Ear, Heard, Start, play_impulses
from firmware_py import spool
from firmware_py.demo.rig import RigSettings
from scheduler.clock import STATION_TZ
from tests.station.station import Broadcast, Station

ALLOWED_MS = 1_000.0
ALLOWED_GAP_MS = 5.0
BURST_S = 1
SPACING_S = 4.0


def rows(quick: bool) -> list[Row]:
    alerts, pairs = (4, 2) if quick else (20, 10)
    settings = RigSettings(console_port=0, processes=("playout",))
    with tempfile.TemporaryDirectory(prefix="bench-takeover-") as name, Station(Path(name), settings) as station:
        ear = Ear(station.sound)
        time.sleep(2.5)
        calibration = play_impulses(station.sound, CALIBRATION_IMPULSES // 2)
        station.start()
        bursts = Bursts(Path(name), BURST_S)
        taken = _take_over(station, bursts, alerts)
        edges = _back_to_back(station, bursts, pairs)
        heard = ear.finish(calibration)
        return [*_alert_rows(heard.errors_ms(taken), alerts), *_gap_rows(heard, edges)]


def _alert_rows(waits_ms: Sequence[float], asked: int) -> list[Row]:
    allowed = ("allowed", ALLOWED_MS)
    return [
        row("takeover", "alert: from the rename to the sink, median", statistics.median(waits_ms), "ms", runs=asked),
        row("takeover", "alert: worst", max(waits_ms), "ms", peer=allowed, runs=asked),
        row("takeover", "alerts not found in the recording", asked - len(waits_ms), "alerts", runs=asked),
    ]


def _gap_rows(heard: Heard, edges: Sequence[Start]) -> list[Row]:
    frames = [frame for start in edges if (frame := heard.find(start)) is not None]
    gaps_ms = [(b - a) / 48 - BURST_S * 1_000 for a, b in itertools.pairwise(frames)]
    worst = max(map(abs, gaps_ms))
    return [
        row("takeover", "back to back: worst gap", worst, "ms", peer=("allowed", ALLOWED_GAP_MS), runs=len(gaps_ms))
    ]


def _take_over(station: Station, bursts: Bursts, alerts: int) -> list[Start]:
    """Alerts at odd instants over a running programme; when each was dropped."""
    lasts_s = round(alerts * SPACING_S) + 10
    station.file("nen.wav", lasts_s)
    station.plan(Broadcast("Nền", "nen.wav", 3, lasts_s))
    station.wait_on_air("Nền")
    dice, taken = random.Random(3), []
    for n in range(alerts):
        progress(f"alert {n + 1} of {alerts}")
        path, fingerprint = bursts.next_wav()
        entry = ingest(path, station.rig.state_dir / "library")
        time.sleep(SPACING_S - BURST_S + dice.random())
        body = {"alert": f"bench,{n},now", "title": f"Báo động {n}", "source": entry.name, "class": "emergency"}
        expires = datetime.now(STATION_TZ) + timedelta(minutes=5)
        dropped_ns = time.monotonic_ns()
        where = station.rig.state_dir / "spool"
        spool.drop(where, "alerts", "alert", "bench", datetime.now(STATION_TZ), **body, duration_ms=BURST_S * 1_000,
                   expires_at=expires.isoformat())  # fmt: skip
        taken.append(Start(fingerprint, dropped_ns))
    time.sleep(SPACING_S)
    return taken


def _back_to_back(station: Station, bursts: Bursts, pairs: int) -> list[Start]:
    """Programmes of one second, one after another; their scheduled instants."""
    progress("programmes that follow one another")
    made = [bursts.next_wav() for _ in range(pairs + 1)]
    for path, _ in made:
        ingest(path, station.rig.state_dir / "library")
    first_s = 6
    titles = [Broadcast(path.stem, path.name, first_s + n * BURST_S, BURST_S) for n, (path, _) in enumerate(made)]
    planned_ns = time.monotonic_ns() - time.time_ns()
    starts = station.plan(*titles)
    time.sleep(first_s + len(made) * BURST_S + 4)
    wanted = [round(starts[path.stem].timestamp() * 1_000) * NS_PER_MS + planned_ns for path, _ in made]
    return [Start(fingerprint, at) for (_, fingerprint), at in zip(made, wanted, strict=True)]
