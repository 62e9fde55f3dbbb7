"""What the world refuses a command is said in both languages, with the file that is meant."""

import argparse
from pathlib import Path

import pytest

from firmware_py.cli import main
from firmware_py.commands import looks
from firmware_py.commands.accounts import month_figure, week_figure
from firmware_py.commands.context import CommandError, Context
from firmware_py.commands.loading import take_in
from firmware_py.config import Config
from telemetry.ledger_store import LedgerStore
from telemetry.reports.form import Form
from telemetry.reports.logbook import logbook_text
from tests.telemetry.station_day import Day

STATION = {"station": {"id": "a", "name": "A", "province": "b"}, "output": {"device": "x"}}


def config_in(folder: Path, **more) -> Config:
    return Config.model_validate({**STATION, "paths": {"state_dir": str(folder), "media_dir": str(folder)}, **more})


def context_of(config: Config) -> Context:
    class Told(Context):
        def config(self):
            return config

    return Told(argparse.Namespace(config="station.toml"), "vi")


def test_a_library_that_cannot_be_written_is_named(tmp_path):
    config = config_in(tmp_path)
    (tmp_path / "library").write_text("no folder", encoding="utf-8")
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(CommandError) as refused:
        take_in(context_of(config), config, tmp_path / "a.wav")
    assert "library" in refused.value.problems[0].where
    assert "thư viện" in refused.value.problems[0].vi


@pytest.mark.parametrize("setting", ["password_file", "tls_ca"])
def test_a_file_that_the_configuration_names_and_nobody_can_read_is_told_by_the_check(tmp_path, setting):
    config = config_in(tmp_path, uplink={setting: str(tmp_path / "mat-khau")})
    with pytest.raises(CommandError) as refused:
        looks.config_check(context_of(config))
    assert (refused.value.problems[0].where, "mat-khau" in refused.value.problems[0].vi) == (f"uplink.{setting}", True)
    (tmp_path / "mat-khau").write_text("x", encoding="utf-8")
    looks.config_check(context_of(config))


def test_a_month_with_a_damaged_account_is_refused_and_says_what_to_ask_next(tmp_path):
    config = config_in(tmp_path)
    store = LedgerStore(config.ledger_db, "a")
    with store.transaction():
        store.append("airtime", {"days": ["2026-11-23"]})
    store.close()
    with pytest.raises(CommandError) as refused:
        month_figure(config, "2026-11")
    assert "journal verify" in refused.value.problems[0].vi


OVER_A_MONTHS_END = """
day 2026-11-30
05:00:00  plan    sang until 05:10:00
05:00:00  begin   sang
05:00:00  hear    on_air
05:10:00  hear    silence
05:10:00  end     sang
23:50:00  plan    dem until 1+00:10:00
23:50:00  begin   dem
23:50:00  hear    on_air
1+00:10:00 end    dem
1+00:10:00 hear   silence
1+06:00:00 look
"""


def test_what_sounds_over_a_months_end_is_one_line_of_the_logbook_and_whole(tmp_path):
    Day(tmp_path, OVER_A_MONTHS_END).run().ledger().close()
    week = week_figure(config_in(tmp_path, station=STATION["station"] | {"id": "tram-1"}), "2026-W49")
    assert [(o["starts_at"][:16], o["planned_ms"], o["on_air_ms"]) for o in week["occurrences"]] == [
        ("2026-11-30T05:00", 600_000, 600_000),
        ("2026-11-30T23:50", 1_200_000, 1_200_000),
    ]
    assert logbook_text(week, Form(), 100).count("23:50–00:10") == 1


CONFIG = """
[station]
id = "tram-1"
name = "Đài"
province = "a"
[paths]
state_dir = "{folder}"
media_dir = "{folder}"
[output]
device = "x"
"""


@pytest.mark.parametrize(("asked", "word"), [((), "Đã lên sóng"), (("--lang", "en"), "On air")])
def test_what_is_written_for_an_office_is_vietnamese_unless_asked_otherwise(tmp_path, monkeypatch, asked, word):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    Day(tmp_path, OVER_A_MONTHS_END).run().ledger().close()
    (tmp_path / "station.toml").write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    config, sheet = str(tmp_path / "station.toml"), tmp_path / "thang.csv"
    assert main(["airtime", "--month", "2026-11", "--csv", str(sheet), "--config", config, *asked]) == 0
    assert word in sheet.read_text(encoding="utf-8-sig")


def test_a_fault_that_has_been_open_for_months_stands_in_the_weeks_logbook(tmp_path):
    config = config_in(tmp_path)
    store = LedgerStore(config.ledger_db, "a")
    fault = {
        "code": "no_return_channel",
        "target": "station",
        "severity": "warning",
        "title_vi": "Chưa có",
        "title_en": "N",
    }
    with store.transaction():
        for change, day in (("raised", "2026-06-01"), ("cleared", "2026-11-24")):
            said = {"change": change, "fault": "f1", "since": f"{day}T05:00:00+07:00", "days": [day]}
            store.append("fault", fault | said)
    store.close()
    found = {
        week: len(week_figure(config, week)["faults"]) for week in ("2026-W22", "2026-W35", "2026-W48", "2026-W49")
    }
    assert found == {"2026-W22": 0, "2026-W35": 1, "2026-W48": 1, "2026-W49": 0}
