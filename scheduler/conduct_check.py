"""Rules of items that cannot be kept, or not always: warnings, for the item is played all the same. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from scheduler.address import is_address
from scheduler.clashes import Together
from scheduler.clock import STATION_TZ
from scheduler.conduct import EndRule
from scheduler.occurrence import Kind, Occurrence
from scheduler.overrun import in_the_way
from scheduler.problem import Problem
from scheduler.timetable import Slot

LOOKED_AT = 50  # items after one that is played to its end
TOO_LONG_MS = 1_000  # what is cut of a file that fades out all the same nobody misses
SHORTER_MS, SHORTER = 30_000, 0.1  # a silence that listeners notice, and of some weight beside the slot
LastsMs = Callable[[str], int | None]  # how long a source lasts; None: not known


def airing(id_: str, slot: Slot, day: date) -> Occurrence:
    """The slot on a day, as far as its place in the plan goes."""
    item, begin = slot.item, datetime.combine(day, slot.starts, STATION_TZ)
    end = begin + timedelta(milliseconds=item.duration_ms)
    occurrence = Occurrence(id_, item.title, begin, end, item.kind, zone=slot.zone)
    return replace(occurrence, session=slot.session, source=item.source)


def unkept_rules(
    slots: Iterable[Slot], has_source: Callable[[str], bool] | None, has_filler: bool | None
) -> Iterator[Problem]:
    for slot in slots:
        yield from _rules_without_file(slot)
        if slot.item.conduct.end_rule is EndRule.FILL:
            yield from _without_filler(slot, has_source, has_filler)


def _rules_without_file(slot: Slot) -> Iterator[Problem]:
    """How long a relay or a person lasts nobody knows, and how loud they are is not ours."""
    item, title = slot.item, slot.item.title
    if not (item.kind is Kind.LIVE or is_address(item.source)):
        return
    if item.conduct.end_rule is not EndRule.CUT:
        vi = f"“{title}” không phải tệp nên không biết dài bao nhiêu: hết giờ thì cắt"
        en = f"“{title}” is no file, so how long it lasts is not known: it is cut at its end"
        yield Problem(slot.place("end_rule"), "end_rule_unused", vi, en)
    if item.conduct.target_lufs is not None:
        vi, en = f"“{title}” không phải tệp: độ to không chỉnh được", f"“{title}” is no file: its level is as it comes"
        yield Problem(slot.place("loudness"), "loudness_unused", vi, en)


def _without_filler(slot: Slot, has_source: Callable[[str], bool] | None, has_filler: bool | None) -> Iterator[Problem]:
    title, filler, where = slot.item.title, slot.item.conduct.filler, slot.place("end_rule")
    if not filler and has_filler is False:
        vi = f"“{title}”: đài chưa có nhạc đệm ([filler] files) nên không có gì để lấp"
        yield Problem(where, "no_filler", vi, f"“{title}”: the station has no filler ([filler] files)")
    elif filler and not {"*", "?"} & set(filler) and has_source is not None and not has_source(filler):
        vi = f"chưa có tệp “{filler}” để lấp sau “{title}”"
        yield Problem(where, "no_filler", vi, f"“{filler}”, to follow “{title}”, is not there yet")


def not_as_long(slots: Iterable[Slot], lasts_ms: LastsMs) -> Iterator[Problem]:
    """Files that are cut at the end of their slot, and such as leave much of it silent."""
    for slot in slots:
        item = slot.item
        ms = lasts_ms(item.source) if item.kind is not Kind.LIVE else None
        if ms is None:
            continue
        over_ms, rest_ms = ms - item.duration_ms - item.conduct.grace_ms, item.duration_ms - ms
        if over_ms > TOO_LONG_MS:
            yield _cut(slot, ms, over_ms)
        elif rest_ms > max(SHORTER_MS, item.duration_ms * SHORTER) and item.conduct.end_rule is not EndRule.FILL:
            yield _silent(slot, ms, rest_ms)


def _cut(slot: Slot, ms: int, over_ms: int) -> Problem:
    item, grace_ms = slot.item, slot.item.conduct.grace_ms
    vi, en = f"khung giờ {_shown(item.duration_ms)}", f"its slot {_shown(item.duration_ms)}"
    if grace_ms:
        vi, en = f"{vi}, kéo thêm {_shown(grace_ms)}", f"{en} with a grace of {_shown(grace_ms)}"
    vi = f"“{item.title}”: tệp “{item.source}” dài {_shown(ms)}, {vi}: bị cắt {_shown(over_ms)} cuối"
    en = f"“{item.title}”: “{item.source}” lasts {_shown(ms)}, {en}: its last {_shown(over_ms)} are cut"
    return Problem(slot.place("duration"), "file_too_long", vi, en)


def _silent(slot: Slot, ms: int, rest_ms: int) -> Problem:
    item, slot_is = slot.item, _shown(slot.item.duration_ms)
    vi = f"“{item.title}”: tệp “{item.source}” chỉ dài {_shown(ms)}, khung giờ {slot_is}: im lặng {_shown(rest_ms)}"
    en = f"“{item.title}”: “{item.source}” lasts {_shown(ms)} of {slot_is}: {_shown(rest_ms)} of silence"
    return Problem(slot.place("duration"), "file_too_short", f"{vi}; ghi Lấp để phát nhạc đệm", f"{en}, or fill them")


def _shown(ms: int) -> str:
    """15' or 14'05"."""
    minutes, seconds = divmod((ms + 500) // 1_000, 60)
    return f"{minutes}'" + (f'{seconds:02}"' if seconds else "") if minutes else f'{seconds}"'


def limited_graces(sets: Iterable[Together]) -> Iterator[tuple[Slot, Problem]]:
    """Each slot after which something begins at its own time within the grace, told once."""
    told: set[int] = set()
    for one in sets:
        slots = sorted(one.slots, key=lambda slot: slot.starts)
        plan = [airing(f"{n}", slot, one.day) for n, slot in enumerate(slots)]
        for n, slot in enumerate(slots):
            grace_ms = slot.item.conduct.grace_ms
            if not grace_ms or id(slot) in told:
                continue
            blocked = in_the_way(plan[n].lengthened(grace_ms), plan[n + 1 : n + 1 + LOOKED_AT])
            if blocked is not None:
                told.add(id(slot))
                yield slot, _limited(slot, slots[int(blocked.id)])


def _limited(slot: Slot, other: Slot) -> Problem:
    title, theirs = slot.item.title, f"“{other.item.title}” ({other.where}) {other.starts:%Hh%M}"
    vi = f"“{title}” có khi vẫn bị cắt: trong lúc kéo thêm thì đến {theirs}, mục này giờ cố định"
    en = f"“{title}” may be cut all the same: {theirs}, within its grace, begins at a time of its own"
    return Problem(slot.place("end_rule"), "grace_limited", vi, en)
