"""Several timetables: which one is in force on a day, what a newly loaded one replaces, and what the station keeps."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.book import MAX_TIMETABLES, NO_TIMETABLES, TimetableBook, id_of
from scheduler.holidays import HolidayCalendar, OwnHoliday
from scheduler.plan import plan_day, plan_days
from scheduler.recurrence import Dates, Holidays, LunarDays, calendar_day
from scheduler.timetable import Timetable
from tests.scheduler.test_plan import MONDAY, slot, table

TODAY = MONDAY
DAY = timedelta(days=1)
NATIONAL_DAY = date(2027, 9, 2)


def named(title: str, **validity) -> Timetable:
    return replace(table(slot(title=title), **validity), title=title)


STANDING = named("Lịch thường ngày")
WEEK = named("Tuần 47", valid_from=MONDAY, valid_to=MONDAY + 6 * DAY)
HOLIDAY = named("Ngày lễ", valid_on=Holidays())
GIO_TO = named("Giỗ Tổ", valid_on=Holidays(frozenset({"Giỗ Tổ"})))
TOMORROW = named("Đổi ngày mai", valid_from=MONDAY + DAY, valid_to=MONDAY + DAY)


def book(*timetables: Timetable, today: date | None = TODAY) -> TimetableBook:
    made = NO_TIMETABLES
    for one in timetables:
        made = made.with_timetable(one, today)
    return made


def titles(held: TimetableBook, *days: date) -> list[str | None]:
    found = [held.on(day) for day in days]
    return [one and one.title for one in found]


@pytest.mark.parametrize("order", [(STANDING, WEEK, HOLIDAY, TOMORROW), (TOMORROW, HOLIDAY, WEEK, STANDING)])
def test_the_one_made_for_the_fewest_days_is_in_force_in_whatever_order_they_were_loaded(order):
    held = book(*order)
    assert titles(held, MONDAY - DAY, MONDAY, MONDAY + DAY, MONDAY + 7 * DAY, NATIONAL_DAY) == [
        "Lịch thường ngày",
        "Tuần 47",
        "Đổi ngày mai",
        "Lịch thường ngày",
        "Ngày lễ",
    ]


def test_a_holiday_timetable_wins_over_the_weeks_and_one_for_a_single_holiday_over_it():
    week = named("Tuần lễ", valid_from=NATIONAL_DAY - 3 * DAY, valid_to=NATIONAL_DAY + 3 * DAY)
    assert titles(book(HOLIDAY, week), NATIONAL_DAY) == ["Ngày lễ"]
    assert titles(book(GIO_TO, HOLIDAY), date(2027, 4, 16), NATIONAL_DAY) == ["Giỗ Tổ", "Ngày lễ"]
    one_day = named("Riêng 2/9", valid_from=NATIONAL_DAY, valid_to=NATIONAL_DAY)
    assert titles(book(one_day, HOLIDAY), NATIONAL_DAY) == ["Riêng 2/9"]


def test_of_two_equally_narrow_ones_the_later_loaded_holds():
    other = named("Hai tuần", valid_from=MONDAY, valid_to=MONDAY + 13 * DAY)
    later = named("Hai tuần sau", valid_from=MONDAY + 3 * DAY, valid_to=MONDAY + 16 * DAY)
    assert titles(book(other, later), MONDAY + 5 * DAY) == ["Hai tuần sau"]
    assert titles(book(later, other), MONDAY + 5 * DAY) == ["Hai tuần"]


def test_one_for_the_same_days_replaces_the_earlier_and_what_is_past_goes():
    corrected = replace(WEEK, title="Tuần 47, sửa")
    assert book(STANDING, WEEK, corrected).timetables == (STANDING, corrected)
    old = named("Tuần 46", valid_from=MONDAY - 7 * DAY, valid_to=MONDAY - DAY)
    dated = named("Hôm qua", valid_on=Dates(frozenset({MONDAY - DAY})))
    held = TimetableBook((old, dated, STANDING))
    assert held.with_timetable(WEEK, TODAY).timetables == (STANDING, WEEK)
    assert held.with_timetable(WEEK, None).timetables == (old, dated, STANDING, WEEK)  # nobody knows what day it is


def test_one_is_dropped_by_the_id_of_its_content_and_dropping_it_again_changes_nothing():
    held = book(STANDING, WEEK)
    assert held.without(id_of(WEEK)).timetables == (STANDING,)
    assert held.without(id_of(replace(WEEK, title="khác"))) == held


def test_no_more_are_kept_than_anybody_could_need():
    many = [named(f"{n}", valid_from=MONDAY + n * DAY, valid_to=MONDAY + n * DAY) for n in range(MAX_TIMETABLES + 5)]
    assert book(*many).timetables == tuple(many[5:])


def test_each_day_follows_its_own_timetable_and_the_others_are_silent_on_it():
    plan = plan_days(book(STANDING, WEEK, TOMORROW), MONDAY - DAY, MONDAY + 2 * DAY)
    assert [o.programme for o in plan] == ["Lịch thường ngày", "Tuần 47", "Đổi ngày mai"]


def test_a_stations_own_holidays_are_days_of_its_holiday_timetable():
    calendar = HolidayCalendar((OwnHoliday("Hội làng", lunar=(10, 15)),))  # rằm tháng 10: 23/11/2026
    held = book(STANDING, HOLIDAY)
    assert [o.programme for o in plan_day(held, MONDAY, calendar)] == ["Ngày lễ"]
    assert [o.programme for o in plan_day(held, MONDAY)] == ["Lịch thường ngày"]


validities = st.one_of(
    st.builds(dict),
    st.builds(
        lambda first, days: {"valid_from": MONDAY + first * DAY, "valid_to": MONDAY + (first + days) * DAY},
        st.integers(-20, 20),
        st.integers(0, 20),
    ),
    st.sampled_from(
        [
            {"valid_on": Holidays()},
            {"valid_on": LunarDays(frozenset({(0, 1), (0, 15)}))},
            {"valid_on": Dates(frozenset({MONDAY, MONDAY + 3 * DAY}))},
        ]
    ),
)
books = st.lists(validities, max_size=8).map(lambda all: book(*(named(f"{n}", **v) for n, v in enumerate(all))))


@given(books, st.integers(-25, 45))
def test_a_day_has_a_timetable_whenever_one_is_in_force_and_plain_spans_go_by_length(held, offset):
    day = MONDAY + offset * DAY
    in_force = [one for one in held.timetables if one.in_force(calendar_day(day))]
    found = held.on(day)
    assert (found is None) == (in_force == [])
    spans = [one for one in in_force if one.valid_from and one.valid_to]
    if found in spans:
        assert all(one.valid_to - one.valid_from >= found.valid_to - found.valid_from for one in spans)


@given(books)
def test_a_book_comes_back_from_the_journal_as_it_was(held):
    assert TimetableBook.from_json(held.to_json()) == held


def test_what_an_older_journal_holds_is_a_book_of_one():
    old = STANDING.to_json() | {"version": 1}
    del old["valid_on"]
    for key in ("session", "field", "language", "author", "approver"):
        del old["slots"][0][key]
    assert TimetableBook.from_json(old) == TimetableBook((STANDING,))


@pytest.mark.parametrize("data", [None, [], {}, {"version": 2, "timetables": []}, {"version": 1, "timetables": [{}]}])
def test_what_is_no_book_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        TimetableBook.from_json(data)
