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
from firmware_py.commands.looks import status_lines
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
    today = {"planned_ms": 60_000, "programme_ms": 60_000, "on_air_ms": 59_000}
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


@pytest.mark.parametrize(("state", "words"), [("on_air", "đã lên sóng"), ("silence", "im lặng"), ("idle", "ngoài giờ")])
def test_the_status_is_in_words_not_in_codes(state, words):
    lines = shown("vi", playout(), channel(state=state))
    assert any(line.startswith("Nghe thấy: ") and words in line for line in lines)
    assert "Hôm nay (giây): theo lịch 60, thời gian chương trình 60, đã lên sóng 59" in lines
    assert not any(re.search(r"[{}_]", line) for line in lines)


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


def test_the_end_of_a_stop_is_told_in_local_time(run):
    tomorrow = (datetime.now(STATION_TZ) + timedelta(days=1)).date()
    code, _, err = run("stop", "--until", f"{tomorrow}T23:00Z")
    assert code == 0
    assert f"đến 06:00 {tomorrow + timedelta(days=1):%d/%m/%Y}" in err


def test_a_ledger_without_entries_is_not_called_right(run, tmp_path):
    LedgerStore(tmp_path / "ledger.db", "dong-tam").close()
    code, _, err = run("journal", "verify")
    assert (code, err.strip()) == (0, "Sổ gốc chưa có bản ghi nào.")
