"""What becomes of programmes that are too long, too short, not there, or cut: the desk's part of their rules."""

from datetime import time

import pytest

from scheduler.clock import NS_PER_S
from scheduler.conduct import PLAIN, AfterCut, Conduct, EndRule
from scheduler.guards import Guards
from scheduler.occurrence import Kind
from scheduler.timetable import EVERY_DAY, Item, Slot
from telemetry.facts import Fact
from telemetry.journal import PlayoutReader
from tests.firmware_py.desk_day import FIVE, Day

FINISH = Conduct(EndRule.FINISH, 60_000)
FILL = Conduct(EndRule.FILL)
DROP = Conduct(after_cut=AfterCut.DROP)


def slot(clock, minutes, title, conduct=PLAIN, session="Sáng", source="", **more):
    item = Item(title, minutes * 60_000, source=source or f"{title}.mp3", conduct=conduct, **more)
    return Slot(EVERY_DAY, time.fromisoformat(clock), item, session=session)


def day_of(folder, *slots, lasts_ms=(), **more):
    day = Day(folder, **more)
    day.files |= {s.item.source for s in slots} | {""}
    day.lasts_ms |= {s.item.source: s.item.duration_ms for s in slots} | dict(lasts_ms)
    day.plan(*slots)
    return day


def heard(day):
    """Programme → [(from, to)] in seconds after five, as the facts tell it; an end by its cause."""
    zero_ns, found = day.boottime_ns - (day.wall_ns - int(FIVE.timestamp()) * NS_PER_S), {}
    programmes = {o.id: o.programme for o in day.desk.plan.occurrences}
    for fact in day.facts(Fact.BEGAN, Fact.ENDED):
        at_s = round((fact.detail["sink_ns"] - zero_ns) / NS_PER_S, 3)
        if fact.kind is Fact.BEGAN:
            found.setdefault(programmes[fact.occurrence_id], []).append(at_s)
        else:
            found[programmes[fact.occurrence_id]][-1] = (
                found[programmes[fact.occurrence_id]][-1],
                at_s,
                fact.detail["cause"],
            )
    return found


def planned(day):
    """Programme → (start, end) in seconds after five, as the journal has it."""
    day.journal.commit()
    rows = PlayoutReader(day.folder / "playout.db").plan_since(0)
    today = [r.occurrence for r in rows if r.withdrawn_by is None and r.occurrence.starts_at.date() == FIVE.date()]
    return {o.programme: tuple((at - FIVE).total_seconds() for at in (o.starts_at, o.ends_at)) for o in today}


def test_what_is_a_little_too_long_is_played_to_its_end_and_its_session_moves_on(tmp_path):
    day = day_of(
        tmp_path,
        slot("05:00", 10, "a", FINISH),
        slot("05:10", 5, "b"),
        slot("05:16", 5, "c"),
        lasts_ms={"a.mp3": 620_500},
    )
    day.pass_time(22 * 60)
    assert heard(day) == {
        "a": [(0, 620.5, "planned_end")],
        "b": [(620.5, 920.5, "planned_end")],
        "c": [(960, 1260, "planned_end")],
    }
    assert planned(day) == {"a": (0, 620.5), "b": (620.5, 920.5), "c": (960, 1260)}
    a, b, c = (o for o in day.desk.plan.occurrences if o.starts_at.date() == FIVE.date())
    assert [(o.moved_ms, o.longer_ms) for o in (a, b, c)] == [(0, 20_500), (20_500, 0), (0, 0)]


@pytest.mark.parametrize(
    ("second", "lasts_ms", "why"),
    [
        (slot("05:10", 5, "b"), 660_500, "longer than the grace"),
        (slot("05:10", 5, "b", session="Trưa"), 620_000, "another session"),
        (slot("05:10", 5, "b", session=""), 620_000, "no session"),
        (slot("05:10", 5, "b", kind=Kind.RELAY, source="http://a/b"), 620_000, "a relay begins at its time"),
        (slot("05:10", 5, "b", kind=Kind.LIVE, source="mic:a"), 620_000, "so does a person"),
    ],
)
def test_where_it_cannot_be_played_to_its_end_it_is_cut_as_any_other(tmp_path, second, lasts_ms, why):
    day = day_of(tmp_path, slot("05:00", 10, "a", FINISH), second, lasts_ms={"a.mp3": lasts_ms})
    day.pass_time(16 * 60)
    assert heard(day)["a"] == [(0, 600, "planned_end")], why
    assert planned(day) == {"a": (0, 600), "b": (600, 900)}


