"""Whether a timetable can be played as it stands: all that is wrong with it, at once. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches

from scheduler.address import RELAY, is_address, is_stream, named
from scheduler.book import NO_TIMETABLES, TimetableBook
from scheduler.clashes import Clash, Together, TooMany, find_clashes, over_midnight, together
from scheduler.clock import FIRST_DAY, LAST_DAY, STATION_TZ
from scheduler.conduct_check import LastsMs, airing, limited_graces, not_as_long, unkept_rules
from scheduler.guards import NO_GUARDS, Guards, session_begins
from scheduler.holidays import HolidayCalendar
from scheduler.occurrence import ALL_ZONES, BulletinClass, Kind
from scheduler.problem import Problem
from scheduler.quiet import Window, stretches
from scheduler.recurrence import CalendarDay, Weekdays, calendar_day, explicit_dates, named_holidays
from scheduler.repeats import ContentOf, nothing_known
from scheduler.spoken.written import written_days
from scheduler.timetable import (
    MAX_DURATION_MS,
    MIN_DURATION_MS,
    Slot,
    Timetable,
    adopt,
    canonical_bytes,
)
from scheduler.vietnamese import fold, without_repeat_mark
from scheduler.zones import zones_written

HORIZON_DAYS = 2 * 366  # how far ahead a timetable without an end is looked at


@dataclass(frozen=True, slots=True)
class Rules:
    """What the station's configuration says of every timetable."""

    guards: Guards = NO_GUARDS
    zones: Collection[str] | None = None  # names the station knows; None: whatever is written
    has_source: Callable[[str], bool] | None = None  # whether a file is in the media folder; None: not asked
    today: date | None = None  # from where a timetable without a beginning is looked at; None: it does not matter
    content_of: ContentOf = nothing_known
    lasts_ms: LastsMs = nothing_known
    inputs: Collection[str] | None = None  # line inputs and microphones the station knows; None: whatever is written
    relays: Collection[str] | None = None  # the same for its chains
    unheard: Callable[[str], bool] | None = None  # spoken by the machine, and by nobody listened to
    has_filler: bool | None = None  # whether the station has one of its own; None: not asked
    book: TimetableBook = NO_TIMETABLES  # the timetables beside which it will be held


@dataclass(frozen=True, slots=True)
class Findings:
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]  # do not keep a timetable from being adopted


def check(timetable: Timetable, rules: Rules = Rules()) -> Findings:
    """Every error and warning of *timetable*, in the order of its rows."""
    rows = {id(slot): n for n, slot in enumerate(timetable.slots)}
    found = sorted(_found(timetable, rules), key=lambda one: rows[id(one.slot)])
    errors = tuple(one.problem for one in found if not one.warns)
    warnings = (
        *_past(timetable, rules.today),
        *(one.problem for one in found if one.warns),
        *_awaiting(timetable.slots, rules),
        *unkept_rules(timetable.slots, rules.has_source, rules.has_filler),
        *not_as_long(timetable.slots, rules.lasts_ms),
        *_told_by_content(timetable.slots, rules.content_of),
    )
    return Findings(errors or tuple(_unadoptable(timetable)), warnings)


@dataclass(frozen=True, slots=True)
class _Found:
    slot: Slot
    problem: Problem
    warns: bool = False


def _found(timetable: Timetable, rules: Rules) -> Iterator[_Found]:
    for slot in timetable.slots:
        yield from (_Found(slot, problem) for problem in _slot_errors(slot, timetable, rules))
    single, doubles = _without_doubles([slot for slot in timetable.slots if _can_last(slot)])
    yield from doubles
    days = [calendar_day(day, rules.guards.holidays) for day in _days_looked_at(timetable, rules.today)]
    days = [day for day in days if timetable.in_force(day)]
    yield from _of_sets(single, days, timetable, rules)
    yield from _on_silent_days(single, days, rules.guards)
    yield from _over_midnight(timetable, rules)


