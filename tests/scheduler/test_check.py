"""Validation of a whole timetable: every problem at once, each at its row, against oracles that count seconds."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduler.book import TimetableBook
from scheduler.check import Rules, check
from scheduler.guards import Guards
from scheduler.holidays import HolidayCalendar, OwnHoliday
from scheduler.occurrence import BulletinClass, Kind
from scheduler.plan import plan_days
from scheduler.recurrence import (
    EVERY_DAY,
    LAST,
    Dates,
    Holidays,
    LunarDays,
    MonthDays,
    NthWeekdays,
    Weekdays,
    limited,
)
from scheduler.spoken.days import read_days
from scheduler.timetable import Item, Slot, Timetable
from scheduler.zones import zones_meet
from tests.scheduler.test_plan import MONDAY, slot, table

NIGHT = ((time(22), time(5)),)


def rows(*slots: Slot, **more) -> Timetable:
    """A timetable whose rows are called line 1, line 2 …"""
    return table(*(replace(one, where=f"line {n}") for n, one in enumerate(slots, 1)), **more)


NO_RULES = Rules()


def codes(timetable: Timetable, rules: Rules = NO_RULES) -> list[tuple[str, str]]:
    return [(problem.where, problem.code) for problem in check(timetable, rules).errors]


def on(*days: int) -> Weekdays:
    return Weekdays(frozenset(days))


def test_a_sound_timetable_has_nothing_to_say():
    findings = check(
        rows(slot(source="a.mp3"), slot("05:15", source="b.mp3")), Rules(Guards(NIGHT), (), lambda name: True)
    )
    assert (findings.errors, findings.warnings) == ((), ())


@pytest.mark.parametrize(
    "pair",
    [
        (slot(), slot("05:14:59", title="B")),
        (slot(recurrence=on(0)), slot("05:10", recurrence=on(0, 3))),
        (slot("23:50", 20, recurrence=on(0)), slot("00:05", recurrence=on(1))),
        (slot("23:50", 20, recurrence=on(6)), slot("00:05", recurrence=on(0))),
        (slot("23:50", 20, recurrence=on(6)), slot("00:05", recurrence=Dates(frozenset({MONDAY})))),
        (slot("23:50", 20, recurrence=Dates(frozenset({MONDAY}))), slot("00:05", recurrence=on(1))),
        (slot(zone="all"), slot("05:10", zone="Thôn 1")),
        (slot(zone="Thôn 1"), slot("05:10", zone="thôn 2; THÔN 1")),
    ],
)
def test_two_things_at_one_time_in_a_zone_are_refused(pair):
    assert sorted(code for _, code in codes(rows(*pair))) == ["overlap"]
    assert sorted(code for _, code in codes(rows(*pair[::-1]))) == ["overlap"]


@pytest.mark.parametrize(
    "pair",
    [
        (slot(), slot("05:15")),
        (slot(recurrence=on(0)), slot("05:10", recurrence=on(1))),
        (slot(recurrence=on(0)), slot(recurrence=Dates(frozenset({MONDAY + timedelta(days=1)})))),
        (slot(zone="Thôn 1"), slot("05:10", zone="Thôn 2")),
        (slot("00:00", 1_440, recurrence=on(*range(7))),),
    ],
)
def test_neighbours_and_strangers_do_not_clash(pair):
    assert codes(rows(*pair)) == []


def test_an_overlap_names_both_rows_days_and_times():
    (problem,) = check(rows(slot(recurrence=on(0, 1)), slot("05:10", 5, "Tin xã"))).errors
    assert problem.where == "line 2"
    assert problem.vi == ("“Tin xã” (Hằng ngày 05h10–05h15) trùng giờ với “Bản tin sáng” (T2, T3 05h00–05h15) ở line 1")


def test_all_problems_are_told_at_once_in_the_order_of_the_rows():
    bad = rows(
        slot("03:15", title="Đêm"),
        slot("12:00", 0, "Không"),
        slot("13:00", 1_441, "Dài"),
        slot("06:00", title="Bão", bulletin_class=BulletinClass.EMERGENCY),
        slot("06:10"),
        slot("06:10"),
        slot("07:00", source="C:\\loa\\tin.mp3"),
        slot("08:00", zone="Thôn 9"),
        slot("09:00", recurrence=Dates(frozenset({date(2027, 1, 1)}))),
        valid_to=date(2026, 12, 31),
    )
    assert codes(bad, Rules(Guards(NIGHT), ("Thôn 1",))) == [
        ("line 1", "quiet_hours"),
        ("line 2", "bad_duration"),
        ("line 3", "bad_duration"),
        ("line 4", "emergency_in_timetable"),
        ("line 5", "overlap"),
        ("line 6", "duplicate"),
        ("line 7", "bad_source"),
        ("line 8", "unknown_zone"),
        ("line 9", "outside_validity"),
    ]


def test_a_timetable_that_would_take_minutes_to_compare_is_refused_at_once():
    daily = [slot(f"{n // 60 % 24:02}:{n % 60:02}", 1, zone=f"z{n}") for n in range(4_500)]
    dated = [
        slot("05:00", 1, zone=f"z{n}", recurrence=Dates(frozenset({MONDAY + timedelta(days=n)}))) for n in range(500)
    ]
    assert codes(rows(*daily, *dated)) == [("timetable", "too_many")]


FIRST_MONDAY = NthWeekdays(frozenset({0}), frozenset({1}))


@pytest.mark.parametrize(
    ("one", "other", "day"),
    [
        (FIRST_MONDAY, on(0), "07/12/2026"),
        (MonthDays(frozenset({1})), FIRST_MONDAY, "01/02/2027"),
        (LunarDays(frozenset({(0, 15)})), on(0), "23/11/2026"),
        (Holidays(frozenset({"Tết"})), LunarDays(frozenset({(1, 1)})), "06/02/2027"),
        (limited(on(0), first=date(2027, 3, 1)), on(0, 1), "01/03/2027"),
        (Dates(frozenset({date(2031, 11, 24)})), on(0), "24/11/2031"),  # beyond the two years that are looked at
    ],
)
def test_a_clash_is_told_with_the_first_day_on_which_it_comes(one, other, day):
    both = rows(slot(recurrence=one), slot("05:10", 5, "Tin xã", recurrence=other))
    (problem,) = check(both, Rules(today=MONDAY)).errors
    assert (problem.where, problem.code) == ("line 2", "overlap")
    assert problem.vi.endswith(f"ở line 1, lần đầu ngày {day}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FIRST_MONDAY, NthWeekdays(frozenset({0}), frozenset({2, 3, LAST}))),
        (limited(on(0), last=date(2026, 12, 31)), limited(on(0), first=date(2027, 1, 1))),
        (limited(EVERY_DAY, excludes=(Holidays(),)), Holidays()),
        (limited(EVERY_DAY, excludes=(Dates(frozenset({MONDAY})),)), Dates(frozenset({MONDAY}))),
        (LunarDays(frozenset({(0, 30)})), LunarDays(frozenset({(0, 1)}))),
    ],
)
def test_what_never_falls_on_one_day_does_not_clash(one, other):
    both = rows(slot(recurrence=one), slot("05:10", 5, "Tin xã", recurrence=other))
    assert check(both, Rules(today=MONDAY)).errors == ()


def test_a_clash_over_midnight_counts_between_neighbouring_days_only():
    late = slot("23:50", 20, recurrence=LunarDays(frozenset({(0, 15)})))
    after = slot("00:05", 5, "Sớm", recurrence=LunarDays(frozenset({(0, 16)})))
    assert codes(rows(late, after)) == [("line 2", "overlap")]
    assert codes(rows(late, replace(after, recurrence=LunarDays(frozenset({(0, 17)}))))) == []


def test_outside_its_days_a_timetable_clashes_with_nothing():
    week = {"valid_from": MONDAY, "valid_to": MONDAY + timedelta(days=6)}
    both = rows(slot(recurrence=on(0)), slot("05:10", recurrence=MonthDays(frozenset({1}))), **week)
    assert codes(both) == []
    (never,) = [p for p in check(both).warnings if p.code == "never_airs"]
    assert never.where == "line 2"
    holiday = rows(slot(recurrence=on(0)), slot("05:10", title="B", recurrence=on(3)), valid_on=Holidays())
    assert codes(holiday) == []


def test_a_timetable_that_is_over_is_said_to_be():
    week = rows(slot(), valid_from=MONDAY - timedelta(days=7), valid_to=MONDAY - timedelta(days=1))
    assert "validity_past" in [p.code for p in check(week, Rules(today=MONDAY)).warnings]
    assert "validity_past" not in [p.code for p in check(week, Rules(today=MONDAY - timedelta(days=1))).warnings]


@given(st.dates(), st.none() | st.dates(), st.none() | st.dates(), st.none() | st.dates())
@settings(max_examples=50)
def test_no_date_is_too_early_or_too_late_to_be_checked(written, first, last, today):
    both = rows(
        slot(recurrence=Dates(frozenset({written}))),
        slot("05:10", recurrence=limited(EVERY_DAY, excludes=(LunarDays(frozenset({(0, 1)})),))),
        valid_from=first,
        valid_to=last,
    )
    check(both, Rules(today=today))
    read_days(f"9 ngày từ {written:%d/%m}/{written.year:04}")


def test_a_holiday_that_nobody_knows_is_an_error_with_the_likely_one():
    calendar = HolidayCalendar((OwnHoliday("Hội làng", lunar=(1, 12)),))
    fair = slot(recurrence=Holidays(frozenset({"Hội Làng"})))
    (problem,) = check(rows(fair), Rules(Guards(holidays=calendar))).errors
    assert problem.code == "unknown_holiday"
    assert "“Hội làng”" in problem.vi
    known = slot(recurrence=limited(EVERY_DAY, excludes=(Holidays(frozenset({"Hội làng"})),)))
    assert check(rows(known), Rules(Guards(holidays=calendar))).errors == ()


kinds = st.one_of(
    st.frozensets(st.integers(0, 6), min_size=1, max_size=3).map(Weekdays),
    st.frozensets(st.sampled_from([LAST, 1, 2, 3, 5, 30, 31]), min_size=1, max_size=2).map(MonthDays),
    st.frozensets(st.tuples(st.integers(0, 12), st.integers(1, 30)), min_size=1, max_size=2).map(LunarDays),
    st.builds(NthWeekdays, st.frozensets(st.integers(0, 6), min_size=1, max_size=2), st.just(frozenset({1, LAST}))),
    st.just(Holidays()),
)
night_and_morning = st.sampled_from([time(23, 30), time(0, 0), time(0, 20), time(5, 0), time(5, 10)])
any_days = st.lists(
    st.builds(
        lambda recurrence, starts, minutes: Slot(recurrence, starts, Item("x", minutes * 60_000)),
        kinds,
        night_and_morning,
        st.integers(1, 60),
    ),
    min_size=2,
    max_size=4,
    unique=True,
)


@settings(max_examples=60)
@given(any_days)
def test_a_clash_is_found_exactly_when_the_plan_of_two_years_holds_one(slots):
    timetable = rows(*slots)
    plan = plan_days(timetable, MONDAY, MONDAY + timedelta(days=733))
    first = next((later for earlier, later in pairwise(plan) if later.starts_at < earlier.ends_at), None)
    errors = check(timetable, Rules(today=MONDAY)).errors
    assert bool(errors) == (first is not None)
    if first is not None:
        assert any(f"{first.starts_at:%d/%m/%Y}" in problem.vi for problem in errors)


def test_what_playout_would_not_adopt_does_not_pass():
    long = rows(*(slot(f"{n // 60:02}:{n % 60:02}", 1, "x" * 501) for n in range(2)))
    assert codes(long) == [("timetable", "unadoptable")]


@pytest.mark.parametrize("clock", ["21:50", "22:00", "23:59", "04:50", "00:00"])
def test_quiet_hours_that_wrap_midnight_are_kept_free(clock):
    assert codes(rows(slot(clock)), Rules(Guards(NIGHT))) == [("line 1", "quiet_hours")]


@pytest.mark.parametrize("clock", ["05:00", "21:45", "12:00"])
def test_an_item_may_touch_quiet_hours(clock):
    assert codes(rows(slot(clock)), Rules(Guards(NIGHT))) == []


@pytest.mark.parametrize(
    ("source", "fine"),
    [
        ("bản tin 23-11.mp3", True),
        ("tuần 47/tin.mp3", True),
        ("https://vov.vn/live.m3u8", True),
        ("", True),
        ("../../etc/shadow", False),
        ("/etc/shadow", False),
        ("tin/../../x", False),
        ("D:tin.mp3", False),
        ("file:///etc/shadow", False),
        ("\\\\may-chu\\tin.mp3", False),
    ],
)
def test_a_source_stays_in_the_media_folder_or_is_a_web_address(source, fine):
    assert codes(rows(slot(source=source))) == ([] if fine else [("line 1", "bad_source")])


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("line:tuner", None),
        ("mic:phòng-thu", None),
        ("Chain: vov1", None),
        ("line:tunner", "“line:tuner”"),
        ("chain:tuner", "[relay.tuner]"),
        ("mic:", "[input.]"),
    ],
)
def test_an_input_or_a_relay_is_one_that_the_station_has(source, says):
    rules = Rules(inputs=("tuner", "phòng-thu"), relays=("vov1",), has_source=lambda name: False)
    findings = check(rows(slot(source=source)), rules)
    assert [problem.code for problem in findings.errors] == (["unknown_source"] if says else [])
    assert all(says in problem.vi and says in problem.en for problem in findings.errors)
    assert findings.warnings == ()
    assert codes(rows(slot(source=source))) == []  # without a station, whatever is written


def test_a_zone_that_is_nearly_right_is_offered():
    (problem,) = check(rows(slot(zone="Thôn Dông")), Rules(zones=("Thôn Đồng Tâm", "Thôn Đông Hà"))).errors
    assert "“Thôn Đông Hà”" in problem.vi


def test_a_file_that_is_not_there_yet_is_a_warning():
    week = rows(slot(source="a.mp3"), slot("06:00", source="b.mp3"), slot("07:00"), slot("08:00", kind=Kind.LIVE))
    findings = check(week, Rules(has_source=lambda name: name == "a.mp3"))
    assert findings.errors == ()
    assert [(w.where, w.code) for w in findings.warnings] == [
        ("line 2", "awaiting_content"),
        ("line 3", "awaiting_content"),
    ]
    assert "chờ nội dung" in findings.warnings[0].vi


recurrences = st.one_of(
    st.frozensets(st.integers(0, 6), min_size=1, max_size=3).map(Weekdays),
    st.frozensets(st.dates(MONDAY, MONDAY + timedelta(days=9)), min_size=1, max_size=2).map(Dates),
)
#: Clocks near midnight and lengths up to a day, so that clashes across days are common.
slots = st.builds(
    lambda recurrence, minute, lasts, zone, n: Slot(
        recurrence, time(minute // 60 % 24, minute % 60), Item(f"o{n}", lasts * 60_000), zone
    ),
    recurrences,
    st.one_of(st.integers(0, 30), st.integers(1_400, 1_439), st.integers(0, 1_439)),
    st.one_of(st.integers(1, 60), st.integers(1, 1_440)),
    st.sampled_from(["all", "Thôn 1", "Thôn 2", "Thôn 1, Thôn 2"]),
    st.integers(0, 9),
)


def minutes_doubly_used(timetable: Timetable) -> bool:
    """The oracle: plan four weeks and count who sounds in every single minute of every zone."""
    taken: set[tuple[str, datetime]] = set()
    for o in plan_days(timetable, MONDAY - timedelta(days=7), MONDAY + timedelta(days=21)):
        for n in range(o.planned_ms // 60_000):
            for zone in ("Thôn 1", "Thôn 2", "elsewhere"):
                if zones_meet(zone, o.zone):
                    if (zone, o.starts_at + timedelta(minutes=n)) in taken:
                        return True
                    taken.add((zone, o.starts_at + timedelta(minutes=n)))
    return False


@settings(max_examples=150, deadline=None)
@given(st.lists(slots, max_size=4))
def test_the_sweep_finds_a_clash_exactly_when_counting_minutes_does(some):
    assume(len(set(some)) == len(some))
    timetable = rows(*some)
    assert ("overlap" in {code for _, code in codes(timetable)}) == minutes_doubly_used(timetable)


@given(slots, st.lists(st.tuples(st.times(), st.times()), max_size=3))
def test_quiet_hours_are_found_exactly_when_walking_through_the_item_does(one, windows):
    windows = [tuple(t.replace(second=0, microsecond=0) for t in window) for window in windows]
    begin = datetime.combine(MONDAY, one.starts)
    clocks = [(begin + timedelta(minutes=n)).time() for n in range(one.item.duration_ms // 60_000)]
    quiet = any((a <= clock < b) if a <= b else (clock >= a or clock < b) for clock in clocks for a, b in windows)
    assert (codes(rows(one), Rules(Guards(tuple(windows)))) != []) == quiet


# --- repeats, told by what the files hold


def told(timetable: Timetable, **held: str) -> list[tuple[str, str]]:
    content_of = {f"{name}.mp3": content for name, content in held.items()}.get
    return [(p.where, p.code) for p in check(timetable, Rules(content_of=content_of)).warnings]


def test_the_same_content_under_two_names_is_told_at_the_later_one():
    morning, evening = slot(source="a.mp3"), slot("17:00", title="B", source="b.mp3")
    assert told(rows(evening, morning), a="x", b="x") == [("line 1", "same_content")]
    assert told(rows(evening, morning), a="x", b="y") == []
    assert told(rows(evening, morning), a="x") == []
    assert told(rows(morning, replace(evening, item=replace(evening.item, kind=Kind.REPEAT))), a="x", b="x") == []


def test_an_item_written_down_day_by_day_is_no_copy_of_itself():
    """Its file is renewed each day under the same name."""
    days = [slot(source="a.mp3", recurrence=on(day)) for day in range(5)]
    assert told(rows(*days), a="x") == []
    assert told(rows(*days, slot("17:00", title="B", source="a.mp3")), a="x") == [("line 6", "same_content")]


def test_a_repeat_of_nothing_is_told_unless_its_original_is_not_recorded_yet():
    again = slot("17:00", title="Bản tin sáng (PL)", source="c.mp3", kind=Kind.REPEAT)
    morning = slot(source="a.mp3")
    assert told(rows(morning, again), a="x", c="z") == [("line 2", "no_first_airing")]
    assert told(rows(morning, again), a="x", c="x") == []
    assert told(rows(morning, again), c="z") == []
    assert told(rows(morning, again), a="x") == []
    assert told(rows(again), c="z") == [("line 1", "no_first_airing")]


def test_what_sounds_over_midnight_into_the_first_item_of_another_timetable_is_an_error():
    late = Slot(EVERY_DAY, time(23, 50), Item("Ca nhạc", 20 * 60_000))
    early = Slot(EVERY_DAY, time(0, 5), Item("Chúc Tết", 5 * 60_000))
    usual = Timetable("Quanh năm", (late,))
    holiday = Timetable("Ngày lễ", (early,), valid_on=Holidays())
    rules = Rules(today=date(2026, 12, 30), book=TimetableBook((usual,)))
    (problem,) = check(holiday, rules).errors
    assert (problem.code, "01/01/2027" in problem.vi) == ("overlap", True)
    assert check(replace(holiday, slots=(replace(early, starts=time(0, 10)),)), rules).errors == ()
    assert check(holiday, replace(rules, book=TimetableBook())).errors == ()
