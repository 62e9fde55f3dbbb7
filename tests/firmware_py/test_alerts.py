"""A real folder, espeak-ng and library: from a CAP file to playout's request, or aside with the reason."""

import base64
import hashlib
import json
import math
import os
import struct
import subprocess
import sys
import time
import wave
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO

import pytest

from audio.library import read_index
from firmware_py import spool
from firmware_py.alerts.fetch import FetchError
from firmware_py.alerts.inbox import KEPT_ASIDE, Inbox, deposit, refused_since
from firmware_py.alerts.memory import Memory
from firmware_py.alerts.sound import MOST_CHARS, Sounder, beginning
from firmware_py.alerts.watch import AlertWatch, Desk
from firmware_py.config import Speech
from firmware_py.speech import voice_of
from scheduler.alert import LONGEST_TITLE, Home, Outcome
from scheduler.clock import ClockQuality, Reading, wall_ns_of
from tests.support.alerts import FIVE, HEADLINE, cap, info, name_of, resource

ANYWHERE, NORTHERN = Home(), Speech()
TEN_PAST_FIVE = FIVE + timedelta(minutes=10)


def tone(seconds: float = 1.0) -> bytes:
    made = BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(
            b"".join(struct.pack("<h", round(9_000 * math.sin(n / 5))) for n in range(int(16_000 * seconds)))
        )
    return made.getvalue()


class Station:
    """The alert desk of a station that lives in a temporary folder."""

    def __init__(self, folder, now=TEN_PAST_FIVE, quality=ClockQuality.NTP, home=ANYWHERE, fetch=None, speech=NORTHERN):
        self.folder, self.library, self.state = folder / "spool" / "alerts", folder / "library", folder
        self.folder.mkdir(parents=True, exist_ok=True)
        sounder = Sounder(self.library, voice_of(speech), fetch=fetch or self._no_network)
        reading = Reading(1, 0, wall_ns_of(now), quality)
        memory = Memory.read(folder / "alerts.json")
        self.desk = Desk(folder / "spool", home, memory, lambda: reading, lambda name, b: self._sound(sounder, name, b))

    @staticmethod
    def _no_network(uri):
        raise FetchError(f"{uri}: no network")

    @staticmethod
    def _sound(sounder, name, broadcast):
        entry, failed = sounder.make(name, broadcast)
        return entry.name, entry.duration_ms, failed

    def arrives(self, data, name="a.cap"):
        (self.folder / f".{name}").write_bytes(data)
        os.rename(self.folder / f".{name}", self.folder / name)

    def takes(self, data, name="a.cap"):
        self.arrives(data, name)
        self.desk.look()
        return self

    def requests(self):
        return [request for _, request in spool.pending(self.state / "spool")]

    def why(self, name="a.cap"):
        return (self.folder / f"{name}.why").read_text(encoding="utf-8")

    def names(self):
        return sorted(path.name for path in self.folder.iterdir() if path.suffix != ".json")


@pytest.fixture
def station(tmp_path):
    return Station(tmp_path)


def test_an_alert_becomes_one_request_and_a_file_in_the_library(station):
    (request,) = station.takes(cap()).requests()
    body = dict(request.body)
    assert request.command == "alert"
    assert {key: body[key] for key in ("alert", "title", "zone", "expires_at", "class", "replaces")} == {
        "alert": name_of("VN-1"),
        "title": HEADLINE,
        "zone": "all",
        "expires_at": "2026-11-23T11:00:00+07:00",
        "class": "emergency",
        "replaces": [],
    }
    entry = read_index(station.library)[body["source"]]
    assert entry.duration_ms == body["duration_ms"] > 10_000
    assert station.names() == []


def test_its_own_audio_is_preferred_to_a_voice(station):
    sound = tone()
    enclosed = resource(inline=base64.b64encode(sound).decode(), digest=hashlib.sha1(sound).hexdigest())
    (request,) = station.takes(cap(infos=[info(resources=enclosed)])).requests()
    assert request.body["duration_ms"] == 1_000


@pytest.mark.parametrize(
    "broken",
    [
        resource(inline=base64.b64encode(tone()).decode(), digest="0" * 40),
        resource(inline=base64.b64encode(b"no sound at all").decode()),
        resource(uri="https://example.invalid/a.mp3"),
        resource("image/png", inline="aaaa"),
    ],
    ids=["digest differs", "no audio", "no network", "a picture"],
)
def test_words_are_said_when_the_audio_cannot_be_had(station, broken):
    (request,) = station.takes(cap(infos=[info(resources=broken)])).requests()
    assert request.body["duration_ms"] > 10_000