def test_the_grace_ends_where_something_fixed_begins(tmp_path):
    fixed = slot("05:10:30", 5, "b", session="")
    day = day_of(tmp_path, slot("05:00", 10, "a", FINISH), fixed, lasts_ms={"a.mp3": 629_000})
    day.pass_time(12 * 60)
    assert heard(day)["a"] == [(0, 629, "planned_end")]


def test_nothing_is_played_into_quiet_hours_for_its_end(tmp_path):
    slots = slot("05:00", 10, "a", FINISH), slot("05:10", 5, "b")
    guards = Guards(((time(5, 15), time(6, 0)),))
    day = day_of(tmp_path, *slots, lasts_ms={"a.mp3": 620_000}, guards=guards)
    day.pass_time(16 * 60)
    assert heard(day) == {"a": [(0, 600, "planned_end")], "b": [(600, 900, "planned_end")]}


def test_what_was_moved_stays_moved_over_a_crash_a_new_timetable_and_midnight(tmp_path):
    slots = slot("05:00", 10, "a", FINISH), slot("05:10", 5, "b")
    day = day_of(tmp_path, *slots, lasts_ms={"a.mp3": 620_000})
    day.pass_time(120)
    day.crash()
    day.pass_time(60)
    day.plan(*slots, slot("06:00", 5, "c"))
    day.pass_time(16 * 60)
    assert [(o[0], o[2]) for o in heard(day)["b"]] == [(620, "planned_end")]
    assert planned(day) == {"a": (0, 620), "b": (620, 920), "c": (3600, 3900)}


def test_what_follows_what_was_moved_may_itself_be_played_to_its_end(tmp_path):
    day = day_of(
        tmp_path,
        slot("05:00", 10, "a", FINISH),
        slot("05:10", 5, "b", FINISH),
        slot("05:15", 5, "c"),
        lasts_ms={"a.mp3": 620_000, "b.mp3": 310_000},
    )
    day.pass_time(22 * 60)
    assert planned(day) == {"a": (0, 620), "b": (620, 930), "c": (930, 1230)}
    assert heard(day)["c"] == [(930, 1230, "planned_end")]


