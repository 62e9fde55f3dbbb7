"""A real Icecast with real encoders, and what can happen to them: killed, stalled, silent, another programme."""

import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from audio.format import RATE_HZ
from firmware_py.demo.broker import free_port
from tests.support.tones import tone
from tests.support.waiting import wait_for

PASSWORD = "nguon"
STARTS = 3  # 2.4.4 died of a null pointer in one start of some hundreds
PIECE_FRAMES = RATE_HZ // 10  # of a tone that is a multiple of 10 Hz: whole turns
FORMATS = {  # how a station may send: encoder, container, content type
    "mp3": ("libmp3lame", "mp3", "audio/mpeg"),
    "aac": ("aac", "adts", "audio/aac"),
    "vorbis": ("libvorbis", "ogg", "application/ogg"),
    "opus": ("libopus", "ogg", "application/ogg"),
}
CONFIGURATION = """<icecast>
<hostname>localhost</hostname><location>test</location><admin>test@localhost</admin>
<limits><source-timeout>120</source-timeout><burst-on-connect>1</burst-on-connect><burst-size>65535</burst-size></limits>
<authentication><source-password>{password}</source-password><admin-password>{password}</admin-password></authentication>
<listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
<paths><basedir>/usr/share/icecast2</basedir><logdir>/tmp</logdir><webroot>/usr/share/icecast2/web</webroot>
<adminroot>/usr/share/icecast2/admin</adminroot></paths>
<logging><accesslog>-</accesslog><errorlog>-</errorlog><loglevel>2</loglevel></logging>
<security>{owner}</security></icecast>
"""
OWNER = "<changeowner><user>nobody</user><group>nogroup</group></changeowner>"  # it refuses to be root


class Icecast:
    """The server, on a port of its own. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self._log = folder / "icecast.log"
        self._configuration = folder / "icecast.xml"

    def __enter__(self):
        for _ in range(STARTS):
            self._start()
            wait_for(lambda: self.answers("/") is not None or self._process.poll() is not None, "icecast answers")
            if self._process.poll() is None:
                return self
        raise AssertionError(f"icecast ended {STARTS} times: {self._log.read_text(errors='replace')}")

    def _start(self) -> None:
        program = shutil.which("icecast2")
        assert program, "the Debian package icecast2 is missing: ./dev setup"
        self.port = free_port()
        owner = OWNER if os.geteuid() == 0 else ""
        self._configuration.write_text(CONFIGURATION.format(password=PASSWORD, port=self.port, owner=owner))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", program, "-c", str(self._configuration)],
                stdout=log,
                stderr=log,
            )

    def __exit__(self, *error):
        self._process.kill()
        self._process.wait()

    def url(self, mount: str) -> str:
        return f"http://127.0.0.1:{self.port}/{mount}"

    def answers(self, path: str) -> int | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return int(error.code)
        except OSError:
            return None

    def encoder(self, mount: str, hz: float, form: str = "mp3") -> "Encoder":
        """A programme on *mount*, soon."""
        return Encoder(f"icecast://source:{PASSWORD}@127.0.0.1:{self.port}/{mount}", hz, form)

    def wait_until_up(self, *mounts: str) -> None:
        for mount in mounts:
            wait_for(lambda mount=mount: self.answers(f"/{mount}") == 200, f"{mount} is up")


class Encoder:
    """An ffmpeg that is handed a tone at the pace of sound and sends it to *target*."""

    def __init__(self, target: str, hz: float, form: str = "mp3", output: tuple[str, ...] | None = None) -> None:
        self.hz: float | None = hz  # None: silence
        self._target, self._form, self._output = target, form, output
        self._start()

    def _start(self) -> None:
        codec, container, content_type = FORMATS[self._form]
        output = self._output or ("-content_type", content_type, "-f", container)
        self._process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig", "KILL", "--", "ffmpeg", "-nostdin", "-v", "error"),
                *("-f", "s16le", "-ar", str(RATE_HZ), "-ac", "1", "-i", "pipe:0"),
                *("-c:a", codec, "-b:a", "96k", *output, self._target),
            ],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._feeder = threading.Thread(target=self._feed, args=(self._process,), daemon=True)
        self._feeder.start()

    def _feed(self, process) -> None:
        pieces: dict[float | None, bytes] = {None: bytes(2 * PIECE_FRAMES)}
        due = time.monotonic()
        while process.poll() is None:
            if self.hz not in pieces:
                pieces[self.hz] = tone(self.hz, PIECE_FRAMES)
            try:
                process.stdin.write(pieces[self.hz])
                process.stdin.flush()
            except (BrokenPipeError, ValueError):
                return
            due = max(due + 0.1, time.monotonic() - 0.5)
            time.sleep(max(0.0, due - time.monotonic()))

    def kill(self) -> None:
        self._process.kill()  # works on a stopped one too
        self._process.wait()
        self._feeder.join(5)
        self._process.stdin.close()

    def restart(self) -> None:
        self._start()

    def stall(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)
