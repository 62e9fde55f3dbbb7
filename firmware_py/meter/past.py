"""What a meter finds when it starts: what a predecessor of this boot has told, and what it heard and had yet to tell.

Instants are boottimes. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from audio.format import BLOCK_FRAMES, frames_to_ns
from audio.ring import Block
from scheduler.clock import NS_PER_MS

REACH_NS = 60_000 * NS_PER_MS  # how far back: less than the rings hold, and the matcher of what was sent
CONTEXT_NS = 10_000 * NS_PER_MS  # heard again before what is new, so that delay and channel are known there
HISTORY_NS = 2_000 * NS_PER_MS  # of what was sent before the first block is heard


@dataclass(frozen=True, slots=True)
class Death:
    """No meter lived from here to there. ``until_ns`` None: until its successor, who asks, hears something."""

    since_ns: int
    until_ns: int | None


@dataclass(frozen=True, slots=True)
class Past:
    """Where to begin. Without a predecessor to go on from there are no deaths, and ``life_ns`` is the present."""

    axis_ns: int  # where the axis of what was sent begins
    life_ns: int  # all before is told, or was never heard
    deaths: tuple[Death, ...] = ()


def past_of(tape: Sequence[Block], told: Iterable[int], started_ns: int) -> Past:
    """From the *tape* of the channel that bears witness, and the instants up to which each channel's segments reach.

    A predecessor of long ago left nothing that can still be decided.
    """
    reach_ns = started_ns - REACH_NS
    heard = [block for block in tape if block.sink_ns >= reach_ns]
    if not heard:
        return Past(started_ns - HISTORY_NS, started_ns)
    told_ns = min((ns for ns in told if ns >= reach_ns), default=heard[0].sink_ns)
    return Past(max(reach_ns, told_ns - CONTEXT_NS), told_ns, tuple(_deaths(heard)))


def _deaths(heard: Sequence[Block]) -> Iterable[Death]:
    """A process counts its frames from 0: where the count falls back, the one before had died."""
    for before, after in pairwise(heard):
        if after.first_frame <= before.first_frame:
            yield Death(end_ns(before), after.sink_ns)
    yield Death(end_ns(heard[-1]), None)


def end_ns(block: Block) -> int:
    """Boottime at which the block ends."""
    return block.sink_ns + frames_to_ns(BLOCK_FRAMES)


def told_until(told: Mapping[str, int], channel: str, past: Past) -> int:
    """Boottime up to which a channel's segments are in the journal, or never will be."""
    return max(told.get(channel, past.life_ns), past.axis_ns)
