"""The meter process: what a killed one had heard and not told is told by its successor, once and whole."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.capture import CapturedBlock, CaptureLost
from audio.format import BLOCK_FRAMES, frames_to_ns, ns_to_frames
from audio.ring import Block, RingWriter
from audio.segments import State
from firmware_py.config import load
from firmware_py.files import read_json
from firmware_py.meter.past import CONTEXT_NS, HISTORY_NS, REACH_NS, Death, past_of
from firmware_py.meter.process import HEARD, Meter
from firmware_py.meter.tape import Bell, Follower, Tape
from firmware_py.process import TICK
from scheduler.clock import NS_PER_MS, NS_PER_S, ClockQuality, Reading
from telemetry.journal import MeterJournal
from telemetry.readers import MeterReader
from tests.firmware_py.test_config import GOOD

BLOCK_NS = frames_to_ns(BLOCK_FRAMES)
DELAY_NS = 150 * NS_PER_MS
BEGAN_NS = 1_000 * NS_PER_S
BOOT = 3


class FakeClock:
    """A station's clock that only moves when told."""

    boot = BOOT

    def __init__(self):
        self.now_ns = BEGAN_NS

    def read(self):
        return Reading(self.boot, self.now_ns, 1_800_000_000 * NS_PER_S + self.now_ns, ClockQuality.NTP)


class Air:
    """A playout that plays without end, and the path to the meter: *DELAY_NS* later all of it is heard."""

    def __init__(self, config, clock):
        self.config, self.clock = config, clock
        self.ring = RingWriter(config.ring_path, BOOT)
        self.heard = np.zeros(ns_to_frames(DELAY_NS), np.int16)
        self.noise = np.random.default_rng(7)
        self.sent_blocks = self.captured_frames = 0
        self.meter = self.process_began_frame = None
        self.sending, self.gain = "tin", 1.0

    def start_meter(self):
        self.process_began_frame = self.captured_frames
        journal = MeterJournal(self.config.meter_db)

        def write(entry):
            entry(journal)
            journal.commit()

        self.meter = Meter(self.config, self.clock, journal, write)

    def kill_meter(self):
        """As SIGKILL does: nothing is finished, nothing more is committed."""
        self.meter.journal.close()
        self.meter = None

    def pass_blocks(self, n):
        for _ in range(n):
            self._pass_block()

    def _pass_block(self):
        pcm = (self.noise.standard_normal(BLOCK_FRAMES) * 4_000).astype("<i2")
        self.ring.put(
            pcm.tobytes(), self.sent_blocks * BLOCK_FRAMES, BEGAN_NS + self.sent_blocks * BLOCK_NS, self.sending
        )
        self.sent_blocks += 1
        self.heard = np.concatenate([self.heard, (pcm * self.gain).astype("<i2")])
        block, self.heard = self.heard[:BLOCK_FRAMES], self.heard[BLOCK_FRAMES:]
        heard_ns = BEGAN_NS + frames_to_ns(self.captured_frames)
        if self.meter:
            first = self.captured_frames - self.process_began_frame
            self.meter.ears["return"].tape.put_nowait(CapturedBlock("return", 1, first, heard_ns, 0, block.tobytes()))
        self.captured_frames += BLOCK_FRAMES
        self.clock.now_ns += BLOCK_NS
        if self.meter:
            self.meter.handle(TICK)


@pytest.fixture
def air(tmp_path):
    path = tmp_path / "station.toml"
    folders = "".join(f'{name} = "{tmp_path}"\n' for name in ("state_dir", "run_dir", "media_dir"))
    path.write_text(f"{GOOD}[paths]\n{folders}", encoding="utf-8")
    return Air(load(path), FakeClock())


def journaled(air):
    reader = MeterReader(air.config.meter_db)
    try:
        return reader.segments_between(BOOT, 0, 1 << 62, "return"), reader.runs([BOOT])
    finally:
        reader.close()


def told_of(segments, state):
    return sum(s.to_ns - s.from_ns for s in segments if s.state is state and s.to_ns > BEGAN_NS)


