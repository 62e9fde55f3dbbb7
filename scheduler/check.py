"""Whether a timetable can be played as it stands: all that is wrong with it, at once. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches

from scheduler.clock import STATION_TZ
from scheduler.occurrence import ALL_ZONES, BulletinClass, Kind
from scheduler.problem import Problem
from scheduler.quiet import Window, stretches
from scheduler.spoken.days import written_days
from scheduler.timetable import (
    MAX_DURATION_MS,
    MIN_DURATION_MS,
    Dates,
    Slot,
    Timetable,
    Weekdays,
    adopt,
    canonical_bytes,
)
from scheduler.vietnamese import fold
from scheduler.zones import zone_names

ADDRESS_SCHEMES = ("http://", "https://")
MOST_COMPARED = 1_000_000  # a year of dates beside sixty items a day is a sixth of it
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Rules:
    """What the station's configuration says of every timetable."""

    quiet: Sequence[Window] = ()
    zones: Collection[str] | None = None  # names the station knows; None: whatever is written
    has_source: Callable[[str], bool] | None = None  # whether a file is in the media folder; None: not asked


@dataclass(frozen=True, slots=True)
class Findings:
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]  # do not keep a timetable from being adopted


def check(timetable: Timetable, rules: Rules = Rules()) -> Findings:
    """Every error and warning of *timetable*, in the order of its rows."""
    rows = {id(slot): n for n, slot in enumerate(timetable.slots)}
    found: list[tuple[int, Problem]] = []
    for slot in timetable.slots:
        found += [(rows[id(slot)], problem) for problem in _slot_errors(slot, timetable, rules)]
    found += [(rows[id(slot)], problem) for slot, problem in _clashes(timetable.slots)]
    errors = tuple(problem for _, problem in sorted(found, key=lambda pair: pair[0]))
    return Findings(errors or tuple(_unadoptable(timetable)), tuple(_awaiting(timetable.slots, rules.has_source)))


def _unadoptable(timetable: Timetable) -> Iterator[Problem]:
    """What passes the check must be what playout adopts: it has limits on sizes that no sensible sheet meets."""
    try:
        adopt(canonical_bytes(timetable))
    except ValueError as error:
        yield Problem("timetable", "unadoptable", f"không nạp được lịch: {error}", f"cannot be adopted: {error}")


def _slot_errors(slot: Slot, timetable: Timetable, rules: Rules) -> Iterator[Problem]:
    yield from _impossible_duration(slot)
    yield from _emergency(slot)
    yield from _bad_source(slot)
    yield from _unknown_zone(slot, rules.zones)
    yield from _outside_validity(slot, timetable)
    yield from _in_quiet_hours(slot, rules.quiet)


def _can_last(slot: Slot) -> bool:
    return MIN_DURATION_MS <= slot.item.duration_ms <= MAX_DURATION_MS


def _impossible_duration(slot: Slot) -> Iterator[Problem]:
    if not _can_last(slot):
        vi = f"“{slot.item.title}”: thời lượng phải từ 1 giây đến 24 giờ"
        yield Problem(slot.place("duration"), "bad_duration", vi, f"“{slot.item.title}” must last 1 second to 24 hours")


def _emergency(slot: Slot) -> Iterator[Problem]:
    if slot.item.bulletin_class is BulletinClass.EMERGENCY:
        vi = "tin khẩn cấp không đặt trong lịch: phát ngay bằng lệnh khẩn cấp; trong lịch ghi Ưu tiên"
        en = "an emergency is not scheduled: send it at once with the emergency command; write Ưu tiên here"
        yield Problem(slot.place("class"), "emergency_in_timetable", vi, en)


def is_address(source: str) -> bool:
    return "://" in source


def _bad_source(slot: Slot) -> Iterator[Problem]:
    """A file is named inside the media folder: no drive, no way out of it. An address is http or https."""
    source, where = slot.item.source, slot.place("source")
    if is_address(source):
        if not source.lower().startswith(ADDRESS_SCHEMES):
            vi = f"địa chỉ “{source}” không dùng được; chỉ nhận http:// hoặc https://"
            yield Problem(where, "bad_source", vi, f"the address “{source}” must begin with http:// or https://")
    elif "\\" in source or ":" in source or source.startswith("/") or ".." in source.split("/"):
        name = source.replace("\\", "/").rsplit("/", 1)[-1]
        vi = f"nguồn “{source}”: chỉ ghi tên tệp trong thư mục chương trình, ví dụ “{name}”"
        yield Problem(
            where, "bad_source", vi, f"source “{source}”: only a file's name in the media folder, e.g. “{name}”"
        )


