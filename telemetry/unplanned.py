"""What sounded outside every planned slot: ours or another's. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from audio.segments import Segment, State
from scheduler.clock import NS_PER_MS, STATION_TZ, datetime_of, local_iso, wall_ns_of
from telemetry.spans import Spans, common, normal, total, without

SHORTEST_NS = 2_000_000_000  # a click, or the last echo of a programme, is no broadcast
LEAST_SOUND_MS = 1_000  # nor is that echo and the first breath of the next programme, with a pause between
PAUSE_NS = 2_000_000_000  # between the words of a voice
LONGEST_NS = 600_000_000_000  # what never ends is booked in parts of this length


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A stretch of sound that no plan asked for."""

    boot: int
    from_ns: int
    to_ns: int
    own_ms: int
    foreign_ms: int

    @property
    def duration_ms(self) -> int:
        return (self.to_ns - self.from_ns) // NS_PER_MS


def unplanned(segments: Sequence[Segment], occupied: Spans, from_ns: int, closed: bool) -> tuple[list[Unplanned], int]:
    """The stretches outside *occupied* (boottimes) from *from_ns* on, and the boottime up to which all is decided.

    *segments* are of one channel and one boot. A stretch that may still go on is left for the next time, unless
    *closed*: nothing more will come of this boot.
    """
    if not segments:
        return [], from_ns
    horizon = max(s.to_ns for s in segments)
    window: Spans = ((from_ns, horizon),)
    own, foreign = (common(_of(segments, state), window) for state in (State.ON_AIR, State.FOREIGN))
    sounding = _bridged(without(normal([*own, *foreign]), occupied), occupied)
    done = [span for span in sounding if closed or span[1] + PAUSE_NS < horizon or span[1] - span[0] >= LONGEST_NS]
    open_from = min((start for start, end in sounding if (start, end) not in done), default=horizon)
    boot = segments[0].boot
    long = [_stretch(boot, span, own, foreign) for span in done if span[1] - span[0] >= SHORTEST_NS]
    return [stretch for stretch in long if stretch.own_ms + stretch.foreign_ms >= LEAST_SOUND_MS], open_from


def _bridged(sounding: Spans, occupied: Spans) -> Spans:
    """A voice's pauses are part of it; a planned slot is not."""
    joined: list[tuple[int, int]] = []
    for start, end in sounding:
        pause = ((joined[-1][1], start),) if joined else ()
        if joined and total(pause) < PAUSE_NS and not common(pause, occupied):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def _of(segments: Sequence[Segment], state: State) -> Spans:
    return normal((s.from_ns, s.to_ns) for s in segments if s.state is state)


def _stretch(boot: int, span: tuple[int, int], own: Spans, foreign: Spans) -> Unplanned:
    own_ms, foreign_ms = (total(common(part, (span,))) // NS_PER_MS for part in (own, foreign))
    return Unplanned(boot, span[0], span[1], own_ms, foreign_ms)


def unplanned_body(stretch: Unplanned, channel: str, from_wall: datetime) -> dict[str, Any]:
    """The ledger's entry: ``id`` is the same however often it is derived, ``days`` sum to ``unplanned_ms``."""
    return {
        "id": f"{channel}:{stretch.boot}:{stretch.from_ns}",
        "channel": channel,
        "from": local_iso(from_wall),
        "to": local_iso(from_wall + timedelta(milliseconds=stretch.duration_ms)),
        "unplanned_ms": stretch.duration_ms,
        "own_ms": stretch.own_ms,
        "foreign_ms": stretch.foreign_ms,
        "days": {day.isoformat(): ms for day, ms in by_local_day(from_wall, stretch.duration_ms).items()},
    }


def by_local_day(from_wall: datetime, duration_ms: int) -> Mapping[date, int]:
    """Part a duration at local midnight."""
    start_ms, parts = wall_ns_of(from_wall) // NS_PER_MS, {}
    end_ms = start_ms + duration_ms
    while start_ms < end_ms:
        local = datetime_of(start_ms * NS_PER_MS).astimezone(STATION_TZ)
        midnight = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), STATION_TZ)
        until_ms = min(end_ms, wall_ns_of(midnight.astimezone(UTC)) // NS_PER_MS)
        parts[local.date()] = until_ms - start_ms
        start_ms = until_ms
    return parts