def _days_looked_at(timetable: Timetable, today: date | None) -> list[date]:
    """The days of the validity, at most two years of them, and every date that is written, with its neighbours."""
    first = (timetable.valid_from or today or _SOME_DAY).toordinal()
    if today and first + HORIZON_DAYS < today.toordinal():
        first = today.toordinal()
    last = min((timetable.valid_to or date.max).toordinal(), first + HORIZON_DAYS)
    numbers = set(range(first, last + 1))
    for written in {day.toordinal() for slot in timetable.slots for day in explicit_dates(slot.recurrence)}:
        numbers |= {written - 1, written, written + 1}
    return [date.fromordinal(number) for number in sorted(numbers) if 1 <= number <= date.max.toordinal()]


def _past(timetable: Timetable, today: date | None) -> Iterator[Problem]:
    if today is not None and timetable.valid_to is not None and timetable.valid_to < today:
        day = f"{timetable.valid_to:%d/%m/%Y}"
        yield Problem("timetable", "validity_past", f"lịch đã hết hiệu lực từ {day}", f"the timetable ended on {day}")


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
    yield from _unknown_name(slot, rules)
    yield from _unknown_zone(slot, rules.zones)
    yield from _absurd_date(slot)
    yield from _outside_validity(slot, timetable)
    yield from _unknown_holiday(slot, rules.guards.holidays)
    yield from _in_quiet_hours(slot, rules.guards.quiet)


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


def _bad_source(slot: Slot) -> Iterator[Problem]:
    """A file is named inside the media folder: no drive, no way out of it. An address is http or https."""
    source, where = slot.item.source, slot.place("source")
    if named(source):
        return
    if is_address(source):
        if not is_stream(source):
            vi = f"địa chỉ “{source}” không dùng được; chỉ nhận http:// hoặc https://"
            yield Problem(where, "bad_source", vi, f"the address “{source}” must begin with http:// or https://")
    elif "\\" in source or ":" in source or source.startswith("/") or ".." in source.split("/"):
        name = source.replace("\\", "/").rsplit("/", 1)[-1]
        vi = f"nguồn “{source}”: chỉ ghi tên tệp trong thư mục chương trình, ví dụ “{name}”"
        yield Problem(
            where, "bad_source", vi, f"source “{source}”: only a file's name in the media folder, e.g. “{name}”"
        )


def _unknown_name(slot: Slot, rules: Rules) -> Iterator[Problem]:
    """An input or a relay that the station's configuration does not have."""
    source = named(slot.item.source)
    if source is None:
        return
    known = rules.relays if source.form == RELAY else rules.inputs
    if known is None or source.name in known:
        return
    near = get_close_matches(source.name, known, 1, cutoff=0.5)
    vi, en = (
        (f"; có phải “{source.form}:{near[0]}”?", f"; did you mean “{source.form}:{near[0]}”?") if near else ("", "")
    )
    section = "relay" if source.form == RELAY else "input"
    yield Problem(
        slot.place("source"),
        "unknown_source",
        f"cấu hình của đài không có [{section}.{source.name}]{vi}",
        f"the station's configuration has no [{section}.{source.name}]{en}",
    )


def _unknown_zone(slot: Slot, known: Collection[str] | None) -> Iterator[Problem]:
    if known is None:
        return
    names = {fold(zone): zone for zone in known}
    written = zones_written(slot.zone)
    for name in sorted(written.keys() - names.keys() - {ALL_ZONES}):
        near = get_close_matches(name, names, 1)
        vi, en = (f"; có phải “{names[near[0]]}”?", f"; did you mean “{names[near[0]]}”?") if near else ("", "")
        where, shown = slot.place("zone"), written[name]
        yield Problem(where, "unknown_zone", f"không có khu vực “{shown}”{vi}", f"there is no zone “{shown}”{en}")


def _absurd_date(slot: Slot) -> Iterator[Problem]:
    """A year that was mistyped: calendars, and sums of days, end somewhere."""
    for day in sorted(day for day in explicit_dates(slot.recurrence) if not FIRST_DAY <= day <= LAST_DAY)[:1]:
        vi, en = f"ngày {day:%d/%m/%Y}: năm không đúng", f"{day:%d/%m/%Y}: that cannot be the year"
        yield Problem(slot.place("day"), "bad_date", vi, en)


