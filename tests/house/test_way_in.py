"""./dev as someone new meets it: what it says when it cannot go on, and that it is quick when nothing is missing."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tree import ROOT

# Enough of an interpreter to be asked for its version, and to fail when the virtual environment is made.
PYTHON_WITHOUT_VENV = """case "$*" in
    *%d.%d.%d*) echo 3.11.2 /opt/x;;
    *-m*venv*) echo "$*: the venv broke"; exit 3;;
esac"""


def dev(*arguments: str, path: str | None = None, user: str | None = None, **variables: str):
    environment = {**os.environ, **variables, "PATH": path or os.environ["PATH"]}
    return subprocess.run(
        [str(ROOT / "dev"), *arguments],
        env=environment,
        user=user,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def public_dir() -> Iterator[Path]:
    """A folder that a user who is not root can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.fixture
def nothing_installed(public_dir: Path) -> str:
    """A PATH on which dpkg-query knows no package, nobody can become root, and apt-get betrays that it was called."""
    script(public_dir / "dpkg-query", "exit 1")
    script(public_dir / "sudo", "exit 1")
    script(public_dir / "apt-get", f"touch {public_dir}/called; exit 1")
    return f"{public_dir}:/usr/bin:/bin"


def test_an_unknown_verb_is_a_wrong_command_line_and_shows_the_right_ones():
    result = dev("frobnicate")
    assert result.returncode == 2
    assert "./dev run" in result.stderr


def test_help_goes_to_standard_output():
    assert "./dev test" in dev("help").stdout


def test_too_old_a_python_is_refused_in_two_languages(tmp_path):
    old = script(tmp_path / "python3", "echo 3.9.2 /usr")
    result = dev("setup", SMARTRADIO_PYTHON=str(old), SMARTRADIO_VENV=str(tmp_path / "venv"), TMPDIR=str(tmp_path))
    assert result.returncode == 1
    assert "Cần Python 3.11" in result.stderr
    assert "is needed" in result.stderr
    assert not (tmp_path / "venv").exists()


def test_a_python_that_is_not_there_is_named(tmp_path):
    result = dev(
        "setup", SMARTRADIO_PYTHON="/nowhere/python3", SMARTRADIO_VENV=str(tmp_path / "venv"), TMPDIR=str(tmp_path)
    )
    assert result.returncode == 1
    assert "/nowhere/python3" in result.stderr


def test_without_root_the_missing_packages_are_named_and_nothing_is_touched(public_dir, nothing_installed):
    result = dev(
        "setup",
        path=nothing_installed,
        user="nobody" if os.geteuid() == 0 else None,
        SMARTRADIO_PYTHON="/usr/bin/python3",
        SMARTRADIO_VENV=str(public_dir / "venv"),
        TMPDIR=str(public_dir),
    )
    assert result.returncode == 1
    assert "apt-get install" in result.stderr
    assert "portaudio19-dev" in result.stderr
    assert "Thiếu gói Debian" in result.stderr
    assert not (public_dir / "called").exists()
    assert not (public_dir / "venv").exists()


def test_only_missing_packages_are_installed_and_nothing_is_removed_for_them(public_dir):
    """apt-get and dpkg-query as on a machine where all but two packages are there."""
    here = public_dir / "installed"
    script(public_dir / "sudo", '[ "$1" = -n ] && shift; exec "$@"')
    script(public_dir / "apt-get", f'echo "$*" >>{public_dir}/calls; case "$*" in *install*) touch {here};; esac')
    missing = "portaudio19-dev|build-essential"
    script(
        public_dir / "dpkg-query",
        f'shift 2; for p; do case $p in {missing}) [ -e {here} ] || continue;; esac; echo "ii  $p"; done',
    )
    python = script(public_dir / "python", PYTHON_WITHOUT_VENV)
    result = dev(
        "setup",
        path=f"{public_dir}:/usr/bin:/bin",
        SMARTRADIO_PYTHON=str(python),
        SMARTRADIO_VENV=str(public_dir / "venv"),
        TMPDIR=str(public_dir),
    )
    update, install = (public_dir / "calls").read_text().splitlines()
    assert update.startswith("update")
    assert install.split()[-2:] == ["build-essential", "portaudio19-dev"]
    assert {"--no-remove", "--no-install-recommends", "-y"} <= set(install.split())
    assert "Cài các gói Debian còn thiếu" in result.stderr
    assert "the venv broke" in result.stderr, "it goes on with the next step"


