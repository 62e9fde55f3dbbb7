"""The agenda's rules, as short stories played by an obedient shell, and as properties of random days."""

import itertools
from dataclasses import replace
from datetime import time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler import agenda
from scheduler.agenda import Cause, Miss, Start, Stop, Stopped
from scheduler.clock import NS_PER_MS, NS_PER_S, ClockQuality, datetime_of
from scheduler.conduct import PLAIN, AfterCut, Conduct
from scheduler.guards import Guards
from scheduler.occurrence import LIVE_PRECEDENCE, BulletinClass, Kind, Occurrence
from scheduler.quiet import stretches
from scheduler.recurrence import Weekdays
from scheduler.zones import zones_meet
from tests.scheduler.shell import Shell, at, emergency, occurrence, overlapping, wanted


def test_a_programme_is_cued_three_seconds_ahead_for_its_exact_instant():
    shell = Shell.at("04:59:50", [occurrence("05:00", 15)])
    shell.run_until("04:59:56.75")
    assert not shell.said
    shell.run_until("05:00")
    (start,) = shell.said
    assert start.at_ns == start.anchor_ns == shell.situation.reading.boottime_of(at("05:00"))
    assert start.offset_ns == 0


def test_back_to_back_programmes_follow_one_another_to_the_sample():
    shell = Shell.at("04:59:50", [occurrence("05:00", 1, "a"), occurrence("05:01", 1, "b")]).run_until("05:02:10")
    assert shell.told() == [("a", 0, 60), ("b", 0, 60)]
    assert not shell.stops()
    assert shell.heard[0].ends_ns == shell.heard[1].starts_ns


def test_a_restart_joins_the_programme_in_progress_at_its_place():
    shell = Shell.at("05:04", [occurrence("05:00", 15)])
    (start,) = shell.tick(0)
    assert start.offset_ns == 240 * NS_PER_S
    assert start.at_ns == shell.boottime_ns


@pytest.mark.parametrize(("clock", "expected"), [("05:14:59", Start), ("05:14:59.1", Miss)])
def test_less_than_a_second_to_go_is_not_joined_but_missed(clock, expected):
    (command,) = Shell.at(clock, [occurrence("05:00", 15)]).tick(0)
    assert type(command) is expected


def test_a_programme_nobody_was_there_for_is_missed_once():
    shell = Shell.at("07:00", [occurrence("05:00", 15, "early")]).run_until("07:01")
    assert shell.said == [Miss(shell.plan[0], Cause.MISSED)]


def test_nothing_scheduled_starts_by_a_clock_that_nobody_trusts_and_nothing_is_called_missed():
    shell = Shell.at("05:00", [occurrence("05:00", 15), occurrence("04:00", 5)], quality=ClockQuality.NONE)
    assert shell.run_until("06:00", step_s=10).said == []


def test_when_the_clock_becomes_trusted_what_is_due_is_joined_and_what_passed_tells_why():
    shell = Shell.at("05:10", [occurrence("05:00", 5, "passed"), occurrence("05:05", 15, "due")])
    shell.boottime_ns = shell.trusted_ns = 3_600 * NS_PER_S
    start, miss = shell.tick(0)
    assert (start.occurrence.programme, start.offset_ns) == ("due", 300 * NS_PER_S)
    assert miss == Miss(shell.plan[0], Cause.CLOCK_UNTRUSTED)


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=365), timedelta(days=-365)])
def test_a_clock_step_in_mid_programme_neither_cuts_nor_repeats_it(step):
    shell = Shell.at("04:59:50", [occurrence("05:00", 15, "a")]).run_until("05:05")
    shell.wall_ns += step // timedelta(microseconds=1) * 1_000
    for _ in range(4 * 60 * 30):
        shell.tick()
    assert shell.told() == [("a", 0, 900)]
    shell.wall_ns -= step // timedelta(microseconds=1) * 1_000
    for _ in range(40):
        shell.tick()
    assert len(shell.starts()) == 1


def test_what_a_wrong_clock_called_missed_is_played_when_the_clock_comes_back():
    shell = Shell.at("04:00", [occurrence("05:00", 1, "a")])
    shell.wall_ns += 365 * 86_400 * NS_PER_S
    assert [type(c) for c in shell.tick()] == [Miss]
    shell.wall_ns -= 365 * 86_400 * NS_PER_S
    assert shell.run_until("05:02").told() == [("a", 0, 60)]
    assert len(shell.said) == 2


