"""The watchdog of playout tells a write that is stuck from a process that stood still."""

from dataclasses import dataclass, replace

import pytest

from audio.player import Progress
from firmware_py.playout import process
from firmware_py.playout.process import Shell, WriteStuck
from scheduler.clock import NS_PER_S

PLAYING = Progress(card_ok=True, last_write_ns=100 * NS_PER_S)


@dataclass
class Feeder:
    """A player whose writes return, or not, at a time that the test turns."""

    now_ns: int = 100 * NS_PER_S
    writes: bool = True
    latest: Progress = PLAYING

    def progress(self) -> Progress:
        if self.writes:
            self.latest = replace(self.latest, last_write_ns=self.now_ns)
        return self.latest


@pytest.fixture
def feeder(monkeypatch):
    feeder = Feeder()
    monkeypatch.setattr(process, "boottime_ns", lambda: feeder.now_ns)
    return feeder


def shell_of(feeder: Feeder) -> Shell:
    shell = Shell(config=None, clock=None, desk=None, player=feeder, journal=None, sources=None)
    shell._feed_watchdog()
    return shell


def run(shell: Shell, feeder: Feeder, seconds: int) -> None:
    for _ in range(4 * seconds):
        feeder.now_ns += NS_PER_S // 4
        shell._feed_watchdog()


def test_a_write_that_does_not_return_for_ten_seconds_ends_the_process(feeder):
    shell = shell_of(feeder)
    run(shell, feeder, 60)
    feeder.writes = False
    run(shell, feeder, 9)
    with pytest.raises(WriteStuck):
        run(shell, feeder, 2)


def test_a_process_that_stood_still_is_not_a_stuck_write(feeder):
    shell = shell_of(feeder)
    feeder.writes = False
    feeder.now_ns += 3_600 * NS_PER_S
    shell._feed_watchdog()
    feeder.writes = True
    run(shell, feeder, 20)
    feeder.writes = False
    with pytest.raises(WriteStuck):
        run(shell, feeder, 11)


def test_a_lost_card_is_not_a_stuck_write(feeder):
    shell = shell_of(feeder)
    feeder.writes, feeder.latest = False, replace(feeder.latest, card_ok=False)
    run(shell, feeder, 60)
