"""The plan that playout holds: eight days ahead, made anew by day and by timetable, what runs left alone."""

from datetime import datetime, timedelta

from firmware_py.playout.planning import Plan, renew
from scheduler.book import TimetableBook
from scheduler.clock import STATION_TZ
from scheduler.occurrence import Occurrence
from scheduler.timetable import EVERY_DAY, Item, Slot, Timetable

NOON = datetime(2026, 11, 23, 12, tzinfo=STATION_TZ)
DAY = timedelta(days=1)


def book(title="Bản tin", hour=17):
    start = NOON.replace(hour=hour).time()
    return TimetableBook((Timetable("tuần", (Slot(EVERY_DAY, start, Item(title, 1_800_000, source="a.mp3")),)),))


def test_a_timetable_is_planned_for_today_and_seven_days_more():
    plan, change = renew(Plan().with_timetables(book()), NOON, set(), set())
    assert len(plan.occurrences) == len(change.added) == 8
    assert plan.occurrences[0].starts_at.date() == NOON.date()


def test_the_plan_is_stale_when_another_day_has_begun_or_another_timetable_has_come():
    plan, _ = renew(Plan().with_timetables(book()), NOON, set(), set())
    assert not plan.stale(NOON + timedelta(hours=11))
    assert plan.stale(NOON + DAY)
    assert plan.with_timetables(book("Khác")).stale(NOON)


def test_the_next_day_adds_one_day_and_withdraws_none():
    plan, _ = renew(Plan().with_timetables(book()), NOON, set(), set())
    _, change = renew(plan, NOON + DAY, set(), set())
    assert (len(change.added), change.withdrawn, change.changed) == (1, (), ())


def test_what_has_begun_stays_when_another_timetable_is_loaded():
    plan, _ = renew(Plan().with_timetables(book(hour=11)), NOON - timedelta(minutes=50), set(), set())
    running = plan.occurrences[0]
    plan, change = renew(plan.with_timetables(book("Khác", 18)), NOON - timedelta(minutes=40), {running.id}, set())
    assert running in plan.occurrences
    assert running not in change.withdrawn


def test_a_persons_extra_stays_over_renewals_and_is_forgotten_a_day_after_it_is_closed():
    extra = Occurrence("x-phat-ngay-1", "còi", NOON, NOON + timedelta(minutes=1), source="coi.mp3")
    plan, _ = renew(Plan().with_timetables(book()).with_extra(extra), NOON, set(), set())
    assert extra in plan.occurrences
    later, _ = renew(plan, NOON + 2 * DAY, {extra.id}, {extra.id})
    assert extra not in later.occurrences
