"""The console as a process: on a real port, with real event streams, in a real browser."""

import json
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from firmware_py.console.server import CannotListen, listen_on
from firmware_py.spool import pending
from scheduler.clock import STATION_TZ
from tests.firmware_py.console import browser
from tests.firmware_py.console import station as said
from tests.firmware_py.console.conftest import SERVE

MOST_PSS_KIB = 40 * 1024


def events_of(response):
    """(name, data) of each event as it comes."""
    name = None
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def pss_kib(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")))


def test_the_stream_tells_changes_whole_and_levels_small_and_often(console, station):
    with httpx.stream("GET", console.url + "api/events", timeout=10) as response:
        events = events_of(response)
        name, first = next(events)
        assert (name, first["verdict"]["code"]) == ("status", "verdict.on_air")
        name, levels = next(events)
        assert name == "levels"
        assert len(json.dumps(levels)) < 200
        started = time.monotonic()
        for n in range(10):
            station.documents["playout"] = said.playout(sent_dbfs=-20.0 - n)
            station.say()
            assert next(events)[0] == "levels"
            time.sleep(0.01)
        assert time.monotonic() - started > 1.5, "never more than five a second"
        station.documents["playout"] = said.playout(stopped={"by": "NN", "why": "lũ", "until": None})
        assert next(data for name, data in events if name == "status")["verdict"]["code"] == "verdict.stopped"


def test_the_stream_is_never_silent_for_long_and_says_when_there_is_no_news(console):
    with httpx.stream("GET", console.url + "api/events", timeout=10) as response:
        events = events_of(response)
        assert next(events)[1]["news"] == {"playout": False, "meter": False, "ledger": False}
        started = time.monotonic()
        assert [next(events)[0] for _ in range(3)] == ["levels"] * 3
        assert time.monotonic() - started < 10


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_good_order_although_pages_are_open(console, station, end):
    with httpx.stream("GET", console.url + "api/events", timeout=10) as response:
        events = events_of(response)
        next(events)
        started = time.monotonic()
        console.process.send_signal(end)
        assert console.process.wait(timeout=10) == 0
        assert time.monotonic() - started < 5
        assert all(name for name, _ in events), "the stream ended whole"
    assert console.process.stderr.read() == ""


def test_open_pages_are_limited_and_their_places_come_free(console, station):
    streams = [httpx.Client(timeout=10) for _ in range(12)]
    opened = [client.send(client.build_request("GET", console.url + "api/events"), stream=True) for client in streams]
    assert {response.status_code for response in opened} == {200}
    busy = httpx.get(console.url + "api/events")
    assert (busy.status_code, busy.json()["error"]) == (503, "error.busy")
    for response, client in zip(opened, streams, strict=True):
        response.close()
        client.close()
    deadline = time.monotonic() + 10
    while True:
        with httpx.stream("GET", console.url + "api/events", timeout=10) as response:
            if response.status_code == 200:
                break
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_process_is_small(console, station):
    with httpx.stream("GET", console.url + "api/events", timeout=10) as response:
        next(events_of(response))
        httpx.get(console.url)
        assert pss_kib(console.process.pid) < MOST_PSS_KIB


def test_a_taken_port_is_said_in_words_that_help():
    with listen_on("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port} is in use") as caught:
            listen_on("127.0.0.1", port)
    assert f"cổng {port} đang có chương trình khác dùng" in caught.value.vi


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host"])
def test_an_address_that_is_not_ours_is_said(host):
    with pytest.raises(CannotListen, match=host):
        listen_on(host, 0)


def test_a_process_whose_port_is_taken_leaves_no_code_behind(root):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-c", SERVE, str(root), str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert "CannotListen" in done.stderr
    assert list((root / "state").iterdir()) == []


def test_a_real_browser_shows_the_vietnamese_states(console, station, tmp_path):
    dom = browser.dump_dom(console.url, tmp_path / "profile")
    for text in (
        "Đang phát, đã lên sóng",
        "Tiếp âm Thời sự Đài Tiếng nói Việt Nam",
        "không phát",
        "Mất tiếng trên đường dây",
        "Cần làm: Kiểm tra tăng âm",
        "đã kết nối máy chủ · 409/412",
        "theo mạng (NTP)",
    ):
        assert text in dom.split("<main>")[1], text
    assert "<img" not in dom


@pytest.fixture
def tab(tmp_path):
    with browser.open_tab(tmp_path / "profile") as tab:
        yield tab


def test_a_title_is_text_and_nothing_is_wider_than_the_phone(console, station, tab):
    tab.open(console.url)
    assert said.BREAKING_TITLE in tab.text("on-air")
    assert tab.eval("document.images.length") == 0
    assert tab.eval("document.documentElement.scrollWidth") <= 390
    tab.wait_for("document.getElementById('heard-0').getContext('2d').getImageData(5, 5, 1, 1).data[1] > 100")


def test_what_was_said_long_ago_leaves_the_page(console, station, tab):
    tab.open(console.url)
    tab.wait_for("document.getElementById('verdict').innerText === 'Đang phát, đã lên sóng'")
    station.documents.pop("meter")
    tab.wait_for("document.getElementById('channels').innerText.includes('Không có tin từ bộ đo')")
    assert "không có tin từ bộ đo" in tab.text("verdict")
    console.process.kill()
    tab.wait_for("!document.getElementById('contact').hidden")
    assert "Không có tin từ bộ phát" in tab.text("verdict")
    assert "Không có tin từ sổ cái" in tab.text("totals")


def test_the_operator_stops_the_station_and_lets_it_play_again(console, station, tab, root):
    now = datetime.now(STATION_TZ)  # the console refuses an end that has passed
    station.documents["playout"] = said.playout(clock={"quality": "ntp", "wall": now.isoformat(timespec="seconds")})
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    tab.open(console.url)
    tab.click("stop")
    tab.type_in("name", "Lê Thị Hoa")
    tab.type_in("code", "not it")
    tab.submit("login")
    tab.wait_for("document.getElementById('order-error').innerText === 'Mã không đúng.'")
    tab.type_in("code", console.code)
    tab.submit("login")
    tab.wait_for("!document.getElementById('confirm').hidden")
    tab.type_in("why", "Mưa lũ")
    tab.eval("document.getElementById('until').value = 'today'")
    tab.submit("confirm")
    tab.wait_for("document.getElementById('order-state').innerText.startsWith('Đã gửi lệnh dừng')")
    ((path, request),) = pending(root / "spool")
    assert (request.command, request.by, request.body["why"]) == ("stop", "Lê Thị Hoa", "Mưa lũ")
    assert datetime.fromisoformat(request.body["until"]) == midnight, "of the station's day"
    path.unlink()
    until = "2026-11-24T00:00:00+07:00"
    station.documents["playout"] = said.playout(stopped={"by": "Lê Thị Hoa", "why": "Mưa lũ", "until": until})
    tab.wait_for("document.getElementById('verdict').innerText === 'Đang dừng phát'")
    assert tab.text("stopped") == "Dừng bởi Lê Thị Hoa: Mưa lũ (đến 00:00 24/11/2026)"
    tab.wait_for("document.getElementById('order-state').hidden && document.getElementById('stop').hidden")
    tab.click("resume")
    tab.wait_for("document.getElementById('order-state').innerText.startsWith('Đã gửi lệnh phát lại')")
    ((_, request),) = pending(root / "spool")
    assert request.command == "resume"


def test_the_page_is_worked_with_the_keyboard_alone_and_the_focus_is_never_lost(console, station, tab):
    tab.open(console.url)
    tab.press("Tab")
    assert tab.focus() == "stop"
    tab.press("Enter")
    tab.wait_for("document.activeElement.id === 'name'")
    assert tab.eval("getComputedStyle(document.getElementById('stop')).display") == "none", "one question at a time"
    tab.press("Escape")
    assert (tab.focus(), tab.eval("document.getElementById('login').hidden")) == ("stop", True)
    station.documents["playout"] = said.playout(stopped={"by": "Hoa", "why": "lũ", "until": None})
    tab.wait_for("document.activeElement.id === 'stopped'")
    station.documents["playout"] = said.playout()
    tab.wait_for("!document.getElementById('stop').hidden")


def test_what_a_stop_holds_back_is_not_promised(console, station, tab):
    held = "document.getElementById('next').innerText.includes('sẽ không phát')"
    coming = said.playout()["next"]["starts_at"]
    for until, held_back in ((None, True), ("2099-01-01T00:00:00+07:00", True), (coming, False)):
        station.documents["playout"] = said.playout(stopped={"by": "Hoa", "why": "", "until": until})
        tab.open(console.url)
        tab.wait_for(f"!document.getElementById('stopped').hidden && {held} === {str(held_back).lower()}")
