"""How soon an alert is on the sink, and what lies between two programmes that follow one another.

A playout process plays a programme; CAP documents with their own audio are renamed into the spool at odd instants, read
by the console's thread, and handed to playout. Each one's audio is a burst of noise that no other has, found in an
independent recording of the sink's monitor, whose frames are dated as in ``start``. Beside it the same without the
reading: requests as that thread drops them. Then programmes follow one another without a pause between: the gap is
counted in frames of that recording, from the last sample of one to the first of the next.
"""

import base64
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from audio.library import ingest, ingest_at_once
from bench.rows import Row, progress, row
from bench.start import CALIBRATION_IMPULSES, NS_PER_MS, Bursts, Ear, Heard, Start, play_impulses
from firmware_py import spool
from firmware_py.demo.rig import RigSettings
from scheduler.clock import STATION_TZ
from tests.station.station import Broadcast, Station

ALLOWED_MS = 1_000.0
ALLOWED_GAP_MS = 5.0
BURST_S = 1
CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier><sender>bench</sender>
<sent>{sent}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><language>vi-VN</language>
<category>Met</category><event>Bão</event><urgency>Immediate</urgency><severity>Extreme</severity>
<certainty>Observed</certainty><headline>Bão khẩn cấp</headline><resource><resourceDesc>Lời đọc</resourceDesc>
<mimeType>audio/wav</mimeType><derefUri>{audio}</derefUri></resource></info></alert>"""
SPACING_S = 4.0


def rows(quick: bool) -> list[Row]:
    alerts, pairs = (4, 2) if quick else (20, 10)
    settings = RigSettings(console_port=0, processes=("playout", "console"))
    with tempfile.TemporaryDirectory(prefix="bench-takeover-") as name, Station(Path(name), settings) as station:
        ear = Ear(station.sound)
        time.sleep(2.5)
        calibration = play_impulses(station.sound, CALIBRATION_IMPULSES // 2)
        station.start()
        bursts = Bursts(Path(name), BURST_S)
        taken = _take_over(station, bursts, alerts)
        edges = back_to_back(station, bursts, pairs)
        heard = ear.finish(calibration)
        return [*(row for what in taken for row in _alert_rows(heard, what, taken[what])), *_gap_rows(heard, edges)]


def _alert_rows(heard: Heard, what: str, starts: Sequence[Start]) -> list[Row]:
    waits_ms, runs = heard.errors_ms(starts), len(starts)
    return [
        row("takeover", f"{what} to the sink, median", statistics.median(waits_ms), "ms", runs=runs),
        row("takeover", f"{what} to the sink, worst", max(waits_ms), "ms", peer=("allowed", ALLOWED_MS), runs=runs),
        row("takeover", f"{what}: not found in the recording", runs - len(waits_ms), "alerts", runs=runs),
    ]


def _gap_rows(heard: Heard, edges: Sequence[Start]) -> list[Row]:
    frames = [frame for start in edges if (frame := heard.find(start)) is not None]
    gaps_ms = [(b - a) / 48 - BURST_S * 1_000 for a, b in itertools.pairwise(frames)]
    worst = max(map(abs, gaps_ms))
    return [
        row("takeover", "back to back: worst gap", worst, "ms", peer=("allowed", ALLOWED_GAP_MS), runs=len(gaps_ms))
    ]


def _take_over(station: Station, bursts: Bursts, alerts: int) -> dict[str, list[Start]]:
    """Alerts at odd instants over a running programme; when each was dropped."""
    lasts_s = round(2 * alerts * SPACING_S) + 10
    station.file("nen.wav", lasts_s)
    station.plan(Broadcast("Nền", "nen.wav", 3, lasts_s))
    station.wait_on_air("Nền")
    dice = random.Random(3)
    taken: dict[str, list[Start]] = {"alert, from a CAP file's rename": [], "alert, from the request's": []}
    for n in range(alerts):
        for (what, starts), drop in zip(taken.items(), (_drop_cap, _drop_request), strict=True):
            progress(f"{what}: {n + 1} of {alerts}")
            path, fingerprint = bursts.next_wav()
            time.sleep(SPACING_S - BURST_S + dice.random())
            starts.append(Start(fingerprint, drop(station, path)))
    time.sleep(SPACING_S)
    return taken


def _drop_request(station: Station, path: Path) -> int:
    """As the alerts' thread drops it; when (CLOCK_MONOTONIC)."""
    entry, now = ingest_at_once(path, station.rig.state_dir / "library"), datetime.now(STATION_TZ)
    body = {"alert": f"bench,{path.stem},now", "title": path.stem, "source": entry.name, "class": "emergency"}
    body["expires_at"] = (now + timedelta(minutes=5)).isoformat()
    dropped_ns = time.monotonic_ns()
    spool.drop(station.rig.state_dir / "spool", "alerts", "alert", "bench", now, **body, duration_ms=BURST_S * 1_000)
    return dropped_ns


def _drop_cap(station: Station, path: Path) -> int:
    """As a person or a program renames it into the folder; when."""
    sent = datetime.now(STATION_TZ).isoformat(timespec="seconds")
    text = CAP.format(identifier=path.stem, sent=sent, audio=base64.b64encode(path.read_bytes()).decode())
    folder = station.rig.state_dir / "spool" / "alerts"
    (folder / ".cap.part").write_text(text, encoding="utf-8")
    dropped_ns = time.monotonic_ns()
    (folder / ".cap.part").rename(folder / f"{path.stem}.cap")
    return dropped_ns


def back_to_back(station: Station, bursts: Bursts, pairs: int) -> list[Start]:
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
