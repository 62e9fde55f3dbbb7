"""A whole station under test: real sound server, broker, collector and the four processes, and the words to tell a day.

Every test has a station of its own in its own folder, with a sound server of its own: tests may run side by side.
"""

import json
import os
import signal
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from audio.library import ingest
from firmware_py.demo.rig import STATION_ID, Rig, RigSettings
from firmware_py.demo.samples import music
from firmware_py.demo.soundserver import SoundServer
from firmware_py.spool import drop
from scheduler.clock import STATION_TZ
from scheduler.conduct import PLAIN, Conduct
from scheduler.occurrence import Kind
from scheduler.timetable import Dates, Item, Slot, Timetable
from telemetry.facts import Fact
from telemetry.ledger_store import LedgerReader
from telemetry.readers import PlayoutReader
from telemetry.upstream.archive import ArchiveReader

RATE_HZ = 48_000
SETTLES_WITHIN_S = 45.0  # an account is closed this long after its slot at the latest


@dataclass(frozen=True)
class Broadcast:
    """A planned programme: starts *after_s* seconds from the planning, at a whole second."""

    title: str
    file: str
    after_s: int
    lasts_s: int
    kind: Kind = Kind.OWN
    conduct: Conduct = PLAIN
    session: str = ""


class Station:
    """Words to drive a rig. Use as a context manager."""

    def __init__(self, folder: Path, settings: RigSettings | None = None, environment=None) -> None:
        self.sound = SoundServer(folder / "sound")
        self.rig = Rig(folder, settings or RigSettings(console_port=0), self.sound, environment or {})
        self.now = lambda: datetime.now(STATION_TZ)  # by the station's clock: a test that moves it says so here

    def __enter__(self):
        self.sound.start()
        self.rig.__enter__()
        return self

    def __exit__(self, *error):
        self.rig.__exit__(*error)
        self.sound.stop()

    # -- sounds ------------------------------------------------------------------------------------------------

    def file(self, name: str, seconds: int, seed: int = 1, speech: str = "") -> Path:
        """A programme file in the media folder, taken into the library: speech where a text is given, else music."""
        path = self.rig.media_dir / name
        make_sound(path, seconds, seed, speech)
        ingest(path, self.rig.state_dir / "library")
        return path

    def levelled(self, path: Path) -> Path:
        """The file as the station would send it: as loud as its programmes."""
        library = self.rig.state_dir / "library"
        return ingest(path, library).path_in(library)

    # -- plan --------------------------------------------------------------------------------------------------

    def plan(self, *broadcasts: Broadcast, now: datetime | None = None) -> dict[str, datetime]:
        """Load a timetable with these broadcasts; title → its scheduled start."""
        begins = (now or self.now()).replace(microsecond=0) + timedelta(seconds=1)
        starts = {b.title: begins + timedelta(seconds=b.after_s) for b in broadcasts}
        slots = tuple(
            Slot(
                Dates(frozenset([starts[b.title].date()])),
                starts[b.title].time(),
                Item(b.title, b.lasts_s * 1_000, b.kind, source=b.file, conduct=b.conduct),
                session=b.session,
            )
            for b in broadcasts
        )
        timetable = Timetable("thử", slots).to_json()
        spool = self.rig.state_dir / "spool"
        drop(spool, "cli", "timetable", "thử", self.now(), file="test", timetable=timetable)
        return starts

    # -- life --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """All processes up, and the first word of each heard."""
        self.rig.start_collector()
        self.rig.start_station()
        for name in ("playout", "meter", "ledger"):
            if name in self.rig.settings.processes:
                self.rig.wait_until(lambda name=name: self.rig.live(name).fresh, 20.0, f"{name} speaks")

    def pid(self, name: str) -> int:
        return self.rig.supervisor.children[name].process.pid

    def kill(self) -> None:
        """End all of it at once, without a goodbye: what was to be judged has been."""
        for child in self.rig.supervisor.children.values() if self.rig.supervisor else ():
            if child.process is not None:
                child.process.kill()
        self.rig.stop_collector(kill=True)

    def signal(self, name: str, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid(name), number)

    def watch_for(self, seconds: float) -> None:
        self.rig.watch_for(seconds)

    def wait_for(self, holds, timeout_s: float, what: str) -> float:
        return self.rig.wait_until(holds, timeout_s, what)

    def on_air(self) -> str | None:
        """Title of what playout says it is playing."""
        data = self.rig.live("playout").data.get("on_air")
        return data["programme"] if data else None

    def heard(self) -> str:
        """State of the account channel, by the meter's live word."""
        return next((c["state"] for c in self.rig.live("meter").data.get("channels", []) if c["account"]), "")

    def wait_on_air(self, title: str, timeout_s: float = 30.0) -> None:
        self.wait_for(lambda: self.on_air() == title, timeout_s, f"{title} on air")

    def wait_heard(self, state: str, timeout_s: float = 15.0) -> float:
        return self.wait_for(lambda: self.heard() == state, timeout_s, f"{state} heard")

    def began_ns(self, title: str) -> int:
        """Boottime of the first sample of *title*, as playout journaled it."""
        reader = PlayoutReader(self.rig.state_dir / "playout.db")
        try:
            ids = {o["occurrence"] for o in self.rig.live("playout").data["today"] if o["programme"] == title}
            facts = [fact for id in ids for fact in reader.facts_of(id) if fact.kind is Fact.BEGAN]
        finally:
            reader.close()
        return int(facts[0].detail["sink_ns"])

    # -- accounts ----------------------------------------------------------------------------------------------

    def month(self) -> str:
        return self.now().strftime("%Y-%m")

    def entries(self, kind: str) -> list[dict]:
        """Bodies of the ledger's entries of a kind, in order."""
        reader = LedgerReader(self.rig.state_dir / "ledger.db")
        try:
            return [entry.body for entry in reader.entries_since(0, 100_000) if entry.kind == kind]
        finally:
            reader.close()

    def accounts(self) -> dict[str, dict]:
        """Title → the newest account of its (only) occurrence."""
        return {body["programme"]: body for body in self.entries("airtime")}

    def wait_account(self, title: str, timeout_s: float = SETTLES_WITHIN_S, revision: int = 0) -> dict:
        def revised():
            account = self.accounts().get(title)
            return account is not None and account["revision"] >= revision

        self.wait_for(revised, timeout_s, f"the account of {title}")
        return self.accounts()[title]

    def faults(self) -> set[str]:
        """Codes of every fault that was raised so far."""
        return {body["code"] for body in self.entries("fault") if body["change"] == "raised"}

    def open_faults(self) -> set[str]:
        return {fault["code"] for fault in self.rig.live("ledger").data.get("faults", [])}

    def wait_fault(self, code: str, timeout_s: float) -> float:
        return self.wait_for(lambda: code in self.open_faults(), timeout_s, f"fault {code}")

    def wait_acknowledged(self, timeout_s: float = 30.0) -> int:
        """Until the collector has confirmed everything; the seq."""
        ledger = lambda: self.rig.live("ledger").data  # noqa: E731
        self.wait_for(lambda: 0 < ledger().get("seq", 0) == ledger()["acknowledged_seq"], timeout_s, "all confirmed")
        return ledger()["seq"]

    def airtime(self) -> dict:
        """What ``smartradio airtime --json`` prints."""
        done = self.rig.smartradio("airtime", "--month", self.month(), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def collector_totals(self, upto: int | None = None) -> dict:
        reader = ArchiveReader(self.rig.archive_path)
        try:
            return dict(reader.monthly(STATION_ID, self.month(), upto).totals)
        finally:
            reader.close()


def adds_up(account: dict) -> bool:
    """on air + not on air + unobserved = planned, in the whole and on every day; every part has its causes."""
    parts = [account, *account["days"].values()]
    return all(
        part["on_air_ms"] + part["not_on_air_ms"] + part["unobserved_ms"] == part["planned_ms"]
        and sum(part["not_on_air"].values()) == part["not_on_air_ms"]
        and sum(part["unobserved"].values()) == part["unobserved_ms"]
        for part in parts
    )


def make_sound(path: Path, seconds: int, seed: int = 1, speech: str = "", pause_at: Sequence[tuple[float, float]] = ()):
    """A WAV of exactly *seconds*: spoken text repeated, or music; silent in each (from, to) of *pause_at*."""
    samples = _speech(speech, seed, path.parent) if speech else music(seconds, seed, 4.0)
    whole = np.resize(samples, seconds * RATE_HZ) * (0.5 / max(1e-9, np.max(np.abs(samples))))
    for begin, end in pause_at:
        whole[int(begin * RATE_HZ) : int(end * RATE_HZ)] = 0.0
    wave_of(path, (whole * 32_767).astype("<i2").tobytes())


def wave_of(path: Path, pcm: bytes) -> Path:
    """Write a WAV, 16 bit mono 48 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(pcm)
    return path


def _speech(text: str, seed: int, folder: Path) -> np.ndarray:
    """Spoken by one of espeak-ng's Vietnamese voices, chosen by *seed*, at 48 kHz."""
    voice = ("vi", "vi-vn-x-central", "vi-vn-x-south")[seed % 3]
    spoken = folder / f".speech-{seed}.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", str(140 + seed % 30), "-w", str(spoken), text], check=True)
    raw = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", str(spoken), "-ar", str(RATE_HZ), "-ac", "1", "-f", "s16le", "-"],
        check=True,
        capture_output=True,
    ).stdout
    spoken.unlink()
    return np.frombuffer(raw, "<i2").astype(np.float64)
