"""The desk's day: what it starts, stops and books, with a player that behaves and a real journal."""

from datetime import timedelta

import pytest

from audio.events import CardBack, CardLost, EndCause, Ended
from audio.fallback import Trouble
from audio.relay import Sounding
from firmware_py.playout.relay_news import RelayNews
from scheduler.book import id_of
from scheduler.clock import NS_PER_MS, NS_PER_S, ClockQuality
from scheduler.occurrence import Kind
from telemetry.facts import LEARN_LEVEL, Fact
from telemetry.journal import PlayoutReader
from tests.firmware_py.desk_day import FIVE, HOUR, Day


@pytest.fixture
def day(tmp_path):
    made = Day(tmp_path)
    made.load((FIVE, "Bản tin sáng", 30, "sang.mp3"))
    return made


def test_a_programme_begins_and_ends_on_its_instants_and_is_booked(day):
    day.pass_time(31 * 60)
    began, ended = day.facts(Fact.BEGAN, Fact.ENDED)
    assert began.detail["wanted_ns"] == began.detail["anchor_ns"] == 1_010 * NS_PER_S
    assert (ended.detail["cause"], ended.detail["frames"]) == ("planned_end", 30 * 60 * 48_000)


def test_a_relays_news_are_booked_and_its_loss_is_a_condition_told_once(day):
    def relayed(link, lost, trouble=None):
        sounding = Sounding(link, f"link {link}", day.boottime_ns, lost, trouble)
        day.desk.relayed(RelayNews("it", "chain:vov1", sounding, changed=bool(link), lost=lost), day.reading)

    for news in ((0, None), (0, False), (1, True, Trouble("silence", "")), (2, True), (0, False)):
        relayed(*news)
    facts = day.facts(Fact.SOURCE_CHANGED)
    assert [(f.occurrence_id, f.detail["link"], f.detail["why"]) for f in facts] == [
        ("it", 1, "silence"),
        ("it", 2, ""),
    ]
    conditions = PlayoutReader(day.folder / "playout.db").conditions_since(0)
    lost = [condition for _, condition in conditions if condition.code == "source_lost"]
    assert [c.bad for c in lost] == [True, False]
    assert {c.target for c in lost} == {"chain:vov1"}
    assert lost[0].evidence == {"occurrence": "it", "why": "silence", "said": ""}


@pytest.mark.parametrize("step", [HOUR, -HOUR, timedelta(days=365), -timedelta(days=365)])
def test_a_clock_step_in_mid_programme_neither_cuts_nor_repeats_it(day, step):
    day.pass_time(600)
    day.step_clock(step)
    day.pass_time(2 * 3_600)
    first = [f for f in day.facts(Fact.BEGAN, Fact.ENDED) if f.occurrence_id.startswith("2026-11-23")]
    assert [fact.kind for fact in first] == [Fact.BEGAN, Fact.ENDED]
    assert first[1].detail["frames"] == 30 * 60 * 48_000
    (moved,) = day.facts(Fact.CLOCK_MOVED)
    assert moved.detail["to_wall_ns"] - moved.detail["from_wall_ns"] == int(step.total_seconds()) * NS_PER_S


def test_what_begins_says_what_its_file_holds(day):
    day.pass_time(20)
    (began,) = day.facts(Fact.BEGAN)
    assert (began.detail["content"], began.detail["content_ms"]) == ("of sang.mp3", 30 * 60_000)


def test_after_a_crash_the_programme_is_joined_at_its_place(day):
    day.pass_time(60)
    day.crash()
    day.pass_time(5)
    (cue,) = day.player.cues.values()
    assert cue.offset_ms == 50_000
    assert cue.end_ns == (1_010 + 1_800) * NS_PER_S


def test_after_a_crash_and_a_clock_set_back_it_is_still_joined_where_it_was(day):
    day.pass_time(60)
    day.step_clock(-HOUR)
    day.crash()
    day.pass_time(2 * 3_600)
    begans = [f for f in day.facts(Fact.BEGAN) if f.occurrence_id.startswith("2026-11-23T0500")]
    assert [f.detail["offset_ms"] for f in begans] == [0, 50_000]


