"""Âm lịch against what is known of it: dates of Tết, leap months, and the rules by which it is made."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.lunar import FIRST_DAY, LAST_DAY, LunarDate, days_in_month, lunar_of, months_of, solar_of

# Tết as almanacs print it. In 1968, 1969, 1985, 2007 and 2030 the Chinese New Year is another day.
TET = (
    "1968-01-29 1969-02-16 1970-02-06 1971-01-27 1972-02-15 1973-02-03 1974-01-23 1975-02-11 1976-01-31 1977-02-18 "
    "1978-02-07 1979-01-28 1980-02-16 1981-02-05 1982-01-25 1983-02-13 1984-02-02 1985-01-21 1986-02-09 1987-01-29 "
    "1988-02-17 1989-02-06 1990-01-27 1991-02-15 1992-02-04 1993-01-23 1994-02-10 1995-01-31 1996-02-19 1997-02-07 "
    "1998-01-28 1999-02-16 2000-02-05 2001-01-24 2002-02-12 2003-02-01 2004-01-22 2005-02-09 2006-01-29 2007-02-17 "
    "2008-02-07 2009-01-26 2010-02-14 2011-02-03 2012-01-23 2013-02-10 2014-01-31 2015-02-19 2016-02-08 2017-01-28 "
    "2018-02-16 2019-02-05 2020-01-25 2021-02-12 2022-02-01 2023-01-22 2024-02-10 2025-01-29 2026-02-17 2027-02-06 "
    "2028-01-26 2029-02-13 2030-02-02 2031-01-23 2032-02-11 2033-01-31 2034-02-19 2035-02-08 2036-01-28 2037-02-15 "
    "2038-02-04 2039-01-24 2040-02-12 2041-02-01 2042-01-22 2043-02-10 2044-01-30 2045-02-17 2046-02-06 2047-01-26 "
    "2048-02-14 2049-02-02 2050-01-23"
)
LEAP_MONTHS = {
    1984: None, 1985: 2, 1987: 7, 1990: 5, 1993: 3, 1995: 8, 1998: 5, 2001: 4, 2004: 2, 2006: 7, 2009: 5, 2012: 4,
    2014: 9, 2017: 6, 2020: 4, 2023: 2, 2024: None, 2025: 6, 2026: None, 2028: 5, 2031: 3, 2033: 11,
}  # fmt: skip

days = st.dates(FIRST_DAY, LAST_DAY)


@pytest.mark.parametrize("tet", TET.split())
def test_tet_is_on_the_day_of_the_almanacs(tet):
    day = date.fromisoformat(tet)
    assert solar_of(LunarDate(day.year, 1, False, 1)) == day
    assert lunar_of(day) == LunarDate(day.year, 1, False, 1)


@pytest.mark.parametrize(("year", "month"), LEAP_MONTHS.items())
def test_leap_months_are_those_of_the_almanacs(year, month):
    assert next((m.month for m in months_of(year) if m.leap), None) == month


@pytest.mark.parametrize(
    ("day", "lunar"),
    [
        (date(2026, 4, 26), LunarDate(2026, 3, False, 10)),  # Giỗ Tổ
        (date(2025, 4, 7), LunarDate(2025, 3, False, 10)),
        (date(2025, 9, 6), LunarDate(2025, 7, False, 15)),  # Vu Lan, after the leap sixth month
        (date(2026, 9, 25), LunarDate(2026, 8, False, 15)),  # Trung thu
        (date(2025, 7, 25), LunarDate(2025, 6, True, 1)),
    ],
)
def test_days_that_people_keep(day, lunar):
    assert lunar_of(day) == lunar
    assert solar_of(lunar) == day


def test_the_first_days_are_of_the_lunar_year_before():
    assert lunar_of(FIRST_DAY) == LunarDate(1967, 12, False, 2)


@given(days)
def test_every_day_is_found_again(day):
    lunar = lunar_of(day)
    if lunar.year >= FIRST_DAY.year:
        assert solar_of(lunar) == day


@given(days.filter(lambda day: day < LAST_DAY))
def test_the_next_day_is_the_next_lunar_day_or_the_first_of_a_month(day):
    today, tomorrow = lunar_of(day), lunar_of(day + timedelta(days=1))
    if tomorrow.day == 1:
        assert today.day in (29, 30)
        assert (tomorrow.leap, tomorrow.month) in ((True, today.month), (False, today.month % 12 + 1))
    else:
        assert (tomorrow.year, tomorrow.month, tomorrow.leap) == (today.year, today.month, today.leap)
        assert tomorrow.day == today.day + 1


@given(st.integers(1968, 2199))
def test_a_year_has_twelve_months_or_thirteen_with_one_leap_month(year):
    months = months_of(year)
    assert {month.days for month in months} == {29, 30}
    assert [m.month for m in months if not m.leap] == list(range(1, 13))
    assert len(months) - 12 == sum(m.leap for m in months) in (0, 1)
    assert all(a.begins + a.days == b.begins for a, b in pairwise(months))
    assert date(year, 1, 20) <= date.fromordinal(months[0].begins) <= date(year, 2, 21)


@given(st.integers(1968, 2198))
def test_month_eleven_holds_the_winter_solstice(year):
    """At UTC+7 it is on 21 or 22 December in all these years."""
    assert 11 in {lunar_of(date(year, 12, 21)).month, lunar_of(date(year, 12, 22)).month}


def test_a_leap_month_lies_between_two_major_terms():
    """That of 1985 between xuân phân (on 20 March at 23h14) and cốc vũ (20 April): China had none until the tenth."""
    leap = next(month for month in months_of(1985) if month.leap)
    assert date.fromordinal(leap.begins) == date(1985, 3, 21)
    assert date.fromordinal(leap.begins + leap.days) == date(1985, 4, 20)


@pytest.mark.parametrize("day", [date(1967, 12, 31), date(2200, 1, 1), date.min, date.max])
def test_outside_its_years_it_says_so(day):
    with pytest.raises(ValueError, match="known from"):
        lunar_of(day)


@pytest.mark.parametrize(
    "lunar",
    [
        LunarDate(2026, 6, True, 1),  # no leap month in 2026
        LunarDate(2026, 13, False, 1),
        LunarDate(2026, 1, False, 31),
        LunarDate(2026, 1, False, 0),
        LunarDate(1967, 1, False, 1),
        LunarDate(2200, 1, False, 1),
    ],
)
def test_a_lunar_day_that_does_not_exist_is_refused(lunar):
    with pytest.raises(ValueError, match=r"no such day|known from"):
        solar_of(lunar)


def test_how_long_a_month_is():
    assert days_in_month(LunarDate(2025, 12, False, 1)) == 29  # so 2026 has no 30 Tết
    assert days_in_month(LunarDate(2026, 12, False, 1)) in (29, 30)
    with pytest.raises(ValueError, match="no such month"):
        days_in_month(LunarDate(2026, 6, True, 1))
