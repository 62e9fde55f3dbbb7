"""``measure``: what a recording of the return proves about what was sent. Two WAV files in, one answer out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from audio.format import RATE_HZ
from audio.loudness import LoudnessMeter
from audio.match import Matcher, merged
from audio.missing_head import missing_head_s
from audio.segments import Loudness, MatchSegment, Quality, State
from audio.uncertainty import evidence_of, stretches
from audio.wav import open_wav

Block = NDArray[np.int16]
T = TypeVar("T")

_BLOCK_S = 1.0
_LOCKS_WITHIN_S = 3.0
_MATCHED_S = 1.9  # of a missing head the matcher finds by itself
_TAIL_BLOCKS = 20  # of HEARD after the end of SENT: more than the longest delay


class Observer:
    """Sees what measuring sees, block by block: for pictures and progress. This one does nothing."""

    def begin(self, sent_frames: int, heard_frames: int) -> None:
        """Lengths in frames of 48 kHz, as the files' heads have it; of HEARD what will be read."""

    def sent(self, block: Block) -> None:
        """The next second of SENT."""

    def heard(self, block: Block) -> None:
        """The next second of HEARD."""

    def decided(self, segments: list[MatchSegment]) -> None:
        """The next decided stretches of SENT, contiguous; not yet joined with those before."""


@dataclass(frozen=True, slots=True)
class MeasuredSegment:
    """A stretch of SENT. Times in ms on SENT's own time line."""

    from_ms: int
    to_ms: int
    state: str
    quality: str
    delay_ms: float | None
    coherence: float | None


@dataclass(frozen=True, slots=True)
class Measurement:
    sent_ms: int
    on_air_ms: int
    not_on_air_ms: int
    unobserved_ms: int
    overlaid_ms: int
    delay_ms: float | None
    drift_ppm: float | None
    uncertainty_ms: int  # half-width of the 95 % interval of on_air_ms, in audible milliseconds
    evidence_share: float | None  # of the observed time in which the programme could be told from anything else
    snr_db: float | None  # mean while on air
    segments: tuple[MeasuredSegment, ...]
    sent_loudness: Loudness = field(default_factory=Loudness)
    heard_loudness: Loudness = field(default_factory=Loudness)  # of the stretch of HEARD in which SENT returned

    def to_json(self) -> dict[str, Any]:
        """The answer as the contract of ``smartradio measure`` has it."""
        return asdict(self) | {
            "segments": [asdict(s) for s in self.segments],
            "sent_loudness": self.sent_loudness.to_json(),
            "heard_loudness": self.heard_loudness.to_json(),
        }


def measure(sent_path: Path, heard_path: Path, observers: Sequence[Observer] = ()) -> Measurement:
    """Match HEARD against SENT. Raises ``WavError`` for a file that is empty, unreadable or no WAV."""
    loudness = LoudnessMeter()  # of SENT
    missing = _missing_blocks(sent_path, heard_path)
    with open_wav(sent_path) as sent, open_wav(heard_path) as heard:
        heard_frames = min(heard.frames_48k, sent.frames_48k + _TAIL_BLOCKS * RATE_HZ)
        for observer in observers:
            observer.begin(sent.frames_48k, heard_frames)
        found = _matched(
            _seen(sent.blocks_48k(_BLOCK_S), [loudness.push, *(observer.sent for observer in observers)]),
            _seen(heard.blocks_48k(_BLOCK_S), [observer.heard for observer in observers]),
            [observer.decided for observer in observers],
            missing,
        )
    return replace(found, sent_loudness=loudness.so_far(), heard_loudness=_returned_loudness(found, heard_path))


def _missing_blocks(sent_path: Path, heard_path: Path) -> int:
    """Whole blocks of SENT that had passed when HEARD began: more than the matcher itself looks back.

    Most of what began late is of SENT. A replay that runs on after SENT's end may begin with a little of it.
    """
    with open_wav(sent_path) as sent, open_wav(heard_path) as heard:
        sent_s, heard_s = sent.frames_48k / RATE_HZ, heard.frames_48k / RATE_HZ
        missing_s = missing_head_s(sent.blocks_48k(_BLOCK_S), heard.blocks_48k(_BLOCK_S))
    if missing_s is None or missing_s <= _MATCHED_S or sent_s - missing_s < heard_s / 2:
        return 0
    return int(missing_s / _BLOCK_S)


def _returned_loudness(found: Measurement, path: Path) -> Loudness:
    """HEARD counts where SENT returned, which is known only now: it is read again."""
    delays_ms = [s.delay_ms for s in found.segments if s.state == State.ON_AIR and s.delay_ms is not None] or [0.0]
    between_ms = delays_ms[0], found.sent_ms + delays_ms[-1]
    first, end = (round(max(0.0, ms) * RATE_HZ / 1_000) for ms in between_ms)
    meter, at_frame = LoudnessMeter(), 0
    with open_wav(path) as wav:
        for block in wav.blocks_48k(_BLOCK_S):
            meter.push(block[max(0, first - at_frame) : max(0, end - at_frame)])
            at_frame += len(block)
            if at_frame >= end:
                break
    return meter.so_far()