def test_a_stop_silences_until_its_end_and_then_the_programme_is_joined(day):
    day.pass_time(60)
    day.ask("stop", why="đám tang", until=(FIVE + timedelta(minutes=5)).isoformat())
    day.pass_time(600)
    ended = day.facts(Fact.ENDED)
    assert [fact.detail["cause"] for fact in ended] == ["stopped_by"]
    assert [f.detail["offset_ms"] for f in day.facts(Fact.BEGAN)] == [0, 300_000]
    (stopped,) = day.facts(Fact.STOPPED)
    assert (stopped.detail["by"], stopped.detail["why"]) == ("Lan", "đám tang")


def test_a_clock_that_nobody_trusted_is_trusted_again_after_a_restart_with_a_right_one(day):
    day.quality = ClockQuality.NONE
    day.pass_time(1)
    day.journal.commit()
    reader = PlayoutReader(day.folder / "playout.db")
    assert [c.code for c in reader.open_conditions()] == ["clock_untrusted"]
    day.quality = ClockQuality.NTP
    day.crash()
    day.pass_time(1)
    day.journal.commit()
    assert reader.open_conditions() == []


def test_a_stop_outlives_a_crash(day):
    day.ask("stop", why="", until=None)
    day.pass_time(20)
    day.crash()
    day.pass_time(30 * 60)
    assert day.facts(Fact.BEGAN) == []
    assert [fact.detail["cause"] for fact in day.facts(Fact.MISSED)] == ["stopped_by"]


def test_a_word_to_learn_the_level_anew_is_booked_for_the_ledger_and_stops_nothing(day):
    day.pass_time(60)
    day.ask("learn_level", why="thay củ loa")
    day.pass_time(30 * 60)
    (said,) = day.facts(Fact.COMMAND)
    assert said.detail == {"by": "Lan", "what": LEARN_LEVEL, "why": "thay củ loa"}
    assert [fact.detail["cause"] for fact in day.facts(Fact.ENDED)] == ["planned_end"]


def test_nothing_scheduled_plays_by_a_clock_nobody_trusts_and_what_is_due_is_joined_when_it_is(day):
    day.quality = ClockQuality.NONE
    day.pass_time(120)
    assert day.facts(Fact.BEGAN) == []
    day.quality = ClockQuality.NTP
    day.pass_time(10)
    (began,) = day.facts(Fact.BEGAN)
    assert began.detail["offset_ms"] == pytest.approx(110_000, abs=2_000)


def test_a_file_that_is_not_there_is_missed_with_its_cause_and_joined_if_it_comes(day):
    day.files.clear()
    day.pass_time(60)
    assert day.facts(Fact.BEGAN) == []
    day.files.add("sang.mp3")
    day.pass_time(5)
    assert len(day.facts(Fact.BEGAN)) == 1


def test_a_file_that_was_missing_is_missed_aloud_again_when_it_is_missing_again(day):
    day.files.clear()
    day.pass_time(31 * 60)
    day.files.add("sang.mp3")
    day.pass_time(24 * 3_600)
    day.files.clear()
    day.pass_time(24 * 3_600)
    day.journal.commit()
    conditions = PlayoutReader(day.folder / "playout.db").conditions_since(0)
    assert [c.bad for _, c in conditions if c.code == "source_missing"] == [True, False, True]


def test_a_missing_file_that_no_timetable_names_any_more_is_no_fault(day):
    day.pass_time(1)
    day.load((FIVE, "Bản tin sáng", 30, "sai.mp3"))
    day.pass_time(20)
    day.load((FIVE, "Bản tin sáng", 30, "sang.mp3"))
    day.pass_time(20)
    day.desk.remind(day.files.__contains__, day.reading)
    day.journal.commit()
    conditions = PlayoutReader(day.folder / "playout.db").conditions_since(0)
    said = [(c.target, c.bad) for _, c in conditions if c.code == "source_missing"]
    assert said == [("sai.mp3", True), ("sai.mp3", False)]