def test_what_is_too_short_is_followed_by_a_filler_and_both_are_booked_as_what_they_are(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a", FILL), slot("05:10", 5, "b"), lasts_ms={"a.mp3": 560_000})
    day.pass_time(16 * 60)
    assert heard(day) == {
        "a": [(0, 560, "source_short")],
        "Nhạc đệm": [(560, 600, "planned_end")],
        "b": [(600, 900, "planned_end")],
    }
    assert planned(day) == {"a": (0, 600), "Nhạc đệm": (560, 600), "b": (600, 900)}
    (filler,) = [o for o in day.desk.plan.occurrences if o.kind is Kind.FILLER]
    assert filler.id == "2026-11-23T0500-a-nhac-dem"


def test_a_pause_of_a_second_is_not_filled(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a", FILL), lasts_ms={"a.mp3": 599_000})
    day.pass_time(16 * 60)
    assert heard(day) == {"a": [(0, 599, "source_short")]}


def test_what_is_not_there_is_filled_until_it_comes_and_then_joined(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a", FILL))
    day.files.discard("a.mp3")
    day.pass_time(10 + 60)
    assert heard(day) == {"Nhạc đệm": [0]}
    day.files.add("a.mp3")
    day.pass_time(10 * 60)
    (joined,) = heard(day)["a"]
    assert joined[0] == pytest.approx(62, abs=3)
    assert joined[1:] == (600, "planned_end")
    assert [end[2] for end in heard(day)["Nhạc đệm"]] == ["pre_empted"]


def test_without_any_filler_the_day_goes_on_in_silence(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a", FILL), slot("05:10", 5, "b"), lasts_ms={"a.mp3": 560_000})
    day.files.discard("")
    day.pass_time(16 * 60)
    assert heard(day) == {"a": [(0, 560, "source_short")], "b": [(600, 900, "planned_end")]}
    assert [f.detail["cause"] for f in day.facts(Fact.MISSED)] == ["source_missing"]


def test_a_broken_file_is_missed_once_and_tried_ever_more_seldom(tmp_path):
    day = day_of(tmp_path, slot("05:00", 30, "a"), slot("05:30", 5, "b"))
    day.breaks_ms["a.mp3"] = 0
    tries = []
    day.desk.on_air.open_source = lambda occurrence, ms: (tries.append(ms), day.open_source(occurrence, ms))[1]
    day.pass_time(40 * 60)
    assert [f.detail["cause"] for f in day.facts(Fact.MISSED)] == ["source_failed"]
    assert 5 < len(tries) < 20
    assert [end[2] for end in heard(day)["b"]] == ["planned_end"]


def test_where_a_file_breaks_the_filler_takes_over(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a", FILL), slot("05:10", 5, "b"))
    day.breaks_ms["a.mp3"] = 240_000
    day.pass_time(16 * 60)
    assert heard(day)["a"] == [(0, 240, "source_failed")]
    begins, ends = heard(day)["Nhạc đệm"][0][0], heard(day)["Nhạc đệm"][-1][1]
    assert begins < 250
    assert ends == 600


def test_a_broken_filler_is_missed_with_that_cause_and_the_day_goes_on(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a", FILL), slot("05:10", 5, "b"), lasts_ms={"a.mp3": 300_000})
    day.breaks_ms[""] = 0
    day.pass_time(16 * 60)
    assert [end[2] for end in heard(day)["b"]] == ["planned_end"]
    assert [f.detail["cause"] for f in day.facts(Fact.MISSED)] == ["source_failed"]


def test_a_gap_within_a_session_is_filled_if_the_station_wants_it(tmp_path):
    slots = slot("05:00", 5, "a"), slot("05:06", 5, "b"), slot("05:20", 5, "c"), slot("05:25:30", 5, "d", session="")
    day = day_of(tmp_path, *slots, longest_gap_s=120)
    day.pass_time(32 * 60)
    assert heard(day)["Nhạc đệm"] == [(300, 360, "planned_end")]


def test_after_a_crash_in_a_filled_rest_the_filler_goes_on_and_the_programme_does_not_come_again(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a", FILL), lasts_ms={"a.mp3": 300_000})
    day.pass_time(10 + 400)
    day.crash()
    day.pass_time(300)
    assert [end[2] for end in heard(day)["a"]] == ["source_short"]
    assert heard(day)["Nhạc đệm"][-1][1:] == (600, "planned_end")


def test_after_a_crash_in_the_programme_its_rest_is_still_filled(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a", FILL), lasts_ms={"a.mp3": 300_000})
    day.pass_time(10 + 200)
    day.crash()
    day.pass_time(500)
    assert heard(day)["Nhạc đệm"] == [(300, 600, "planned_end")]
    assert planned(day)["Nhạc đệm"] == (300, 600)


def test_a_file_joined_behind_its_end_is_not_begun_again_and_again(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a"), lasts_ms={"a.mp3": 60_000})
    day.wall_ns += 200 * NS_PER_S
    day.pass_time(5)
    (id,) = day.player.cues or {"2026-11-23T0500-a"}
    assert id in day.desk.on_air.closed
    assert [f.detail["cause"] for f in day.facts(Fact.MISSED)] == ["source_short"]


@pytest.mark.parametrize("crash", [False, True])
def test_what_is_to_be_dropped_is_not_joined_after_what_cut_it(tmp_path, crash):
    day = day_of(tmp_path, slot("05:00", 10, "a", DROP), slot("05:10", 5, "b"))
    day.pass_time(10 + 100)
    day.ask("play", source="a.mp3", duration_ms=30_000, why="lũ")
    day.pass_time(60)
    if crash:
        day.crash()
    day.pass_time(16 * 60)
    (cut,) = heard(day)["a"]
    assert (cut[0], cut[2]) == (0, "dropped")
    assert [end[2] for end in heard(day)["b"]] == ["planned_end"]


def test_what_is_to_be_dropped_and_finds_its_place_taken_is_missed_with_that_cause(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a", DROP), slot("05:10", 5, "b"))
    day.ask("play", source="a.mp3", duration_ms=60_000, why="lũ")
    day.pass_time(10 * 60)
    assert "a" not in heard(day)
    assert [f.detail["cause"] for f in day.facts(Fact.MISSED)] == ["dropped"]


def test_what_is_to_be_dropped_is_dropped_also_when_it_was_already_cued(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a", DROP), slot("05:10", 5, "b"))
    day.pass_time(8.5)
    assert "2026-11-23T0500-a" in day.player.cues
    day.ask("play", source="a.mp3", duration_ms=60_000, why="lũ")
    day.pass_time(10 * 60)
    assert "a" not in heard(day)
    assert [f.detail["cause"] for f in day.facts(Fact.MISSED)] == ["dropped"]


def test_a_priority_item_whose_file_is_not_there_does_not_silence_what_sounds(tmp_path):
    day = day_of(tmp_path, slot("05:00", 10, "a"))
    day.pass_time(10 + 60)
    day.ask("play", source="khong-co.mp3", duration_ms=60_000, why="")
    day.pass_time(10 * 60)
    assert heard(day)["a"] == [(0, 600, "planned_end")]
