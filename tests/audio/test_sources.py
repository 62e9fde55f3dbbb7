"""Sources give the right sample at the right place, never block, and leave nothing behind."""

import http.server
import os
import random
import threading
import time
import wave
from array import array
from pathlib import Path

import pytest

from audio.decode import STREAM_MEMORY_BYTES, streaming
from audio.format import RATE_HZ
from audio.library import ingest
from audio.sources import FILE_AHEAD_FRAMES, ROOM_FRAMES, FileSource, StreamSource
from tests.audio.test_library import decoded, write_wav
from tests.support.waiting import wait_for

FRAMES = 40 * RATE_HZ + 12_345


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    """A file of noise in the library: every place in it is unlike any other."""
    folder = tmp_path_factory.mktemp("programme")
    noise = random.Random(8).randbytes(2 * FRAMES)
    entry = ingest(write_wav(folder / "a.wav", array("h", noise)), folder)
    assert entry.frames == FRAMES
    return entry.path_in(folder), decoded(entry.path_in(folder))


@pytest.fixture
def opened():
    """Open sources that are closed, and seen to be gone, after the test."""
    sources = []

    def keep(source):
        sources.append(source)
        return source

    yield keep
    for source in sources:
        source.close()
    for source in sources:
        assert source.join(5.0)


def children():
    """Living ffmpeg children of this process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
            name = (stat.parent / "comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == os.getpid() and name in ("ffmpeg", "setpriv"):
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize("start", [0, 1, 4_095, 47_999, 48_000, 48_001, 777_777, FRAMES - 96_000, FRAMES - 1])
def test_a_file_begins_on_its_exact_sample(programme, opened, start):
    flac, pcm = programme
    source = opened(FileSource(flac, FRAMES, start))
    wait_for(lambda: source.ready)
    taken = source.take(4_096, start)
    assert taken == pcm[2 * start : 2 * (start + 4_096)]


def test_a_file_gives_every_sample_once_and_then_says_that_it_ends(programme, opened):
    flac, pcm = programme
    source, at, taken = opened(FileSource(flac, FRAMES)), 0, bytearray()
    while not source.ended_by(at):
        got = source.take(4_096, at)
        taken += got
        at += len(got) // 2
        if not got:
            time.sleep(0.001)
    assert bytes(taken) == pcm
    assert source.failure is None
    assert not source.ended_by(FRAMES - 1)


def test_it_reads_ahead_so_far_and_no_further(programme, opened):
    source = opened(FileSource(programme[0], FRAMES))
    wait_for(lambda: source.ready)
    time.sleep(0.5)
    taken = source.take(FRAMES, 0)
    assert FILE_AHEAD_FRAMES - ROOM_FRAMES <= len(taken) // 2 <= FILE_AHEAD_FRAMES


@pytest.mark.parametrize("skip", [5_000, 3 * RATE_HZ, 10 * RATE_HZ, 35 * RATE_HZ])
def test_after_a_skip_it_goes_on_at_the_right_place(programme, opened, skip):
    flac, pcm = programme
    source = opened(FileSource(flac, FRAMES))
    wait_for(lambda: source.ready)
    source.take(4_096, 0)
    at, deadline = 4_096 + skip, time.monotonic() + 10
    while not (taken := source.take(4_096, at)) and time.monotonic() < deadline:
        time.sleep(0.005)
    assert taken
    assert pcm[2 * at :].startswith(taken)


def test_a_take_never_waits_for_the_disk(programme, opened):
    source = opened(FileSource(programme[0], FRAMES))
    began = time.perf_counter()
    source.take(4_096, 0)
    assert time.perf_counter() - began < 0.05


@pytest.mark.parametrize("fault", ["missing", "no audio", "cut"])
def test_a_file_that_cannot_be_read_to_its_end_fails_with_a_reason(programme, opened, tmp_path, fault):
    path = tmp_path / "a.flac"
    if fault != "missing":
        whole = programme[0].read_bytes()
        path.write_bytes(b"no audio" * 99 if fault == "no audio" else whole[: len(whole) // 20])
    source = opened(FileSource(path, FRAMES))
    wait_for(lambda: source.failure is not None)
    assert source.failure
    assert source.ready
    assert not source.ended_by(FRAMES - 1)


def test_a_closed_source_leaves_no_process_and_no_thread(programme):
    before = set(children())
    sources = [FileSource(programme[0], FRAMES, start * RATE_HZ) for start in range(4)]
    sources[0].close()  # at once, maybe before its child began
    wait_for(lambda: all(source.ready for source in sources[1:]))
    assert set(children()) - before
    for source in sources:
        source.close()
        source.close()
    assert all(source.join(5.0) for source in sources)
    assert not set(children()) - before


class Relay(http.server.BaseHTTPRequestHandler):
    """Sends a WAV at the pace of sound, and drops the line after each connection's share."""

    pcm = b""
    seconds = 4.0
    connections = 0

    def do_GET(self):
        Relay.connections += 1
        self.send_response(200)
        self.end_headers()
        header = self.wav_header()
        try:
            self.wfile.write(header + self.pcm[: int(self.seconds * RATE_HZ) * 2])
        except (BrokenPipeError, ConnectionResetError):
            return

    @staticmethod
    def wav_header():
        import io

        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(b"")
        return out.getvalue()[:-4] + b"\xff\xff\xff\x7f"

    def log_message(self, *_):
        pass


@pytest.fixture
def relay():
    Relay.pcm, Relay.connections = random.Random(9).randbytes(2 * 10 * RATE_HZ), 0
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/vov"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_relay_gathers_two_seconds_and_then_gives_what_comes_in_order(relay, opened):
    source = opened(StreamSource(relay))
    assert source.take(4_096, 1_000_000) == b""
    wait_for(lambda: source.ready)
    first = source.take(4_096, 1_004_096)
    second = source.take(4_096, 1_008_192)
    assert first + second == Relay.pcm[: 4 * 4_096]
    assert not source.ended_by(10**12)
    assert source.failure is None


def test_a_relay_may_not_take_the_boxs_memory_with_it(relay):
    with streaming(relay) as child:
        child.read()
        limits = Path(f"/proc/{child.process.pid}/limits").read_text()
        child.process.kill()
    (line,) = (line for line in limits.splitlines() if line.startswith("Max address space"))
    assert line.split()[3:5] == [str(STREAM_MEMORY_BYTES)] * 2


def test_a_relay_whose_line_drops_is_called_again_and_says_why(relay, opened):
    Relay.seconds = 2.5
    source = opened(StreamSource(relay))
    wait_for(lambda: source.trouble)
    called = Relay.connections
    wait_for(lambda: Relay.connections > called)
    assert source.failure is None


def test_after_a_freeze_a_relay_leaves_out_what_it_missed(relay, opened):
    Relay.seconds = 9.0
    source = opened(StreamSource(relay))
    wait_for(lambda: source.ready)
    source.take(4_096, 0)
    missed, deadline = 3 * RATE_HZ, time.monotonic() + 5
    at = 4_096 + missed
    while not (taken := source.take(4_096, at)) and time.monotonic() < deadline:
        time.sleep(0.085)
    assert taken == Relay.pcm[2 * at : 2 * (at + 4_096)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/none", "file:///etc/passwd", "vov"])
def test_an_address_that_gives_nothing_is_tried_for_ever_with_its_trouble_told(opened, url):
    source = opened(StreamSource(url))
    wait_for(lambda: source.trouble is not None)
    assert source.take(100, 0) == b""
    assert source.failure is None
