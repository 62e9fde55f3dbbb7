"""What the world refuses a command is said in both languages, with the file that is meant."""

import argparse
from pathlib import Path

import pytest

from firmware_py.commands import looks
from firmware_py.commands.accounts import month_figure
from firmware_py.commands.context import CommandError, Context
from firmware_py.commands.loading import take_in
from firmware_py.config import Config
from telemetry.ledger_store import LedgerStore

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
