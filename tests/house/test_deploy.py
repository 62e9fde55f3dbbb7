"""What is installed on the box: the example configurations load, the units are what systemd understands."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_py import config
from firmware_py.supervisor import NICE, PROCESSES

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
INSTALLED = "/opt/smartradio/.venv/bin/smartradio"
STATION_UNITS = tuple(f"smartradio-{name}.service" for name in PROCESSES)
SERVICES = (*STATION_UNITS, "smartradio-collector.service")
MOST_EXPOSED = 2.2  # of systemd-analyze's 10; when this was written the units stood at 1.7 … 2.1


def settings(unit: str) -> list[tuple[str, str]]:
    lines = (DEPLOY / unit).read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("=", 1)) for line in lines if "=" in line and not line.startswith("#")]


@pytest.fixture
def installed_units(tmp_path: Path) -> Path:
    """The units as if smartradio were installed under tmp_path, beside what this machine's systemd brings."""
    program = tmp_path / "smartradio"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = tmp_path / "units"
    shutil.copytree(
        DEPLOY, units, ignore=lambda _, names: [n for n in names if not n.endswith((".service", ".target"))]
    )
    for unit in units.iterdir():
        unit.write_text(unit.read_text(encoding="utf-8").replace(INSTALLED, str(program)))
    return units


def systemd_analyze(units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],
        env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_station_configuration_loads():
    assert config.load(DEPLOY / "station.toml").account_channel == "duong-day"


def test_the_example_collector_configuration_loads():
    assert config.load_collector(DEPLOY / "collector.toml").name == "collector"


@pytest.mark.parametrize(("name", "load"), [("station.toml", config.load), ("collector.toml", config.load_collector)])
def test_every_setting_shown_as_a_comment_is_a_setting(tmp_path, name, load):
    text = (DEPLOY / name).read_text(encoding="utf-8")
    shown = re.sub(r"^# (?=(\w+ = |\[))", "", text, flags=re.MULTILINE)
    assert shown != text
    (tmp_path / name).write_text(shown, encoding="utf-8")
    load(tmp_path / name)


@pytest.mark.parametrize("section", config.Config.model_fields)
def test_the_example_shows_every_section_of_the_configuration(section):
    text = (DEPLOY / "station.toml").read_text(encoding="utf-8")
    assert re.search(rf"^(# )?\[+{section}\b", text, flags=re.MULTILINE)


def test_systemd_understands_every_unit(installed_units):
    units = sorted(unit.name for unit in installed_units.iterdir())
    result = systemd_analyze(installed_units, "verify", "--man=no", *(str(installed_units / unit) for unit in units))
    complaints = [line for line in result.stderr.splitlines() if "smartradio" in line]
    assert not complaints
    assert result.returncode == 0, result.stderr


def test_systemd_would_complain_about_a_misspelt_unit(installed_units):
    unit = installed_units / "smartradio-meter.service"
    unit.write_text(unit.read_text(encoding="utf-8").replace("ExecStart=", "ExecStrat="))
    assert systemd_analyze(installed_units, "verify", "--man=no", str(unit)).returncode != 0


@pytest.mark.parametrize("unit", SERVICES)
def test_a_unit_leaves_little_exposed(installed_units, unit):
    result = systemd_analyze(installed_units, "security", "--offline=true", str(installed_units / unit))
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", result.stdout)
    assert exposure, result.stderr
    assert float(exposure[1]) <= MOST_EXPOSED


@pytest.mark.parametrize("unit", SERVICES)
def test_a_unit_is_restarted_without_end(unit):
    assert ("Restart", "always") in settings(unit)
    assert ("StartLimitIntervalSec", "0") in settings(unit)


@pytest.mark.parametrize("unit", SERVICES)
def test_a_unit_may_ask_who_vouches_for_the_clock(unit):
    filters = [value for key, value in settings(unit) if key == "SystemCallFilter"]
    assert "adjtimex" in filters[-1].split(), "a later filter line would take it away again"
    assert "ProtectClock" not in dict(settings(unit))


@pytest.mark.parametrize("unit", STATION_UNITS)
def test_a_station_unit_waits_only_when_the_configuration_is_wrong(unit):
    (after_end,) = [value for key, value in settings(unit) if key == "ExecStopPost"]
    script = re.fullmatch(r"/bin/sh -c '(.*)'", after_end)[1].replace("sleep 20", "echo waited")
    for exit_status, checks, waited in (("1", "false", True), ("1", "true", False), ("KILL", "false", False)):
        command = script.replace(f"{INSTALLED} config check", checks)
        result = subprocess.run(
            ["/bin/sh", "-c", command], env={"EXIT_STATUS": exit_status}, capture_output=True, text=True, check=True
        )
        assert (result.stdout == "waited\n") is waited


@pytest.mark.parametrize("name", PROCESSES)
def test_a_unit_has_the_priority_that_the_supervisor_gives(name):
    assert dict(settings(f"smartradio-{name}.service")).get("Nice", "0") == str(NICE.get(name, 0))


def test_the_station_requires_none_of_its_processes():
    target = dict(settings("smartradio.target"))
    assert target["Wants"].split() == list(STATION_UNITS)
    assert not {"Requires", "BindsTo", "Requisite"} & {key for unit in SERVICES for key, _ in settings(unit)}


def test_a_unit_with_a_watchdog_has_a_process_that_feeds_it():
    for unit in SERVICES:
        if "WatchdogSec" not in dict(settings(unit)):
            continue
        name = unit.removeprefix("smartradio-").removesuffix(".service")
        sources = [*(ROOT / "firmware_py" / name).rglob("*.py"), *(ROOT / "firmware_py").glob(f"{name}*.py")]
        assert any("WATCHDOG=1" in source.read_text(encoding="utf-8") for source in sources), unit
