"""What the operator is told by `status`, `stop` and `journal verify`: in words, in local time, the gravest first."""

import argparse
import json
import re
from datetime import datetime, timedelta

import pytest

from firmware_py import spool
from firmware_py.cli import main
from firmware_py.clocks import boottime_ns
from firmware_py.commands.context import Context
from firmware_py.commands.dates import parse_until
from firmware_py.commands.looks import _fault, status_lines
from firmware_py.files import write_json
from firmware_py.live import Live
from scheduler.clock import STATION_TZ
from telemetry.ledger_store import LedgerStore
from tests.firmware_py.console.station import channel, ledger, meter, playout
from tests.firmware_py.station_file import CONFIG

STOPPED = {"by": "chị Lan", "why": "lũ", "until": "2026-11-23T06:00:00+07:00"}


@pytest.fixture
def run(tmp_path, capsys):
    (tmp_path / "station.toml").write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")

    def command(*words):
        code = main([*words, "--config", str(tmp_path / "station.toml"), "--lang", "vi"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def shown(lang, said, heard):
    today = {"planned_ms": 60_000, "played_ms": 60_000, "on_air_ms": 58_996, "not_on_air_ms": 4, "unobserved_ms": 1_000}
    lives = {"playout": said, "meter": meter(heard), "ledger": ledger() | {"today": today}}
    return status_lines({name: Live(one, True) for name, one in lives.items()}, Context(argparse.Namespace(), lang))


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        ("vi", "ĐANG DỪNG PHÁT: chị Lan (lũ), đến 06:00 23/11/2026"),
        ("en", "STOPPED: chị Lan (lũ), until 06:00 23/11/2026"),
    ],
)
def test_the_status_of_a_stopped_station_begins_with_who_stopped_it(lang, line):
    assert shown(lang, playout(stopped=STOPPED), channel())[0] == line
    for_ever = shown(lang, playout(stopped=STOPPED | {"until": None}), channel())[0]
    assert for_ever.endswith("đến khi cho phát lại" if lang == "vi" else "until resumed")
    assert not any("lũ" in line for line in shown(lang, playout(), channel()))


def test_what_a_stop_holds_back_is_not_promised():
    held = [
        line for line in shown("vi", playout(stopped=STOPPED | {"until": None}), channel()) if "sẽ không phát" in line
    ]
    assert [line.split(":")[0] for line in held] == ["Tiếp theo"]
    alert = {"next": playout()["next"] | {"class": "emergency"}}
    assert not any("sẽ không phát" in line for line in shown("vi", playout(stopped=STOPPED, **alert), channel()))
    until = {"until": playout()["next"]["starts_at"]}
    assert not any("sẽ không phát" in line for line in shown("vi", playout(stopped=STOPPED | until), channel()))


def test_an_order_to_a_station_that_does_not_run_says_that_it_waits(run):
    code, _, err = run("stop", "--why", "thử")
    assert (code, "Chú ý: đài không chạy" in err) == (0, True)


@pytest.mark.parametrize(("state", "words"), [("on_air", "đã lên sóng"), ("silence", "im lặng"), ("idle", "ngoài giờ")])
def test_the_status_is_in_words_not_in_codes(state, words):
    lines = shown("vi", playout(), channel(state=state))
    assert any(line.startswith("Nghe thấy: ") and words in line for line in lines)
    parts = "đã lên sóng 0:00:59, không lên sóng 0:00:00, chưa đo được 0:00:01"
    assert f"Hôm nay: theo lịch cả ngày 0:01:00, máy đã phát 0:01:00, {parts}" in lines
    assert not any(re.search(r"[{}_]", line) for line in lines)


@pytest.mark.parametrize(("dbfs", "words"), [(-18.4, ", −18 dBFS"), (-120.0, ", −∞ dBFS"), (None, ", –")])
def test_a_level_is_told_as_on_the_page(dbfs, words):
    assert any(line.endswith(words) for line in shown("vi", playout(), channel(heard_dbfs=dbfs)))


@pytest.fixture
def waiting(tmp_path):
    """Three bulletins that wait, as playout tells it."""
    (tmp_path / "run").mkdir(exist_ok=True)
    told = [{"occurrence": f"id-{n}", "programme": f"Tin {n}", "planned_ms": 60_000} for n in (1, 2, 3)]
    write_json(tmp_path / "run" / "playout.json", {"boottime_ns": boottime_ns(), "waiting": told})
    return told


def test_the_queue_is_shown_with_its_numbers_and_what_is_named_comes_first(run, tmp_path, waiting):
    assert run("queue")[1].splitlines() == ["1. Tin 1 (60 s)", "2. Tin 2 (60 s)", "3. Tin 3 (60 s)"]
    assert json.loads(run("queue", "--json")[1]) == waiting
    code, _, err = run("queue", "3", "1", "--by", "Lan")
    assert (code, "Tin 3, Tin 1" in err) == (0, True)
    (request,) = [request for _, request in spool.pending(tmp_path / "spool")]
    assert (request.command, request.by, request.body["ids"]) == ("arrange", "Lan", ["id-3", "id-1"])


@pytest.mark.parametrize("numbers", [("4",), ("0",), ("1", "1")])
def test_a_number_that_names_no_bulletin_or_one_twice_is_refused(run, waiting, numbers):
    code, _, err = run("queue", *numbers)
    assert (code, "3 tin" in err) == (1, True)


