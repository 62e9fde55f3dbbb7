"""The command line's own manners: output that nobody takes, and terminals without Vietnamese letters."""

import json
import os
import subprocess
import sys

TIMETABLE = """
title = "Lịch tuần"
[[slot]]
days = "Hằng ngày"
start = "17h"
duration = 15
title = "Bản tin chiều"
source = "http://example.org/a"
"""


def smartradio(*words, stdout=subprocess.PIPE, **environment):
    return subprocess.run(
        [sys.executable, "-m", "firmware_py.cli", *words],
        env={**os.environ, **environment},
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )


def test_a_full_standard_output_is_an_error_in_words():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = smartradio("schedule", "template", "--lang", "vi", stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith("stdout: không ghi được")
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_goes_away_gets_no_message():
    reading, writing = os.pipe()
    os.close(reading)
    done = smartradio("schedule", "template", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_terminal_without_vietnamese_letters_shows_question_marks_and_json_stays_exact(tmp_path):
    (tmp_path / "tuan.toml").write_text(TIMETABLE, encoding="utf-8")
    days = ("--from", "2026-11-23", "--to", "2026-11-24")
    shown = smartradio("schedule", "show", str(tmp_path / "tuan.toml"), *days, PYTHONIOENCODING="ascii")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "B?n tin chi?u" in shown.stdout
    exact = smartradio("schedule", "show", str(tmp_path / "tuan.toml"), *days, "--json", PYTHONIOENCODING="ascii")
    assert json.loads(exact.stdout)[0]["programme"] == "Bản tin chiều"