def test_a_wrong_files_name_can_be_corrected_while_its_slot_runs(day):
    day.load((FIVE + HOUR, "Trưa", 30, "sai.mp3"))
    day.pass_time(3_600 + 60)
    day.load((FIVE + HOUR, "Trưa", 30, "sang.mp3"))
    day.pass_time(30)
    (began,) = day.facts(Fact.BEGAN)[-1:]
    assert began.occurrence_id == "2026-11-23T0600-trua"
    day.crash()
    day.pass_time(5)
    assert "2026-11-23T0600-trua" in day.player.begun


def test_a_file_that_never_comes_is_a_miss_and_a_fault(day):
    day.files.clear()
    day.pass_time(31 * 60)
    assert [fact.detail["cause"] for fact in day.facts(Fact.MISSED)] == ["source_missing"]
    conditions = PlayoutReader(day.folder / "playout.db").open_conditions()
    assert [(c.code, c.target) for c in conditions] == [("source_missing", "sang.mp3")]


def test_a_persons_play_takes_the_air_and_the_programme_is_joined_again(day):
    day.pass_time(60)
    day.ask("play", source="sang.mp3", duration_ms=30_000, why="mưa bão")
    day.pass_time(120)
    facts = day.facts(Fact.BEGAN, Fact.ENDED)
    scheduled = [(f.kind, f.detail.get("cause")) for f in facts if "ban-tin" in f.occurrence_id]
    assert scheduled == [(Fact.BEGAN, None), (Fact.ENDED, "pre_empted"), (Fact.BEGAN, None)]
    asked = [(f.kind, f.detail.get("cause")) for f in facts if "phat-ngay" in f.occurrence_id]
    assert asked == [(Fact.BEGAN, None), (Fact.ENDED, "planned_end")]


def test_the_end_of_what_was_only_cued_is_no_fact_of_a_programme_and_no_miss_of_it(day):
    day.pass_time(8)  # cued, two seconds ahead
    (cued,) = day.player.cues
    day.desk.handle(Ended(cued, day.boottime_ns, 0, EndCause.SHUTDOWN), day.reading)
    day.pass_time(4)
    day.ask("stop")
    day.ask("resume")
    day.desk.handle(Ended(cued, day.boottime_ns, 1, EndCause.STOPPED), day.reading)
    day.desk.handle(Ended(cued, day.boottime_ns, 0, EndCause.SHUTDOWN), day.reading)
    assert [fact.kind for fact in day.facts(Fact.BEGAN, Fact.ENDED, Fact.MISSED)] == [Fact.BEGAN, Fact.ENDED]


def test_a_new_timetable_does_not_touch_what_runs(day):
    day.pass_time(60)
    day.load((FIVE + HOUR, "Khác", 10, "sang.mp3"))
    day.pass_time(30 * 60)
    ended = day.facts(Fact.ENDED)
    assert [f.detail["cause"] for f in ended] == ["planned_end"]


def test_a_dropped_timetable_is_planned_no_more_and_what_it_began_plays_out(day):
    day.pass_time(60)
    (held,) = day.desk.plan.timetables.timetables
    day.ask("drop_timetable", id=id_of(held))
    day.ask("drop_timetable", id=id_of(held))  # it is gone already: no harm
    day.pass_time(30 * 60)
    assert [f.detail["cause"] for f in day.facts(Fact.ENDED)] == ["planned_end"]
    assert [o.starts_at for o in day.desk.plan.occurrences] == [FIVE]
    assert day.journal.timetables() == {"version": 1, "timetables": []}


def test_a_request_that_cannot_be_carried_out_is_refused_with_its_reason(day):
    assert "unknown" in day.desk.request("1", "dance", "Lan", {}, day.reading)
    assert "timetable" in day.desk.request("2", "timetable", "Lan", {"timetable": {"slots": []}}, day.reading)
    assert day.desk.request("3", "play", "Lan", {"source": "x"}, day.reading)