def _outside_validity(slot: Slot, timetable: Timetable) -> Iterator[Problem]:
    outside = sorted(day for day in explicit_dates(slot.recurrence) if not timetable.in_span(day))
    if outside:
        day, first, last = outside[0], timetable.valid_from, timetable.valid_to
        bounds = [f"từ {first:%d/%m/%Y}"] if first else []
        bounds += [f"đến {last:%d/%m/%Y}"] if last else []
        meant = _swapped(day, timetable)
        vi = f"ngày {day:%d/%m/%Y} nằm ngoài thời gian hiệu lực của lịch ({' '.join(bounds)})"
        en = f"{day:%d/%m/%Y} is outside the timetable's validity"
        if meant:
            vi, en = f"{vi}; nếu là {meant} thì ghi “{meant}”", f"{en}; write “{meant}” if that is meant"
        yield Problem(slot.place("day"), "outside_validity", vi, en)


def _swapped(day: date, timetable: Timetable) -> str:
    """The date with its day and month the other way round, if that is one of the timetable's: Excel took it so."""
    if day.day > 12 or not timetable.in_span(date(day.year, day.day, day.month)):
        return ""
    return f"{day.month:02}/{day.day:02}/{day.year}"


def _unknown_holiday(slot: Slot, calendar: HolidayCalendar) -> Iterator[Problem]:
    known = calendar.names()
    for name in sorted(named_holidays(slot.recurrence) - set(known)):
        near = get_close_matches(fold(name), [fold(one) for one in known], 1)
        likely = next((one for one in known if near and fold(one) == near[0]), None)
        vi, en = (f"; có phải “{likely}”?", f"; did you mean “{likely}”?") if likely else ("", "")
        vi, en = f"không có ngày lễ “{name}”{vi}", f"there is no holiday “{name}”{en}"
        yield Problem(slot.place("day"), "unknown_holiday", vi, en)


_SOME_DAY = date(2026, 1, 5)  # a Monday, where it does not matter which


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


# --- slots that air together


def _of_sets(
    slots: Sequence[Slot], days: Sequence[CalendarDay], timetable: Timetable, rules: Rules
) -> Iterator[_Found]:
    """What is wrong with slots beside one another: clashes, sessions that are too long; and slots that never air."""
    try:
        sets = list(together(slots, days))
    except TooMany:
        vi = "lịch có quá nhiều ngày riêng; tách thành nhiều lịch"
        yield _Found(
            slots[0], Problem("timetable", "too_many", vi, "too many dates beside weekdays; split the timetable")
        )
        return
    dated = bool(timetable.valid_from or rules.today)
    for clash in find_clashes(sets):
        yield _Found(clash.later, _overlap(clash, dated or bool(explicit_dates(clash.later.recurrence))))
    yield from _long_sessions(sets, rules.guards)
    yield from (_Found(slot, problem, warns=True) for slot, problem in limited_graces(sets))
    airing = {id(slot) for one in sets for slot in one.slots}
    yield from (_never(slot) for slot in slots if id(slot) not in airing and not explicit_dates(slot.recurrence))


def _over_midnight(timetable: Timetable, rules: Rules) -> Iterator[_Found]:
    """Clashes with the timetables that the station holds, on the nights between their days; each slot is told once."""
    others = rules.book.with_timetable(timetable, rules.today)
    if len(others.timetables) < 2 or rules.today is None:
        return
    days = [
        calendar_day(rules.today + timedelta(days=n), rules.guards.holidays)
        for n in range(min(HORIZON_DAYS, (date.max - rules.today).days))
    ]
    mine = {id(slot) for slot in timetable.slots}
    told: set[int] = set()
    for clash in over_midnight(others.narrowest_first(rules.guards.holidays), days):
        slot, other = (clash.later, clash.earlier) if id(clash.later) in mine else (clash.earlier, clash.later)
        if id(slot) in mine and id(slot) not in told:
            told.add(id(slot))
            yield _Found(slot, _overlap_of_another(slot, other, clash.day))


