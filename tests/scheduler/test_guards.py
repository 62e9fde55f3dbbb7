"""What the operator forbids: quiet hours, silent days, long sessions; at loading and at play time by one rule."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.check import Rules, check
from scheduler.clock import STATION_TZ
from scheduler.guards import SESSION_GAP, Forbidden, Guards, session_begins
from scheduler.holidays import HolidayCalendar, OwnHoliday
from scheduler.occurrence import BulletinClass, Kind, Occurrence
from scheduler.recurrence import Dates, Holidays, LunarDays, Weekdays
from scheduler.timetable import Timetable
from tests.scheduler.test_plan import MONDAY, slot, table

SUNDAY = Weekdays(frozenset({6}))
NIGHT = ((time(22), time(5)),)


def at(text: str, day: date = MONDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(text), STATION_TZ)


@pytest.mark.parametrize(
    ("begin", "end", "forbidden"),
    [
        ("04:59", "05:10", Forbidden.QUIET_HOURS),
        ("05:00", "06:00", None),
        ("21:30", "22:00", None),
        ("21:30", "22:01", Forbidden.QUIET_HOURS),
        ("06:00", "08:01", Forbidden.SESSION_TOO_LONG),
    ],
)
def test_each_guard_says_its_name(begin, end, forbidden):
    assert Guards(NIGHT, (SUNDAY,), 120).forbids(at(begin), at(end)) is forbidden


def test_a_silent_day_is_silent_from_midnight_to_midnight_of_the_station():
    guards = Guards(no_play=(SUNDAY, Dates(frozenset({date(2026, 11, 25)}))))
    saturday, sunday = MONDAY - timedelta(days=2), MONDAY - timedelta(days=1)
    assert guards.forbids(at("23:00", saturday), at("00:00", sunday)) is None
    assert guards.forbids(at("23:50", saturday), at("00:10", sunday)) is Forbidden.NO_PLAY_DAY
    assert guards.forbids(at("23:50", sunday), at("00:10")) is Forbidden.NO_PLAY_DAY
    assert guards.forbids(at("00:00"), at("05:00")) is None
    assert guards.forbids(at("12:00", date(2026, 11, 25)), at("12:10", date(2026, 11, 25))) is Forbidden.NO_PLAY_DAY


def test_silent_days_may_be_holidays_of_the_station_or_lunar_days():
    calendar = HolidayCalendar((OwnHoliday("Quốc tang", frozenset({MONDAY})),))
    assert Guards(no_play=(Holidays(),), holidays=calendar).forbids(at("05:00"), at("05:15"))
    assert Guards(no_play=(Holidays(),)).forbids(at("05:00"), at("05:15")) is None
    full_moon = Guards(no_play=(LunarDays(frozenset({(0, 15)})),))
    assert full_moon.forbids(at("05:00"), at("05:15")) is Forbidden.NO_PLAY_DAY


def test_what_is_put_off_begins_when_nothing_forbids_it_any_more():
    guards = Guards(NIGHT, (SUNDAY,))
    sunday = MONDAY - timedelta(days=1)
    assert guards.earliest_start(at("23:00", sunday - timedelta(days=1)), at("06:00")) == at("05:00")
    assert guards.earliest_start(at("12:00", sunday), at("13:00", sunday)) is None
    assert guards.earliest_start(at("12:00"), at("13:00")) == at("12:00")


@given(st.integers(0, 7 * 1_440), st.integers(1, 2_000), st.sampled_from([(), NIGHT]), st.sampled_from([(), (SUNDAY,)]))
def test_from_its_earliest_start_on_nothing_is_forbidden_and_before_it_something_was(offset, minutes, quiet, silent):
    guards = Guards(quiet, silent)
    begin = at("00:00") + timedelta(minutes=offset)
    end = begin + timedelta(minutes=minutes)
    start = guards.earliest_start(begin, end)
    if start is not None:
        assert guards.forbids(start, end) is None
    assert (start == begin) == (guards.forbids(begin, end) is None)


def airing(begin: str, minutes: float, zone: str = "all", session: str = "") -> Occurrence:
    ends = at(begin) + timedelta(minutes=minutes)
    return Occurrence(f"{begin}-{zone}", "x", at(begin), ends, Kind.OWN, zone=zone, session=session)


def begins(*airings: Occurrence) -> list[str]:
    found = session_begins(airings)
    return [f"{found[one.id]:%H:%M}" for one in airings]


def test_a_session_goes_on_while_nothing_pauses_for_a_minute():
    just = timedelta(minutes=15) + SESSION_GAP - timedelta(seconds=1)
    assert begins(airing("05:00", 15), airing("05:15", 15), airing("05:45", 5)) == ["05:00", "05:00", "05:45"]
    assert begins(airing("05:00", 15), replace(airing("05:15", 5), starts_at=at("05:00") + just)) == ["05:00", "05:00"]
    assert begins(airing("05:00", 15), airing("05:16", 5)) == ["05:00", "05:16"]


def test_items_of_one_named_session_belong_together_across_pauses_of_that_day():
    morning = [airing("05:00", 15, session="Sáng"), airing("06:00", 15, session="Sáng")]
    assert begins(*morning) == ["05:00", "05:00"]
    tomorrow = replace(morning[1], id="t", starts_at=morning[1].starts_at + timedelta(days=1))
    assert session_begins([*morning, tomorrow])["t"] == tomorrow.starts_at


def test_another_zone_is_another_session():
    assert begins(airing("05:00", 15, "Thôn 1"), airing("05:15", 15, "Thôn 2")) == ["05:00", "05:15"]
    assert begins(airing("05:00", 15, "Thôn 1"), airing("05:15", 15)) == ["05:00", "05:00"]


# --- when a timetable is loaded


def codes(timetable: Timetable, guards: Guards) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    findings = check(timetable, Rules(guards, today=MONDAY))
    return [(p.where, p.code) for p in findings.errors], [
        (p.where, p.code) for p in findings.warnings if p.code != "awaiting_content"
    ]


def rows(*slots):
    return table(*(replace(one, where=f"line {n}") for n, one in enumerate(slots, 1)))


def test_the_item_with_which_a_session_grows_too_long_is_named():
    week = rows(slot("05:00", 60), slot("06:00", 60, "B"), slot("07:00", 1, "C"), slot("17:00", 120, "D"))
    assert codes(week, Guards(longest_session_min=120)) == ([("line 3", "session_too_long")], [])
    assert codes(week, Guards(longest_session_min=121)) == ([], [])
    (problem,) = check(week, Rules(Guards(longest_session_min=120))).errors
    assert problem.vi == "“C” làm buổi phát 05h00–07h01 dài 121 phút, quá 120 phút"


def test_a_weekly_item_on_a_weekly_silent_day_is_an_error_and_on_a_holiday_only_a_warning():
    weekly, dated = slot(), slot("06:00", recurrence=Dates(frozenset({date(2027, 4, 30)})))
    assert codes(rows(weekly), Guards(no_play=(SUNDAY,))) == ([("line 1", "no_play_day")], [])
    assert codes(rows(weekly, dated), Guards(no_play=(Holidays(),))) == (
        [("line 2", "no_play_day")],
        [("line 1", "no_play_day")],
    )
    working = slot(recurrence=Weekdays(frozenset(range(6))))
    assert codes(rows(working), Guards(no_play=(SUNDAY,))) == ([], [])


def test_what_passes_the_check_is_not_forbidden_when_it_is_due():
    guards = Guards(NIGHT, (SUNDAY,), 60)
    week = rows(slot("05:00", 60, recurrence=Weekdays(frozenset(range(6)))), slot("17:00", 45, "B"))
    assert codes(week, guards) == ([("line 2", "no_play_day")], [])
    for text, minutes in (("05:00", 60), ("17:00", 45)):
        assert guards.forbids(at(text), at(text) + timedelta(minutes=minutes)) is None


def test_an_emergency_in_a_sheet_is_told_once_by_its_own_name():
    sheet = rows(slot(bulletin_class=BulletinClass.EMERGENCY))
    assert codes(sheet, Guards(((time(4), time(6)),), (SUNDAY,)))[0] == [("line 1", "emergency_in_timetable")]
