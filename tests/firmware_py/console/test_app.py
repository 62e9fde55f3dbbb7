"""Reading is open, orders are not: the code, sessions, the spool, and what strangers try."""

import asyncio
import json
import sqlite3
import stat
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from firmware_py.console.accounts import Accounts
from firmware_py.console.app import COOKIE, Console, create_app
from firmware_py.spool import pending
from tests.firmware_py.console import station as said

HOST = "http://station.local:8080"
HOME = {"Origin": HOST}


class Client:
    """A browser without a browser: every request through the whole application."""

    def __init__(self, settings):
        self.now_s = 1_000.0
        self.settings = settings
        self.accounts = Accounts(settings.state_dir)
        self.console = Console(settings, self.accounts, monotonic_s=lambda: self.now_s)
        self.app = create_app(settings, self.console)
        self.cookies = httpx.Cookies()
        self.code = self.accounts.code.text

    def ask(self, method, path, address="10.0.0.7", **request):
        async def once():
            transport = httpx.ASGITransport(self.app, client=(address, 1), raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url=HOST, cookies=self.cookies) as client:
                answer = await client.request(method, path, **request)
                self.cookies = client.cookies
                return answer

        return asyncio.run(once())

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body, headers=HOME, **more):
        return self.ask("POST", path, json=body, headers=headers, **more)

    def log_in(self, name="Nguyễn Văn Năm", **more):
        return self.post("/api/login", {"name": name, "code": self.code}, **more)

    def requests(self):
        return [request for _, request in pending(self.settings.spool_dir)]


@pytest.fixture
def client(settings):
    client = Client(settings)
    yield client
    client.accounts.close()


def a_wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_page_shows_the_station_before_anything_else_is_fetched(client, station):
    page = client.get("/")
    assert page.status_code == 200
    assert "Đài Truyền thanh xã Hoằng Đạo" in page.text
    assert "DỪNG PHÁT" in page.text
    assert "verdict.on_air" in page.text
    assert said.BREAKING_TITLE not in page.text, "a title must not be markup"


def test_every_answer_forbids_scripts_from_elsewhere_and_inline(client):
    for path in ("/", "/api/status", "/static/console.js", "/no/such/page", "/api/stop"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy


def test_nothing_on_the_page_comes_from_elsewhere(client):
    for path in ("/", "/static/console.css", "/static/console.js"):
        assert "http" not in client.get(path).text.replace("http-equiv", "")


def test_no_file_but_the_pages_own_is_served(client):
    for path in ("/static/page.html", "/static/..%2fserver.py", "/static/%2e%2e/app.py", "/static/console.db"):
        assert client.get(path).status_code == 404


def test_status_has_the_three_documents_while_they_are_news(client, station):
    status = client.get("/api/status").json()
    assert status["verdict"]["code"] == "verdict.on_air"
    assert status["playout"]["on_air"]["position_ms"] == 245_000
    assert status["ledger"]["seq"] == 412


@pytest.mark.parametrize("age_s", [3.5, 86_400, -5])
def test_a_document_that_is_old_or_of_another_boot_is_no_news(client, settings, age_s):
    said.SpeakingStation(settings.run_dir).say(age_s)
    status = client.get("/api/status").json()
    assert status == {
        "verdict": {"level": "bad", "code": "verdict.no_playout"},
        "playout": None,
        "meter": None,
        "ledger": None,
    }


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"boottime_ns": "x"}'])
def test_a_broken_document_is_no_news(client, settings, text):
    (settings.run_dir / "playout.json").write_text(text)
    assert client.get("/api/status").json()["playout"] is None


def test_the_code_is_made_once_for_the_owner_alone(settings):
    first = Accounts(settings.state_dir)
    path = settings.state_dir / "console-code"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((settings.state_dir / "console.db").stat().st_mode) == 0o600
    assert path.read_text().strip() == first.code.text
    assert len(first.code.text) == 6
    assert first.code.text.isdigit()
    first.close()
    second = Accounts(settings.state_dir)
    assert second.code.text == first.code.text
    second.close()


def test_the_code_still_opens_when_its_file_was_removed_and_another_one_in_the_file_replaces_it(settings):
    first = Accounts(settings.state_dir)
    token = first.open_session("An", datetime.now(UTC))
    first.close()
    path = settings.state_dir / "console-code"
    path.unlink()
    second = Accounts(settings.state_dir)
    assert second.code.text is None
    assert second.code_is(first.code.text)
    assert second.name_of(token) == "An"
    second.close()
    path.write_text("135790\n")
    third = Accounts(settings.state_dir)
    assert third.code_is("135790")
    assert not third.code_is(first.code.text)
    assert third.name_of(token) is None, "sessions end with the code that opened them"
    third.close()


def test_neither_code_nor_token_stands_in_the_database(client, settings):
    client.log_in()
    token = client.cookies[COOKIE]
    connection = sqlite3.connect(settings.state_dir / "console.db")
    dump = "\n".join(connection.iterdump())
    connection.close()
    assert "session" in dump
    assert token not in dump
    assert token.encode().hex() not in dump.lower()
    assert client.code.encode().hex() not in dump.lower()