def _matched(
    sent: Iterator[Block],
    heard: Iterator[Block],
    see: Sequence[Callable[[list[MatchSegment]], None]],
    missing: int,
) -> Measurement:
    matcher, segments = Matcher(), list[MatchSegment]()
    locked: tuple[float | None, float | None] = (None, None)
    sent_frames = heard_frames = late_frames = 0
    for n, sent_block in enumerate(sent):
        matcher.push_sent(sent_block, True)
        heard_block = None if n < missing else next(heard, None)
        if heard_block is None:  # HEARD has not begun, or has ended
            matcher.lose_heard(len(sent_block))
            late_frames += len(sent_block) if n < missing else 0  # the first block lacks what its resampler holds
        else:
            matcher.push_heard(heard_block)
            heard_frames += len(heard_block)
        sent_frames += len(sent_block)
        segments = _joined(segments, _shown(matcher.step(), see))
        locked = _lock(matcher) or locked
    for heard_block in islice(heard, _TAIL_BLOCKS):
        matcher.push_heard(heard_block)
    segments = _joined(segments, _shown(matcher.finish(), see))
    delay_ms, drift_ppm = _lock(matcher) or locked
    if delay_ms is None and heard_frames < _LOCKS_WITHIN_S * RATE_HZ:
        segments = merged([_not_told(segment) for segment in segments])
    found = _summed(segments, sent_frames, (delay_ms, drift_ppm))
    return _begun_later(found, late_frames * 1_000 / RATE_HZ) if missing else found


def _not_told(segment: MatchSegment) -> MatchSegment:
    """Of a recording that is too short to be matched nobody can say that it is of something else."""
    return replace(segment, state=State.UNOBSERVED) if segment.state is State.FOREIGN else segment


def _begun_later(found: Measurement, late_ms: float) -> Measurement:
    """The same with delays counted from HEARD's own beginning, *late_ms* after SENT's."""

    def earlier(delay_ms: float | None) -> float | None:
        return None if delay_ms is None else round(delay_ms - late_ms, 3)

    segments = tuple(replace(s, delay_ms=earlier(s.delay_ms)) for s in found.segments)
    return replace(found, delay_ms=earlier(found.delay_ms), segments=segments)


def _lock(matcher: Matcher) -> tuple[float | None, float | None] | None:
    """Delay and drift while locked."""
    live = matcher.live()
    return (live.delay_ms, live.drift_ppm) if live.locked else None


def _joined(segments: list[MatchSegment], more: list[MatchSegment]) -> list[MatchSegment]:
    """Only the last of *segments* can still grow."""
    return segments[:-1] + merged([*segments[-1:], *more])


def _seen(blocks: Iterator[Block], see: Sequence[Callable[[Block], None]]) -> Iterator[Block]:
    return (_shown(block, see) for block in blocks)


def _shown(thing: T, see: Sequence[Callable[[T], None]]) -> T:
    for eye in see:
        eye(thing)
    return thing


def _summed(segments: list[MatchSegment], sent_frames: int, locked: tuple[float | None, float | None]) -> Measurement:
    parts = tuple(part for s in segments if (part := _in_ms(s)).from_ms < part.to_ms)  # none of less than half a ms
    on_air = _frames(segments, lambda s: s.state == State.ON_AIR)
    unobserved = _frames(segments, lambda s: s.state == State.UNOBSERVED)
    overlaid = _frames(segments, lambda s: s.state == State.ON_AIR and s.quality == Quality.OVERLAID)
    total_ms = _ms(sent_frames)
    not_on_air_ms = total_ms - _ms(on_air) - _ms(unobserved)
    evidence = evidence_of(stretches(segments))
    return Measurement(
        *(total_ms, _ms(on_air), not_on_air_ms, _ms(unobserved), _ms(overlaid)),
        *locked,
        uncertainty_ms=evidence.uncertainty_ms,
        evidence_share=evidence.evidence_share,
        snr_db=evidence.snr_db,
        segments=parts,
    )


def _frames(segments: list[MatchSegment], wanted: Any) -> int:
    return sum(s.to_frame - s.from_frame for s in segments if wanted(s))


def _ms(frames: int) -> int:
    return round(frames * 1_000 / RATE_HZ)


def _in_ms(segment: MatchSegment) -> MeasuredSegment:
    return MeasuredSegment(
        _ms(segment.from_frame),
        _ms(segment.to_frame),
        segment.state.value,
        segment.quality.value,
        segment.delay_ms,
        None if segment.coherence is None else round(segment.coherence, 3),
    )
