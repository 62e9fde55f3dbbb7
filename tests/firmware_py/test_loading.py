"""What the commands say of a timetable's programme files: of their sound, and of what they hold."""

import json
from types import SimpleNamespace

import pytest

from audio.library import read_index
from firmware_py import cli
from firmware_py.commands import loading
from firmware_py.commands.context import Context
from firmware_py.config import load
from firmware_py.demo.rig import Rig, RigSettings
from tests.audio.test_library import noise, write_wav

WEEK = """
title = "Lịch tuần"
[[slot]]
days = "T2-CN"
start = "5h"
duration = 1
title = "Bản tin sáng"
source = "sang.wav"
[[slot]]
days = "T2-CN"
start = "17h"
duration = 1
title = "Bản tin chiều"
source = "chieu.wav"
"""


@pytest.fixture
def station(tmp_path):
    rig = Rig(tmp_path, RigSettings(), None)
    rig.write_config()
    write_wav(rig.media_dir / "sang.wav", noise(30_000))
    (rig.folder / "week.toml").write_text(WEEK, encoding="utf-8")

    def run(*words):
        return cli.main([*words, "--config", str(rig.config_path), "--lang", "vi"])

    return SimpleNamespace(rig=rig, run=run, week=str(rig.folder / "week.toml"))


def test_a_copy_of_a_file_is_told_at_its_row_and_shown_as_a_repeat(station, capsys):
    write_wav(station.rig.media_dir / "chieu.wav", noise(30_000))
    assert station.run("schedule", "check", station.week) == 0
    assert "“Bản tin chiều” cùng nội dung với “Bản tin sáng”" in capsys.readouterr().err
    station.run("schedule", "show", station.week, "--from", "2026-11-23", "--to", "2026-11-24", "--json")
    shown = json.loads(capsys.readouterr().out)
    assert [(o["kind"], o["repeat_of"]) for o in shown] == [("own", None), ("repeat", shown[0]["occurrence"])]


def test_an_items_own_loudness_is_a_copy_in_the_library(station):
    week = station.rig.folder / "to.toml"
    week.write_text(WEEK + "loudness = -16\n", encoding="utf-8")
    write_wav(station.rig.media_dir / "chieu.wav", noise(48_000, seed=3))
    assert station.run("schedule", "check", str(week)) == 0
    held = read_index(station.rig.state_dir / "library")
    assert {name: entry.copies for name, entry in held.items()} == {"sang.wav": (), "chieu.wav": (-16.0,)}


def test_what_is_wrong_with_the_sound_of_a_file_is_told_once(station, capsys):
    write_wav(station.rig.media_dir / "chieu.wav", [0] * 48_000)
    assert station.run("schedule", "check", station.week) == 0
    said = capsys.readouterr().err
    assert said.count("chieu.wav: cảnh báo: Cả tệp không có tiếng") == 1
    assert "cùng nội dung" not in said


def test_a_file_that_is_gone_is_played_from_the_library(station, capsys):
    station.run("schedule", "check", station.week)
    (station.rig.media_dir / "sang.wav").unlink()
    capsys.readouterr()
    station.run("schedule", "check", station.week)
    assert "chưa có tệp “sang.wav”" not in capsys.readouterr().err


def test_the_configured_target_is_used(station):
    with station.rig.config_path.open("a", encoding="utf-8") as file:
        file.write("\n[library]\ntarget_lufs = -23.0\n")
    station.run("schedule", "check", station.week)
    entry = read_index(load(station.rig.config_path).library_dir)["sang.wav"]
    assert entry.level.after.integrated_lufs == pytest.approx(-23.0, abs=0.5)


def test_a_person_at_a_terminal_sees_how_far_a_long_file_is(station, capsys, monkeypatch):
    monkeypatch.setattr(loading, "_PATIENCE_S", 0.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    config = load(station.rig.config_path)
    loading.take_in(Context(SimpleNamespace(), "vi"), config, station.rig.media_dir / "sang.wav")
    shown = capsys.readouterr().err
    assert "đang nạp sang.wav: 0 phút, " in shown
    assert shown.endswith("\r\033[K")


def test_how_much_of_a_file_will_be_cut_is_said_at_its_row(station, capsys):
    write_wav(station.rig.media_dir / "sang.wav", noise(8 * 48_000))
    week = station.rig.folder / "ngan.toml"
    week.write_text(WEEK.replace("duration = 1", 'duration = "2 giây"').replace("chieu", "sang"), encoding="utf-8")
    assert station.run("schedule", "check", str(week)) == 0
    assert 'slot 1.duration: cảnh báo: “Bản tin sáng”: tệp “sang.wav” dài 8", khung giờ 2"' in capsys.readouterr().err


def test_what_is_wrong_with_a_files_sound_is_in_the_json_too(station, capsys):
    write_wav(station.rig.media_dir / "chieu.wav", [0] * 48_000)
    assert station.run("schedule", "check", station.week, "--json") == 0
    warnings = json.loads(capsys.readouterr().out)["warnings"]
    assert ("chieu.wav", "silent") in [(one["where"], one["code"]) for one in warnings]