def test_after_a_step_forward_the_next_programme_waits_for_the_pinned_one_and_is_joined():
    shell = Shell.at("04:59:50", [occurrence("05:00", 10, "a"), occurrence("05:10", 10, "b")]).run_until("05:05")
    shell.wall_ns += 120 * NS_PER_S
    shell.run_until("05:21")
    assert shell.told() == [("a", 0, 600), ("b", 120, 600)]


def test_an_end_that_slips_by_some_milliseconds_does_not_delay_the_next_start():
    shell = Shell.at("04:59:50", [occurrence("05:00", 10, "a"), occurrence("05:10", 10, "b")]).run_until("05:05")
    shell.wall_ns += 40 * NS_PER_MS
    shell.run_until("05:21")
    assert shell.told() == [("a", 0, 599.96), ("b", 0, 600)]
    assert not shell.stops()


def test_a_slot_begun_in_this_boot_is_joined_by_its_anchor_whatever_the_wall_clock_says():
    shell = Shell.at("09:00", [occurrence("05:00", 10, "a")], quality=ClockQuality.NONE)
    shell.pinned[shell.plan[0].id] = shell.boottime_ns - 60 * NS_PER_S
    (start,) = shell.tick(0)
    assert start.offset_ns == 60 * NS_PER_S


def test_a_higher_class_takes_the_zone_and_the_lower_is_joined_after_it():
    shell = Shell.at("04:59:50", [occurrence("05:00", 10, "a"), emergency("05:04", 2)]).run_until("05:11")
    assert shell.told() == [("a", 0, 240), ("bao", 0, 120), ("a", 360, 600)]
    assert [(c.occurrence.programme, c.cause) for c in shell.stops()] == [("a", Cause.PRE_EMPTED)]


def test_among_equals_what_is_planned_later_wins():
    plan = [occurrence("05:00", 10, "a"), occurrence("05:04", 2, "b")]
    assert wanted(plan, Shell.at("05:05", plan).situation) == [plan[1]]
    assert Shell.at("04:59:50", plan).run_until("05:11").told() == [("a", 0, 240), ("b", 0, 120), ("a", 360, 600)]


def test_a_cue_that_is_pre_empted_before_it_sounds_is_joined_later():
    plan = [occurrence("05:00", 10, "a")]
    shell = Shell.at("04:59:57.5", plan)
    shell.tick(0)
    shell.plan = [*plan, emergency("04:59:58", 1)]
    shell.run_until("05:10:10")
    assert shell.told() == [("bao", 0, 60), ("a", 58, 600)]


def test_zones_sound_side_by_side_and_all_needs_every_one():
    plan = [
        occurrence("05:00", 10, "thon 1", zone="Thôn 1"),
        occurrence("05:00", 10, "thon 2", zone="Thôn 2, Thôn 3"),
        occurrence("05:00", 10, "thon 3", zone="thôn 3", bulletin_class=BulletinClass.PRIORITY),
        occurrence("05:05", 10, "all"),
    ]
    situation = Shell.at("05:01", plan).situation
    assert {o.programme for o in wanted(plan, situation)} == {"thon 1", "thon 3"}
    later = Shell.at("05:06", plan).situation
    assert {o.programme for o in wanted(plan, later)} == {"thon 1", "thon 3"}
    assert {o.programme for o in wanted(plan, Shell.at("05:11", plan).situation)} == {"all"}


def test_what_is_cued_for_the_end_of_a_stop_starts_once_though_the_clock_is_slewed_meanwhile():
    shell = Shell.at("04:59:50", [occurrence("05:00", 10, "a")]).run_until("05:02")
    shell.stopped = Stopped("NN", "họp", until=at("05:05"))
    shell.run_until("05:04:58")
    shell.wall_ns -= 1_000  # the end of the stop now lies a microsecond later on boottime than the cue does
    shell.run_until("05:05")
    shell.stopped = None
    shell.run_until("05:11")
    assert (len(shell.stops()), len(shell.starts())) == (1, 2)
    assert shell.told()[1] == ("a", 300, 600)


