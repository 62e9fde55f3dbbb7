"""The player on a real sound server: a restart, a freeze of the whole process, busy cores."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from audio.card import open_output
from audio.deck import END_FADE_FRAMES, Cue
from audio.events import Began, CardBack, CardLost, Ended
from audio.format import RATE_HZ
from audio.player import Player
from audio.ring import RingReader, RingWriter
from firmware_py.demo.soundserver import MonitorRecorder
from tests.support.fakes import FakeSource
from tests.support.waiting import wait_for

NS_PER_S = 1_000_000_000
NOISE = random.Random(12).randbytes(2 * 12 * RATE_HZ)


def boottime_ns():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


@pytest.fixture
def player(sound, tmp_path):
    events = []
    player = Player(lambda: open_output("air1"), RingWriter(tmp_path / "ring", 1), events.append, boottime_ns)
    player.events = events
    player.start()
    wait_for(lambda: player.progress().next_sink_ns is not None)
    yield player
    assert player.close()


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


def test_a_server_that_restarts_in_mid_programme_costs_a_gap_and_no_delay(sound, player):
    start_ns = boottime_ns() + NS_PER_S
    player.cue(Cue("a", FakeSource(NOISE), start_ns, start_ns + 8 * NS_PER_S))
    time.sleep(3.0)
    sound.restart()
    wait_for(lambda: of(player.events, CardBack))
    recorder = MonitorRecorder(sound, "air1")
    wait_for(lambda: of(player.events, Ended))
    time.sleep(0.5)
    pcm, _ = recorder.finish()
    assert len(of(player.events, CardLost)) == 1
    (began,), (ended,) = of(player.events, Began), of(player.events, Ended)
    assert ended.occurrence_id == began.occurrence_id == "a"
    assert abs(ended.sink_ns - start_ns - 8 * NS_PER_S) < 20_000_000
    assert 4 * RATE_HZ < ended.frames < 8 * RATE_HZ
    # The recording holds the programme from its place by time to its end, and not from where it was left.
    middle = NOISE[2 * 6 * RATE_HZ : 2 * 7 * RATE_HZ]
    assert pcm.count(middle) == 1
    assert NOISE[2 * 3 * RATE_HZ : 2 * 3 * RATE_HZ + 9_600] not in pcm


FROZEN = """
import json, sys, time
from pathlib import Path
from audio.card import open_output
from audio.deck import Cue
from audio.player import Player
from audio.ring import RingWriter
from tests.audio.test_player_on_a_real_card import NOISE, NS_PER_S, boottime_ns
from tests.support.waiting import wait_for
from tests.support.fakes import FakeSource

events = []
def post(event):
    print(json.dumps([type(event).__name__, {k: getattr(event, k) for k in event.__slots__}]), flush=True)
player = Player(lambda: open_output("air1"), RingWriter(Path(sys.argv[1]), 1), post, boottime_ns)
player.start()
wait_for(lambda: player.progress().next_sink_ns is not None)
start_ns = boottime_ns() + NS_PER_S
player.cue(Cue("a", FakeSource(NOISE), start_ns, start_ns + 8 * NS_PER_S))
time.sleep(9.5)
player.close()
"""


def test_a_process_frozen_for_four_seconds_tells_what_was_lost_and_ends_on_time(sound, tmp_path):
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-c", FROZEN, str(tmp_path / "ring")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        began = json.loads(child.stdout.readline())
        assert began[0] == "Began"
        time.sleep(1.5)
        child.send_signal(signal.SIGSTOP)
        time.sleep(4.0)
        child.send_signal(signal.SIGCONT)
        events = [json.loads(line) for line in child.stdout]
    start_ns = began[1]["wanted_ns"]
    (jumped,) = [e for name, e in events if name == "ClockJumped"]
    (ended,) = [e for name, e in events if name == "Ended"]
    assert 3.2e9 < jumped["lost_ns"] < 4.2e9
    assert ended["cause"] == "planned_end"
    assert abs(ended["sink_ns"] - start_ns - 8 * NS_PER_S) < 30_000_000
    assert 3.5 * RATE_HZ < ended["frames"] < 5 * RATE_HZ
    blocks = RingReader(tmp_path / "ring").read_from(1).blocks
    dates = [b.sink_ns for b in blocks]
    assert dates == sorted(dates)
    assert len({b.epoch for b in blocks}) == 2
    sent = b"".join(b.pcm for b in blocks)
    assert NOISE[: 2 * (ended["frames"] - END_FADE_FRAMES - 300)] in sent  # the file went on from where it was
