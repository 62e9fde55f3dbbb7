"""Relays judged by what they give out: a real Icecast, HLS, encoders killed, stalled, silenced; bad servers."""

import contextlib
import functools
import http.server
import threading
import time
from array import array
from dataclasses import dataclass, field
from itertools import dropwhile, groupby, pairwise

import pytest

from audio.card import CardError, open_input
from audio.decode import reading
from audio.fallback import Patience, Trouble
from audio.format import BLOCK_FRAMES, RATE_HZ
from audio.library import ingest
from audio.relay import ChainSource, LinkPlan, LoopedFiles, NoSource, crossfaded
from audio.sources import LineSource, StreamSource
from scheduler.clock import NS_PER_S
from tests.audio.test_library import write_wav
from tests.support.icecast import Encoder, Icecast
from tests.support.tones import pitch_of, tone
from tests.support.waiting import wait_for

VOV, SECOND, OTHER, WAITING, IDENT = TONES = (440, 660, 550, 880, 1_100)
SILENCE_S, STALL_S = 4.0, 3.0  # a busy computer may stop a decoder for some seconds
PATIENCE = Patience(silence_ns=4 * NS_PER_S, stall_ns=3 * NS_PER_S, back_after_ns=2 * NS_PER_S)
LONG_PATIENCE = Patience(silence_ns=20 * NS_PER_S, stall_ns=6 * NS_PER_S, back_after_ns=2 * NS_PER_S)
BLOCK_S = BLOCK_FRAMES / RATE_HZ


def boottime_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def eagerly():
    """Of the waits between connections, the shortest."""
    return 0.999


@dataclass
class Heard:
    """What a chain gave out: the tone (or None) of every block, and which link was said to sound from which on."""

    blocks: list = field(default_factory=list)
    changes: list = field(default_factory=list)
    longest_take_s: float = 0.0

    def tones(self):
        """Each tone that sounded for a while, in order."""
        runs = [(hz, len(list(blocks))) for hz, blocks in groupby(hz for hz in self.blocks if hz is not None)]
        return [hz for hz, _ in groupby(hz for hz, count in runs if count > 3)]

    @property
    def now(self):
        """The tone of the last half second; None if it is not one."""
        last = set(self.blocks[-6:])
        return last.pop() if len(last) == 1 else None

    def longest_silence_s(self):
        """After the first sound."""
        sounded = list(dropwhile(lambda hz: hz is None, self.blocks))
        return BLOCK_S * max((len(list(blocks)) for hz, blocks in groupby(sounded) if hz is None), default=0)


class Listener:
    """Takes a block of every chain at the pace of sound, as the player does."""

    def __init__(self, chains):
        self.chains = chains
        self.heard = {name: Heard() for name in chains}
        self._began_s = time.monotonic()
        self._block = 0

    def listen(self, seconds=0.0, until=lambda heard: True, within_s=40.0):
        """For so long, and until all of *until* is so."""
        first = self._block
        while (passed_s := (self._block - first) * BLOCK_S) < seconds or not all(map(until, self.heard.values())):
            assert passed_s < within_s, {name: heard.tones() for name, heard in self.heard.items()}
            time.sleep(max(0.0, self._began_s + self._block * BLOCK_S - time.monotonic()))
            for name, chain in self.chains.items():
                self._take(chain, self.heard[name])
            self._block += 1

    def forget(self):
        """What was heard until now was only to get there."""
        for name in self.chains:
            self.heard[name] = Heard()

    def _take(self, chain, heard):
        before_s = time.monotonic()
        pcm = chain.take(BLOCK_FRAMES, self._block * BLOCK_FRAMES)
        heard.longest_take_s = max(heard.longest_take_s, time.monotonic() - before_s)
        heard.blocks.append(pitch_of(pcm[:2_048], TONES))
        if not heard.changes or heard.changes[-1] != chain.sounding:
            heard.changes.append(chain.sounding)


