"""From a timetable to occurrences: ids, midnight, repeats, and an oracle that walks day by day."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import show
from scheduler.clock import STATION_TZ
from scheduler.occurrence import Kind
from scheduler.plan import plan_day, plan_days
from scheduler.recurrence import EVERY_DAY, Dates, Weekdays, calendar_day
from scheduler.repeats import nothing_known
from scheduler.timetable import Item, Slot, Timetable

MONDAY = date(2026, 11, 23)


def slot(clock="05:00", minutes=15.0, title="Bản tin sáng", recurrence=EVERY_DAY, zone="all", **item) -> Slot:
    return Slot(recurrence, time.fromisoformat(clock), Item(title, round(minutes * 60_000), **item), zone)


def table(*slots: Slot, **more) -> Timetable:
    return Timetable("Tuần 47", slots, **more)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (slot(), "2026-11-23T0500-ban-tin-sang"),
        (slot("05:00:30"), "2026-11-23T050030-ban-tin-sang"),
        (slot(zone="Thôn Đông"), "2026-11-23T0500-ban-tin-sang-thon-dong"),
        (slot(title="  Hỏi – đáp: 24/7 (PL)"), "2026-11-23T0500-hoi-dap-24-7-pl"),
        (slot(title="ព័ត៌មាន"), "2026-11-23T0500-chuong-trinh"),
    ],
)
def test_an_id_can_be_read_and_depends_on_nothing_but_the_item_and_its_day(one, expected):
    assert [o.id for o in plan_day(table(one), MONDAY)] == [expected]


def test_a_slot_may_cross_midnight_and_belongs_to_the_day_on_which_it_starts():
    night = table(slot("23:50", 20, recurrence=Weekdays(frozenset({0}))))
    (occurrence,) = plan_days(night, MONDAY, MONDAY + timedelta(days=7))
    assert occurrence.ends_at == datetime(2026, 11, 24, 0, 10, tzinfo=STATION_TZ)
    assert occurrence.planned_ms == 20 * 60_000
    assert plan_day(night, MONDAY + timedelta(days=1)) == []


def test_nothing_is_planned_outside_the_validity():
    short = table(slot(), valid_from=MONDAY, valid_to=MONDAY + timedelta(days=1))
    days = [o.starts_at.date() for o in plan_days(short, MONDAY - timedelta(days=9), MONDAY + timedelta(days=9))]
    assert days == [MONDAY, MONDAY + timedelta(days=1)]


def test_ids_are_unique_even_in_a_plan_that_a_check_would_refuse():
    ids = [o.id for o in plan_day(table(slot(), slot(minutes=5), slot()), MONDAY)]
    assert ids == ["2026-11-23T0500-ban-tin-sang", "2026-11-23T0500-ban-tin-sang-2", "2026-11-23T0500-ban-tin-sang-3"]


def repeats(*slots: Slot, day=MONDAY) -> list[str | None]:
    return [o.repeat_of for o in plan_day(table(*slots), day) if o.kind is Kind.REPEAT]


def test_a_repeat_tells_the_latest_earlier_airing_of_the_same_file_or_title():
    evening = slot("17:00", title="Phát lại bản tin sáng", kind=Kind.REPEAT)
    assert repeats(slot(), evening) == ["2026-11-23T0500-ban-tin-sang"]
    by_file = slot("17:00", title="Chiều", kind=Kind.REPEAT, source="a.mp3")
    assert repeats(slot(source="a.mp3"), slot("06:00", title="B", source="b.mp3"), by_file) == [
        "2026-11-23T0500-ban-tin-sang"
    ]


def test_a_repeat_before_the_days_original_is_of_the_day_before_whatever_range_is_asked_for():
    early = slot("04:00", title="Bản tin sáng (PL)", kind=Kind.REPEAT)
    assert repeats(slot(), early) == ["2026-11-22T0500-ban-tin-sang"]
    week = plan_days(table(slot(), early), MONDAY - timedelta(days=3), MONDAY + timedelta(days=1))
    assert week[-2:] == plan_day(table(slot(), early), MONDAY)


def test_a_repeat_finds_nothing_older_than_seven_days():
    monday_only = slot(recurrence=Dates(frozenset({MONDAY})))
    again = slot("05:00", title="Bản tin sáng (PL)", kind=Kind.REPEAT, recurrence=Weekdays(frozenset({0, 1})))
    assert repeats(monday_only, again, day=MONDAY + timedelta(days=7)) == ["2026-11-23T0500-ban-tin-sang"]
    assert repeats(monday_only, again, day=MONDAY + timedelta(days=8)) == [None]
    assert repeats(slot(title="Khác"), again) == [None]


def contents(**held):
    """What the files hold: a="x" for a.mp3."""
    return {f"{name}.mp3": content for name, content in held.items()}.get


def kinds(content_of, *slots: Slot, day=MONDAY) -> list[tuple[str, str | None]]:
    planned = plan_days(table(*slots), day, day + timedelta(days=1), content_of=content_of)
    return [(str(o.kind), o.repeat_of and o.repeat_of.split("T")[1]) for o in planned]


MORNING = slot(title="Sáng", source="a.mp3")


def test_a_copy_under_another_name_is_a_repeat_whatever_the_sheet_calls_it():
    noon, evening = slot("11:00", title="Trưa", source="b.mp3"), slot("17:00", title="Chiều", source="c.mp3")
    held = contents(a="x", b="x", c="y")
    assert kinds(held, MORNING, noon, evening) == [("own", None), ("repeat", "0500-sang"), ("own", None)]
    assert [kind for kind, _ in kinds(contents(), MORNING, noon, evening)] == ["own", "own", "own"]


def test_a_repeat_is_of_the_same_content_not_of_the_same_name():
    other = slot("06:00", title="Chuyên mục", source="b.mp3")
    again = slot("17:00", title="Sáng (PL)", source="c.mp3", kind=Kind.REPEAT)
    assert kinds(contents(a="x", b="y", c="y"), MORNING, other, again)[-1] == ("repeat", "0600-chuyen-muc")
    assert kinds(contents(a="x", b="y", c="z"), MORNING, other, again)[-1] == ("repeat", None)
    assert kinds(contents(b="y", c="z"), MORNING, other, again)[-1] == ("repeat", "0500-sang")  # not recorded yet


def test_the_same_file_on_another_day_is_not_called_a_repeat_before_it_is_aired():
    """It may hold another bulletin by then."""
    saturday = slot("06:00", title="Thứ bảy", source="a.mp3", recurrence=Weekdays(frozenset({5})))
    weekdays = slot(title="Sáng", source="a.mp3", recurrence=Weekdays(frozenset(range(5))))
    week = plan_days(table(weekdays, saturday), MONDAY, MONDAY + timedelta(days=7), content_of=contents(a="x"))
    assert {o.kind for o in week} == {Kind.OWN}


def test_zones_that_hear_the_same_at_the_same_time_hear_no_repeat():
    one, two = (slot(title="Sáng", source="a.mp3", zone=f"Thôn {n}") for n in (1, 2))
    later = slot("17:00", title="Chiều", source="a.mp3")
    assert [kind for kind, _ in kinds(contents(a="x"), one, two, later)] == ["own", "own", "repeat"]


def test_a_live_programme_is_never_a_repeat():
    live = slot("17:00", title="Trực tiếp", source="a.mp3", kind=Kind.LIVE)
    assert kinds(contents(a="x"), MORNING, live) == [("own", None), ("live", None)]


recurrences = st.one_of(
    st.frozensets(st.integers(0, 6), min_size=1).map(Weekdays),
    st.frozensets(st.dates(date(2026, 11, 1), date(2026, 12, 31)), min_size=1, max_size=5).map(Dates),
)
slots = st.builds(
    Slot,
    recurrences,
    st.builds(time, st.integers(0, 23), st.integers(0, 59), st.sampled_from([0, 0, 30])),
    st.builds(
        Item,
        st.sampled_from(["Bản tin", "Thời sự", "Bản tin (PL)"]),
        st.integers(1_000, 86_400_000),
        st.sampled_from([kind for kind in Kind if kind is not Kind.FILLER]),
        source=st.sampled_from(["", "a.mp3", "b.mp3"]),
        approver=st.sampled_from(["", "Phó Chủ tịch"]),
    ),
    st.sampled_from(["all", "Thôn 1"]),
    st.sampled_from(["", "Buổi sáng"]),
)
days = st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 31))
timetables = st.builds(Timetable, st.just("T"), st.lists(slots, max_size=8).map(tuple), days, days)


@given(timetables, st.dates(date(2026, 11, 1), date(2026, 12, 31)), st.integers(0, 20))
def test_the_plan_is_what_asking_every_slot_about_every_day_gives(timetable, first, count):
    planned = plan_days(timetable, first, first + timedelta(days=count))
    expected = [
        (datetime.combine(day, s.starts, STATION_TZ), s.item.duration_ms, s.item.title, s.zone)
        for day in (first + timedelta(days=n) for n in range(count))
        for s in timetable.slots
        if s.recurrence.falls_on(calendar_day(day)) and timetable.in_span(day)
    ]
    assert sorted((o.starts_at, o.planned_ms, o.programme, o.zone) for o in planned) == sorted(expected)
    assert [o.starts_at for o in planned] == sorted(o.starts_at for o in planned)
    assert len({o.id for o in planned}) == len(planned)


@given(timetables, st.dates(date(2026, 11, 1), date(2026, 12, 31)))
def test_a_repeat_is_of_something_earlier_within_a_week_that_is_no_repeat_itself(timetable, day):
    week = {o.id: o for o in plan_days(timetable, day - timedelta(days=8), day + timedelta(days=1))}
    for o in plan_day(timetable, day):
        assert o == week[o.id]
        if o.repeat_of is not None:
            original = week[o.repeat_of]
            assert o.kind is Kind.REPEAT
            assert original.kind is not Kind.REPEAT
            assert timedelta(0) < o.starts_at - original.starts_at <= timedelta(days=7)


@given(timetables, st.dates(date(2026, 11, 1), date(2026, 12, 31)), st.sampled_from(["xx", "xy"]))
def test_what_the_files_hold_changes_nothing_but_kind_and_original(timetable, day, held):
    content_of = dict(zip(("a.mp3", "b.mp3"), held, strict=True)).get
    plain, told = (
        plan_days(timetable, day, day + timedelta(days=3), content_of=given) for given in (nothing_known, content_of)
    )
    for before, after in zip(plain, told, strict=True):
        assert replace(after, kind=before.kind, repeat_of=before.repeat_of) == before
        assert after.kind in (before.kind, Kind.REPEAT)
    seen = {}
    for o in told:
        content = content_of(o.source)
        if content and o.kind not in (Kind.REPEAT, Kind.LIVE):
            assert seen.setdefault((o.starts_at.date(), content), o.starts_at) == o.starts_at


@given(timetables)
def test_loading_the_same_sheet_again_in_another_order_gives_the_same_plan(timetable):
    turned = Timetable(timetable.title, timetable.slots[::-1], timetable.valid_from, timetable.valid_to)
    first, end = date(2026, 11, 20), date(2026, 12, 1)
    ids = {o.id for o in plan_days(timetable, first, end)}
    assert ids == {o.id for o in plan_days(turned, first, end)}


def test_show_gives_the_contracts_rows_and_lines_for_eyes():
    credits = {"field": "Nông nghiệp", "author": "Lan", "approver": "Phó Chủ tịch"}
    relay = slot(kind=Kind.RELAY, origin="vov", source="http://a/b", zone="Thôn 1", **credits)
    one = table(replace(relay, session="Buổi sáng"))
    (row,) = show.rows(one, MONDAY, MONDAY + timedelta(days=1))
    assert row == {
        "occurrence": "2026-11-23T0500-ban-tin-sang-thon-1",
        "programme": "Bản tin sáng",
        "starts_at": "2026-11-23T05:00:00+07:00",
        "ends_at": "2026-11-23T05:15:00+07:00",
        "planned_ms": 900_000,
        "kind": "relay",
        "origin": "vov",
        "repeat_of": None,
        "class": "normal",
        "zone": "Thôn 1",
        "source": "http://a/b",
        "session": "Buổi sáng",
        "field": "Nông nghiệp",
        "language": "",
        "author": "Lan",
        "approver": "Phó Chủ tịch",
        "waits_ms": 0,
        "end_rule": "cut",
        "grace_ms": 0,
        "filler": "",
        "after_cut": "join",
        "target_lufs": None,
        "turn": 0,
        "moved_ms": 0,
        "longer_ms": 0,
    }
    assert show.lines(plan_day(one, MONDAY)) == ["Thứ 2 23/11/2026  05:00–05:15  Bản tin sáng  [Thôn 1]"]