def test_a_stop_silences_what_sounds_and_what_is_due_is_joined_after_it():
    shell = Shell.at("04:59:50", [occurrence("05:00", 10, "a"), occurrence("05:10", 5, "b")]).run_until("05:02")
    shell.stopped = Stopped("NN", "đám tang", until=at("05:07"))
    shell.run_until("05:16")
    assert [(c.occurrence.programme, c.cause) for c in shell.stops()] == [("a", Cause.STOPPED_BY)]
    assert shell.told() == [("a", 0, pytest.approx(120, abs=0.3)), ("a", 420, 600), ("b", 0, 300)]


def test_what_a_stop_kept_from_sounding_is_missed_with_that_cause_and_an_emergency_sounds_all_the_same():
    shell = Shell.at("04:59:50", [occurrence("05:00", 10, "a"), emergency("05:02", 1)], stopped=Stopped("NN", "tang"))
    shell.run_until("05:10:10")
    assert shell.misses() == {"a": "stopped_by"}
    assert shell.told() == [("bao", 0, 60)]


def test_a_stop_takes_back_a_cue_before_it_sounds():
    shell = Shell.at("04:59:58", [occurrence("05:00", 1, "a")])
    shell.tick(0)
    shell.stopped = Stopped("NN", "tang", until=at("05:05"))
    shell.run_until("05:06")
    assert shell.told() == []
    assert shell.misses() == {"a": "stopped_by"}


def test_quiet_hours_are_checked_again_at_play_time():
    plan = [occurrence("03:15", 30, "hack"), occurrence("04:30", 60, "early"), emergency("03:20", 1)]
    shell = Shell.at("03:00", plan, guards=Guards(((time(22), time(5)),))).run_until("05:31")
    assert shell.told() == [("bao", 0, 60), ("early", 1_800, 3_600)]
    assert shell.misses() == {"hack": "quiet_hours"}


def test_a_programme_that_would_run_into_quiet_hours_does_not_start():
    shell = Shell.at("21:00", [occurrence("21:50", 20, "late")], guards=Guards(((time(22), time(5)),))).run_until(
        "22:11", 5
    )
    assert shell.misses() == {"late": "quiet_hours"}
    assert shell.told() == []


def test_days_without_broadcasts_and_the_longest_session_hold_at_play_time_too():
    sunday = Guards(no_play=(Weekdays(frozenset({0})),))
    assert Shell.at("04:59", [occurrence("05:00", 1)], guards=sunday).run_until("05:02", 1).misses() == {
        "item": "no_play_day"
    }
    plan = [occurrence("05:00", 10, "a"), occurrence("05:10", 10, "b"), emergency("05:20", 1)]
    shell = Shell.at("04:59:55", plan, guards=Guards(longest_session_min=15)).run_until("05:22", 1)
    assert [p.occurrence.programme for p in shell.heard] == ["a", "bao"]
    assert shell.misses() == {"b": "session_too_long"}


def test_a_person_who_speaks_live_at_night_is_held_back_by_nothing():
    live = occurrence("03:00", 5, "lu", kind=Kind.LIVE, bulletin_class=BulletinClass.PRIORITY)
    shell = Shell.at("02:59", [live], guards=Guards(((time(22), time(5)),)), stopped=Stopped("NN", "sửa tăng âm"))
    assert [p.occurrence for p in shell.run_until("03:06").heard] == [live]


def test_a_programme_that_waited_in_vain_for_a_pinned_one_was_pre_empted():
    shell = Shell.at("04:59:50", [occurrence("05:00", 10, "a"), occurrence("05:10", 2, "b")]).run_until("05:05")
    shell.wall_ns += 240 * NS_PER_S
    assert shell.run_until("05:13").misses() == {"b": "pre_empted"}


def test_an_alert_begins_at_its_first_word_as_soon_as_the_card_can_and_what_it_cut_is_joined():
    plan = [occurrence("05:00", 10, "sang")]
    shell = Shell.at("05:01", plan).run_until("05:02")
    shell.plan = [*plan, emergency("05:01:59", 1, "bao", waits_ms=600_000)]
    shell.run_until("05:10")
    first, alert, rest = shell.heard
    assert (alert.starts_ns, alert.ends_ns - alert.starts_ns) == (alert.anchor_ns, 60 * NS_PER_S)
    assert first.ends_ns == alert.starts_ns
    assert rest.starts_ns == alert.ends_ns
    assert alert.starts_ns - shell.boottime_of("05:02") < NS_PER_S


