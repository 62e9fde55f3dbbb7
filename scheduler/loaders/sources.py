"""A table beside the timetable that tells each programme's file or address: a weekly grid has no room for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scheduler.loaders.list_heading import Heading
from scheduler.loaders.table import Table
from scheduler.problem import Problem
from scheduler.spoken.cells import excerpt, is_blank, words
from scheduler.timetable import MAX_TEXT, Slot
from scheduler.vietnamese import fold, without_repeat_mark

_OF_A_TIMETABLE = ("day", "time", "session", "duration")


@dataclass(frozen=True, slots=True)
class Sources:
    """What programmes are played from, by their folded titles, each with its place."""

    by_title: Mapping[str, tuple[str, str]]
    errors: tuple[Problem, ...] = ()


def is_sources(heading: Heading | None) -> bool:
    """Whether a table only says which programme has which file."""
    named = set(heading.columns) if heading is not None else set()
    return {"title", "source"} <= named and not named.intersection(_OF_A_TIMETABLE)


def read(table: Table, heading: Heading) -> Sources:
    found: dict[str, tuple[str, str]] = {}
    errors = []
    for row in range(heading.row + 1, len(table.rows)):
        title, source = (table.cell(row, heading.columns[part]) for part in ("title", "source"))
        place, name = table.where(row, heading.columns["source"]), words(source)
        if is_blank(title) or is_blank(source) or len(name) > MAX_TEXT or not name.isprintable():
            continue
        if found.setdefault(fold(words(title)), (name, place))[0] != name:
            vi, en = f"“{excerpt(title)}” có hai nguồn", f"“{excerpt(title)}” has two sources"
            errors.append(Problem(place, "doubled_source", vi, en))
    return Sources(found, tuple(errors))


def with_sources(slots: Iterable[Slot], sources: Mapping[str, tuple[str, str]]) -> tuple[Slot, ...]:
    """The slots, those without a source with that of their title; a repeat has that of what it repeats."""
    return tuple(_with_source(slot, sources) for slot in slots)


def _with_source(slot: Slot, sources: Mapping[str, tuple[str, str]]) -> Slot:
    title = slot.item.title
    known = sources.get(fold(title)) or sources.get(without_repeat_mark(title))
    if slot.item.source or known is None:
        return slot
    name, place = known
    return replace(slot, item=replace(slot.item, source=name), places={**slot.places, "source": place})
