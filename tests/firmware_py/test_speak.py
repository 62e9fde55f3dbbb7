"""say and emergency: what a person is shown, what is made, what goes to the station."""

import io
import json
import wave
from datetime import datetime, timedelta

import pytest

from audio.library import read_index
from firmware_py import spool
from firmware_py.cli import main
from scheduler.clock import STATION_TZ
from tests.firmware_py.station_file import RUNS
from tests.support.alerts import cap, info

TEXT = "UBND xã mời họp lúc 5h30"
SAID = "Ủy ban nhân dân xã mời họp lúc năm giờ ba mươi phút."


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    (tmp_path / "state").mkdir()

    def command(*arguments, more="", text=""):
        (tmp_path / "station.toml").write_text(RUNS.format(folder=tmp_path) + more, encoding="utf-8")
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        code = main([*arguments, "--config", str(tmp_path / "station.toml"), "--lang", "vi"])
        out, err = capsys.readouterr()
        return code, out, err

    return command


def requests(tmp_path):
    return [request for _, request in spool.pending(tmp_path / "state" / "spool")]


def test_a_text_becomes_a_programme_that_can_be_heard_and_scheduled(run, tmp_path):
    code, out, err = run("say", TEXT, "--name", "moi-hop")
    assert (code, out) == (0, SAID + "\n")
    assert "smartradio play" in err
    assert (tmp_path / "media" / "moi-hop.wav").is_file()
    assert read_index(tmp_path / "state" / "library")["moi-hop.wav"].duration_ms > 1_500
    assert requests(tmp_path) == []


def test_a_notice_waits_for_somebody_to_listen_to_it_and_who_did_is_booked(run, tmp_path):
    library = tmp_path / "state" / "library"
    assert "smartradio heard moi-hop.wav" in run("say", TEXT, "--name", "moi-hop")[2]
    assert read_index(library)["moi-hop.wav"].unheard
    assert run("heard", str(tmp_path / "media" / "moi-hop.wav"), "--by", "Lan")[0] == 0
    assert not read_index(library)["moi-hop.wav"].unheard
    (request,) = requests(tmp_path)
    assert (request.command, request.by, request.body["source"]) == ("heard", "Lan", "moi-hop.wav")
    code, _, err = run("heard", "khac.wav")
    assert (code, "khac.wav" in err) == (1, True)


def test_who_orders_a_notice_now_answers_for_it(run, tmp_path):
    library = tmp_path / "state" / "library"
    run("say", TEXT, "--name", "a", "--now")
    run("say", TEXT + " mai", "--name", "b")
    run("play", str(tmp_path / "media" / "b.wav"))
    run("say", TEXT + " kia", "--name", "c", more="[speech]\nheard_first = false")
    assert [entry.unheard for entry in read_index(library).values()] == [False] * 3


def test_json_says_all_of_it(run, tmp_path):
    code, out, _ = run("say", "-", "--json", text=TEXT + " ZKQW")
    said = json.loads(out)
    assert code == 0
    assert said["spelt"] == ["ZKQW"]
    assert said["duration_ms"] == read_index(tmp_path / "state" / "library")[said["name"]].duration_ms


def test_a_dry_run_only_shows(run, tmp_path):
    assert run("say", TEXT, "--dry-run")[:2] == (0, SAID + "\n")
    assert not (tmp_path / "media").exists()


def test_now_plays_it(run, tmp_path):
    assert run("say", TEXT, "--now", "--by", "Lan", "--why", "gấp")[0] == 0
    (request,) = requests(tmp_path)
    assert (request.command, request.by, request.body["why"]) == ("play", "Lan", "gấp")
    assert request.body["source"] in read_index(tmp_path / "state" / "library")


def test_out_writes_a_file_and_nothing_else(run, tmp_path):
    assert run("say", TEXT, "--out", str(tmp_path / "a.wav"), "--voice", "nam")[0] == 0
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() > 0
    assert not (tmp_path / "state" / "library").exists()


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        (("say", " "), ""),
        (("say", "x" * 30_000), ""),
        (("say", TEXT, "--name", "../x"), ""),
        (("say", TEXT, "--out", "/nowhere/a.wav"), ""),
        (("say", TEXT, "--voice", "klingon-x"), ""),
        (("say", TEXT), '[speech]\ncommand = ["/nowhere/piper"]'),
        (("say", TEXT), '[speech]\nabbreviations = "/nowhere/viet-tat.txt"'),
        (("config", "check"), '[speech]\nabbreviations = "/nowhere/viet-tat.txt"'),
        (("config", "check"), '[speech]\ncommand = ["/nowhere/piper"]'),
        (("config", "check"), "[alerts]\npoints = [[121.0, 21.0]]"),
        (("emergency", "/nowhere/a.cap"), ""),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(run, arguments, more):
    code, out, err = run(*arguments, more=more)
    assert code == 1
    assert err.strip()
    assert "Traceback" not in out + err


NOW = datetime.now(STATION_TZ).replace(microsecond=0)


@pytest.fixture
def file(tmp_path):
    def written(**changes):
        path = tmp_path / "canh-bao.cap"
        path.write_bytes(cap(sent=NOW, infos=[info(expires=NOW + timedelta(hours=1))], **changes))
        return str(path)

    return written


def test_an_alert_is_shown_and_handed_in_unchanged(run, file, tmp_path):
    code, out, err = run("emergency", file())
    assert code == 0
    assert "năm giờ ba mươi phút" in out
    assert "khẩn cấp" in err
    (handed_in,) = (tmp_path / "state" / "spool" / "alerts").glob("*.cap")
    assert handed_in.read_bytes() == (tmp_path / "canh-bao.cap").read_bytes()


def test_a_dry_run_hands_nothing_in(run, file, tmp_path):
    code, out, _ = run("emergency", file(), "--dry-run", "--json")
    judged = json.loads(out)
    assert (code, judged["outcome"], judged["class"]) == (0, "aired", "emergency")
    assert not (tmp_path / "state" / "spool").exists()


def test_what_would_not_air_is_not_handed_in(run, file, tmp_path):
    code, _, err = run("emergency", file(status="Test"))
    assert code == 1
    assert "không phải cảnh báo thật" in err
    assert not (tmp_path / "state" / "spool").exists()


def test_every_error_of_a_document_is_told(run, file):
    code, _, err = run("emergency", file(status="Real", scope="Everybody"))
    assert code == 1
    assert len(err.strip().splitlines()) == 2