def test_alerts_of_one_class_are_played_whole_one_after_another_in_the_order_they_came():
    plan = [emergency("05:00:00", 1, title, waits_ms=600_000) for title in ("z", "a")]
    plan[1] = replace(plan[1], starts_at=at("05:00:10"), ends_at=at("05:01:10"))
    shell = Shell.at("05:00:00", plan).run_until("05:03")
    assert [p.occurrence.programme for p in shell.heard] == ["z", "a"]
    assert [p.ends_ns - p.starts_ns for p in shell.heard] == [60 * NS_PER_S] * 2


def test_an_alert_that_waited_longer_than_it_may_is_missed_and_never_sounds():
    holder = emergency("05:00", 10, "bao")
    shell = Shell.at("04:59:59", [holder, emergency("05:01", 1, "cu", waits_ms=120_000)]).run_until("05:12")
    assert [p.occurrence.programme for p in shell.heard] == ["bao"]
    assert shell.misses() == {"cu": "pre_empted"}


def test_what_waited_in_vain_is_not_begun_at_the_end_of_a_stop_that_a_step_of_the_clock_has_passed():
    bulletin = occurrence("05:04", 1, "cu", waits_ms=600_000)
    shell = Shell.at("05:14:30", [bulletin], stopped=Stopped("NN", "sửa tăng âm", at("05:13")))
    assert not shell.run_until("05:17").heard


def test_an_operators_live_takes_over_from_what_has_priority_but_not_from_an_emergency():
    more = {"bulletin_class": BulletinClass.PRIORITY}
    live = occurrence("05:02", 10, "mic", kind=Kind.LIVE, **more)
    plan = [
        occurrence("05:00", 10, "uu-tien", **more),
        live,
        occurrence("05:03", 5, "xa", **more),
        emergency("05:05", 1),
    ]
    shell = Shell.at("04:59:59", plan).run_until("05:13")
    assert [p.occurrence.programme for p in shell.heard] == ["uu-tien", "mic", "bao", "mic"]


def test_one_that_is_closed_is_not_started_again_by_a_clock_set_back():
    plan = [occurrence("05:00", 10)]
    shell = Shell.at("04:59:59", plan, closed={plan[0].id})
    assert shell.run_until("05:01").said == []


def test_what_is_to_be_dropped_is_not_joined_after_what_cut_it_nor_in_its_middle():
    drop = {"conduct": Conduct(after_cut=AfterCut.DROP)}
    plan = [occurrence("05:00", 10, "a", **drop), emergency("05:02", 2), occurrence("05:03", 5, "b", **drop)]
    shell = Shell.at("04:59:50", plan).run_until("05:11")
    assert shell.told() == [("a", 0, 120), ("bao", 0, 120)]
    assert shell.misses() == {"b": "dropped"}


def test_a_filler_gives_way_to_everything_and_comes_back_after_it():
    plan = [occurrence("05:00", 10, "dem", kind=Kind.FILLER), occurrence("05:02", 1, "a")]
    shell = Shell.at("04:59:50", plan).run_until("05:11")
    assert [p.occurrence.programme for p in shell.heard] == ["dem", "a", "dem"]


def test_what_cannot_be_opened_leaves_its_place_to_others():
    plan = [occurrence("05:00", 10, "dem", kind=Kind.FILLER), occurrence("05:00", 10, "a")]
    shell = Shell.at("04:59:50", plan, unavailable={plan[1].id}).run_until("05:03")
    assert [p.occurrence.programme for p in shell.playing] == ["dem"]
    shell.unavailable.clear()
    assert [p.occurrence.programme for p in shell.run_until("05:04").playing] == ["a"]


