"""What the whole station costs: CPU seconds a minute and proportional memory of all its processes, beside Liquidsoap.

Taken from /proc while the station runs for real on a null sink: utime + stime of each process and its children over the
same wall time, PSS from smaps_rollup at its end (shared pages are shared out). The peer plays the same file in the same
minute on a sink of its own, with ``blank.detect`` as its only measurement.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.rows import progress, row
from firmware_py.demo.rig import RigSettings
from firmware_py.demo.soundserver import SoundServer
from tests.station.station import Broadcast, Station

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
MIB = 1024.0
PROCESSES = ("playout", "meter", "ledger", "console")
LIQUIDSOAP = """
settings.init.allow_root.set(true)
programme = single("{file}")
programme = blank.detect(max_blank=5., {{()}}, programme)
output.pulseaudio(device="air2", fallible=true, programme)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a set of processes over one stretch of wall time."""

    cpu_s_per_min: float
    client_s_per_min: float  # of it: the sound server's client library, which a card opened without a server has not
    pss_mib: float
    pss_mib_with_children: float


def rows(quick: bool) -> list[dict[str, Any]]:
    """CPU and memory while a programme plays and is measured, idle, and with playout dead."""
    seconds = 20 if quick else 60
    with tempfile.TemporaryDirectory(prefix="smartradio-cost-") as folder, _station(Path(folder), seconds) as station:
        progress(f"a programme plays and is measured, {seconds} s")
        station.wait_on_air("Đo chi phí", 30)
        station.watch_for(8)
        with _liquidsoap(station.sound, station.rig.media_dir / "cost.wav") as peer:
            station.watch_for(2)
            playing, peers = _measured(station, seconds, peer)
        progress(f"idle, {seconds} s")
        station.wait_for(lambda: station.on_air() is None, 60, "the programme's end")
        station.watch_for(20)
        idle, _ = _measured(station, seconds, None)
        progress(f"playout dead, {seconds} s")
        dead = _with_playout_dead(station, seconds)
    name = "Liquidsoap, blank.detect only"
    liquidsoap = None if peers is None else (name, round(peers.cpu_s_per_min, 2))
    memory = None if peers is None else (name, round(peers.pss_mib, 1))
    return [
        row("cost", "CPU, programme played and measured", round(playing.cpu_s_per_min, 2), "s/min", peer=liquidsoap),
        row("cost", "of it in the sound server's client library", round(playing.client_s_per_min, 2), "s/min"),
        row("cost", "PSS of the station's processes", round(playing.pss_mib, 1), "MiB", peer=memory),
        row("cost", "PSS with their children", round(playing.pss_mib_with_children, 1), "MiB"),
        row("cost", "CPU, idle", round(idle.cpu_s_per_min, 2), "s/min"),
        row("cost", "PSS, idle", round(idle.pss_mib, 1), "MiB"),
        row("cost", "CPU, playout dead", round(dead.cpu_s_per_min, 2), "s/min"),
    ]


@contextmanager
def _station(folder: Path, seconds: int) -> Iterator[Station]:
    with Station(folder, RigSettings(console_port=0)) as station:
        lasts_s = seconds + 30
        station.file("cost.wav", lasts_s, seed=11)
        station.plan(Broadcast("Đo chi phí", "cost.wav", 6, lasts_s))
        station.start()
        yield station


@contextmanager
def _liquidsoap(sound: SoundServer, file: Path) -> Iterator[int | None]:
    """Liquidsoap's pid, playing on the other sink; None where it is not installed."""
    script = file.with_suffix(".liq")
    script.write_text(LIQUIDSOAP.format(file=file), encoding="utf-8")
    environment = {**os.environ, **sound.env, "HOME": str(file.parent)}
    try:
        process = subprocess.Popen(
            ["liquidsoap", str(script)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except FileNotFoundError:
        yield None
        return
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _measured(station: Station, seconds: int, peer: int | None) -> tuple[Cost, Cost | None]:
    """Our processes and, over the same time, the peer's."""
    ours = [station.pid(name) for name in PROCESSES if station.rig.supervisor.children[name].process]
    before = {pid: cpu_s(pid) for pid in (*ours, *([peer] if peer else []))}
    client_before = sum(map(_client_cpu_s, ours))
    started = time.monotonic()
    station.watch_for(seconds)
    minutes = (time.monotonic() - started) / 60
    used = {pid: cpu_s(pid) - cpu for pid, cpu in before.items()}
    client = (sum(map(_client_cpu_s, ours)) - client_before) / minutes
    memory = sum(map(pss_mib, ours)), sum(map(_tree_pss_mib, ours))
    mine = Cost(sum(used[pid] for pid in ours) / minutes, client, *memory)
    theirs = Cost(used[peer] / minutes, 0.0, pss_mib(peer), _tree_pss_mib(peer)) if peer else None
    return mine, theirs


def _with_playout_dead(station: Station, seconds: int) -> Cost:
    """Stopped dead: it neither writes nor is started anew."""
    os.kill(station.pid("playout"), signal.SIGSTOP)
    try:
        cost, _ = _measured(station, seconds, None)
        return cost
    finally:
        os.kill(station.pid("playout"), signal.SIGCONT)


def cpu_s(pid: int) -> float:
    """User and system time of a process, its finished children and its living ones."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    own = sum(int(fields[n]) for n in (11, 12, 13, 14)) / TICKS_PER_S
    return own + sum(map(cpu_s, _children(pid)))


def _client_cpu_s(pid: int) -> float:
    """Of libpulse's threads in a process: it is woken for each of the server's blocks, 15 ms on our null sink."""
    stats = (task / "stat" for task in Path(f"/proc/{pid}/task").iterdir())
    fields = (stat.read_text(encoding="utf-8").rpartition(")")[2].split() for stat in stats if _is_client(stat.parent))
    return sum(int(of[11]) + int(of[12]) for of in fields) / TICKS_PER_S


def _is_client(task: Path) -> bool:
    return (task / "comm").read_text(encoding="utf-8").startswith("threaded-ml")


def pss_mib(pid: int | str) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / MIB
    return 0.0


def _tree_pss_mib(pid: int | str) -> float:
    return pss_mib(pid) + sum(map(_tree_pss_mib, _children(pid)))


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
        except FileNotFoundError:
            continue
    return found