def _overlap_of_another(slot: Slot, other: Slot, day: date) -> Problem:
    mine, theirs = f"“{slot.item.title}” ({_when(slot)})", f"“{other.item.title}” ({_when(other)})"
    vi = f"{mine} trùng giờ với {theirs} của một lịch khác của đài, qua nửa đêm sang ngày {day:%d/%m/%Y}"
    en = f"{mine} overlaps {theirs} of another timetable of the station, over midnight into {day:%d/%m/%Y}"
    return Problem(slot.place("time"), "overlap", vi, en)


def _never(slot: Slot) -> _Found:
    vi = f"“{slot.item.title}”: không có ngày phát nào trong thời gian tới hoặc trong hiệu lực của lịch"
    en = f"“{slot.item.title}” airs on no coming day of the timetable's validity"
    return _Found(slot, Problem(slot.place("day"), "never_airs", vi, en), warns=True)


def _without_doubles(slots: Sequence[Slot]) -> tuple[list[Slot], list[_Found]]:
    first: dict[Slot, Slot] = {}
    doubles = []
    for slot in slots:
        if first.setdefault(slot, slot) is not slot:
            where = first[slot].where
            vi, en = f"dòng này giống hệt {where}", f"this row is the same as {where}"
            doubles.append(_Found(slot, Problem(slot.place("time"), "duplicate", vi, en)))
    return list(first.values()), doubles


def _overlap(clash: Clash, dated: bool) -> Problem:
    later, earlier = clash.later, clash.earlier
    mine, other = f"“{later.item.title}” ({_when(later)})", f"“{earlier.item.title}” ({_when(earlier)})"
    vi, en = f"{mine} trùng giờ với {other} ở {earlier.where}", f"{mine} overlaps {other} at {earlier.where}"
    if dated:
        vi, en = f"{vi}, lần đầu ngày {clash.day:%d/%m/%Y}", f"{en}, first on {clash.day:%d/%m/%Y}"
    return Problem(later.place("time"), "overlap", vi, en)


def _when(slot: Slot) -> str:
    begin = datetime.combine(_SOME_DAY, slot.starts)
    end = begin + timedelta(milliseconds=slot.item.duration_ms)
    return f"{written_days(slot.recurrence)} {begin:%Hh%M}–{end:%Hh%M}"


# --- what the operator forbids


def _long_sessions(sets: Iterable[Together], guards: Guards) -> Iterator[_Found]:
    """Each slot with which a session grows longer than the operator allows, told once."""
    if guards.longest_session_min is None:
        return
    told: set[int] = set()
    for one in sets:
        plan = {f"{n}": (slot, airing(f"{n}", slot, one.day)) for n, slot in enumerate(one.slots)}
        begins = session_begins(on_day for _, on_day in plan.values())
        for id_, (slot, on_day) in plan.items():
            if id(slot) not in told and guards.too_long(begins[id_], on_day.ends_at):
                told.add(id(slot))
                yield _Found(slot, _too_long(slot, begins[id_], on_day.ends_at, guards.longest_session_min))


def _too_long(slot: Slot, began: datetime, ends: datetime, longest_min: int) -> Problem:
    span, minutes = f"{began:%Hh%M}–{ends:%Hh%M}", (ends - began) // timedelta(minutes=1)
    vi = f"“{slot.item.title}” làm buổi phát {span} dài {minutes} phút, quá {longest_min} phút"
    en = f"with “{slot.item.title}” the session {span} lasts {minutes} minutes, more than {longest_min}"
    return Problem(slot.place("time"), "session_too_long", vi, en)


def _on_silent_days(slots: Sequence[Slot], days: Sequence[CalendarDay], guards: Guards) -> Iterator[_Found]:
    """Slots on days without broadcasts. What falls there by chance, as a weekly item on a holiday, is only said."""
    for silent in guards.no_play:
        quiet_days = [day for day in days if silent.falls_on(day)]
        for slot in slots:
            hit = next((day.date for day in quiet_days if slot.recurrence.falls_on(day)), None)
            if hit is not None and slot.item.bulletin_class is not BulletinClass.EMERGENCY:
                meant = bool(explicit_dates(slot.recurrence)) or isinstance(silent, Weekdays)
                yield _Found(slot, _no_play(slot, hit, written_days(silent)), warns=not meant)


