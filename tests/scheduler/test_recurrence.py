"""Recurrences against an oracle of other people's (python-dateutil's rrule), their limits, and their JSON."""

from datetime import date, datetime, time, timedelta

import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.holidays import VIETNAM, HolidayCalendar, OwnHoliday
from scheduler.lunar import lunar_of
from scheduler.recurrence import (
    EVERY_DAY,
    LAST,
    Dates,
    Holidays,
    Limited,
    LunarDays,
    MonthDays,
    NthWeekdays,
    Weekdays,
    YearDays,
    base_of,
    calendar_day,
    from_json,
    limited,
    to_json,
)

dates = st.dates(date(1990, 1, 1), date(2190, 12, 31))
weekdays = st.frozensets(st.integers(0, 6), min_size=1).map(Weekdays)
explicit = st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), min_size=1, max_size=8).map(Dates)
nth_weekdays = st.builds(
    NthWeekdays,
    st.frozensets(st.integers(0, 6), min_size=1, max_size=3),
    st.frozensets(st.sampled_from([LAST, 1, 2, 3, 4, 5]), min_size=1, max_size=3),
)
month_days = st.frozensets(st.sampled_from([LAST, *range(1, 32)]), min_size=1, max_size=6).map(MonthDays)
year_pairs = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: (day.month, day.day))
year_days = st.frozensets(year_pairs, min_size=1, max_size=3).map(YearDays)
lunar_pairs = st.tuples(st.integers(0, 12), st.sampled_from([LAST, *range(1, 31)]))
lunar_days = st.frozensets(lunar_pairs, min_size=1, max_size=3).map(LunarDays)
holidays = st.frozensets(st.sampled_from(VIETNAM.names()), max_size=2).map(Holidays)
unlimited = st.one_of(weekdays, explicit, nth_weekdays, month_days, year_days, lunar_days, holidays)
excluded = st.lists(st.one_of(weekdays, explicit, lunar_days, year_days, holidays, month_days), max_size=2).map(tuple)
some_day = st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31))


@st.composite
def recurrences(draw):
    base, first, last, taken = draw(unlimited), draw(some_day), draw(some_day), draw(excluded)
    try:
        return limited(base, first, last, taken)
    except ValueError:  # no day was left
        return base


def days_of(recurrence, first: date, count: int) -> list[date]:
    days = (first + timedelta(days=n) for n in range(count))
    return [day for day in days if recurrence.falls_on(calendar_day(day))]


def by_dateutil(rule: rrule.rrule | rrule.rruleset, first: date, count: int) -> list[date]:
    begin = datetime.combine(first, time())
    return [moment.date() for moment in rule.between(begin, begin + timedelta(days=count - 1), inc=True)]


def rule_of(recurrence, first: date) -> rrule.rrule:
    """The same in the words of RFC 5545."""
    begin = datetime.combine(first, time())
    match recurrence:
        case Weekdays(days):
            return rrule.rrule(rrule.WEEKLY, dtstart=begin, byweekday=sorted(days))
        case NthWeekdays(days, nths):
            named = [rrule.weekday(day, nth) for day in days for nth in nths]
            return rrule.rrule(rrule.MONTHLY, dtstart=begin, byweekday=named)
        case MonthDays(days):
            return rrule.rrule(rrule.MONTHLY, dtstart=begin, bymonthday=sorted(days))
        case YearDays(pairs):
            ((month, day),) = pairs
            return rrule.rrule(rrule.YEARLY, dtstart=begin, bymonth=month, bymonthday=day)
    raise AssertionError(recurrence)


@settings(max_examples=1_000)
@given(st.one_of(weekdays, nth_weekdays, month_days), dates, st.integers(1, 100))
def test_solar_recurrences_fall_as_rfc_5545_says(recurrence, first, count):
    assert days_of(recurrence, first, count) == by_dateutil(rule_of(recurrence, first), first, count)


@settings(max_examples=500)
@given(
    st.one_of(weekdays, nth_weekdays, month_days),
    st.dates(date(2025, 12, 1), date(2028, 1, 1)),
    some_day,
    some_day,
    explicit,
)
def test_limits_are_those_of_a_rule_set_with_its_exceptions(base, begin, first, last, skipped):
    recurrence = Limited(base, first, last, skipped.dates)
    rules = rrule.rruleset()
    rules.rrule(rule_of(base, begin))
    for day in skipped.dates:
        rules.exdate(datetime.combine(day, time()))
    expected = [day for day in by_dateutil(rules, begin, 100) if (first or day) <= day <= (last or day)]
    assert days_of(recurrence, begin, 100) == expected


@given(year_pairs, dates)
def test_days_of_the_year_fall_as_rfc_5545_says(pair, first):
    recurrence = YearDays(frozenset({pair}))
    assert days_of(recurrence, first, 1_500) == by_dateutil(rule_of(recurrence, first), first, 1_500)


