"""The meter's memory: with one return channel, for each further one, and what hours of programme with faults add.

PSS of the meter of a real station while it measures, the highest of a minute in which the sink is muted twice: by then
its minute of sound is full. What hours add is taken from a child that hears them as fast as it can.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.cost import pss_mib
from bench.rows import Row, progress, row
from firmware_py.demo.rig import RigSettings
from tests.station.station import Broadcast, Station

FILLS_S, WATCHED_S = 70, 60
FURTHER = 2
HEAR = """
import sys
import numpy as np
from audio.format import BLOCK_FRAMES, RATE_HZ
from audio.loudness import LoudnessMeter
from audio.match import Matcher
from bench.cost import pss_mib

random, matcher = np.random.default_rng(5), Matcher()
loudness = LoudnessMeter(), LoudnessMeter()
late = [np.zeros(BLOCK_FRAMES, np.int16)] * 3
for block in range(int(float(sys.argv[2]) * 60 * RATE_HZ / BLOCK_FRAMES)):
    seconds = block * BLOCK_FRAMES / RATE_HZ
    loud = 300 if int(seconds * 2) % 7 == 0 else 4_000  # a pause now and then
    sent = (random.standard_normal(BLOCK_FRAMES) * loud).astype(np.int16)
    late.append(sent)
    heard = late.pop(0) * (seconds % 60 > 2)
    matcher.push_sent(sent, True)
    matcher.push_heard(heard)
    loudness[0].push(sent)
    loudness[1].push(heard)
    if block % 3 == 0:
        matcher.step()
    if block == int(float(sys.argv[1]) * 60 * RATE_HZ / BLOCK_FRAMES):
        early = pss_mib("self")
print(pss_mib("self") - early)
"""


def rows(quick: bool) -> list[Row]:
    one, more = _pss_of_a_meter(1), _pss_of_a_meter(1 + FURTHER)
    early, late = (2, 10) if quick else (10, 120)
    progress(f"{late} minutes of programme")
    grown = subprocess.run(
        [sys.executable, "-c", HEAR, str(early), str(late)], check=True, capture_output=True, text=True
    )
    return [
        row("meter", "PSS, one return channel", round(one, 1), "MiB"),
        row("meter", "PSS, each further channel", round((more - one) / FURTHER, 1), "MiB", runs=FURTHER),
        row("meter", f"growth from {early} to {late} minutes", round(float(grown.stdout), 2), "MiB"),
    ]


def _pss_of_a_meter(channels: int) -> float:
    ears = tuple((f"ear-{n}", "mon1", n == 0) for n in range(channels))
    settings = RigSettings(processes=("playout", "meter", "ledger"), channels=ears)
    lasts_s = FILLS_S + WATCHED_S + 20
    with tempfile.TemporaryDirectory(prefix="smartradio-meter-") as folder, Station(Path(folder), settings) as station:
        station.file("memory.wav", lasts_s, seed=12)
        station.plan(Broadcast("Đo bộ nhớ", "memory.wav", 6, lasts_s))
        station.start()
        progress(f"{channels} return channel(s), {lasts_s} s")
        station.wait_on_air("Đo bộ nhớ", 30)
        station.watch_for(FILLS_S)
        seen = []
        for second in range(WATCHED_S):
            if second in (10, 14, 30, 32):
                station.sound.mute("air1", muted=second in (10, 30))
            station.watch_for(1)
            seen.append(pss_mib(station.pid("meter")))
    return max(seen)