@pytest.mark.parametrize(
    "until",
    [
        *("9999-12-31T23:59:59", "9999-12-31T23:59:59+07:00", "9999-12-31T23:59:59-12:00", "2027-12-01T05:00:00+07:00"),
        *("2026-11-23T06:00:00", 7),
    ],
)
@pytest.mark.parametrize("quality", [ClockQuality.NTP, ClockQuality.NONE])
def test_a_stop_until_an_instant_that_no_journal_can_hold_is_refused_and_the_day_goes_on(day, until, quality):
    day.quality = quality
    refusal = day.desk.request("1", "stop", "Lan", {"until": until, "why": ""}, day.reading)
    assert (refusal is None) == (quality is ClockQuality.NONE and until == "2027-12-01T05:00:00+07:00")
    day.pass_time(5)


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("play", {"source": "sang.mp3", "duration_ms": 5_000}),
        ("live_start", {"source": "mic:phong-thu", "duration_ms": 5_000}),
    ],
)
def test_what_was_asked_for_now_is_refused_when_nobody_heard_it_for_a_minute(day, command, body):
    def given(seconds_ago):
        return body | {"at": (day.reading.wall - timedelta(seconds=seconds_ago)).isoformat()}

    assert "too long ago" in day.desk.request("1", command, "Lan", given(61), day.reading)
    assert day.desk.request("2", command, "Lan", given(59), day.reading) is None
    day.quality = ClockQuality.NONE
    assert day.desk.request("3", command, "Lan", given(9_000), day.reading) is None


def alert_body(alert="a", **changed):
    body = {"alert": f"ubnd,{alert},2026-11-23T05:00:00+07:00", "title": "Bão số 9", "source": "bao.flac"}
    return body | {"duration_ms": 15_300, "class": "emergency", "expires_at": "2026-11-23T06:00:00+07:00"} | changed


def test_an_alert_is_cued_at_once_whole_and_the_programme_goes_on_after_it(day):
    day.files.add("bao.flac")
    day.pass_time(60.1)
    day.ask("alert", **alert_body())
    (cue,) = [cue for id, cue in day.player.cues.items() if "canh-bao" in id]
    assert cue.start_ns - day.boottime_ns < NS_PER_S // 2
    assert (cue.offset_ms, cue.end_ns - cue.start_ns) == (0, 15_300 * NS_PER_MS)
    day.pass_time(30)
    ends = [(f.detail["cause"]) for f in day.facts(Fact.ENDED)]
    assert ends == ["pre_empted", "planned_end"]
    assert len(day.facts(Fact.BEGAN)) == 3


@pytest.mark.parametrize(("command", "cause"), [("alert", "pre_empted"), ("stop", "stopped_by")])
def test_what_was_cued_and_then_never_had_its_turn_is_missed_with_its_cause(day, command, cause):
    day.files.add("bao.flac")
    day.pass_time(1)
    day.load((FIVE, "Bản tin sáng", 1, "sang.mp3"))
    day.pass_time(7.5)
    assert day.player.cues
    day.ask(command, **alert_body(duration_ms=90_000) if command == "alert" else {"why": ""})
    day.pass_time(120)
    missed = [f.detail["cause"] for f in day.facts(Fact.MISSED) if f.occurrence_id.endswith("ban-tin-sang")]
    assert missed == [cause]


def test_an_alert_just_before_a_programmes_start_is_not_cut_by_it(day):
    day.files.add("bao.flac")
    day.pass_time(8.5)  # the programme is cued
    assert [cue.start_ns for cue in day.player.cues.values()] == [1_010 * NS_PER_S]
    day.ask("alert", **alert_body())
    day.pass_time(30)
    ends = [(f.occurrence_id[-10:], f.detail["cause"]) for f in day.facts(Fact.ENDED)]
    assert [cause for _, cause in ends] == ["planned_end"]
    (alert, programme) = day.facts(Fact.BEGAN)
    assert alert.detail["sink_ns"] < 1_010 * NS_PER_S
    assert programme.detail["sink_ns"] - alert.detail["sink_ns"] == 15_300 * NS_PER_MS