@given(lunar_days, st.dates(date(1970, 1, 1), date(2190, 1, 1)))
def test_lunar_days_fall_where_the_calendar_says(recurrence, first):
    for day in (first + timedelta(days=n) for n in range(100)):
        lunar, tomorrow = lunar_of(day), lunar_of(day + timedelta(days=1))
        today = {(0, lunar.day)} | (set() if lunar.leap else {(lunar.month, lunar.day)})
        if tomorrow.day == 1:
            today |= {(0, LAST)} | (set() if lunar.leap else {(lunar.month, LAST)})
        assert recurrence.falls_on(calendar_day(day)) == bool(today & recurrence.days)


def test_ram_comes_in_a_leap_month_too_and_a_yearly_day_does_not():
    assert days_of(LunarDays(frozenset({(0, 15)})), date(2025, 7, 1), 90) == [
        date(2025, 7, 9),
        date(2025, 8, 8),
        date(2025, 9, 6),
    ]
    assert days_of(LunarDays(frozenset({(6, 15)})), date(2025, 1, 1), 365) == [date(2025, 7, 9)]


def test_the_last_lunar_day_of_the_year_is_the_day_before_tet():
    eve = LunarDays(frozenset({(12, LAST)}))
    assert days_of(eve, date(2026, 1, 1), 800) == [date(2026, 2, 16), date(2027, 2, 5), date(2028, 1, 25)]


@given(st.one_of(st.just(Holidays()), holidays), st.dates(date(2020, 1, 1), date(2035, 1, 1)))
def test_holidays_fall_where_the_calendar_says(recurrence, first):
    calendar = HolidayCalendar((OwnHoliday("Hội làng", lunar=(1, 12)),))
    for day in (first + timedelta(days=n) for n in range(100)):
        named = calendar.on(day) & recurrence.names if recurrence.names else calendar.on(day)
        assert recurrence.falls_on(calendar_day(day, calendar)) == bool(named)


@given(recurrences(), st.dates(date(2026, 1, 1), date(2027, 6, 1)), some_day, some_day, excluded)
def test_what_is_narrowed_falls_when_both_say_so_and_nothing_takes_it_out(one, begin, first, last, taken):
    days = [begin + timedelta(days=n) for n in range(200)]
    expected = [
        day
        for day in days_of(one, begin, 200)
        if (first or day) <= day <= (last or day) and not any(t.falls_on(calendar_day(day)) for t in taken)
    ]
    try:
        narrowed = limited(one, first, last, taken)
    except ValueError:
        assert expected == []
    else:
        assert [day for day in days if narrowed.falls_on(calendar_day(day))] == expected


def test_what_says_the_same_is_the_same():
    sunday, week = Weekdays(frozenset({6})), Weekdays(frozenset(range(6)))
    assert limited(EVERY_DAY, excludes=(sunday,)) == week
    assert limited(week, excludes=(sunday,)) == week
    three = Dates(frozenset(date(2026, 11, day) for day in (23, 24, 25)))
    assert limited(three, first=date(2026, 11, 24)) == Dates(three.dates - {date(2026, 11, 23)})
    assert base_of(limited(week, last=date(2026, 11, 30))) == week


@given(recurrences())
def test_json_gives_the_same_recurrence_back(recurrence):
    assert from_json(to_json(recurrence)) == recurrence


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"weekdays": []},
        {"weekdays": ["mon"], "dates": ["2026-11-23"]},
        {"weekdays": "mon"},
        {"weekdays": ["mo"]},
        {"weekdays": [["mon"]]},
        {"first": "2026-11-23"},
        {"weekdays": ["mon"], "first": None},
        {"weekdays": ["mon"], "first": "23/11/2026"},
        {"weekdays": ["mon"], "except": [{"weekdays": ["tue"], "first": "2026-11-23"}]},
        {"weekdays": ["mon"], "except": [{"weekdays": ["tue"]}] * 21},
        {"weekdays": ["mon"], "skipped": []},
        {"nth_weekdays": [[1]]},
        {"nth_weekdays": [[6], ["mon"]]},
        {"nth_weekdays": [[0], ["mon"]]},
        {"nth_weekdays": [[True], ["mon"]]},
        {"month_days": [0]},
        {"month_days": [32]},
        {"month_days": [1.0]},
        {"year_days": [[0, 1]]},
        {"year_days": [[13, 1]]},
        {"year_days": [[2, 30]]},
        {"year_days": [[4, -1]]},
        {"year_days": [[4]]},
        {"lunar_days": [[13, 1]]},
        {"lunar_days": [[1, 31]]},
        {"lunar_days": [[1]]},
        {"lunar_days": [[[], []]]},
        {"lunar_days": []},
        {"holidays": [""]},
        {"holidays": ["a\nb"]},
        {"holidays": ["x" * 101]},
        {"holidays": [1]},
        {"holidays": "Tết"},
        {"dates": ["2026-11-31"]},
        {"dates": ["2026-11-23"] * 1_001},
    ],
)
def test_what_to_json_would_not_write_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        from_json(data)