@pytest.fixture(scope="module")
def icecast(tmp_path_factory):
    with Icecast(tmp_path_factory.mktemp("icecast")) as server:
        yield server


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Name → a link of a looped file, each of a tone of its own."""
    folder = tmp_path_factory.mktemp("library")
    made = {}
    for name, hz, seconds in (("nhạc chờ", WAITING, 6), ("nhạc hiệu", IDENT, 1)):
        entry = ingest(write_wav(folder / f"{name}.wav", array("h", tone(hz, seconds * RATE_HZ))), folder)
        made[name] = LinkPlan(name, functools.partial(LoopedFiles, [(entry.path_in(folder), entry.frames)]))
    return made


def stream(url):
    return LinkPlan(url, lambda: StreamSource(url, eagerly))


@contextlib.contextmanager
def listening(patience, **chains):
    """A listener to chains of these links; afterwards nothing of them is left."""
    opened = {name: ChainSource(links, boottime_ns, patience) for name, links in chains.items()}
    try:
        yield Listener(opened)
    finally:
        for chain in opened.values():
            chain.close()
        assert all([chain.join(10.0) for chain in opened.values()])  # noqa: C419 (each of them, also after a failure)


# -- an encoder that is killed, stalled, silenced, or sends something else ------------------------------------------


class Static(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def day(icecast, library, tmp_path_factory):
    """Relays of every form; something happens to each, and is mended."""
    folder = tmp_path_factory.mktemp("hls")
    hls = ("-f", "hls", "-hls_time", "1", "-hls_list_size", "4", "-hls_flags", "delete_segments")
    with contextlib.ExitStack() as stack:
        encoders = {name: icecast.encoder(name, VOV, form) for name, form in FORMS.items()}
        encoders["hls"] = Encoder(str(folder / "vov.m3u8"), VOV, "aac", hls)
        encoders["second"] = icecast.encoder("second", SECOND)
        for encoder in encoders.values():
            stack.callback(encoder.kill)
        icecast.wait_until_up(*FORMS, "second")
        wait_for((folder / "vov.m3u8").exists, "a playlist")
        url = stack.enter_context(served(functools.partial(Static, directory=str(folder))))
        rest = [stream(icecast.url("second")), library["nhạc chờ"], library["nhạc hiệu"]]
        links = {name: [stream(icecast.url(name)), *rest] for name in FORMS}
        listener = stack.enter_context(listening(PATIENCE, **links, hls=[stream(f"{url}/vov.m3u8"), *rest]))
        listener.listen(until=lambda heard: heard.now == VOV and heard.changes[-1].first_lost is False)
        listener.forget()
        encoders["killed"].kill()
        encoders["stalled"].stall()
        encoders["silenced"].hz = None
        encoders["other"].hz = OTHER
        encoders["hls"].stall()
        listener.listen(until=lambda heard: heard.now in (SECOND, OTHER))
        encoders["killed"].restart()
        encoders["stalled"].go_on()
        encoders["silenced"].hz = VOV
        encoders["hls"].go_on()
        listener.listen(1.0, until=lambda heard: heard.now in (VOV, OTHER))
        yield listener.heard


FORMS = {"killed": "mp3", "stalled": "aac", "silenced": "vorbis", "other": "opus"}
FAULTS = {
    "killed": ("ended", "failed", "not_found"),
    "stalled": ("stall",),
    "silenced": ("silence",),
    "hls": ("stall",),
}


@pytest.mark.parametrize("what", FAULTS)
def test_the_second_stream_takes_over_and_the_first_comes_back(day, what):
    assert day[what].tones() == [VOV, SECOND, VOV]
    assert [sounding.link for sounding in day[what].changes] in ([0, 1, 0], [0, 0, 1, 0])


@pytest.mark.parametrize("what", FAULTS)
def test_dead_air_is_as_short_as_the_patience_says(day, what):
    patience_s = {"killed": 0.0, "silenced": SILENCE_S}.get(what, STALL_S)
    assert patience_s - 0.5 < day[what].longest_silence_s() < patience_s + 6.0  # the bench has it to the tenth


@pytest.mark.parametrize("what", FAULTS)
def test_it_is_told_which_link_sounds_since_when_and_why_the_first_was_lost(day, what):
    said = day[what].changes
    assert said[0].first_lost is False
    assert all(sounding.first_lost for sounding in said if sounding.link)
    assert next(sounding for sounding in said if sounding.first_lost).trouble.code in FAULTS[what]
    assert said[-1].first_lost is False
    assert [sounding.since_ns for sounding in said] == sorted(sounding.since_ns for sounding in said)


def test_another_programme_is_sound_too_and_changes_nothing(day):
    assert day["other"].tones() == [VOV, OTHER]
    assert [(sounding.link, sounding.first_lost) for sounding in day["other"].changes] == [(0, False)]


def test_a_take_never_waits_for_any_of_it(day):
    takes = sorted(heard.longest_take_s for heard in day.values())
    assert takes[0] < 0.1  # of five, the one that was least disturbed by what else this computer does


# -- servers that give no sound -------------------------------------------------------------------------------------


class BadServer(http.server.BaseHTTPRequestHandler):
    """What a web server may do to a listener."""

    mp3 = b""

    def do_GET(self):
        with contextlib.suppress(ConnectionError):
            getattr(self, self.path.strip("/").replace(".", "_"))()

    def nothing_there(self):
        self.send_error(404)

    def round_and_round(self):
        self.send_response(302)
        self.send_header("Location", "/round_and_round")
        self.end_headers()

    def a_page(self):
        self._begin("text/html")
        self.wfile.write(b"<html><body>Xin dang nhap</body></html>" * 500)

    def nghe_dai_m3u(self):
        self._begin("audio/x-mpegurl")
        self.wfile.write(b"#EXTM3U\n#EXTINF:-1,VOV1\nhttp://127.0.0.1:1/vov1\n")

    def never(self):
        time.sleep(20)

    def a_byte_a_second(self):
        self._begin("audio/mpeg")
        for byte in self.mp3:
            self.wfile.write(bytes([byte]))
            time.sleep(1)

    def _begin(self, content_type):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def bad_day(library):
    """One chain a bad server, each with the waiting music behind it."""
    BadServer.mp3 = bytes(1_000)
    paths = ("nothing_there", "round_and_round", "a_page", "nghe_dai.m3u", "never", "a_byte_a_second")
    missing = LinkPlan("mất.flac", lambda: NoSource(Trouble("source_missing", "not in the library")))
    with served(BadServer) as url:
        chains = {path: [stream(f"{url}/{path}"), missing, library["nhạc chờ"]] for path in paths}
        chains["nobody"] = [stream("http://127.0.0.1:1/vov"), library["nhạc hiệu"]]
        with listening(LONG_PATIENCE, **chains) as listener:
            listener.listen(until=lambda heard: heard.now in (WAITING, IDENT))
            yield listener.heard


@pytest.mark.parametrize(
    ("server", "codes"),
    [
        ("nothing_there", ("not_found",)),
        ("round_and_round", ("failed",)),
        ("a_page", ("failed", "not_audio")),
        ("nghe_dai.m3u", ("playlist",)),
        ("never", ("stall",)),
        ("a_byte_a_second", ("stall",)),
        ("nobody", ("refused",)),
    ],
)
def test_a_server_that_gives_no_sound_is_passed_over_with_its_reason(bad_day, server, codes):
    heard = bad_day[server]
    assert heard.tones() == [IDENT if server == "nobody" else WAITING]
    assert heard.changes[-1].first_lost
    assert heard.changes[-1].trouble.code in codes


def test_a_byte_a_second_is_not_listened_to_for_ever():
    BadServer.mp3 = bytes(1_000)
    with served(BadServer) as url:
        source = StreamSource(f"{url}/a_byte_a_second", eagerly, starved_s=0.7)
        wait_for(lambda: source.trouble is not None, "the connection is given up")
        source.close()
        assert source.trouble.code == "stall"
        assert source.join(5.0)


def test_passwords_in_an_address_stay_out_of_the_record():
    source = StreamSource("http://dai:bi-mat@127.0.0.1:1/vov", eagerly)
    wait_for(lambda: source.trouble is not None, "it is refused")
    source.close()
    assert "bi-mat" not in source.trouble.said
    assert source.join(5.0)


# -- line inputs ----------------------------------------------------------------------------------------------------


def test_a_line_input_sounds_is_lost_with_its_card_and_comes_back(sound, tmp_path):
    path = write_wav(tmp_path / "tuner.wav", array("h", tone(VOV, 30 * RATE_HZ)))
    playing = sound.play_into("air1", path)
    source = LineSource("tuner", lambda: open_input("mon1"), eagerly)
    try:
        wait_for(lambda: source.ready, "the line is open")
        assert heard_of(source) == VOV
        sound.kill()
        playing.wait()
        wait_for(lambda: source.trouble is not None, "it is lost")
        assert source.trouble.code == "device_lost"
        assert source.failure is None
        sound.restart()
        playing = sound.play_into("air1", path)
        wait_for(lambda: source.trouble is None, "it is back")
        assert heard_of(source) == VOV
    finally:
        source.close()
        playing.kill()
        playing.wait()
    assert source.join(5.0)


def heard_of(source):
    """The tone of the next block that there is."""
    at = 0
    while not (pcm := source.take(BLOCK_FRAMES, at)):
        at += BLOCK_FRAMES
        time.sleep(BLOCK_S)
        assert at < 150 * BLOCK_FRAMES
    return pitch_of(pcm, TONES)


class FastCard:
    """An input whose clock is far ahead of ours: it gives each second's sound, numbered, in half a second."""

    def __init__(self):
        self.given = 0
        self.closed = threading.Event()

    def read(self):
        if self.closed.is_set():
            raise CardError("fake: closed")
        time.sleep(0.004)
        self.given += 1
        return array("h", [self.given] * BLOCK_FRAMES).tobytes()

    def close(self):
        self.closed.set()