def test_the_same_alert_twice_and_after_a_crash_sounds_once(day):
    day.files.add("bao.flac")
    day.pass_time(60)
    day.ask("alert", **alert_body())
    day.pass_time(20)
    day.ask("alert", **alert_body())
    day.crash()
    day.ask("alert", **alert_body())
    day.pass_time(20)
    assert len([f for f in day.facts(Fact.BEGAN) if "canh-bao" in f.occurrence_id]) == 1


def test_a_cancelled_alert_ends_and_one_that_waits_never_begins_also_after_a_crash(day):
    day.files.add("bao.flac")
    day.pass_time(60)
    day.ask("alert", **alert_body("a", duration_ms=60_000))
    day.pass_time(2)
    day.ask("alert", **alert_body("b"))
    day.ask("cancel_alerts", alerts=[alert_body(x)["alert"] for x in "ab"], why="hết bão")
    day.pass_time(1)
    day.crash()
    day.pass_time(120)
    causes = [f.detail["cause"] for f in day.facts(Fact.ENDED, Fact.MISSED) if "canh-bao" in f.occurrence_id]
    assert causes == ["cancelled", "cancelled"]
    assert len([f for f in day.facts(Fact.BEGAN) if "canh-bao" in f.occurrence_id]) == 1


def test_an_alert_that_is_cancelled_while_a_graver_one_has_its_place_is_not_joined_after_a_crash(day):
    day.files |= {"bao.flac", "lu.flac"}
    day.pass_time(1)
    day.ask("alert", **alert_body("a", duration_ms=60_000, **{"class": "priority"}))
    day.pass_time(10)
    day.ask("alert", **alert_body("b", source="lu.flac", duration_ms=20_000))
    day.pass_time(5)
    day.ask("cancel_alerts", alerts=[alert_body("a")["alert"]], why="hết bão")
    day.pass_time(1)
    day.crash()
    day.pass_time(60)
    assert [f.detail["content"] for f in day.facts(Fact.BEGAN)].count("of bao.flac") == 1


def test_an_update_takes_the_place_of_the_alert_it_replaces(day):
    day.files.add("bao.flac")
    day.ask("alert", **alert_body("a", duration_ms=60_000))
    day.pass_time(5)
    day.ask("alert", **alert_body("b", replaces=[alert_body("a")["alert"]]))
    day.pass_time(5)
    (first,) = day.facts(Fact.ENDED)
    assert first.detail["cause"] == "cancelled"
    assert sum("canh-bao" in id for id in day.player.begun) == 1


def test_between_an_alert_and_its_update_nothing_else_is_heard_for_a_moment(day):
    day.files.add("bao.flac")
    day.pass_time(60)
    day.ask("alert", **alert_body("a", duration_ms=60_000))
    day.pass_time(5)
    day.ask("alert", **alert_body("b", replaces=[alert_body("a")["alert"]]))
    day.pass_time(30)
    assert [f.detail["content"] for f in day.facts(Fact.BEGAN)] == [
        "of sang.mp3",
        *["of bao.flac"] * 2,
        "of sang.mp3",
    ]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"expires_at": "2026-11-23T04:59:00+07:00"}, "expired"),
        ({"class": "normal"}, "scheduled"),
        ({"class": "loud"}, "loud"),
        ({"duration_ms": 0}, "ms"),
        ({"title": ""}, "text"),
        ({"source": 5}, "text"),
        ({"alert": "x" * 501}, "text"),
    ],
)
def test_an_alert_that_cannot_be_aired_is_refused_with_its_reason(day, changed, why):
    assert why in day.desk.request("1", "alert", "mqtt", alert_body(**changed), day.reading)
    assert not day.facts(Fact.COMMAND)


def wait_for_their_turn(day, *names):
    day.files |= {f"{name}.flac" for name in names}
    for n, name in enumerate(names):
        day.ask("alert", **alert_body(name, title=name, source=f"{name}.flac", **{"class": "priority"}))
        day.pass_time(1 if n else 5)