def test_bulletins_that_wait_are_heard_in_the_order_that_a_person_gave():
    holder = emergency("05:00", 1, "bao", waits_ms=600_000)
    priority = {"bulletin_class": BulletinClass.PRIORITY, "waits_ms": 3_600_000}
    waiting = [occurrence(f"05:00:0{n}", 1, title, **priority) for n, title in enumerate("abc", 1)]
    waiting = [replace(waiting[0], turn=0), replace(waiting[1], turn=-1), replace(waiting[2], turn=-2)]
    shell = Shell.at("04:59:59", [holder, *waiting]).run_until("05:06")
    assert [p.occurrence.programme for p in shell.heard] == ["bao", "c", "b", "a"]


classes = st.sampled_from(list(BulletinClass))
conducts = st.sampled_from([PLAIN, PLAIN, Conduct(after_cut=AfterCut.DROP)])
turns = st.sampled_from([0, 0, -1])
zones = st.sampled_from(["all", "Thôn 1", "Thôn 2", "Thôn 1, Thôn 2"])


@st.composite
def plans(draw) -> list[Occurrence]:
    """Any plan, overlapping as it likes, of ten minutes round 05:00."""
    count = draw(st.integers(1, 6))
    made = []
    for n in range(count):
        starts_at = at("05:00") + timedelta(seconds=draw(st.integers(0, 600)))
        ends_at = starts_at + timedelta(seconds=draw(st.integers(1, 300)))
        waits_ms = draw(st.sampled_from([0, 0, 5_000, 600_000]))
        more = {"zone": draw(zones), "bulletin_class": draw(classes), "waits_ms": waits_ms, "turn": draw(turns)}
        more |= {"conduct": draw(conducts), "kind": draw(st.sampled_from([Kind.OWN, Kind.OWN, Kind.FILLER]))}
        made.append(Occurrence(f"o{n}", f"o{n}", starts_at, ends_at, **more))
    return made


happenings = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0, 0.25, 0.7, 1, 3, 10, 61, 300])),
    st.tuples(st.just("step"), st.sampled_from([-3_600, -200, -30, -0.4, -0.05, 0.05, 0.4, 30, 200, 3_600])),
    st.tuples(st.just("stop"), st.sampled_from([None, 20, 200])),
    st.tuples(st.just("resume"), st.just(0)),
    st.tuples(st.just("trust"), st.sampled_from([ClockQuality.NONE, ClockQuality.SAVED])),
)


def happen(shell: Shell, what: str, how) -> None:
    if what == "step":
        shell.wall_ns += round(how * NS_PER_S)
    elif what == "stop":
        until = None if how is None else shell.situation.reading.wall + timedelta(seconds=how)
        shell.stopped = Stopped("NN", "why", until)
    elif what == "resume":
        shell.stopped = None
    elif what == "trust":
        shell.quality = how


@settings(max_examples=300, deadline=None)
@given(plans(), st.lists(happenings, max_size=40), st.sampled_from([(), ((time(5, 3), time(5, 5)),)]))
def test_whatever_happens_one_thing_sounds_a_zone_and_no_moment_of_a_slot_sounds_twice(plan, story, quiet):
    shell = Shell.at("04:59:55", plan, guards=Guards(quiet))
    for what, how in story:
        happen(shell, what, how)
        before, dropped = shell.situation, set(shell.dropped)
        commands = shell.tick(how if what == "wait" else 0.25)
        check_commands(replace(shell.situation, playing=(), closed=shell.closed | dropped), before, commands)
        check_sound(shell)
        check_that_asking_again_says_nothing(shell)
    for _ in range(3):
        shell.tick(400)
    check_account(shell)


@settings(max_examples=40, deadline=None)
@given(plans())
def test_at_every_moment_of_a_crowded_morning_the_highest_sounds_and_nothing_twice(plan):
    shell = Shell.at("04:59:55", plan)
    while datetime_of(shell.wall_ns) < at("05:15"):
        shell.tick(2.5)
        check_sound(shell)
        check_that_the_highest_sounds(shell)
    check_account(shell)