def _unknown_zone(slot: Slot, known: Collection[str] | None) -> Iterator[Problem]:
    if known is None:
        return
    names = {fold(zone): zone for zone in known}
    for name in sorted(zone_names(slot.zone) - names.keys() - {ALL_ZONES}):
        near = get_close_matches(name, names, 1)
        vi, en = (f"; có phải “{names[near[0]]}”?", f"; did you mean “{names[near[0]]}”?") if near else ("", "")
        where = slot.place("zone")
        yield Problem(where, "unknown_zone", f"không có khu vực “{name}”{vi}", f"there is no zone “{name}”{en}")


def _outside_validity(slot: Slot, timetable: Timetable) -> Iterator[Problem]:
    if isinstance(slot.recurrence, Dates):
        outside = sorted(day for day in slot.recurrence.dates if not timetable.in_force(day))
        if outside:
            day = f"{outside[0]:%d/%m/%Y}"
            vi, en = f"ngày {day} nằm ngoài thời gian hiệu lực của lịch", f"{day} is outside the timetable's validity"
            yield Problem(slot.place("day"), "outside_validity", vi, en)


_SOME_DAY = date(2001, 1, 1)  # quiet hours are the same every day


def _in_quiet_hours(slot: Slot, quiet: Sequence[Window]) -> Iterator[Problem]:
    if not quiet or not _can_last(slot) or slot.item.bulletin_class is BulletinClass.EMERGENCY:
        return
    begin = datetime.combine(_SOME_DAY, slot.starts, STATION_TZ)
    end = begin + timedelta(milliseconds=slot.item.duration_ms)
    for start, stop in stretches(quiet, begin, end):
        hours, span = f"{start:%Hh%M}–{stop:%Hh%M}", f"{begin:%Hh%M}–{end:%Hh%M}"
        vi = f"“{slot.item.title}” ({span}) rơi vào giờ yên tĩnh {hours}"
        yield Problem(slot.place("time"), "quiet_hours", vi, f"“{slot.item.title}” ({span}) is in quiet hours {hours}")
        return


# --- clashes: two things in one zone at one time


@dataclass(frozen=True, slots=True)
class _Span:
    """A slot on one of its days, in ms from the start of a time line."""

    begin_ms: int
    end_ms: int
    slot: Slot


def _clashes(slots: Sequence[Slot]) -> Iterator[tuple[Slot, Problem]]:
    """Each slot that begins while another sounds in its zone, told once, beside the other's place."""
    single, doubles = _without_doubles([slot for slot in slots if _can_last(slot)])
    yield from doubles
    if _too_many(single):
        vi, en = (
            "lịch có quá nhiều ngày riêng; tách thành nhiều lịch",
            "too many dates beside weekdays; split the timetable",
        )
        yield single[0], Problem("timetable", "too_many", vi, en)
        return
    told: set[int] = set()
    for line in _time_lines(single):
        for earlier, later in _overlaps(line):
            if id(later) not in told:
                told.add(id(later))
                yield later, _clash(earlier, later)


def _too_many(slots: Sequence[Slot]) -> bool:
    """Whether comparing every date with the week beside it would take longer than anybody waits."""
    days = [len(slot.recurrence.days) for slot in slots if isinstance(slot.recurrence, Weekdays)]
    return sum(days) * len(_by_date(slots)) > MOST_COMPARED


def _without_doubles(slots: Sequence[Slot]) -> tuple[list[Slot], list[tuple[Slot, Problem]]]:
    first: dict[Slot, Slot] = {}
    doubles = []
    for slot in slots:
        if first.setdefault(slot, slot) is not slot:
            where = first[slot].where
            vi, en = f"dòng này giống hệt {where}", f"this row is the same as {where}"
            doubles.append((slot, Problem(slot.place("time"), "duplicate", vi, en)))
    return list(first.values()), doubles