def aired(day):
    programmes = {o.id: o.programme for o in day.desk.plan.occurrences}
    return [programmes[fact.occurrence_id] for fact in day.facts(Fact.BEGAN)]


@pytest.mark.parametrize("crash", [False, True])
def test_priority_bulletins_that_wait_are_aired_in_the_order_a_person_gives_them(day, crash):
    wait_for_their_turn(day, "a", "b", "c", "d")
    waiting = day.desk.waiting(day.reading)
    assert [o.programme for o in waiting] == ["b", "c", "d"]
    day.ask("arrange", ids=[waiting[2].id, "gone", waiting[0].id], why="gấp")
    assert [o.programme for o in day.desk.waiting(day.reading)] == ["d", "b", "c"]
    if crash:
        day.crash()
        assert [o.programme for o in day.desk.waiting(day.reading)] == ["d", "b", "c"]
    day.pass_time(80)
    assert aired(day)[-4:] == ["d", "b", "c", "Bản tin sáng"]
    said = [fact.detail for fact in day.facts(Fact.COMMAND) if fact.detail["what"] == "arrange"]
    assert said == [{"by": "Lan", "what": "arrange", "why": "gấp", "ids": [waiting[2].id, waiting[0].id]}]


def test_alerts_that_come_within_one_second_are_heard_in_the_order_they_came(day):
    names = [f"{n}.flac" for n in range(8)]
    day.files |= set(names)
    day.pass_time(1)
    for name in names:
        day.ask("alert", **alert_body(name, source=name, duration_ms=5_000))
        day.boottime_ns, day.wall_ns = day.boottime_ns + 3 * NS_PER_MS, day.wall_ns + 3 * NS_PER_MS
    day.pass_time(58)
    began = [f.detail["content"] for f in day.facts(Fact.BEGAN)]
    assert began[: len(names)] == [f"of {name}" for name in names]


def test_what_is_arranged_again_forgets_the_order_of_before(day):
    wait_for_their_turn(day, "a", "b", "c")
    b, c = day.desk.waiting(day.reading)
    day.ask("arrange", ids=[c.id], why="")
    day.pass_time(0.25)
    day.ask("arrange", ids=[b.id], why="")
    assert [(o.programme, o.turn) for o in day.desk.waiting(day.reading)] == [("b", -1), ("c", 0)]


def test_a_persons_play_may_wait_for_its_turn(day):
    day.files |= {"x.mp3"}
    wait_for_their_turn(day, "a", "b")
    day.ask("play", source="x.mp3", duration_ms=5_000, why="", waits_ms=3_600_000)
    day.pass_time(60)
    assert aired(day)[:3] == ["a", "b", "x.mp3"]
    assert day.desk.request("9", "play", "Lan", {"source": "x", "duration_ms": 1, "waits_ms": -1}, day.reading)


def test_that_somebody_listened_to_a_notice_is_booked(day):
    day.ask("heard", source="moi.wav", why="")
    (said,) = day.facts(Fact.COMMAND)
    assert said.detail == {"by": "Lan", "what": "heard moi.wav", "why": ""}


def test_an_alert_sounds_though_nobody_trusts_the_clock(day):
    day.files.add("bao.flac")
    day.quality = ClockQuality.NONE
    day.ask("alert", **alert_body(expires_at="2020-01-01T00:00:00+07:00"))
    day.pass_time(20)
    assert [f.detail["cause"] for f in day.facts(Fact.ENDED)] == ["planned_end"]


def test_a_second_alert_is_heard_whole_too_though_nobody_trusts_the_clock(day):
    day.quality = ClockQuality.NONE
    day.pass_time(1)
    day.files |= {"bao.flac", "lu.flac"}
    day.ask("alert", **alert_body())
    day.pass_time(5)
    day.ask("alert", **alert_body("b", source="lu.flac"))
    day.pass_time(120)
    heard = [(f.detail["offset_ms"], f.detail["content"]) for f in day.facts(Fact.BEGAN)]
    assert heard == [(0, "of bao.flac"), (0, "of lu.flac")]