def test_a_stop_needs_the_code_then_lies_durably_in_the_spool(client):
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    order = {"why": "Mưa lũ, theo lệnh Chủ tịch", "until": until}
    assert client.post("/api/stop", order).status_code == 401
    assert client.requests() == []
    answer = client.log_in()
    assert answer.json() == {"name": "Nguyễn Văn Năm"}
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/api/me").json() == {"name": "Nguyễn Văn Năm"}
    answer = client.post("/api/stop", order)
    assert answer.status_code == 202
    (request,) = client.requests()
    assert (request.command, request.by, request.id) == ("stop", "Nguyễn Văn Năm", answer.json()["id"])
    assert request.body["why"] == order["why"]
    assert request.body["until"] == order["until"]


def test_resume_follows_stop_in_the_order_they_were_given(client):
    client.log_in()
    client.post("/api/stop", {"why": "thử", "until": None})
    client.post("/api/resume", {"why": ""})
    assert [request.command for request in client.requests()] == ["stop", "resume"]


def test_a_session_outlives_a_restart_and_ends_with_log_out(client, settings):
    client.log_in()
    token = client.cookies[COOKIE]
    client.accounts.close()
    again = Client(settings)
    again.cookies.set(COOKIE, token)
    assert again.get("/api/me").json()["name"] == "Nguyễn Văn Năm"
    again.post("/api/logout", {})
    again.cookies.set(COOKIE, token)
    assert again.post("/api/stop", {"why": "x", "until": None}).status_code == 401
    again.accounts.close()


def test_the_oldest_session_ends_when_there_are_too_many(client):
    client.log_in("Thứ nhất")
    first = client.cookies[COOKIE]
    for n in range(20):
        client.cookies = httpx.Cookies()
        assert client.log_in(f"Người {n}").status_code == 200
    assert client.accounts.name_of(first) is None
    assert client.get("/api/me").json()["name"] == "Người 19"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://station.local:9999"},
        {"Origin": "http://evil.example/station.local:8080"},
    ],
)
@pytest.mark.parametrize("path", ["/api/login", "/api/logout", "/api/stop", "/api/resume"])
def test_another_sites_page_can_give_no_order(client, headers, path):
    client.log_in()
    answer = client.post(path, {"why": "x", "until": None, "name": "x", "code": client.code}, headers=headers)
    assert answer.status_code == 403
    assert client.requests() == []


def test_orders_cannot_be_given_by_following_a_link(client):
    client.log_in()
    assert client.get("/api/stop").status_code == 405


def test_five_wrong_codes_make_one_address_wait_and_others_not(client):
    wrong = {"name": "x", "code": a_wrong(client.code)}
    assert [client.post("/api/login", wrong).status_code for _ in range(6)] == [403] * 5 + [429]
    answer = client.log_in()
    assert answer.status_code == 429, "the right code waits too: it must not be told from a wrong one"
    assert answer.json()["seconds"] <= 61
    assert "61" in answer.json()["message"]
    assert client.log_in(address="10.0.0.8").status_code == 200
    client.now_s += 61
    assert client.log_in().status_code == 200


def test_guessing_from_many_addresses_is_slowed_down_too(client, monkeypatch):
    monkeypatch.setattr(client.accounts, "code_is", lambda code: code == client.code)
    wrong = {"name": "x", "code": a_wrong(client.code)}
    answers = [client.post("/api/login", wrong, address=f"10.0.1.{n}").status_code for n in range(50)]
    assert answers.count(403) == 41
    assert answers[-1] == 429


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"why": "", "until": None}, "error.why"),
        ({"why": "x" * 201, "until": None}, "error.why"),
        ({"why": 5, "until": None}, "error.why"),
        ({"until": None}, "error.why"),
        ({"why": "x", "until": "tomorrow"}, "error.until"),
        ({"why": "x", "until": "2026-11-24T00:00:00"}, "error.until"),
        ({"why": "x", "until": "9999-12-31T23:59:59+07:00"}, "error.until"),
        ({"why": "x", "until": "2001-01-01T00:00:00+07:00"}, "error.until"),
        ({"why": "x", "until": 7}, "error.until"),
        ([], "error.request"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_in_vietnamese(client, body, error):
    client.log_in()
    answer = client.post("/api/stop", body)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["message"].endswith(".")
    assert client.requests() == []


def test_names_and_reasons_are_one_line_of_composed_text(client):
    assert client.log_in("  Ba\u0309o\n\x1b[31m An ").json()["name"] == "Bảo [31m An"
    assert client.log_in("\n").json()["error"] == "error.name"


def test_a_huge_or_broken_body_is_refused(client):
    client.log_in()
    headers = HOME | {"Content-Type": "application/json"}
    big = json.dumps({"why": "x" * 10_000, "until": None})
    assert client.ask("POST", "/api/stop", content=big, headers=headers).status_code == 413
    assert client.ask("POST", "/api/stop", content="{", headers=headers).status_code == 400
    assert client.ask("POST", "/api/stop", content=b"\xff\xfe", headers=headers).status_code == 400
    assert client.ask("POST", "/api/stop", content="[" * 4_000, headers=headers).status_code == 400
    form = HOME | {"Content-Type": "text/plain"}
    assert client.ask("POST", "/api/stop", content=big, headers=form).status_code == 415


def test_a_card_that_cannot_be_written_is_said(client, settings):
    client.log_in()
    settings.spool_dir.rmdir()
    settings.spool_dir.write_text("in the way")
    answer = client.post("/api/stop", {"why": "x", "until": None})
    assert (answer.status_code, answer.json()["error"]) == (507, "error.storage")


def test_health_says_ok(client):
    assert client.get("/healthz").text == "ok"