def test_a_line_input_never_falls_far_behind_what_is_said():
    card = FastCard()
    source = LineSource("mic", lambda: card, eagerly)
    behind = []
    for n in range(60):
        time.sleep(0.008)
        if pcm := source.take(BLOCK_FRAMES, n * BLOCK_FRAMES):
            behind.append(card.given - array("h", pcm)[0])
    source.close()
    assert source.join(5.0)
    assert card.closed.is_set()
    assert len(behind) > 20
    assert max(behind) < 16


# -- time -----------------------------------------------------------------------------------------------------------


class FakeLink:
    """A live link that always sounds, and keeps where it was asked."""

    live = True
    failure = trouble = None
    ready = True

    def __init__(self):
        self.asked = []

    def take(self, n_frames, at_frame):
        self.asked.append((at_frame, n_frames))
        return tone(VOV, max(n_frames, 480))[: 2 * n_frames]

    def ended_by(self, frame):
        return False

    def close(self): ...

    def join(self, timeout_s):
        return True


@pytest.fixture
def fake_chain():
    link, other = FakeLink(), FakeLink()
    chain = ChainSource([LinkPlan("a", lambda: link), LinkPlan("b", lambda: other)], boottime_ns, PATIENCE)
    yield chain, link
    chain.close()
    assert chain.join(5.0)
    assert not other.asked