def _clash(earlier: Slot, later: Slot) -> Problem:
    mine, other = f"“{later.item.title}” ({_when(later)})", f"“{earlier.item.title}” ({_when(earlier)})"
    vi, en = f"{mine} trùng giờ với {other} ở {earlier.where}", f"{mine} overlaps {other} at {earlier.where}"
    return Problem(later.place("time"), "overlap", vi, en)


def _when(slot: Slot) -> str:
    begin = datetime.combine(_SOME_DAY, slot.starts)
    end = begin + timedelta(milliseconds=slot.item.duration_ms)
    return f"{_days(slot)} {begin:%Hh%M}–{end:%Hh%M}"


def _days(slot: Slot) -> str:
    if isinstance(slot.recurrence, Weekdays):
        return written_days(slot.recurrence.days)
    days = sorted(slot.recurrence.dates)
    return f"{days[0]:%d/%m/%Y}" + (" …" if len(days) > 1 else "")


def _time_lines(slots: Sequence[Slot]) -> Iterator[list[_Span]]:
    """A generic week, twice (its end meets its beginning); then every explicit date with the days beside it."""
    weekly, dated = _by_weekday(slots), _by_date(slots)
    yield [_span(slot, day + week) for week in (0, 7) for day in range(7) for slot in weekly[day]]
    for day in sorted(dated):
        beside = [(n, day + timedelta(days=n)) for n in (-1, 0, 1)]
        yield [_span(slot, n) for n, near in beside for slot in (*dated.get(near, ()), *weekly[near.weekday()])]


def _by_weekday(slots: Sequence[Slot]) -> dict[int, list[Slot]]:
    found: dict[int, list[Slot]] = {day: [] for day in range(7)}
    for slot in slots:
        if isinstance(slot.recurrence, Weekdays):
            for day in slot.recurrence.days:
                found[day].append(slot)
    return found


def _by_date(slots: Sequence[Slot]) -> dict[date, list[Slot]]:
    found: defaultdict[date, list[Slot]] = defaultdict(list)
    for slot in slots:
        if isinstance(slot.recurrence, Dates):
            for day in slot.recurrence.dates:
                found[day].append(slot)
    return dict(found)


def _span(slot: Slot, day: int) -> _Span:
    clock = slot.starts
    begin_ms = (day * _DAY_S + clock.hour * 3_600 + clock.minute * 60 + clock.second) * 1_000
    return _Span(begin_ms, begin_ms + slot.item.duration_ms, slot)


def _overlaps(line: Iterable[_Span]) -> Iterator[tuple[Slot, Slot]]:
    """Sweep: whoever begins before the latest end of its zone clashes with the one that ends then."""
    latest: dict[str, _Span] = {}  # by zone name; "" is any zone at all
    for span in sorted(line, key=lambda s: s.begin_ms):
        names = zone_names(span.slot.zone)
        for name in ("",) if ALL_ZONES in names else (*sorted(names), ALL_ZONES):
            if name in latest and latest[name].end_ms > span.begin_ms and latest[name].slot is not span.slot:
                yield latest[name].slot, span.slot
        for name in (*names, ""):
            if name not in latest or latest[name].end_ms < span.end_ms:
                latest[name] = span


# --- what is not there yet


def _awaiting(slots: Sequence[Slot], has_source: Callable[[str], bool] | None) -> Iterator[Problem]:
    """Chờ nội dung: a file that is not there yet never blocks the week. A live item needs none."""
    for slot in slots:
        source, title, where = slot.item.source, slot.item.title, slot.place("source")
        if slot.item.kind is Kind.LIVE or is_address(source):
            continue
        if not source:
            vi, en = f"“{title}” chưa ghi nguồn: chờ nội dung", f"“{title}” names no source yet: awaiting content"
            yield Problem(where, "awaiting_content", vi, en)
        elif has_source is not None and not has_source(source):
            vi = f"chưa có tệp “{source}” của “{title}”: chờ nội dung"
            yield Problem(where, "awaiting_content", vi, f"“{source}” of “{title}” is not there yet: awaiting content")