def test_a_virtual_environment_of_another_python_is_made_anew(public_dir):
    (public_dir / "venv/bin").mkdir(parents=True)
    script(public_dir / "venv/bin/python", "echo 3.12.1 /usr")
    python = script(public_dir / "python", PYTHON_WITHOUT_VENV)
    result = dev(
        "setup", SMARTRADIO_PYTHON=str(python), SMARTRADIO_VENV=str(public_dir / "venv"), TMPDIR=str(public_dir)
    )
    assert "3.12.1 /usr → 3.11.2 /opt/x" in result.stderr
    assert "--clear" in result.stderr


def test_what_a_linked_environment_points_to_is_not_cleared(public_dir):
    (public_dir / "others/bin").mkdir(parents=True)
    script(public_dir / "others/bin/python", "echo 3.12.1 /usr")
    (public_dir / "venv").symlink_to("others")
    python = script(public_dir / "python", PYTHON_WITHOUT_VENV)
    result = dev(
        "setup", SMARTRADIO_PYTHON=str(python), SMARTRADIO_VENV=str(public_dir / "venv"), TMPDIR=str(public_dir)
    )
    assert result.returncode
    assert "is a link" in result.stderr
    assert (public_dir / "others/bin/python").exists()


@pytest.mark.parametrize(("whole", "made_anew"), [(True, False), (False, True)])
def test_a_virtual_environment_whose_making_was_interrupted_is_made_anew(public_dir, whole, made_anew):
    """It has a Python, and no pip: every later start would fail."""
    (public_dir / "venv/bin").mkdir(parents=True)
    script(public_dir / "venv/bin/python", PYTHON_WITHOUT_VENV.replace("*-m*venv*", "*-m*pip*"))
    if whole:
        (public_dir / "venv/smartradio.whole").touch()
    python = script(public_dir / "python", PYTHON_WITHOUT_VENV)
    result = dev(
        "setup", SMARTRADIO_PYTHON=str(python), SMARTRADIO_VENV=str(public_dir / "venv"), TMPDIR=str(public_dir)
    )
    assert ("-m venv --clear" in result.stderr) is made_anew
    assert ("-m pip" in result.stderr) is not made_anew


def test_smartradio_names_files_from_where_one_stands_and_means_the_demo_where_there_is_no_other(tmp_path):
    (tmp_path / "tuan.toml").write_text("title = 1", encoding="utf-8")
    command = [str(ROOT / "dev"), "smartradio", "schedule", "check", "tuan.toml", "--lang", "vi"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "\ntuan.toml:" in f"\n{done.stderr}"  # after a word of waiting, if another ./dev is setting up


def test_a_failing_step_shows_the_end_of_its_log(tmp_path):
    broken = script(tmp_path / "python3", PYTHON_WITHOUT_VENV)
    result = dev("setup", SMARTRADIO_PYTHON=str(broken), SMARTRADIO_VENV=str(tmp_path / "venv"), TMPDIR=str(tmp_path))
    assert result.returncode == 1
    assert "the venv broke" in result.stderr
    assert "exit 3" in result.stderr


def test_a_second_start_reaches_its_program_at_once(tmp_path):
    """Half a second is the aim; a busy machine gets some more. A set-up that works at all takes many seconds."""
    assert dev("setup").returncode == 0
    began = time.monotonic()
    assert dev("setup").returncode == 0
    assert time.monotonic() - began < 2.0
