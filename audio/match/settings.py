"""What may be set of a matcher; the defaults are those of a recording of unknown delay."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Times in ms, evidence in nats."""

    earliest_ms: float = -2_000.0  # the least delay searched
    latest_ms: float = 10_000.0  # the longest
    prior_after_ms: float = 2_000.0  # a known delay: so much longer it may be (a queue that grew), replays are later
    prior_before_ms: float = 250.0  # … and how much shorter, where that is less than none
    look_ahead_ms: float = 5_000.0  # heard beyond a block before it is judged: a jump is found in less
    young_look_ahead_ms: float = 12_000.0  # the same while the path was heard for seconds only: each one teaches much
    unlocked_wait_ms: float = 12_000.0  # the same while no delay is known
    longest_doubt_ms: float = 5_000.0  # a block is decided this long after it was judged
    switch_nats: float = 11.0  # evidence that a change between on and off air has to show
