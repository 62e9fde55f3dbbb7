"""Two of a kind never write the same station's files; one that was killed is in nobody's way."""

import subprocess
import sys
import time

import pytest

from firmware_py.process import AlreadyRuns, only_one

HOLD = (
    "import sys, time; from pathlib import Path; from firmware_py.process import only_one\n"
    "with only_one(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
)


def test_a_second_one_is_refused_until_the_first_is_killed_and_then_starts_at_once(tmp_path):
    lock = tmp_path / "playout.lock"
    first = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRuns, match="playout"), only_one(lock):
            pass
    finally:
        first.kill()
        first.wait()
        first.stdout.close()
    began = time.monotonic()
    with only_one(lock):
        assert time.monotonic() - began < 0.9


def test_one_kind_is_in_no_other_kinds_way(tmp_path):
    with only_one(tmp_path / "playout.lock"), only_one(tmp_path / "meter.lock"):
        pass


def test_a_lock_is_free_again_after_its_holder(tmp_path):
    for _ in range(2):
        with only_one(tmp_path / "ledger.lock"):
            pass