def test_only_the_time_in_which_nobody_captured_is_unobserved_after_kills(air):
    """Killed three times, once before it could tell anything: each hole has the length of the 12 blocks."""
    air.start_meter()
    for blocks in (300, 20, 250):
        air.pass_blocks(blocks)
        air.kill_meter()
        air.pass_blocks(12)
        air.start_meter()
    air.pass_blocks(250)
    air.meter.end()
    segments, runs = journaled(air)
    assert all(a.to_ns == b.from_ns for a, b in pairwise(segments)), "neither overlap nor hole"
    inside = segments[1:-1]  # it began before anything was sent, and the last that was sent had yet to be heard
    holes = [s for s in inside if s.state is not State.ON_AIR]
    assert [s.state for s in holes] == [State.UNOBSERVED] * 3
    assert all(abs(s.to_ns - s.from_ns - 12 * BLOCK_NS) < 20 * NS_PER_MS for s in holes)
    heard_ns = (300 + 20 + 250 + 250) * BLOCK_NS - DELAY_NS
    assert told_of(segments, State.ON_AIR) == pytest.approx(heard_ns, abs=60 * NS_PER_MS)
    # The lives that the ledger reads leave just these holes, too.
    dead = [(a.to_ns, b.from_ns) for a, b in pairwise(runs)]
    assert len(dead) == 3
    for (since_ns, until_ns), hole in zip(dead, holes, strict=True):
        assert since_ns == pytest.approx(hole.from_ns, abs=2 * NS_PER_MS)
        assert until_ns == pytest.approx(hole.to_ns, abs=2 * NS_PER_MS)


def test_what_a_failing_disk_kept_from_being_told_is_told_of_the_tape_that_is_read_at_once(air):
    """40 s were heard since anything was stored: more than a matcher keeps of what it has not looked at yet."""
    air.start_meter()
    air.pass_blocks(150)
    air.meter.write = lambda entry: None
    air.pass_blocks(470)
    air.kill_meter()
    air.start_meter()
    air.pass_blocks(250)
    air.meter.end()
    segments, _ = journaled(air)
    assert told_of(segments, State.ON_AIR) == pytest.approx(870 * BLOCK_NS - DELAY_NS, abs=60 * NS_PER_MS)
    assert all(a.to_ns == b.from_ns for a, b in pairwise(segments))


def test_the_watermark_waits_for_what_the_tape_still_has_to_tell(air):
    """Else an account would be settled without it."""
    air.start_meter()
    air.pass_blocks(300)
    air.kill_meter()
    before = journaled(air)[1][-1].to_ns
    air.pass_blocks(12)
    air.start_meter()
    (run,) = journaled(air)[1]
    assert run.to_ns == before
    assert max(s.to_ns for s in journaled(air)[0]) >= before


def test_a_meter_that_ended_in_order_goes_on_without_telling_anything_twice(air):
    air.start_meter()
    air.pass_blocks(150)
    air.meter.end()
    air.start_meter()
    air.pass_blocks(150)
    air.meter.end()
    segments, runs = journaled(air)
    assert all(a.to_ns <= b.from_ns for a, b in pairwise(segments))
    assert all(a.to_ns <= b.from_ns for a, b in pairwise(runs))


def test_a_meter_that_was_away_for_long_begins_anew(air):
    air.start_meter()
    air.pass_blocks(150)
    air.kill_meter()
    air.clock.now_ns += 3_600 * NS_PER_S
    air.start_meter()
    _, runs = journaled(air)
    assert len(runs) == 2
    assert runs[1].from_ns == air.clock.now_ns


def test_a_channel_that_never_comes_keeps_nothing_in_memory_and_is_told_as_unobserved(air):
    air.start_meter()
    listener = air.meter.ears["return"].listener
    for _ in range(200):
        air.ring.put(bytes(2 * BLOCK_FRAMES), air.sent_blocks * BLOCK_FRAMES, air.clock.now_ns, "")
        air.sent_blocks += 1
        air.clock.now_ns += BLOCK_NS
        air.meter.handle(TICK)
    assert listener.decided_ns > air.clock.now_ns - 5 * NS_PER_S
    air.meter.end()
    segments, _ = journaled(air)
    assert {s.state for s in segments} == {State.UNOBSERVED}