def test_live_takes_the_air_until_it_is_ended_and_was_planned_for_no_longer(day):
    day.files.add("mic:ban")
    day.pass_time(60)
    day.ask("live_start", source="mic:ban", duration_ms=3_600_000, why="lũ")
    day.pass_time(62)
    day.ask("live_stop")
    day.pass_time(5)
    (live,) = [o for o in day.desk.plan.occurrences if "truc-tiep" in o.id]
    assert (live.kind, live.planned_ms) == (Kind.LIVE, 61_000)
    ends = [f for f in day.facts(Fact.ENDED) if f.occurrence_id == live.id]
    assert [f.detail["cause"] for f in ends] == ["cancelled"]
    assert 61_000 <= ends[0].detail["frames"] / 48 < 62_000
    assert len(day.facts(Fact.BEGAN)) == 3
    (row,) = [r for r in PlayoutReader(day.folder / "playout.db").plan_since(0) if r.occurrence.id == live.id]
    assert row.occurrence.planned_ms == 61_000


def test_the_end_of_a_live_programme_ends_nothing_that_is_only_called_so(day):
    day.load((FIVE, "Trực tiếp họp hội đồng", 30, "sang.mp3"))
    day.pass_time(5)
    day.ask("live_stop", why="")
    day.pass_time(60)
    assert day.player.begun
    assert day.facts(Fact.MISSED, Fact.ENDED) == []


def test_a_live_programme_that_is_ended_before_it_begins_is_cancelled_and_blames_no_card(day):
    day.ask("live_start", source="mic:a", duration_ms=60_000)
    day.ask("live_stop", why="")
    day.pass_time(20)
    assert [f.detail["cause"] for f in day.facts(Fact.MISSED)] == ["cancelled"]


def test_a_live_programme_that_is_ended_while_an_alert_has_its_place_was_planned_for_no_longer(day):
    day.files |= {"mic:a", "bao.flac"}
    day.pass_time(1)
    day.ask("live_start", source="mic:a", duration_ms=3_600_000)
    day.pass_time(30)
    day.ask("alert", **alert_body(duration_ms=20_000))
    day.pass_time(10)
    day.ask("live_stop", why="")
    day.pass_time(60)
    (live,) = [o for o in day.desk.plan.occurrences if "truc-tiep" in o.id]
    assert live.planned_ms == pytest.approx(39_000, abs=1_500)
    assert [f.detail["cause"] for f in day.facts(Fact.ENDED) if f.occurrence_id == live.id] == ["pre_empted"]


def test_a_forgotten_live_ends_by_its_limit(day):
    day.files.add("mic:ban")
    day.ask("live_start", source="mic:ban", duration_ms=120_000)
    day.pass_time(200)
    assert [f.detail["cause"] for f in day.facts(Fact.ENDED) if "truc-tiep" in f.occurrence_id] == ["planned_end"]


def test_what_has_no_file_yet_is_told_the_evening_before_until_the_file_is_there(day):
    day.pass_time(1)
    day.load((FIVE + 2 * HOUR, "Tin chiều", 10, "chieu.mp3"), (FIVE - HOUR, "Tin sớm", 10, "som.mp3"))
    told = day.desk.book.conditions.bad
    day.desk.remind(day.files.__contains__, day.reading)
    assert told() == {("awaiting_content", "chieu.mp3")}
    day.files.add("chieu.mp3")
    day.desk.remind(day.files.__contains__, day.reading)
    assert told() == set()
    day.pass_time(13.2 * 3_600)
    day.desk.remind(day.files.__contains__, day.reading)
    assert told() == {("awaiting_content", "som.mp3")}


def test_a_card_that_was_lost_when_the_box_went_down_is_told_as_back_by_the_next_process(day):
    day.desk.handle(CardLost(day.boottime_ns, "unplugged"), day.reading)
    day.crash()
    assert not day.desk.card_ok
    day.desk.handle(CardBack(day.boottime_ns), day.reading)
    day.journal.commit()
    assert PlayoutReader(day.folder / "playout.db").open_conditions() == []
