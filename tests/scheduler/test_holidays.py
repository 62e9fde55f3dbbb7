"""Public holidays, the days the state really announced, and what a station adds or moves."""

from datetime import date

import pytest

from scheduler.holidays import VIETNAM, HolidayCalendar, OwnHoliday, holiday_named


def span(first: str, last: str) -> list[date]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [date.fromordinal(n) for n in range(begin.toordinal(), end.toordinal() + 1)]


def holidays(year: int, calendar: HolidayCalendar = VIETNAM) -> list[date]:
    return [day for day in span(f"{year}-01-01", f"{year}-12-31") if calendar.on(day)]


def test_a_year_has_the_eleven_days_of_the_law_and_one_in_lieu_of_a_sunday():
    expected = [
        date(2026, 1, 1),
        *span("2026-02-16", "2026-02-20"),  # Tết
        date(2026, 4, 26),  # Giỗ Tổ, a Sunday
        date(2026, 4, 27),
        date(2026, 4, 30),
        date(2026, 5, 1),
        *span("2026-09-01", "2026-09-02"),
    ]
    assert holidays(2026) == expected


@pytest.mark.parametrize(
    ("year", "days"),
    [  # as the state announced them
        (2022, ["2022-01-03", "2022-04-11", "2022-05-02", "2022-05-03"]),
        (2023, ["2023-01-02", "2023-05-02", "2023-05-03", "2023-09-04"]),
        (2025, []),
        (2026, ["2026-04-27"]),
    ],
)
def test_a_holiday_on_a_weekend_is_made_up_for_on_the_next_working_day(year, days):
    calendar = HolidayCalendar((OwnHoliday("Tết", frozenset({date(year, 2, 1)})),))  # its days are announced each year
    assert [f"{day}" for day in holidays(year, calendar) if "Nghỉ bù" in calendar.on(day)] == days


def test_what_a_station_says_of_days_in_lieu_is_taken_as_it_is():
    own = HolidayCalendar((OwnHoliday("Nghỉ bù", frozenset({date(2026, 4, 28)})),))
    assert [day for day in holidays(2026, own) if "Nghỉ bù" in own.on(day)] == [date(2026, 4, 28)]
    announced = HolidayCalendar((OwnHoliday("Giỗ Tổ", frozenset({date(2026, 4, 26)})),))
    assert not any("Nghỉ bù" in announced.on(day) for day in holidays(2026, announced))
    worked = HolidayCalendar((OwnHoliday("Làm bù", frozenset({date(2026, 4, 27)}), working=True),))
    assert date(2026, 4, 27) not in holidays(2026, worked)


@pytest.mark.parametrize(
    ("year", "days"),
    [(2021, (2, 3)), (2022, (1, 2)), (2023, (1, 2)), (2024, (2, 3)), (2025, (1, 2)), (2026, (1, 2))],
)
def test_the_day_beside_the_national_day_is_the_one_that_was_announced(year, days):
    named = [day for day in holidays(year) if "Quốc khánh" in VIETNAM.on(day)]
    assert named == [date(year, 9, day) for day in days]
    assert "2/9" in VIETNAM.on(date(year, 9, 2))


def test_announced_days_take_the_place_of_ours_in_their_year_only():
    announced = OwnHoliday("Tết", frozenset(span("2027-02-04", "2027-02-08")))
    calendar = HolidayCalendar((announced,))
    assert [day for day in holidays(2027, calendar) if "Tết" in calendar.on(day)] == span("2027-02-04", "2027-02-08")
    assert holidays(2026, calendar) == holidays(2026)


def test_a_station_adds_days_of_its_own_by_the_sun_and_by_the_moon():
    village = OwnHoliday("Hội làng", lunar=(1, 12))
    day = OwnHoliday("Ngày hội xã", frozenset({date(2026, 12, 20)}))
    calendar = HolidayCalendar((village, day))
    assert calendar.on(date(2026, 2, 28)) == {"Hội làng"}
    assert calendar.on(date(2027, 2, 17)) == {"Hội làng"}
    assert calendar.on(date(2026, 12, 20)) == {"Ngày hội xã"}
    assert calendar.on(date(2027, 12, 20)) == frozenset()
    assert calendar.names()[-2:] == ("Hội làng", "Ngày hội xã")


def test_a_day_on_which_one_works_is_no_holiday_and_one_off_in_its_place_is():
    swapped = HolidayCalendar(
        (
            OwnHoliday("Nghỉ bù", frozenset({date(2026, 8, 31)})),
            OwnHoliday("Làm bù", frozenset({date(2026, 9, 1)}), working=True),
        )
    )
    assert swapped.on(date(2026, 8, 31)) == {"Nghỉ bù"}
    assert swapped.on(date(2026, 9, 1)) == frozenset()
    assert "Làm bù" not in swapped.names()


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Tết", "Tết"),
        ("Tết Nguyên đán", "Tết"),
        ("TET NGUYEN DAN", "Tết"),
        ("30/4", "30/4"),
        ("30/04", "30/4"),
        ("ngày 30/4", "30/4"),
        ("1/5", "1/5"),
        ("01/05", "1/5"),
        ("Quốc khánh", "Quốc khánh"),
        ("ngày Quốc khánh", "Quốc khánh"),
        ("2/9", "2/9"),
        ("Giỗ Tổ", "Giỗ Tổ"),
        ("Giỗ tổ Hùng Vương", "Giỗ Tổ"),
        ("lễ Giỗ Tổ", "Giỗ Tổ"),
        ("Tết Dương lịch", "Tết Dương lịch"),
        ("1/1", "Tết Dương lịch"),
        ("Hội làng", None),
        ("23/11", None),
        ("", None),
    ],
)
def test_names_that_people_type(written, name):
    assert holiday_named(written) == name


def test_beyond_the_lunar_calendar_the_suns_holidays_remain():
    days = [date(2300, 1, 1), date(2300, 4, 30), date(2300, 5, 1), *span("2300-09-02", "2300-09-04")]
    assert holidays(2300) == days  # 2/9 is a Sunday: the 4th is in its place
