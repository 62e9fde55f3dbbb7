"""How loud each programme is sent, and how loud it returns on one channel. Knows no device and no clock.

HEARD counts for the programme whose blocks were sent the path's delay before. A level is of what was sent in a stretch
of boottime; an interruption of more than a second ends it, and what follows has a level of its own.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from audio.format import BLOCK_FRAMES, frames_to_ms, ns_to_frames
from audio.loudness import LoudnessMeter
from audio.ring import Block
from audio.timeline import GAP_NS
from firmware_py.meter.axis import SAMPLE
from firmware_py.meter.past import end_ns
from scheduler.clock import NS_PER_MS, NS_PER_S
from telemetry.facts import Level

SAME_RUN_NS = NS_PER_S  # a shorter hole in what is sent belongs to the programme
EARLY_NS = 200 * NS_PER_MS  # what is heard may be a little ahead of the ring's news of what is sent
LATEST_NS = 12 * NS_PER_S  # later than any delay: what has not returned by now never will


@dataclass
class _Run:
    """A stretch in which an occurrence was sent without interruption."""

    occurrence_id: str
    from_ns: int
    to_ns: int
    sent: LoudnessMeter = field(default_factory=LoudnessMeter)
    heard: LoudnessMeter = field(default_factory=LoudnessMeter)
    heard_frames: int = 0
    over: bool = False

    def take_sent(self, block: Block) -> None:
        if block.sink_ns - self.to_ns > GAP_NS:
            self.sent.cut()
        self.sent.push(np.frombuffer(block.pcm, SAMPLE))
        self.to_ns = end_ns(block)

    def take_heard(self, block: Block, sent_ns: int) -> None:
        """*sent_ns*: when the block's first sample was sent, if it is ours."""
        until_ns = self.to_ns if self.over else self.to_ns + EARLY_NS
        first, end = (min(max(0, ns_to_frames(ns - sent_ns)), BLOCK_FRAMES) for ns in (self.from_ns, until_ns))
        self.heard.push(np.frombuffer(block.pcm, SAMPLE)[first:end])
        self.heard_frames += end - first


class Levels:
    """Takes the blocks of both rings, each once and in order, and tells what is known of each run."""

    def __init__(self, channel: str, boot: int) -> None:
        self._channel = channel
        self._boot = boot
        self._runs: deque[_Run] = deque()  # the newest may be still being sent; the others have yet to return
        self._expected = 0, 0  # epoch and first frame of a heard block that follows the last one
        self._returned_ns = 0  # up to here what was sent has returned, or is lost

    def sent(self, block: Block) -> None:
        newest = self._runs[-1] if self._runs else None
        if newest is not None and not newest.over and not _goes_on(newest, block):
            newest.over = True
        if block.occurrence_id:
            if newest is None or newest.over:
                self._runs.append(_Run(block.occurrence_id, block.sink_ns, block.sink_ns))
            self._runs[-1].take_sent(block)

    def heard(self, block: Block, delay_ns: int | None) -> None:
        """*delay_ns*: of the path; None while nobody knows it, and so whose sound this is."""
        follows = (block.epoch, block.first_frame) == self._expected
        self._expected = block.epoch, block.first_frame + BLOCK_FRAMES
        for run in self._runs:
            if not follows or delay_ns is None:
                run.heard.cut()
            if delay_ns is not None:
                run.take_heard(block, block.sink_ns - delay_ns)
        if delay_ns is not None:
            self._returned_ns = end_ns(block) - delay_ns

    def told(self, now_ns: int) -> list[Level]:
        """Each run as it stands now. One that has wholly returned is told for the last time."""
        for run in self._runs:
            run.over |= now_ns - run.to_ns > SAME_RUN_NS
        said = [self._level(run) for run in self._runs]
        while self._runs and self._is_done(self._runs[0], now_ns):
            self._runs.popleft()
        return said

    def _is_done(self, run: _Run, now_ns: int) -> bool:
        return run.over and (self._returned_ns >= run.to_ns or now_ns - run.to_ns > LATEST_NS)

    def _level(self, run: _Run) -> Level:
        stretch = (self._boot, run.from_ns, run.to_ns, frames_to_ms(run.heard_frames))
        return Level(self._channel, run.occurrence_id, *stretch, run.sent.so_far(), run.heard.so_far())


def _goes_on(run: _Run, block: Block) -> bool:
    return block.occurrence_id == run.occurrence_id and block.sink_ns - run.to_ns <= SAME_RUN_NS