def _no_play(slot: Slot, day: date, silent: str) -> Problem:
    vi = f"“{slot.item.title}” rơi vào ngày không phát {day:%d/%m/%Y} ({silent}); máy sẽ không phát"
    en = f"“{slot.item.title}” falls on a day without broadcasts, {day:%d/%m/%Y} ({silent}); it will not be played"
    return Problem(slot.place("day"), "no_play_day", vi, en)


# --- what is not there yet


def _awaiting(slots: Sequence[Slot], rules: Rules) -> Iterator[Problem]:
    """Chờ nội dung: a file that is not there yet never blocks the week. A live item needs none."""
    for slot in slots:
        source, title, where = slot.item.source, slot.item.title, slot.place("source")
        if slot.item.kind is Kind.LIVE or is_address(source):
            continue
        if not source:
            vi, en = f"“{title}” chưa ghi nguồn: chờ nội dung", f"“{title}” names no source yet: awaiting content"
            yield Problem(where, "awaiting_content", vi, en)
        elif rules.has_source is not None and not rules.has_source(source):
            vi = f"chưa có tệp “{source}” của “{title}”: chờ nội dung"
            yield Problem(where, "awaiting_content", vi, f"“{source}” of “{title}” is not there yet: awaiting content")
        elif rules.unheard is not None and rules.unheard(source):
            vi = f"“{source}” do máy đọc, chưa ai nghe thử; nghe rồi thì chạy: smartradio heard {source}"
            en = f"“{source}” is read by the machine and unheard; listen to it, then: smartradio heard {source}"
            yield Problem(where, "not_heard", vi, f"{en}; until then it is not aired")


# --- what is called a repeat and is none, or the other way round


def _told_by_content(slots: Sequence[Slot], content_of: ContentOf) -> Iterator[Problem]:
    """Programme time is counted by what the files hold; the operator should not be surprised by it."""
    first: dict[str, Slot] = {}
    new = [slot for slot in slots if slot.item.kind not in (Kind.REPEAT, Kind.LIVE)]
    for slot in sorted(new, key=lambda slot: slot.starts):
        if (content := content_of(slot.item.source)) is not None:
            first.setdefault(content, slot)
    unknown = {name for slot in new if content_of(slot.item.source) is None for name in _names(slot)}
    for slot in slots:
        content = content_of(slot.item.source)
        if content is None or slot.item.kind is Kind.LIVE:
            continue
        if slot.item.kind is not Kind.REPEAT and _another_airing(first[content], slot):
            yield _same_content(slot, first[content])
        if slot.item.kind is Kind.REPEAT and content not in first and unknown.isdisjoint(_names(slot)):
            yield _not_aired_before(slot)


def _another_airing(original: Slot, slot: Slot) -> bool:
    """The same file at the same hour is an item written down day by day, whose file is renewed."""
    return slot.item.source != original.item.source or slot.starts != original.starts


def _names(slot: Slot) -> tuple[str, str]:
    return without_repeat_mark(slot.item.title), slot.item.source


def _same_content(slot: Slot, original: Slot) -> Problem:
    mine, other = f"“{slot.item.title}”", f"“{original.item.title}” ({original.where})"
    vi = f"{mine} cùng nội dung với {other}: phát sau thì tính là phát lại"
    en = f"{mine} holds the same as {other}: aired after it, it counts as a repeat"
    return Problem(slot.place("source"), "same_content", vi, en)


def _not_aired_before(slot: Slot) -> Problem:
    title = slot.item.title
    vi = f"“{title}” ghi là phát lại mà lịch này không có lần phát đầu: 7 ngày trước chưa phát thì tính là phát đầu"
    en = f"“{title}” is called a repeat, but nothing here airs it first: unless the last 7 days did, it counts as new"
    return Problem(slot.place("source"), "no_first_airing", vi, en)