def test_after_a_freeze_it_skips_with_the_card_and_blames_no_link(fake_chain):
    chain, link = fake_chain
    chain.take(BLOCK_FRAMES, 1_000)
    assert chain.take(BLOCK_FRAMES, 1_000 + BLOCK_FRAMES + 60 * RATE_HZ)
    assert link.asked[-1][0] - link.asked[-2][0] == BLOCK_FRAMES + 60 * RATE_HZ
    assert chain.sounding.first_lost is False


def test_before_the_start_and_without_a_card_the_links_run_on_by_the_clock(fake_chain):
    chain, link = fake_chain
    for start in (0, 10**9):  # a new card has another place
        asked_before = len(link.asked)
        began_s = time.monotonic()
        time.sleep(1.2)
        ran_s = sum(n for _, n in link.asked[asked_before:]) / RATE_HZ
        assert 0.3 < ran_s < time.monotonic() - began_s
        assert chain.take(BLOCK_FRAMES, start)
    places = [(at, at + n) for at, n in link.asked]
    assert all(
        end == at for (_, end), (at, _) in pairwise(places)
    )  # no link was asked twice for a place, or left one out


def test_nothing_asked_is_nothing_judged(fake_chain):
    chain, link = fake_chain
    assert chain.take(0, 0) == b""
    assert link.asked == []


