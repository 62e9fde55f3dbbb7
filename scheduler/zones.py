"""Zones: which loudspeakers an item is for, and whether two items want the same ones."""

import re
from functools import lru_cache

from scheduler.occurrence import ALL_ZONES
from scheduler.vietnamese import fold

_SEPARATORS = re.compile(r"[,;+]")


@lru_cache(maxsize=1024)
def zone_names(zone: str) -> frozenset[str]:
    """The folded names in a zone text: "Thôn 1, Thôn 2" → {"thon 1", "thon 2"}; "all" is a name of its own."""
    return frozenset(zones_written(zone)) or frozenset({ALL_ZONES})


def zones_written(zone: str) -> dict[str, str]:
    """Each folded name of a zone text, and how it is written there."""
    return {name: part.strip() for part in _SEPARATORS.split(zone) if (name := fold(part))}


def zones_meet(one: str, other: str) -> bool:
    """Whether any loudspeaker belongs to both; "all" meets every zone."""
    mine, theirs = zone_names(one), zone_names(other)
    return ALL_ZONES in mine or ALL_ZONES in theirs or not mine.isdisjoint(theirs)