def test_a_lost_return_is_told_at_once_though_its_last_blocks_are_read_after_the_word_of_it(air):
    air.start_meter()
    air.pass_blocks(20)
    pcm = bytes(2 * BLOCK_FRAMES)
    air.meter.ears["return"].tape.put_nowait(CapturedBlock("return", 1, air.captured_frames, air.clock.now_ns, 0, pcm))
    lost_ns = air.clock.now_ns
    air.meter.handle(CaptureLost("return", lost_ns, "unplugged"))
    air.clock.now_ns += BLOCK_NS
    air.meter.handle(TICK)
    air.meter.handle(TICK)
    reader = MeterReader(air.config.meter_db)
    said = [(c.bad, c.since_ns) for c in reader.conditions_of("return_device", [BOOT])]
    reader.close()
    assert said[-1][0]
    assert said[-1][1] - lost_ns <= BLOCK_NS


def levels_of(air, occurrence_id):
    reader = MeterReader(air.config.meter_db)
    try:
        return reader.levels_of(occurrence_id, "return")
    finally:
        reader.close()


def send_one_after_another(air, *programmes):
    for air.sending in programmes:
        air.pass_blocks(200)
    air.sending = "after"
    air.pass_blocks(150)


def test_the_level_of_each_programme_is_told_of_what_was_sent_and_of_its_return(air):
    air.gain = 0.5
    air.start_meter()
    air.pass_blocks(100)  # the path is learnt
    send_one_after_another(air, "one", "two")
    for name, begun_block in (("one", 100), ("two", 300)):
        (level,) = levels_of(air, name)
        assert level.from_ns == BEGAN_NS + begun_block * BLOCK_NS
        assert level.to_ns - level.from_ns == pytest.approx(200 * BLOCK_NS, abs=1_000)
        assert level.heard_ms == pytest.approx(200 * BLOCK_NS / NS_PER_MS, abs=3)
        fallen_lu = level.sent.integrated_lufs - level.heard.integrated_lufs
        assert fallen_lu == pytest.approx(6.02, abs=0.05)
        assert level.sent.true_peak_dbtp - level.heard.true_peak_dbtp == pytest.approx(6.02, abs=0.05)


def test_a_killed_meters_level_stays_and_its_successors_stands_beside_it(air):
    air.start_meter()
    air.pass_blocks(300)  # more than its successor hears again
    air.kill_meter()
    air.pass_blocks(50)
    air.start_meter()
    send_one_after_another(air, "tin")
    before, after = levels_of(air, "tin")
    assert before.to_ns == pytest.approx(BEGAN_NS + 300 * BLOCK_NS, abs=6 * NS_PER_S)
    assert after.to_ns == pytest.approx(BEGAN_NS + 550 * BLOCK_NS, abs=1_000)
    hole_ms = 50 * BLOCK_NS / NS_PER_MS
    whole_ms = (after.to_ns - after.from_ns) / NS_PER_MS
    assert -1 < whole_ms - after.heard_ms - hole_ms < 200  # it is told in whole ms


# -- what a predecessor left ---------------------------------------------------------------------------------------


def tape_of(*lives):
    """Blocks of these (first boottime, blocks)."""
    seqs = iter(range(1, 10_000))
    return [
        Block(next(seqs), 1, BOOT, n * BLOCK_FRAMES, begins_ns + n * BLOCK_NS, "", b"")
        for begins_ns, blocks in lives
        for n in range(blocks)
    ]


def test_without_a_tape_of_late_there_is_nothing_to_go_on_from():
    started_ns = BEGAN_NS + 2 * REACH_NS
    for tape in ([], tape_of((BEGAN_NS, 5))):
        past = past_of(tape, [BEGAN_NS], started_ns)
        assert (past.axis_ns, past.life_ns, past.deaths) == (started_ns - HISTORY_NS, started_ns, ())