# -- files and switches ---------------------------------------------------------------------------------------------


def test_a_file_is_played_again_and_again_without_a_gap(library):
    source = library["nhạc hiệu"].start()
    wait_for(lambda: source.ready, "decoded")
    began_s, pcm = time.monotonic(), b""
    while len(pcm) < 3 * RATE_HZ * 2:
        time.sleep(max(0.0, began_s + len(pcm) / 2 / RATE_HZ - time.monotonic()))
        pcm += source.take(BLOCK_FRAMES, 10**9)
        assert time.monotonic() - began_s < 10
    blocks = [pcm[n : n + 8_192] for n in range(0, len(pcm) - 8_192, 8_192)]
    assert {pitch_of(block, TONES) for block in blocks} == {IDENT}
    source.close()
    assert source.join(5.0)


def test_a_file_that_waits_begins_at_its_beginning(tmp_path):
    rising = array("h", [n // 4 for n in range(2 * RATE_HZ)])
    entry = ingest(write_wav(tmp_path / "a.wav", rising), tmp_path)
    with reading(entry.path_in(tmp_path), 0) as child:
        kept = array("h", b"".join(iter(child.read, b"")))
    plans = [
        LinkPlan("nobody", lambda: NoSource(Trouble("refused", "nobody"))),
        LinkPlan("a", functools.partial(LoopedFiles, [(entry.path_in(tmp_path), entry.frames)])),
    ]
    chain = ChainSource(plans, boottime_ns, PATIENCE)
    pcm = b""
    for n in range(100):
        pcm += chain.take(BLOCK_FRAMES, n * BLOCK_FRAMES)
        if len(pcm) > 2 * 20_000:
            break
        time.sleep(BLOCK_S)
    chain.close()
    assert chain.join(5.0)
    assert chain.sounding.link == 1
    assert array("h", pcm)[2_000:20_000] == kept[2_000:20_000]


def test_files_of_which_none_can_be_read_fail_instead_of_being_silent_for_ever(tmp_path):
    broken = tmp_path / "hong.flac"
    broken.write_bytes(b"no sound at all" * 1_000)
    files = LoopedFiles([(broken, 48_000), (broken, 48_000)])
    wait_for(lambda: (files.take(BLOCK_FRAMES, 0), files.failure)[1], "the failure is told")
    files.close()
    assert files.join(5.0)


def test_a_switch_is_a_crossfade_of_20_ms():
    mixed = array("h", crossfaded(array("h", [8_000] * 4_096).tobytes(), array("h", [-8_000] * 4_096).tobytes()))
    assert mixed[0] == 8_000
    assert abs(mixed[480]) < 100
    assert set(mixed[960:]) == {-8_000}
    assert max(abs(a - b) for a, b in pairwise(mixed)) < 40
    assert array("h", crossfaded(b"", array("h", [900] * 10).tobytes()))[0] == 0


def test_a_chain_that_was_closed_gives_nothing(library):
    chain = ChainSource([library["nhạc chờ"]], boottime_ns, PATIENCE)
    chain.close()
    chain.close()
    assert chain.take(BLOCK_FRAMES, 0) == b""
    assert chain.join(5.0)