def test_audio_behind_an_address_is_fetched(tmp_path):
    asked = []
    station = Station(tmp_path, fetch=lambda uri: asked.append(uri) or tone(2.0))
    named = resource("audio/mpeg", uri="https://kttv.example/a.mp3")
    (request,) = station.takes(cap(infos=[info(resources=named)])).requests()
    assert asked == ["https://kttv.example/a.mp3"]
    assert request.body["duration_ms"] == 2_000


def test_the_same_alert_twice_is_one_request_also_after_a_restart(tmp_path):
    Station(tmp_path).takes(cap(), "1.cap").takes(cap(), "2.cap")
    again = Station(tmp_path).takes(cap(), "3.cap")
    assert len(again.requests()) == 1
    assert again.names() == []


def test_a_crash_before_the_memory_was_written_gives_the_same_request_again(tmp_path):
    station = Station(tmp_path).takes(cap())
    (tmp_path / "alerts.json").unlink()
    later = Station(tmp_path, now=TEN_PAST_FIVE + timedelta(seconds=1)).takes(cap())
    first, second = later.requests()
    assert first.id == second.id
    assert station.names() == []


def test_a_cancellation_takes_off_what_it_names_and_airs_nothing(station):
    station.takes(cap("VN-1"))
    cancel = cap("VN-2", kind="Cancel", references=[name_of("VN-1")], infos=[])
    _, request = station.takes(cancel).requests()
    assert (request.command, request.body["alerts"]) == ("cancel_alerts", [name_of("VN-1")])
    assert request.body["why"]


def test_an_alert_that_was_cancelled_before_it_came_never_airs(station):
    station.takes(cap("VN-2", kind="Cancel", references=[name_of("VN-1")], infos=[]), "2.cap")
    station.takes(cap("VN-1"), "1.cap")
    assert [request.command for request in station.requests()] == ["cancel_alerts"]
    assert "hủy từ trước" in station.why("1.cap")


def test_an_update_says_what_it_replaces(station):
    _, request = station.takes(cap("VN-1")).takes(cap("VN-2", kind="Update", references=[name_of("VN-1")])).requests()
    assert (request.command, request.body["replaces"]) == ("alert", [name_of("VN-1")])


@pytest.mark.parametrize("status", ["Test", "Exercise", "System", "Draft"])
def test_what_is_not_actual_goes_aside_and_is_no_fault(station, status):
    assert station.takes(cap(status=status)).requests() == []
    assert station.names() == ["a.cap.not-aired", "a.cap.why"]
    assert status in station.why()
    assert refused_since(station.folder, 0) == []


def test_an_expired_alert_goes_aside_with_both_times(tmp_path):
    station = Station(tmp_path, now=FIVE + timedelta(hours=7)).takes(cap())
    assert station.requests() == []
    assert "2026-11-23T11:00:00+07:00" in station.why()
    assert "2026-11-23T12:00:00+07:00" in station.why()


def test_an_untrusted_clock_airs_it(tmp_path):
    assert len(Station(tmp_path, quality=ClockQuality.NONE).takes(cap()).requests()) == 1


def test_an_unknown_sender_is_refused_and_a_fault(tmp_path):
    station = Station(tmp_path, home=Home(senders=("tinh@gov.vn",))).takes(cap())
    assert station.requests() == []
    assert station.names() == ["a.cap.refused", "a.cap.why"]
    assert refused_since(station.folder, time.time() - 60) == ["a.cap.refused"]
    assert refused_since(station.folder, time.time() + 60) == []


def test_a_document_with_errors_is_refused_with_every_one_of_them(station):
    station.takes(cap(scope="Everybody", infos=[info(urgency="Now")]))
    assert len(station.why().splitlines()) == 2
    assert station.names() == ["a.cap.refused", "a.cap.why"]


def test_a_file_that_is_still_being_copied_is_waited_for(station):
    whole = cap()
    station.arrives(whole[:200])
    station.desk.look()
    assert station.names() == ["a.cap"]
    (station.folder / "a.cap").write_bytes(whole)
    station.desk.look()
    assert len(station.requests()) == 1


def test_a_file_that_stays_half_is_refused(station, monkeypatch):
    monkeypatch.setattr("firmware_py.alerts.inbox.STILL_S", 0.0)
    station.arrives(cap()[:200])
    for _ in range(2):
        station.desk.look()
    assert station.names() == ["a.cap.refused", "a.cap.why"]


def test_a_voice_that_fails_refuses_the_alert_and_loses_nothing(tmp_path):
    station = Station(tmp_path, speech=Speech(command=("/bin/false",))).takes(cap())
    assert station.requests() == []
    assert (station.folder / "a.cap.refused").read_bytes() == cap()
    assert "không đọc được" in station.why()