def test_each_life_on_the_tape_ended_where_its_blocks_end():
    first, second = (BEGAN_NS, 50), (BEGAN_NS + 80 * BLOCK_NS, 40)
    past = past_of(tape_of(first, second), [], BEGAN_NS + 130 * BLOCK_NS)
    ends = [begins_ns + blocks * BLOCK_NS for begins_ns, blocks in (first, second)]
    assert past.deaths == (Death(ends[0], second[0]), Death(ends[1], None))


@given(st.lists(st.integers(0, 100), max_size=3), st.integers(1, 60), st.integers(0, 70))
def test_the_axis_begins_within_reach_and_before_what_is_to_be_told(told_s, blocks, dead_s):
    told = [BEGAN_NS + s * NS_PER_S for s in told_s]
    started_ns = BEGAN_NS + blocks * BLOCK_NS + dead_s * NS_PER_S
    past = past_of(tape_of((BEGAN_NS, blocks)), told, started_ns)
    assert started_ns - REACH_NS <= past.axis_ns
    assert not past.deaths or past.axis_ns <= past.life_ns
    near = [ns for ns in told if ns >= started_ns - REACH_NS]
    assert not past.deaths or not near or past.axis_ns == max(started_ns - REACH_NS, min(near) - CONTEXT_NS)


def test_a_tape_keeps_the_blocks_of_a_capture_and_parts_its_epochs(tmp_path):
    tape, follower = Tape(tmp_path / "heard", BOOT), Follower(tmp_path / "heard", BOOT)
    for n, epoch in enumerate((1, 1, 2)):
        tape.put_nowait(CapturedBlock("return", epoch, n * BLOCK_FRAMES, n * BLOCK_NS, 0, bytes(2 * BLOCK_FRAMES)))
    news = follower.news()
    assert [block.first_frame for block in news] == [0, BLOCK_FRAMES, 2 * BLOCK_FRAMES]
    assert [news[1].epoch - news[0].epoch, news[2].epoch - news[1].epoch] == [0, 1]
    assert follower.news() == []
    assert Follower(tmp_path / "heard", BOOT + 1).news() == [], "another boot's times say nothing here"
    assert len(Follower(tmp_path / "heard", BOOT).news(since_ns=BLOCK_NS)) == 2


def test_a_meter_shows_its_levels_twice_a_second_and_a_new_state_at_once(air):
    shown = air.config.paths.run_dir / "meter.json"

    def step():
        air.clock.now_ns += NS_PER_S // 5
        air.meter.handle(TICK)
        return read_json(shown)["boottime_ns"]

    air.start_meter()
    air.pass_blocks(20)
    while step() != air.clock.now_ns:
        pass
    assert read_json(shown)["channels"][0]["device"] == "ok"
    air.meter.handle(CaptureLost("return", air.clock.now_ns, "pulled out"))
    assert step() == air.clock.now_ns
    assert read_json(shown)["channels"][0]["device"] == "lost"
    assert len({step() for _ in range(50)}) == pytest.approx(25, abs=1)


def test_a_meter_steps_with_the_blocks_that_it_hears_and_less_often_when_nothing_is_due(air):
    def steps_in(seconds):
        steps = 0
        for _ in range(seconds * 4):
            air.clock.now_ns += NS_PER_S // 4
            before = air.meter._stepped_ns
            air.meter.handle(HEARD)
            steps += air.meter._stepped_ns > before
        return steps

    air.start_meter()
    air.pass_blocks(20)
    assert steps_in(10) == 40
    steps_in(70)
    assert steps_in(12) == 16


def test_a_bell_rings_with_each_third_block_and_keeps_all_of_them(tmp_path):
    rung = []
    tape, follower = Tape(tmp_path / "heard", BOOT), Follower(tmp_path / "heard", BOOT)
    bell = Bell(tape, lambda: rung.append(len(follower.news())))
    for n in range(7):
        bell.put_nowait(CapturedBlock("return", 1, n * BLOCK_FRAMES, n * BLOCK_NS, 0, bytes(2 * BLOCK_FRAMES)))
    assert rung == [3, 3]
    assert len(follower.news()) == 1
