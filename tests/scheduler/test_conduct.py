"""How items behave at the edges of their slots: read, written, checked, shown; and what it does to a plan."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.check import Rules, check
from scheduler.clock import STATION_TZ
from scheduler.conduct import PLAIN, AfterCut, Conduct, EndRule
from scheduler.filler import filler_after
from scheduler.guards import Guards
from scheduler.loaders import forms, toml_form
from scheduler.loaders.table import Table
from scheduler.occurrence import Kind, Occurrence
from scheduler.overrun import run_over
from scheduler.plan import plan_day
from scheduler.show import lines
from scheduler.spoken.conduct import is_ending, read_after_cut, read_ending, read_loudness, written_ending
from scheduler.timetable import Item, Timetable, Weekdays, adopt, canonical_bytes
from scheduler.vietnamese import Misread
from tests.scheduler.test_plan import MONDAY, slot, table

MINUTE = Conduct(EndRule.FINISH, 60_000)
FILL = Conduct(EndRule.FILL)
FIVE = datetime(2026, 11, 23, 5, tzinfo=STATION_TZ)

endings = st.one_of(
    st.just(PLAIN),
    st.integers(1, 600).map(lambda s: Conduct(EndRule.FINISH, s * 1_000)),
    st.sampled_from(["", "nhac.mp3", "Nhạc nền số 1.mp3", "nhac-*.mp3"]).map(lambda f: Conduct(EndRule.FILL, filler=f)),
)
conducts = st.builds(
    replace,
    endings,
    after_cut=st.sampled_from(AfterCut),
    target_lufs=st.none() | st.integers(-30, -12).map(float),
)


@pytest.mark.parametrize(
    ("cell", "conduct"),
    [
        (None, PLAIN),
        ("Cắt", PLAIN),
        ("cắt đúng giờ", PLAIN),
        ("cut", PLAIN),
        ("Phát hết", MINUTE),
        ("Phát hết 60 giây", MINUTE),
        ("phát hết bài (thêm tối đa 2 phút)", Conduct(EndRule.FINISH, 120_000)),
        ("Cho hết, không quá 90s", Conduct(EndRule.FINISH, 90_000)),
        ("PHÁT HẾT 1'", MINUTE),
        ("finish within 30 s", Conduct(EndRule.FINISH, 30_000)),
        ("Lấp", FILL),
        ("lấp nhạc", FILL),
        ("Lấp bằng nhạc", FILL),
        ("Lấp bằng Nhạc nền.mp3", Conduct(EndRule.FILL, filler="Nhạc nền.mp3")),
        ("fill with nhac-*.mp3", Conduct(EndRule.FILL, filler="nhac-*.mp3")),
    ],
)
def test_an_ending_is_read_as_people_write_it(cell, conduct):
    assert read_ending(cell) == conduct


@pytest.mark.parametrize("cell", ["phát hết 60", "phát hết 11 phút", "phát hết 0 giây", "hát", "17h30", 5])
def test_an_ending_that_is_not_clear_is_asked_for(cell):
    with pytest.raises(Misread):
        read_ending(cell)


@pytest.mark.parametrize("cell", ["5h45", time(5, 45), "05:45", None, "hết buổi"])
def test_a_time_under_ket_thuc_is_no_rule(cell):
    assert not is_ending(cell)


@given(endings)
def test_an_ending_is_written_as_it_is_read(conduct):
    assert read_ending(written_ending(conduct)) == conduct


def test_what_becomes_of_it_after_a_cut_and_its_loudness_are_read():
    assert [read_after_cut(cell) for cell in (None, "Phát tiếp", "Bỏ", "drop")] == [*["join"] * 2, *["drop"] * 2]
    assert [read_loudness(cell) for cell in (None, -16, "-16 LUFS", "−16,5")] == [None, -16.0, -16.0, -16.5]
    for read, cell in ((read_after_cut, "chắc thôi"), (read_loudness, 16), (read_loudness, "to"), (read_loudness, -40)):
        with pytest.raises(Misread):
            read(cell)


@given(conducts)
def test_a_conduct_travels_through_the_timetable_the_plan_and_the_journal(conduct):
    one = slot()
    timetable = table(replace(one, item=replace(one.item, conduct=conduct)))
    assert adopt(canonical_bytes(timetable)) == timetable
    (planned,) = plan_day(timetable, MONDAY)
    assert planned.conduct == conduct
    assert Occurrence.from_json(planned.to_json()) == planned


def test_a_timetable_and_a_plan_of_before_there_were_rules_are_read():
    old = table(slot()).to_json()
    new_keys = ("end_rule", "grace_ms", "filler", "after_cut", "target_lufs")
    for key in new_keys:
        del old["slots"][0][key]
    assert Timetable.from_json(old | {"version": 2}) == table(slot())
    (planned,) = plan_day(table(slot()), MONDAY)
    row = planned.to_json()
    for key in (*new_keys, "turn", "moved_ms", "longer_ms"):
        del row[key]
    assert Occurrence.from_json(row) == planned


@pytest.mark.parametrize(
    "broken",
    [
        {"end_rule": "finish"},
        {"grace_ms": 5},
        {"end_rule": "finish", "grace_ms": 600_001},
        {"filler": "a.mp3"},
        {"target_lufs": -5.0},
        {"target_lufs": -16},
        {"after_cut": "sing"},
        {"kind": "filler"},
    ],
)
def test_a_timetable_with_a_rule_that_makes_no_sense_is_not_adopted(broken):
    data = table(slot()).to_json()
    data["slots"][0] |= broken
    with pytest.raises(ValueError, match=r"."):
        Timetable.from_json(data)


TOML = """
[[slot]]
days = "T2"
start = "5h"
duration = 15
title = "Bản tin"
end = "phát hết 2 phút"
after_cut = "bỏ"
loudness = -16
"""


def test_the_rules_are_read_from_toml_and_what_is_wrong_is_told_at_its_key():
    (one,) = toml_form.read(TOML.encode(), "").timetable.slots
    assert one.item.conduct == Conduct(EndRule.FINISH, 120_000, after_cut=AfterCut.DROP, target_lufs=-16.0)
    bad = TOML.replace("2 phút", "lâu lâu").replace('"bỏ"', '"hát"').replace("-16", "16")
    errors = toml_form.read(bad.encode(), "").errors
    assert [(e.where, e.code) for e in errors] == [
        ("line 7, slot 1.end", "bad_grace"),
        ("line 8, slot 1.after_cut", "bad_after_cut"),
        ("line 9, slot 1.loudness", "bad_loudness"),
    ]


def test_the_rules_are_read_from_a_list_also_where_ket_thuc_heads_them():
    rows = [
        ["Ngày", "Giờ", "Thời lượng", "Chương trình", "Kết thúc", "Khi bị cắt", "Độ to (LUFS)"],
        ["T2", "5h00", 15, "a", "Phát hết 30 giây", "Bỏ", -16],
        ["T2", "5h30", 15, "b", "5h45", None, None],
        ["T2", "6h00", 15, "c", "Lấp", "Phát tiếp", None],
    ]
    loaded = forms.read([Table("Lịch", rows)], "")
    assert loaded.errors == ()
    assert [s.item.conduct for s in loaded.timetable.slots] == [
        Conduct(EndRule.FINISH, 30_000, after_cut=AfterCut.DROP, target_lufs=-16.0),
        PLAIN,
        FILL,
    ]


def conducted(clock, conduct, **more):
    made = slot(clock, 15, title=clock, source=f"{clock}.mp3")
    return replace(made, item=replace(made.item, conduct=conduct), **{"session": "Sáng"} | more)


def warned(*slots, **rules):
    numbered = [replace(one, where=f"line {n}") for n, one in enumerate(slots, 1)]
    return [(w.where, w.code) for w in check(table(*numbered), Rules(**rules)).warnings]


def test_a_rule_that_cannot_always_be_kept_is_warned_of():
    relay = replace(conducted("05:15", PLAIN), item=Item("VOV", 900_000, Kind.RELAY, source="http://a/b"))
    assert warned(conducted("05:00", MINUTE), relay) == [("line 1", "grace_limited")]
    assert warned(conducted("05:00", MINUTE), conducted("05:15", PLAIN)) == []
    assert warned(conducted("05:00", MINUTE), conducted("05:15", PLAIN), replace(relay, starts=time(5, 30))) == [
        ("line 1", "grace_limited")
    ]
    assert warned(conducted("05:00", MINUTE), replace(relay, starts=time(5, 16))) == []
    assert warned(conducted("05:00", FILL), has_filler=False) == [("line 1", "no_filler")]
    own = Conduct(EndRule.FILL, filler="x.mp3")
    assert warned(conducted("05:00", own), has_filler=False, has_source=lambda name: name != "x.mp3") == [
        ("line 1", "no_filler")
    ]
    of_relay = replace(relay, item=replace(relay.item, conduct=replace(MINUTE, target_lufs=-16.0)))
    assert warned(of_relay) == [("line 1", "end_rule_unused"), ("line 1", "loudness_unused")]
    assert warned(conducted("05:00", PLAIN), unheard=lambda name: True) == [("line 1", "not_heard")]


def test_a_grace_is_limited_only_by_what_airs_on_the_same_day():
    tuesday = replace(conducted("05:15", PLAIN, session="Khác"), recurrence=Weekdays(frozenset({1})))
    monday = replace(conducted("05:00", MINUTE), recurrence=Weekdays(frozenset({0})))
    assert warned(monday, tuesday) == []


def test_the_plan_shows_the_rules_that_are_not_the_usual_ones():
    conduct = Conduct(EndRule.FINISH, 90_000, after_cut=AfterCut.DROP, target_lufs=-16.0)
    (line,) = lines(plan_day(table(conducted("05:00", conduct)), MONDAY))
    assert line.endswith("05:00  (phát hết, thêm ≤ 90 giây; bị cắt thì bỏ; -16 LUFS)")
    (line,) = lines(plan_day(table(conducted("05:00", FILL)), MONDAY), "en")
    assert line.endswith("(filled)")
    (line,) = lines(plan_day(table(conducted("05:00", PLAIN)), MONDAY))
    assert "(" not in line


# --- what a grace and a filler do to a plan


@st.composite
def mornings(draw):
    """Items that follow one another, with pauses, in one of two sessions or none, some at times of their own."""
    made, begins = [], FIVE
    for n in range(draw(st.integers(1, 7))):
        begins += timedelta(seconds=draw(st.sampled_from([0, 0, 0, 5, 40, 400])))
        ends = begins + timedelta(seconds=draw(st.integers(5, 300)))
        kind = draw(st.sampled_from([Kind.OWN, Kind.OWN, Kind.OWN, Kind.RELAY, Kind.LIVE]))
        one = Occurrence(f"o{n}", f"o{n}", begins, ends, kind, source="a.mp3", conduct=draw(endings))
        made.append(replace(one, session=draw(st.sampled_from(["Sáng", "Sáng", "Sáng", "Trưa", ""]))))
        begins = ends
    return made


@settings(max_examples=300, deadline=None)
@given(mornings(), st.lists(st.integers(-40_000, 80_000), min_size=7, max_size=7), st.booleans())
def test_whatever_is_played_to_its_end_nothing_overlaps_nothing_is_cut_and_what_is_fixed_stays(plan, over_ms, guarded):
    guards = Guards(longest_session_min=12) if guarded else Guards()
    before = {o.id: o for o in plan}
    for n in range(len(plan)):
        one, content_ms = plan[n], plan[n].planned_ms + over_ms[n]
        changed = run_over(one, content_ms, plan, {o.id for o in plan[:n]}, guards)
        newer = {o.id: o for o in changed}
        plan = [newer.get(o.id, o) for o in plan]
        if changed:
            assert plan[n].planned_ms == content_ms
            assert plan[n].longer_ms <= one.conduct.grace_ms
            assert run_over(plan[n], content_ms, plan, (), guards) == ()
        else:
            assert plan[n] == one
        assert all(one.ends_at <= other.starts_at for one, other in pairwise(plan))
    for o in plan:
        was = before[o.id]
        assert o.starts_at - was.starts_at == timedelta(milliseconds=o.moved_ms)
        assert o.planned_ms - was.planned_ms == o.longer_ms
        assert not o.moved_ms or (o.session and o.kind is Kind.OWN)


@given(mornings(), st.integers(0, 400_000), st.sampled_from([0, 60, 600]))
def test_a_filler_lies_between_what_sounds_before_and_what_sounds_after(plan, content_ms, longest_gap_s):
    for one, after in pairwise([*plan, None]):
        filler = filler_after(one, content_ms, plan, longest_gap_s)
        if filler is None:
            continue
        sounds_until = one.starts_at + timedelta(milliseconds=content_ms)
        assert filler.starts_at == (
            min(sounds_until, one.ends_at) if one.conduct.end_rule is EndRule.FILL else one.ends_at
        )
        assert filler.ends_at == one.ends_at or (after is not None and filler.ends_at == after.starts_at)
        assert filler.precedence < one.precedence
        assert filler_after(filler, 0, plan, 600) is None


def test_a_gap_to_the_same_session_of_another_day_is_no_gap():
    late = Occurrence("a", "a", FIVE.replace(hour=23, minute=50), FIVE.replace(hour=23, minute=59), session="Tối")
    next_day = replace(late, id="b", starts_at=FIVE.replace(day=24, hour=0), ends_at=FIVE.replace(day=24, hour=1))
    assert filler_after(late, 0, [late, next_day], 600) is None
    assert date(2026, 11, 24) == next_day.starts_at.date()


@pytest.mark.parametrize(
    ("lasts_s", "end", "said"),
    [
        (900, "", None),
        (901, "", None),
        (902, "", ("file_too_long", "khung giờ 15': bị cắt 2\" cuối")),
        (960, "phát hết 60 giây", None),
        (975, "phát hết 60 giây", ("file_too_long", "dài 16'15\", khung giờ 15', kéo thêm 1': bị cắt 15\" cuối")),
        (902, "lấp", ("file_too_long", 'bị cắt 2" cuối')),
        (810, "", None),
        (809, "", ("file_too_short", "chỉ dài 13'29\", khung giờ 15': im lặng 1'31\"")),
        (809, "phát hết 60 giây", ("file_too_short", "im lặng 1'31\"")),
        (60, "lấp", None),
        (None, "", None),
    ],
)
def test_a_file_that_will_be_cut_or_leaves_much_of_its_slot_silent_is_told(lasts_s, end, said):
    one = slot(source="tin.wav", conduct=read_ending(end))
    lasts_ms = {"tin.wav": lasts_s and lasts_s * 1_000}.get
    found = [w for w in check(table(one), Rules(lasts_ms=lasts_ms)).warnings if w.code.startswith("file_too")]
    assert [w.code for w in found] == ([said[0]] if said else [])
    assert not said or said[1] in found[0].vi