def check_commands(now, before, commands) -> None:
    for c in commands:
        is_emergency = c.occurrence.precedence >= LIVE_PRECEDENCE
        if isinstance(c, Start):
            assert c.occurrence.id not in now.closed
            assert c.at_ns >= now.reading.boottime_ns
            assert 0 <= c.offset_ns <= c.occurrence.planned_ms * NS_PER_MS - agenda.MIN_REST_NS
            assert now.reading.quality.plays or c.occurrence.id in now.pinned
            wall = [datetime_of(ns + now.reading.offset_ns) for ns in (c.at_ns, c.anchor_ns)]
            ends = wall[1] + (c.occurrence.ends_at - c.occurrence.starts_at)
            assert is_emergency or not list(stretches(now.guards.quiet, wall[0], ends))
            if now.stopped and not is_emergency:
                assert now.stopped.until is not None
                assert wall[0] >= now.stopped.until - timedelta(microseconds=1)
        if isinstance(c, Miss):
            assert now.reading.quality.plays
            assert c.occurrence.id not in before.missed
            assert c.occurrence.id not in now.pinned


def check_sound(shell: Shell) -> None:
    for one, other in itertools.combinations(shell.playing, 2):
        if zones_meet(one.occurrence.zone, other.occurrence.zone) and one.starts_ns < one.ends_ns:
            spans = [(p.starts_ns, p.ends_ns) for p in (one, other) if p.starts_ns < p.ends_ns]
            assert not overlapping(spans)
    ids = [p.occurrence.id for p in shell.playing]
    assert len(ids) == len(set(ids))


def check_that_the_highest_sounds(shell: Shell) -> None:
    """Of what could sound at this instant, alone, nothing is above all that has its place; nothing dropped sounds."""
    now_ns = shell.boottime_ns
    playing = [p.occurrence for p in shell.playing if p.starts_ns <= now_ns < p.ends_ns]
    for start in agenda.decide(shell.plan, replace(shell.situation, playing=()), lookahead_ns=0):
        rival = start.occurrence
        holders = [one for one in playing if zones_meet(rival.zone, one.zone)]
        assert not holders or rival.precedence <= max(one.precedence for one in holders)
    assert not {p.occurrence.id for p in shell.playing if p.starts_ns > now_ns} & shell.dropped


def check_that_asking_again_says_nothing(shell: Shell) -> None:
    assert agenda.decide(shell.plan, shell.situation, shell.lookahead_ns) == []


def check_account(shell: Shell) -> None:
    missed = {c.occurrence.id for c in shell.said if isinstance(c, Miss)}
    assert len(missed) == sum(isinstance(c, Miss) for c in shell.said)
    for occurrence_id in {p.occurrence.id for p in shell.heard}:
        mine = [p for p in shell.heard if p.occurrence.id == occurrence_id]
        assert len({p.anchor_ns for p in mine}) == 1
        assert not overlapping((p.starts_ns - p.anchor_ns, p.ends_ns - p.anchor_ns) for p in mine)
        assert all(p.ends_ns - p.anchor_ns <= p.occurrence.planned_ms * NS_PER_MS for p in mine)


@st.composite
def tidy_plans(draw) -> list[Occurrence]:
    """Items that follow one another, with or without gaps: what a checked timetable gives."""
    made, start = [], at("05:00")
    for n in range(draw(st.integers(1, 6))):
        start += timedelta(seconds=draw(st.sampled_from([0, 0, 1, 2, 59])))
        ends = start + timedelta(seconds=draw(st.integers(2, 90)))
        made.append(Occurrence(f"o{n}", f"o{n}", start, ends, bulletin_class=draw(classes)))
        start = ends
    return made


@settings(max_examples=60, deadline=None)
@given(tidy_plans(), st.sampled_from([0.1, 0.25, 0.9]))
def test_an_undisturbed_day_sounds_exactly_as_planned(plan, tick_s):
    shell = Shell.at("04:59:50", plan)
    offset_ns = shell.wall_ns - shell.boottime_ns
    while datetime_of(shell.wall_ns) < plan[-1].ends_at + timedelta(seconds=1):
        shell.tick(tick_s)
    heard = [(p.occurrence.id, *(datetime_of(ns + offset_ns) for ns in (p.starts_ns, p.ends_ns))) for p in shell.heard]
    assert heard == [(o.id, o.starts_at, o.ends_at) for o in plan]
    assert len(shell.said) == len(plan)


def test_stop_and_start_of_the_same_content_are_different_values():
    one = occurrence("05:00", 1)
    assert Stop(one, Cause.MISSED, 0) != Start(one, 0, 0)
