"""From the parts of a slot to its figures, parted at local midnight. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from audio.segments import Quality
from scheduler.clock import NS_PER_MS, STATION_TZ, wall_ns_of
from scheduler.occurrence import Occurrence
from telemetry.airtime import Share, sum_of_causes
from telemetry.spans import Spans, common, total


@dataclass(frozen=True, slots=True)
class Booked:
    """The slot, parted: positions (ms) by what became of them, disjoint, together the whole slot."""

    on_air: Spans
    not_on_air: Mapping[str, Spans]  # by cause
    unobserved: Mapping[str, Spans]  # by cause


@dataclass(frozen=True, slots=True)
class Day:
    """The part of a slot that lies on one local date."""

    date: date
    from_ms: int
    to_ms: int
    first: bool
    last: bool


def local_days(occurrence: Occurrence) -> list[Day]:
    """The local dates that a slot touches."""
    zero_ns, whole_ms = wall_ns_of(occurrence.starts_at), occurrence.planned_ms
    start, position_ms, found = occurrence.starts_at.astimezone(STATION_TZ), 0, []
    while position_ms < whole_ms:
        midnight = datetime.combine(start.date() + timedelta(days=1), datetime.min.time(), STATION_TZ)
        until_ms = min(whole_ms, (wall_ns_of(midnight) - zero_ns) // NS_PER_MS)
        found.append(Day(start.date(), position_ms, until_ms, position_ms == 0, until_ms == whole_ms))
        position_ms, start = until_ms, midnight
    return found


def day_shares(
    occurrence: Occurrence,
    booked: Booked,
    quality: Mapping[Quality, Spans],
    played: Sequence[tuple[int, int]],
    fresh_ms: int,
) -> dict[date, Share]:
    """Every figure by local date. *played*: where the samples lie that were handed to the card.

    *fresh_ms*: of them at most so many are programme time, the first.
    """
    shares: dict[date, Share] = {}
    for day in local_days(occurrence):
        played_ms = sum(_on_day(span, day) for span in played)
        shares[day.date] = _share(day, booked, quality, played_ms, min(played_ms, fresh_ms))
        fresh_ms -= shares[day.date].programme_ms
    return shares


def _share(day: Day, booked: Booked, quality: Mapping[Quality, Spans], played_ms: int, programme_ms: int) -> Share:
    inside: Spans = ((day.from_ms, day.to_ms),)
    on_air = common(booked.on_air, inside)
    flagged = {name: total(common(on_air, spans)) for name, spans in quality.items()}
    return Share(
        planned_ms=day.to_ms - day.from_ms,
        programme_ms=programme_ms,
        played_ms=played_ms,
        on_air_ms=total(on_air),
        not_on_air=_causes(booked.not_on_air, inside),
        unobserved=_causes(booked.unobserved, inside),
        overlaid_ms=flagged[Quality.OVERLAID],
        low_ms=flagged[Quality.LOW],
        clipped_ms=flagged[Quality.CLIPPED],
    )


def _on_day(span: tuple[int, int], day: Day) -> int:
    """What was played before the slot belongs to its first day, what was played after it to its last."""
    start = span[0] if day.first else max(span[0], day.from_ms)
    end = span[1] if day.last else min(span[1], day.to_ms)
    return max(0, end - start)


def _causes(parts: Mapping[str, Spans], inside: Spans) -> dict[str, int]:
    return {cause: ms for cause, part in parts.items() if (ms := total(common(part, inside)))}


def sum_of(shares: Iterable[Share]) -> Share:
    """The figures of several shares together."""
    shares = list(shares)
    return Share(
        planned_ms=sum(s.planned_ms for s in shares),
        programme_ms=sum(s.programme_ms for s in shares),
        played_ms=sum(s.played_ms for s in shares),
        on_air_ms=sum(s.on_air_ms for s in shares),
        not_on_air=sum_of_causes(s.not_on_air for s in shares),
        unobserved=sum_of_causes(s.unobserved for s in shares),
        overlaid_ms=sum(s.overlaid_ms for s in shares),
        low_ms=sum(s.low_ms for s in shares),
        clipped_ms=sum(s.clipped_ms for s in shares),
    )
