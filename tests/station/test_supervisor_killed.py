"""kill -9 of the supervisor: its children end, and the next one goes on in mid-programme."""

import os
import random
import signal
import subprocess
import sys
import time

from firmware_py.demo.rig import RigSettings
from tests.station.processes import descendants, still_running
from tests.station.station import Broadcast

SEED = 20_261_105


def test_when_the_supervisor_is_killed_its_children_end_and_the_next_one_goes_on(station):
    day = station(RigSettings(console_port=0))
    day.file("dai.wav", 60, seed=4)
    day.plan(Broadcast("Chương trình dài", "dai.wav", 3, 60))
    chance = random.Random(SEED)
    for longest_s, mid_programme in ((0.1, False), (1.0, False), (1.0, True)):
        process = supervise(day)
        day.wait_for(lambda pid=process.pid: descendants(pid), 20, "a child")
        if mid_programme:
            wait_until_it_is_on_air(day, process)
        time.sleep(chance.uniform(0, longest_s))
        below = descendants(process.pid)
        assert not mid_programme or any("ffmpeg" in command for command in below.values())
        process.kill()
        process.wait()
        waited_s = day.wait_for(lambda below=below: not still_running(below), 15, "the children's end")
        print(f"{len(below)} children gone {waited_s:.1f} s after the supervisor")  # noqa: T201
    process = supervise(day)
    wait_until_it_is_on_air(day, process)
    below = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert not still_running(below)


def wait_until_it_is_on_air(day, supervisor):
    """By the word of this supervisor's processes: that of their predecessors may be fresh still."""

    def ours():
        pids = descendants(supervisor.pid)
        return all(day.rig.live(name).data.get("pid") in pids for name in ("playout", "meter"))

    day.wait_for(ours, 30, "the word of new processes")
    day.wait_on_air("Chương trình dài")
    day.wait_heard("on_air")


def supervise(day):
    with open(day.rig.log_dir / "run.log", "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "firmware_py.cli", "run", "--config", str(day.rig.config_path)],
            env={**os.environ, **day.rig.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
