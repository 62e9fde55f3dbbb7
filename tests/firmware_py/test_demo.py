"""``./dev run``: what it refuses, where its page is, how its line fits, and whom Ctrl-C reaches."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from firmware_py.commands.context import CommandError
from firmware_py.demo import outcome as demo_outcome
from firmware_py.demo import run as demo
from firmware_py.demo.broker import Broker
from firmware_py.demo.line import BETWEEN, parted
from firmware_py.demo.rig import Rig, RigSettings
from firmware_py.demo.soundserver import SoundServer
from scheduler.clock import STATION_TZ
from scheduler.problem import Problem
from telemetry.reports.table import display_width
from tests.telemetry.reports import sample as figures


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-5", "lâu"])
def test_a_length_that_is_none_is_a_wrong_command_line(seconds, capsys):
    with pytest.raises(SystemExit, match="2"):
        demo._parser().parse_args(["--for", seconds])
    assert "số giây phải lớn hơn 0" in capsys.readouterr().err


def test_an_outcome_that_cannot_be_written_is_refused_before_the_run(tmp_path):
    for nowhere in (tmp_path / "none" / "x.json", tmp_path):
        with pytest.raises(SystemExit, match="2"):
            demo._parser().parse_args(["--json", str(nowhere)])
    assert demo._parser().parse_args(["--json", str(tmp_path / "x.json")]).json == tmp_path / "x.json"


def test_a_file_where_the_demo_wants_its_folder_is_an_error_in_words(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["dev", "--for", "5"])
    (tmp_path / ".demo").write_text("", encoding="utf-8")
    assert demo.main() == 1
    assert "Đài mẫu không chạy được" in capsys.readouterr().err


def test_what_the_demo_says_of_an_error_is_vietnamese_before_the_stroke(tmp_path, monkeypatch, capsys):
    def fails(args):
        raise CommandError(Problem("sổ", "no_ledger", "chưa có sổ cái", "no ledger"))

    monkeypatch.setattr(sys, "argv", ["dev"])
    monkeypatch.setattr(demo, "_run_alone", fails)
    assert demo.main() == 1
    vi, en = capsys.readouterr().err.split("  /  ")
    assert ("chưa có sổ cái" in vi, "no ledger" in vi, "no ledger" in en) == (True, False, True)


def test_the_run_folder_of_a_demo_that_was_killed_is_not_left_in_memory(tmp_path):
    killed = "from firmware_py.demo.rig import Rig, RigSettings; import os, pathlib, sys"
    makes = "rig = Rig(pathlib.Path(sys.argv[1]), RigSettings(), None); print(rig.run_dir, flush=True)"
    ends = f"{makes}; os.kill(os.getpid(), 9)"
    command = [sys.executable, "-c", f"{killed}; {ends}", tmp_path / "a"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    left = Path(ran.stdout.strip())
    assert left.is_dir()
    rig = Rig(tmp_path / "b", RigSettings(), None)
    assert left.is_dir() == (left == tmp_path / "a" / "run")  # where there is no memory for it, it lies on the disk
    assert rig.run_dir.is_dir()


def test_a_broken_programme_file_is_named_and_the_demo_goes_on(tmp_path, capsys):
    rig = Rig(tmp_path, RigSettings(), None)
    (rig.media_dir / "hong.wav").write_bytes(b"")
    demo._load_library(rig)
    assert "hong.wav" in capsys.readouterr().err


PARTS = [
    "▶ Bản tin sáng 13/25 s",
    "nghe: đã lên sóng −17→−18 dBFS",
    "hôm nay: lịch 9086 s, lên sóng 243 s, chưa đo 9 s",
    "tiếp: 17:15:00 Tiếp âm thời sự",
    "⚠ 1 sự cố: Mất tiếng trong giờ phát",
]


def test_a_narrow_terminal_shows_all_that_a_wide_one_does():
    assert parted(PARTS, 200) == [BETWEEN.join(PARTS)]
    lines = parted(PARTS, 79)
    assert max(map(display_width, lines)) <= 79
    assert BETWEEN.join(lines) == BETWEEN.join(PARTS)
    assert len(lines) == 3
    assert parted(["▶ " + "Bản tin sáng " * 20], 79)[0].endswith("…")


def test_lines_are_drawn_over_those_before_them(capsys):
    above = demo._draw(["một", "hai", "ba"], 0)
    assert demo._draw(["bốn"], above) == 0
    assert capsys.readouterr().err == "\r\x1b[Jmột\nhai\nba\r\x1b[2A\x1b[Jbốn"


def test_programmes_that_began_after_the_end_of_the_run_were_not_in_progress(tmp_path, monkeypatch):
    ended = datetime(2026, 11, 23, 17, tzinfo=STATION_TZ)
    rows = [{"starts_at": (ended + timedelta(seconds=s)).isoformat(), "programme": f"{s}"} for s in (-5, 3)]
    assert [row["programme"] for row in demo_outcome._begun(rows, ended)] == ["-5"]


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, "vi"),
        ({"LANG": "C.UTF-8"}, "vi"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LC_ALL": "vi_VN", "LANG": "en"}, "vi"),
    ],
)
def test_the_demo_speaks_english_only_where_the_computer_does(monkeypatch, environment, lang):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert demo.demo_language() == lang


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_outcome_says_in_words_whether_both_sides_agree(capsys, lang):
    totals = figures.totals([figures.occurrence(datetime(2026, 11, 23, 5, tzinfo=STATION_TZ), 1, "Bản tin", "own")], 7)
    other = totals | {"on_air_ms": totals["on_air_ms"] + 1}
    rows = [figures.occurrence(datetime(2026, 11, 23, 5, tzinfo=STATION_TZ), 1, "Bản tin", "own")]
    for collector, said in ((totals, "equal"), (other, "unequal")):
        demo_outcome.print_outcome(demo_outcome.Outcome(rows, [], "2026-11", 4, totals, collector), lang)
        printed = capsys.readouterr().out
        assert printed.splitlines()[-1] == demo_outcome.TEXTS[lang][said]
        assert "_ms" not in printed


def test_a_console_whose_port_is_taken_is_found_at_another(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = RigSettings(console_port=port, processes=("console",))
        with Rig(tmp_path, settings, None) as rig:
            rig.start_station()
            address = rig.wait_for_console()
            assert str(port) not in address
            with urllib.request.urlopen(address, timeout=10) as page:
                assert page.status == 200


def test_a_station_runs_in_a_folder_with_a_space_in_its_name(tmp_path):
    folder = tmp_path / "đài xã: mẫu"
    with SoundServer(folder / "sound", ["air1"]) as sound, Broker(folder / "broker", persistence=True) as broker:
        assert sound.running
        listed = subprocess.run(
            [sys.executable, "-c", "from audio.card import list_devices; print(*[d.name for d in list_devices()])"],
            env={**os.environ, **sound.env},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "air1" in listed.stdout
        assert broker.pid


UNTIL_INTERRUPTED = """
import signal
import sys
from pathlib import Path
from firmware_py.demo.broker import Broker
from firmware_py.demo.soundserver import SoundServer
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is started with it ignored
with SoundServer(Path(sys.argv[1]) / "sound", ["air1"]) as sound, Broker(Path(sys.argv[1]) / "broker") as broker:
    try:
        print("up", flush=True)
        sys.stdin.read()
    except KeyboardInterrupt:
        sound.pactl("info")
        print(broker._process.poll(), [keeper.poll() for keeper in sound._keepers], flush=True)
"""


def test_ctrl_c_leaves_sound_and_broker_to_whoever_started_them(tmp_path):
    """A terminal sends SIGINT to its whole foreground group; the station needs both until it has ended."""
    command = [sys.executable, "-c", UNTIL_INTERRUPTED, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, start_new_session=True) as child:
        assert child.stdout.readline() == b"up\n"
        os.killpg(child.pid, signal.SIGINT)
        said, _ = child.communicate(timeout=20)
    assert said == b"None [None]\n"