def test_the_status_of_a_relay_says_which_link_sounds_and_why_it_is_not_the_first():
    relay = {"link": 1, "name": "line:tuner", "first_lost": True, "why": "silence", "links": [{}, {}, {}]}
    lines = shown("vi", playout(relay=relay), channel())
    assert lines[1] == "Nguồn tiếp âm 2/3: line:tuner (mất nguồn chính: im lặng)"


def test_the_status_of_a_station_that_does_not_run_shows_no_old_news():
    old = {"playout": playout(), "meter": meter(channel()), "ledger": ledger()}
    lives = {name: Live(one, False) for name, one in old.items()}
    assert status_lines(lives, Context(argparse.Namespace(), "vi")) == ["Đài không chạy."]
    lives["meter"] = Live(old["meter"], True)
    assert status_lines(lives, Context(argparse.Namespace(), "vi"))[0] == "KHÔNG CÓ TIN TỪ: bộ phát, sổ cái"


def test_a_fault_is_told_in_local_time_with_its_reason_in_words():
    fault = {
        "since": "2026-11-23T05:00:00+07:00",
        "target": "output",
        "title_vi": "Mất card âm thanh",
        "advice_vi": "Cắm lại.",
        "evidence": {"reason": "air1: [Errno -9985] Device unavailable"},
    }
    first, second = _fault(fault, Context(argparse.Namespace(), "vi")).splitlines()
    assert first == "05:00:00 23/11/2026  Mất card âm thanh (output): Cắm lại."
    assert second.strip() == "Lý do: thiết bị đang bận hoặc đã rút ra (air1: [Errno -9985] Device unavailable)"


@pytest.mark.parametrize("line", ["play", "airtime --thang", "logbook --week", "phat", "live start --limit x"])
def test_a_wrong_command_line_is_told_in_vietnamese(capsys, line):
    with pytest.raises(SystemExit, match="2"):
        main([*line.split(), "--lang", "vi"])
    said = capsys.readouterr().err
    assert said.startswith("cách dùng: smartradio")
    assert not re.search(r"argument|required|choose|expected|usage", said)


def test_a_help_text_in_vietnamese_has_vietnamese_heads(capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    with pytest.raises(SystemExit, match="0"):
        main(["airtime", "--help"])
    said = capsys.readouterr().out
    assert ("tùy chọn:" in said, "options:" in said, "show this help" in said) == (True, False, False)


def test_the_end_of_a_stop_is_told_in_local_time(run):
    tomorrow = (datetime.now(STATION_TZ) + timedelta(days=1)).date()
    code, _, err = run("stop", "--until", f"{tomorrow}T23:00Z")
    assert code == 0
    assert f"đến 06:00 {tomorrow + timedelta(days=1):%d/%m/%Y}" in err


def test_a_ledger_without_entries_is_not_called_right(run, tmp_path):
    LedgerStore(tmp_path / "ledger.db", "dong-tam").close()
    code, _, err = run("journal", "verify")
    assert (code, err.strip()) == (0, "Sổ cái chưa có bản ghi nào.")


NOW = datetime(2026, 11, 23, 16, 0, tzinfo=STATION_TZ)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("17h30", "2026-11-23T17:30+07:00"),
        ("15h", "2026-11-24T15:00+07:00"),
        ("24h", "2026-11-24T00:00+07:00"),
        ("17h30 25/11/2026", "2026-11-25T17:30+07:00"),
        ("5h ngày 25/11/2026", "2026-11-25T05:00+07:00"),
        ("25/11/2026 05:30", "2026-11-25T05:30+07:00"),
        ("24h 30/11/2026", "2026-12-01T00:00+07:00"),
        ("25/11/2026", "2026-11-25T00:00+07:00"),
        ("2026-11-23T23:00Z", "2026-11-24T06:00+07:00"),
    ],
)
def test_until_when_is_said_as_people_say_it(said, meant):
    assert parse_until(said, NOW) == parse_until(f" {said} ", NOW) == datetime.fromisoformat(meant)


@pytest.mark.parametrize(
    "said", ["", " ", "25h", "17h60", "5h30 31/11/2026", "11/25/2026", "17h30 1/1/0000", "9" * 500, "5h30 abc"]
)
def test_what_is_no_time_is_refused_with_what_to_write(run, said):
    code, _, err = run("stop", "--until", said)
    assert (code, "ghi như 17h30 hoặc 17h30 23/11/2026" in err) == (1, True)


@pytest.mark.parametrize(
    ("option", "said", "message"),
    [
        ("--month", "", "không phải là tháng (11/2026)"),
        ("--month", "13/2026", "không phải là tháng (11/2026)"),
        ("--month", "11/2026", "chưa có sổ cái"),
        ("--week", "", "không phải là tuần (47/2026)"),
        ("--week", "60/2026", "không phải là tuần (47/2026)"),
        ("--week", "47/2026", "chưa có sổ cái"),
    ],
)
def test_a_month_or_week_is_read_in_vietnamese_order_and_an_empty_one_is_none(run, option, said, message):
    """A script whose variable is empty must not get the present month."""
    code, _, err = run("airtime" if option == "--month" else "logbook", option, said)
    assert (code, message in err) == (1, True), err
