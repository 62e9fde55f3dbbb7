"""First airings and repeats, told apart by what the files hold. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

from scheduler.clock import local_day
from scheduler.occurrence import Kind, Occurrence
from scheduler.timetable import Item
from scheduler.vietnamese import without_repeat_mark

REPEAT_WITHIN = timedelta(days=7)
_Key = tuple[str, str]  # what is compared, and what it is
ContentOf = Callable[[str], str | None]  # name of a file → digest of what it holds now; None: not known, or an address


def nothing_known(_source: str) -> None:
    """A ``ContentOf`` for where there is no library."""


def may_repeat(items: Sequence[Item], content_of: ContentOf) -> bool:
    """Whether one of them says that it is a repeat, or two hold the same."""
    held = [content for item in items if (content := content_of(item.source)) is not None]
    return len(set(held)) < len(held) or any(item.kind is Kind.REPEAT for item in items)


def link_repeats(occurrences: Sequence[Occurrence], content_of: ContentOf = nothing_known) -> list[Occurrence]:
    """The same occurrences by start; each repeat tells the latest original of the seven days before it.

    An original starts before its repeat. Where both their contents are known, these tell; else the same source or the
    same title (but for its "(PL)"). What is planned as new but holds what the same day has had before is a repeat. Over
    days nothing is said of that: tomorrow the same name may hold another bulletin, and the account will know.
    """
    latest: dict[_Key, Occurrence] = {}
    linked = []
    keys_of = cache(lambda programme, source: tuple(_keys(programme, source, content_of)))  # a year has few of them
    for occurrence in sorted(occurrences, key=lambda o: (o.starts_at, o.kind is not Kind.REPEAT)):
        if occurrence.kind is Kind.REPEAT or _held_before(occurrence, latest, content_of):
            mine = keys_of(occurrence.programme, occurrence.source)
            linked.append(_linked(occurrence, [latest[key] for key in mine if key in latest], content_of))
        else:
            for key in keys_of(occurrence.programme, occurrence.source):
                latest[key] = occurrence
            linked.append(occurrence)
    return linked


def _keys(programme: str, source: str, content_of: ContentOf) -> Iterator[_Key]:
    yield "title", without_repeat_mark(programme)
    if source:
        yield "source", source
    if (content := content_of(source)) is not None:
        yield "content", content


def _held_before(occurrence: Occurrence, latest: dict[_Key, Occurrence], content_of: ContentOf) -> bool:
    """Whether another of its local day, before it, holds the same."""
    content = content_of(occurrence.source)
    original = latest.get(("content", content)) if content is not None and occurrence.kind is not Kind.LIVE else None
    if original is None or original.starts_at == occurrence.starts_at:
        return False
    begun = (local_day(o.starts_at) for o in (original, occurrence))
    return len(set(begun)) == 1


def _linked(repeat: Occurrence, originals: Sequence[Occurrence], content_of: ContentOf) -> Occurrence:
    content = content_of(repeat.source)
    recent = [
        o for o in originals if repeat.starts_at - o.starts_at <= REPEAT_WITHIN and _may_be(content, o, content_of)
    ]
    original = max(recent, key=lambda o: o.starts_at).id if recent else None
    if repeat.kind is Kind.REPEAT and original is None:
        return repeat
    return replace(repeat, kind=Kind.REPEAT, repeat_of=original)


def _may_be(content: str | None, original: Occurrence, content_of: ContentOf) -> bool:
    """Whether *original* holds *content*, as far as both are known."""
    other = content_of(original.source)
    return content is None or other is None or content == other
