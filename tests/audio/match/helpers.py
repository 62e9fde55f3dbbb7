"""What the tests of the matcher share: recordings at 48 kHz, a way to push them, a way to ask about the answer."""

import functools
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from audio.match import Matcher, Settings, merged
from audio.segments import MatchSegment, Quality, State
from bench.recordings import Channel, Fault, Recording, as_int16, programme, record, resample

MS = 48  # frames
LIVE = Settings(earliest_ms=-100)  # as in the meter: what is heard then need not wait for what is sent later


@functools.lru_cache(maxsize=8)
def bulletin(seconds: float = 40.0, seed: int = 3):
    return programme(seconds, seed)


def heard_through(
    channel: Channel, faults: tuple[Fault, ...] = (), seconds: float = 40.0, never: bool = False
) -> Recording:
    return record("test", bulletin(seconds), channel, faults, 17, never=never)


def at_48k(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    return tuple(as_int16(resample(s, recording.rate, 48_000)) for s in (recording.sent, recording.heard))


def matched(recording: Recording, block: int = 4_096, **arguments) -> list[MatchSegment]:
    sent, heard = at_48k(recording)
    segments = merged(decided(Matcher(**arguments), sent, heard, block))
    assert_contiguous(segments, len(sent))
    return segments


def decided(matcher: Matcher, sent: np.ndarray, heard: np.ndarray, block: int = 4_096) -> list[MatchSegment]:
    """All of its segments, as they were given out."""
    segments: list[MatchSegment] = []
    for at in range(0, max(len(sent), len(heard)), block):
        if at < len(sent):
            matcher.push_sent(sent[at : at + block], True)
        matcher.push_heard(heard[at : at + block])
        segments += matcher.step()
    return segments + matcher.finish()


def decided_of(recording: Recording, start_s: int, stop_s: int) -> list[MatchSegment]:
    """Of a part of it, as if nothing else had been sent."""
    sent, heard = (side[start_s * 48_000 : stop_s * 48_000] for side in at_48k(recording))
    return decided(Matcher(), sent, heard)


def assert_contiguous(segments: list[MatchSegment], frames: int) -> None:
    assert segments[0].from_frame == 0
    assert segments[-1].to_frame == frames
    assert all(a.to_frame == b.from_frame for a, b in pairwise(segments))


def on_air_ms(
    segments: Iterable[MatchSegment], start_s: float = 0, stop_s: float = 1e9, quality: Quality | None = None
) -> float:
    return in_state_ms([s for s in segments if quality in (None, s.quality)], State.ON_AIR, start_s, stop_s)


def in_state_ms(segments: Iterable[MatchSegment], state: State, start_s: float = 0, stop_s: float = 1e9) -> float:
    low, high = start_s * 48_000, stop_s * 48_000
    return sum(max(0, min(s.to_frame, high) - max(s.from_frame, low)) for s in segments if s.state == state) / MS


__all__ = ["Channel", "Fault", "Quality", "Settings", "State"]