def test_a_name_that_is_too_long_delays_no_other_alert(station):
    station.arrives(b"<html/>", "x" * 240 + ".cap")
    (request,) = station.takes(cap(), "z.cap").requests()
    assert request.command == "alert"
    assert station.names() == ["x" * 60 + ".refused", "x" * 60 + ".why"]


def test_one_alerts_trouble_delays_no_other(station, monkeypatch):
    station.arrives(cap("VN-1"), "1.cap")
    done = station.desk.inbox.done

    def no_space(path):
        if path.name == "1.cap":
            raise OSError(28, "No space left on device")
        done(path)

    monkeypatch.setattr(station.desk.inbox, "done", no_space)
    station.arrives(cap("VN-2"), "2.cap")
    with pytest.raises(OSError, match="No space"):
        station.desk.look()
    assert station.names() == ["1.cap"]
    assert len(station.requests()) == 2


def test_a_language_without_a_voice_is_read_by_ours(station):
    (request,) = station.takes(cap(infos=[info(language="x-klingon", headline="Flash flood")])).requests()
    assert request.body["duration_ms"] > 5_000


def test_a_headline_as_long_as_a_speech_is_said_whole_and_named_shortly(station):
    (request,) = station.takes(cap(infos=[info(headline="Nước sông Cầu lên nhanh " * 40)])).requests()
    assert len(request.body["title"]) == LONGEST_TITLE
    assert request.body["duration_ms"] > 60_000


def test_of_a_long_text_the_first_sentences_are_said():
    text = beginning("Nước lên nhanh. " * 1_000)
    assert len(text) <= MOST_CHARS
    assert text.endswith("nhanh.")
    assert beginning("Nước lên.") == "Nước lên."
    assert len(beginning("x" * 9_000)) == MOST_CHARS
    breathless = beginning("Khẩn cấp. " + "nước lên nhanh, " * 1_000)
    assert len(breathless) > MOST_CHARS - 20
    assert breathless.endswith(("nước ", "lên ", "nhanh, "))


def test_a_station_without_alerts_loads_no_parser_and_no_voice():
    asked = "import sys, firmware_py.console.process as p; print([m for m in ('defusedxml', 'scheduler.loaders.cap',"
    asked += " 'scheduler.speech', 'urllib.request') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_only_the_newest_refused_alerts_are_kept(station):
    for number in range(KEPT_ASIDE + 5):
        (station.folder / f"{number:04}.cap").write_bytes(b"x")
        station.desk.inbox.set_aside(station.folder / f"{number:04}.cap", ".refused", ["no alert"])
    assert len(list(station.folder.glob("*.refused"))) == len(list(station.folder.glob("*.why"))) == KEPT_ASIDE


def test_what_is_no_file_is_left_alone(station):
    os.mkfifo(station.folder / "pipe.cap")
    (station.folder / "folder.cap").mkdir()
    assert station.takes(cap()).requests()


@contextmanager
def watching(station):
    died = []
    watch = AlertWatch(station.desk, lambda: died.append(True))
    watch.start()
    try:
        yield died
    finally:
        assert watch.close()


def waits_for(true, seconds=20.0):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_the_watching_thread_takes_what_is_renamed_into_the_folder(station):
    with watching(station) as died:
        time.sleep(0.1)
        for number in range(3):
            station.arrives(cap(f"VN-{number}"), f"{number}.cap")
        waits_for(lambda: len(station.requests()) == 3)
    assert not died


def test_a_watching_thread_that_breaks_ends_the_process(station, monkeypatch):
    class Broken(Exception):
        pass

    def breaks(*_):
        raise Broken

    monkeypatch.setattr("threading.excepthook", lambda _: None)
    monkeypatch.setattr(station.desk, "look", breaks)
    with watching(station) as died:
        waits_for(lambda: died)


def test_a_deposit_is_whole_and_in_order(tmp_path):
    for number in range(3):
        deposit(tmp_path / "new", f"{number}".encode(), FIVE + timedelta(seconds=number))
    assert [arrived.data for arrived in Inbox(tmp_path / "new").new()] == [b"0", b"1", b"2"]


def test_a_memory_that_is_damaged_is_an_empty_one(tmp_path):
    for text in ("{half", "[]", '{"alerts": [{"alert": 1}, "x"]}', '{"alerts": {"a": 1}}'):
        (tmp_path / "alerts.json").write_text(text, encoding="utf-8")
        assert Memory.read(tmp_path / "alerts.json").known == {}
    memory = Memory.read(tmp_path / "alerts.json")
    memory.remember("a", Outcome.AIRED, ["b"], FIVE)
    assert Memory.read(tmp_path / "alerts.json").known == {"b": Outcome.SUPERSEDED, "a": Outcome.AIRED}
    assert json.loads((tmp_path / "alerts.json").read_text(encoding="utf-8"))["v"] == 1
