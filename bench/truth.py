"""What was on air: our record, and what mpv, MPD and Liquidsoap claim, beside what each sink really carried.

All four play the same programme in the same minute, each on a sink of its own. All sinks are muted for a while, later
all four players stand still (SIGSTOP) for a while. An independent recording of each sink's monitor decides: the
programme is never quite silent, so what the sink carried is what is not silent in the recording, to the millisecond.
A claim is what each says of itself: ours the settled account, mpv its ``time-pos``, MPD the ``elapsed`` of its status,
Liquidsoap the time between its track's beginning and its output's stop.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from audio.format import RATE_HZ
from audio.library import ingest
from bench import mpd
from bench.rows import Row, progress, row
from firmware_py.demo.rig import RigSettings
from firmware_py.demo.soundserver import MonitorRecorder, SoundServer
from scheduler.clock import STATION_TZ
from tests.station.station import Broadcast, Station, make_sound

DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
TITLE = "Bản tin"
SPEECH = (
    "Đây là Đài truyền thanh xã. Mời bà con nghe bản tin. Hợp tác xã bắt đầu lấy nước đổ ải cho vụ đông xuân, mời các "
    "hộ ra đồng đắp bờ, giữ nước. Trạm y tế xã tiêm chủng cho trẻ em dưới hai tuổi vào sáng thứ năm. Hội khuyến học xã "
    "phát thưởng cho học sinh giỏi vào chiều chủ nhật tại nhà văn hóa. Ủy ban nhân dân xã thông báo lịch cắt điện để "
    "sửa chữa đường dây từ bảy giờ đến mười một giờ. Đề nghị các hộ chăn nuôi che chắn chuồng trại cho trâu bò. "
    "Ban công an xã nhắc nhở bà con khóa cửa, trông coi xe máy khi đi chợ phiên cuối năm. Đội bóng chuyền thôn Đông "
    "tập luyện mỗi buổi tối, mời thanh niên trong thôn tham gia. Hợp tác xã nhận đăng ký giống lúa mới đến hết tuần."
)
ROOM = 300  # of 32768: the noise of the room under the speech
AUDIBLE = 30  # RMS of a block of the recording
BLOCK_FRAMES = RATE_HZ // 1_000
POLL_S = 0.1
ORDER_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Course:
    """What happens, in seconds from the scheduled start."""

    content_s: int
    mute: tuple[int, int]
    freeze: tuple[int, int]

    @property
    def slot_s(self) -> int:
        """As long as the programme takes with its freeze: it goes on where it stood still."""
        return self.content_s + self.freeze[1] - self.freeze[0]

    @property
    def acts(self) -> list[tuple[int, str]]:
        return [(self.mute[0], "mute"), (self.mute[1], "unmute"), (self.freeze[0], "freeze"), (self.freeze[1], "thaw")]


FULL = Course(60, mute=(15, 30), freeze=(40, 50))
QUICK = Course(30, mute=(6, 13), freeze=(18, 27))


def rows(quick: bool) -> list[Row]:
    course = QUICK if quick else FULL
    with tempfile.TemporaryDirectory(prefix="smartradio-truth-") as name, _station(Path(name), course) as station:
        peers = [kind(station.sound, station.rig.media_dir) for kind in (Mpv, Mpd, Liquidsoap) if kind.installed()]
        carried_s = _run(station, peers, course)
        progress("the account is settled")
        account = station.wait_account(TITLE, 90)
        return _rows(account, station.faults(), peers, carried_s)


def _rows(account: dict[str, Any], faults: set[str], peers: Sequence["Peer"], carried_s: dict[str, float]) -> list[Row]:
    ours, truth = account["on_air_ms"] / 1_000, carried_s["air1"]
    seen = [("mute", "dead_air" in faults and "dead_air" in account["not_on_air"])]
    seen += [("freeze", "playout_down" in faults and "frozen" in account["not_on_air"])]
    result = [
        row("truth", "our record of what was on air", ours, "s", peer=("carried by the sink", truth)),
        row("truth", "our error", round(ours - truth, 3), "s", peer=("allowed", 0.1)),
        row("truth", "faults named, of mute and freeze", sum(named for _, named in seen), "faults"),
        row("truth", "played, by our own count of samples", account["played_ms"] / 1_000, "s"),
    ]
    for peer in peers:
        carried = ("carried by its sink", carried_s[peer.sink])
        result.append(row("truth", f"{peer.name} claims", round(peer.claim_s, 2), "s", peer=carried))
    return result


# ---- the run --------------------------------------------------------------------------------------------------------


@contextmanager
def _station(folder: Path, course: Course) -> Iterator[Station]:
    with Station(folder, RigSettings(console_port=0, processes=("playout", "meter", "ledger"))) as station:
        _make_programme(station.rig.media_dir / "truth.wav", course.content_s)
        ingest(station.rig.media_dir / "truth.wav", station.rig.state_dir / "library")
        for sink in ("air3", "air4"):
            station.sound.reload_sink(sink)
        station.start()
        yield station


def _make_programme(path: Path, seconds: int) -> None:
    make_sound(path, seconds, 3, SPEECH)
    with wave.open(str(path)) as file:
        parameters, voice = file.getparams(), np.frombuffer(file.readframes(file.getnframes()), "<i2")
    room = np.random.default_rng(1).normal(0, ROOM, len(voice))
    with wave.open(str(path), "wb") as file:
        file.setparams(parameters)
        file.writeframes((voice + room).astype("<i2").tobytes())


def _run(station: Station, peers: Sequence["Peer"], course: Course) -> dict[str, float]:
    """Play, mute and freeze; seconds that each sink carried."""
    program = station.rig.media_dir / "truth.wav"
    sinks = ["air1", *(peer.sink for peer in peers)]
    with ExitStack() as stack:
        for peer in peers:
            stack.enter_context(peer.running())
        starts = station.plan(Broadcast(TITLE, "truth.wav", 6, course.slot_s))
        recorders = {sink: MonitorRecorder(station.sound, sink) for sink in sinks}
        _wait_until(starts[TITLE], 0.0, station, ())
        for peer in peers:
            peer.play(program)
        for second, act in course.acts:
            _wait_until(starts[TITLE], second, station, peers)
            _do(act, station, peers, sinks)
        _wait_until(starts[TITLE], course.slot_s + 6, station, peers)
        return {sink: _carried_s(recorder.finish()[0]) for sink, recorder in recorders.items()}


def _wait_until(start: datetime, second: float, station: Station, asked: Sequence["Peer"]) -> None:
    """Let the day go on until so long after *start*, asking the peers how far they are."""
    while (elapsed := (datetime.now(STATION_TZ) - start).total_seconds()) < second:
        progress(f"{elapsed:.0f} s of {second:.0f} s to the next act")
        station.watch_for(POLL_S)
        for peer in asked:
            peer.ask()


def _do(act: str, station: Station, peers: Sequence["Peer"], sinks: Sequence[str]) -> None:
    if act in ("mute", "unmute"):
        for sink in sinks:
            station.sound.mute(sink, act == "mute")
        return
    number = signal.SIGSTOP if act == "freeze" else signal.SIGCONT
    station.signal("playout", number)
    for peer in peers:
        os.kill(peer.pid, number)


def _carried_s(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    blocks = samples[: len(samples) // BLOCK_FRAMES * BLOCK_FRAMES].reshape(-1, BLOCK_FRAMES)
    return float(np.count_nonzero(np.sqrt(np.mean(blocks**2, 1)) > AUDIBLE)) * BLOCK_FRAMES / RATE_HZ


# ---- peers ----------------------------------------------------------------------------------------------------------


class Peer:
    """A player on a sink of its own, that is told to play the programme and asked how much it has played."""

    name = program = sink = ""

    def __init__(self, sound: SoundServer, folder: Path) -> None:
        self.sound = sound
        self.folder = folder
        self.claim_s = 0.0
        self.pid = 0

    @classmethod
    def installed(cls) -> bool:
        return shutil.which(cls.program) is not None

    @property
    def socket(self) -> Path:
        return self.folder / f"{self.program}.socket"

    @contextmanager
    def running(self) -> Iterator[None]:
        environment = {**os.environ, **self.sound.env, "HOME": str(self.folder)}
        with self.output.open("wb") as log:
            process = subprocess.Popen(
                [*DIES_WITH_US, *self.command()], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.pid = process.pid
        try:
            progress(f"{self.name}: starting it")
            _until(self.socket.exists, 20.0)
            yield
            self.ask()
        finally:
            process.kill()
            process.wait()

    @property
    def output(self) -> Path:
        return self.folder / f"{self.program}.out"

    def command(self) -> list[str]:
        raise NotImplementedError

    def play(self, file: Path) -> None:
        raise NotImplementedError

    def ask(self) -> None:
        """Bring the claim up to date. A player that stands still says nothing."""
        raise NotImplementedError

    def say(self, line: str, timeout_s: float = 0.2) -> str:
        """Its answer; empty where it gives none in time, or is gone."""
        with socket.socket(socket.AF_UNIX) as wire, contextlib.suppress(OSError):
            wire.settimeout(timeout_s)
            wire.connect(str(self.socket))
            answer = wire.recv(4_096) if self.greets else b""
            wire.sendall(f"{line}\n".encode())
            return (answer + wire.recv(65_536)).decode(errors="replace")
        return ""

    greets = False


class Mpv(Peer):
    name, program, sink = "mpv (time-pos)", "mpv", "air2"

    def command(self) -> list[str]:
        options = ["--no-config", "--idle", "--no-video", "--no-terminal", "--ao=pulse"]
        return ["mpv", *options, f"--audio-device=pulse/{self.sink}", f"--input-ipc-server={self.socket}"]

    def play(self, file: Path) -> None:
        self.say(json.dumps({"command": ["loadfile", str(file)]}), ORDER_TIMEOUT_S)

    def ask(self) -> None:
        answer = re.search(r'"data":([0-9.]+)', self.say(json.dumps({"command": ["get_property", "time-pos"]})))
        self.claim_s = max(self.claim_s, float(answer[1]) if answer else 0.0)


class Mpd(Peer):
    name, program, sink, greets = "MPD (elapsed)", "mpd", "air3", True

    def command(self) -> list[str]:
        return mpd.command(self.folder, self.socket, self.sound, self.sink)

    def play(self, file: Path) -> None:
        self.say(f'command_list_begin\nclear\naddid "file://{file}"\nplay 0\ncommand_list_end', ORDER_TIMEOUT_S)

    def ask(self) -> None:
        answer = re.search(r"elapsed: ([0-9.]+)", self.say("status"))
        self.claim_s = max(self.claim_s, float(answer[1]) if answer else 0.0)


class Liquidsoap(Peer):
    """Says when its track began and when its output had no more: how long it takes the track to have lasted."""

    name, program, sink = "Liquidsoap (on_track to on_stop)", "liquidsoap", "air4"

    def command(self) -> list[str]:
        script = self.folder / "truth.liq"
        script.write_text(
            f"settings.init.allow_root.set(true)\nsettings.frame.audio.samplerate.set({RATE_HZ})\n"
            f'settings.server.socket.set(true)\nsettings.server.socket.path.set("{self.socket}")\n'
            'queue = request.queue(id="q")\n'
            'queue.on_track(fun (_) -> print("began #{time()}"))\n'
            'def stopped() = print("stopped #{time()}") end\n'
            f'output.pulseaudio(device="{self.sink}", fallible=true, on_stop=stopped, queue)\n',
            encoding="utf-8",
        )
        return ["liquidsoap", str(script)]

    def play(self, file: Path) -> None:
        self.say(f"q.push {file}\nquit", ORDER_TIMEOUT_S)

    def ask(self) -> None:
        said = self.output.read_text(encoding="utf-8", errors="replace")
        times = {word: float(at) for word, at in re.findall(r"^(began|stopped) ([0-9.]+)", said, re.MULTILINE)}
        if times.get("stopped", 0.0) > times.get("began", float("inf")):
            self.claim_s = times["stopped"] - times["began"]


def _until(holds: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
