"""The supervisor's patience, and that nothing is left behind however it ends."""

import os
import signal
import subprocess
import sys
import time

from firmware_py.process import PARENT_VARIABLE
from firmware_py.supervisor import LONGEST_BACKOFF_S, backoff_s


def test_a_killed_process_is_back_at_once_and_a_process_that_dies_all_the_time_is_not():
    assert [backoff_s(True, n) for n in (1, 2, 5)] == [0.0, 0.0, 0.0]
    assert backoff_s(True, 6) > 0.0


def test_a_process_that_refuses_its_configuration_is_asked_less_and_less_often():
    waits = [backoff_s(False, n) for n in range(1, 12)]
    assert waits == sorted(waits)
    assert waits[0] > 0.0
    assert waits[-1] == LONGEST_BACKOFF_S


CHILD = """
import time
from firmware_py.process import end_with_parent
end_with_parent()
print("up", flush=True)
time.sleep(60)
"""
PARENT = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], env={{**os.environ, "{PARENT_VARIABLE}": str(os.getpid())}})
print(child.pid, flush=True)
child.wait()
"""


def test_the_children_end_when_the_supervisor_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    child_pid = int(parent.stdout.readline())
    assert parent.stdout.readline() == "up\n"
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        if not _lives(child_pid):
            return
        time.sleep(0.05)
    os.kill(child_pid, signal.SIGKILL)
    raise AssertionError("the child outlived its supervisor")


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
