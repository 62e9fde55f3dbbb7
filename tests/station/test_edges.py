"""The edges of the account: every planned millisecond has a cause of its own, whatever the day does to a programme."""

import json
from datetime import datetime, timedelta

import pytest

from firmware_py.demo.rig import RigSettings
from scheduler.clock import STATION_TZ
from tests.station.station import RATE_HZ, Broadcast, adds_up, make_sound
from tests.support.journals import (
    EDGES_MS,
    HEARD_INSTEAD,
    booked_as_heard,
    is_as_long,
    jumped_ms,
    plan_rows,
    played,
    wall_of,
)
from tests.support.preload import WallClock

CUT_MS = 5  # where a file goes on, its end is an instant of the sink, and a young frame clock is not yet exact
START_ERROR_MS = 20
MIDNIGHT = datetime(2027, 1, 1, tzinfo=STATION_TZ)
FIGURES = ("planned_ms", "programme_ms", "played_ms", "on_air_ms", "not_on_air_ms", "unobserved_ms")


def heard_ms(account):
    """On air, or something was heard in its place while it was played (a starved machine, see booked_as_heard)."""
    return account["on_air_ms"] + sum(account["causes"].get(cause, 0) for cause in HEARD_INSTEAD)


@pytest.fixture
def last_night_of_the_year(station, tmp_path):
    wall = WallClock(tmp_path / "clock", datetime(2026, 12, 31, 23, 30, tzinfo=STATION_TZ))
    day = station(RigSettings(console_port=0), wall.environment)
    day.now = wall.now
    for name, seconds, seed in (("ngan.wav", 5, 3), ("dai.wav", 11, 4), ("phao-hoa.wav", 10, 5)):
        day.file(name, seconds, seed)
    day.start()
    wall.set(MIDNIGHT - timedelta(seconds=18))
    day.plan(
        Broadcast("Ngắn", "ngan.wav", 4, 8),
        Broadcast("Giao thừa", "phao-hoa.wav", 12, 10),
        Broadcast("Dài", "dai.wav", 22, 7),
        Broadcast("Thiếu", "khong-co.wav", 29, 5),
        now=MIDNIGHT - timedelta(seconds=18),
    )
    return day


def test_files_too_short_too_long_or_missing_and_a_months_end_leave_no_millisecond_unexplained(last_night_of_the_year):
    day = last_night_of_the_year
    short, across, long, missing = (day.wait_account(title, 90) for title in ("Ngắn", "Giao thừa", "Dài", "Thiếu"))
    assert all(map(adds_up, (short, across, long, missing)))

    _, (ended,) = played(day, "Ngắn")
    assert (ended["frames"], ended["cause"]) == (5 * RATE_HZ, "source_short")
    assert abs(short["causes"]["source_short"] - 3_000) < 100 + jumped_ms(day)
    assert (short["played_ms"], abs(heard_ms(short) - 5_000) < EDGES_MS + jumped_ms(day)) == (5_000, True)

    _, (ended,) = played(day, "Dài")
    assert ended["cause"] == "planned_end"
    assert abs(ended["frames"] - 7 * RATE_HZ) < (CUT_MS + jumped_ms(day)) * 48
    assert booked_as_heard(long)

    assert missing["causes"] == {"source_missing": 5_000}
    assert played(day, "Thiếu") == ([], [])
    (raised,) = [f for f in day.entries("fault") if f["code"] == "source_missing" and f["change"] == "raised"]
    assert raised["target"] == "khong-co.wav"

    is_parted_at_midnight(across)
    assert booked_as_heard(across)
    day.wait_acknowledged()
    parts = {name: [account["days"].get(name) for account in (short, across, long, missing)] for name in across["days"]}
    for month, name in (("2026-12", "2026-12-31"), ("2027-01", "2027-01-01")):
        totals = figures_of(day, month)["totals"]
        assert {key: totals[key] for key in FIGURES} == {
            key: sum(share[key] for share in parts[name] if share) for key in FIGURES
        }


def is_parted_at_midnight(account):
    before, after = account["days"]["2026-12-31"], account["days"]["2027-01-01"]
    assert (before["planned_ms"], after["planned_ms"]) == (5_000, 5_000)
    assert all(before[key] + after[key] == account[key] for key in FIGURES)


def test_a_timetable_whose_slots_overlap_is_refused_with_both_named_and_the_plan_stays(station):
    day = station(RigSettings(console_port=0, processes=("playout",), channels=()))
    day.rig.start_station()
    sheet = day.rig.folder / "lich.csv"
    rows = [
        "Ngày,Giờ,Thời lượng,Chương trình,Nguồn",
        "Hằng ngày,17h,30,Thời sự,a.mp3",
        "Hằng ngày,17h20,15,Nông vụ,b.mp3",
    ]
    sheet.write_text("\n".join(rows) + "\n", encoding="utf-8")
    refused = day.rig.smartradio("schedule", "load", str(sheet))
    assert refused.returncode == 1
    assert "Thời sự" in refused.stderr
    assert "Nông vụ" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list((day.rig.state_dir / "spool").glob("*/*")) == []
    assert plan_rows(day) == []


def test_without_a_return_channel_nothing_is_proven_and_what_was_played_stands_beside_it(station):
    day = station(RigSettings(console_port=0, channels=()))
    day.file("a.wav", 5, 3)
    day.start()
    day.plan(Broadcast("Bản tin", "a.wav", 4, 5))
    account = day.wait_account("Bản tin", 60)
    assert adds_up(account)
    assert account["evidence"] == "self_reported"
    assert (account["on_air_ms"], account["not_on_air_ms"], account["unobserved_ms"]) == (0, 0, 5_000)
    _, (ended,) = played(day, "Bản tin")
    assert account["played_ms"] == ended["frames"] // 48
    assert is_as_long(day, ended["frames"], 5)
    assert "no_return_channel" in day.faults()


def test_what_people_do_to_a_running_programme_is_booked_with_who_and_why(station):
    """One programme of 36 s: the plan is changed under it, it is stopped, stopped until a time, and taken over."""
    day = station()
    day.file("dai.wav", 36, 3)
    day.file("khac.wav", 5, 4)
    make_sound(day.rig.folder / "khan.wav", 4, 5)
    day.start()
    starts = day.plan(Broadcast("Dài", "dai.wav", 4, 36), Broadcast("Bị rút", "khac.wav", 600, 5))
    day.wait_on_air("Dài")

    same_time = starts["Dài"] - timedelta(seconds=1)
    day.plan(Broadcast("Thay thế", "khac.wav", 0, 36), Broadcast("Về sau", "khac.wav", 900, 5), now=same_time)
    day.wait_for(lambda: len(plan_rows(day)) == 3, 5, "the new plan")
    assert {row.occurrence.programme: row.withdrawn_by for row in plan_rows(day)} == {
        "Dài": None, "Bị rút": "thử", "Về sau": None,
    }  # fmt: skip
    assert day.on_air() == "Dài"

    command(day, "stop", "--by", "Chị Hoa", "--why", "họp")
    day.wait_for(lambda: day.on_air() is None, 5, "silence")
    day.watch_for(3)
    assert day.on_air() is None
    command(day, "resume", "--by", "Chị Hoa")
    wait_began(day, "Dài", 2)

    until = (day.now() + timedelta(seconds=6)).replace(microsecond=0)
    command(day, "stop", "--until", until.isoformat(), "--by", "Anh Nam", "--why", "đám tang")
    stopped_by = lambda: (day.rig.live("playout").data["stopped"] or {}).get("by")  # noqa: E731
    day.wait_for(lambda: stopped_by() == "Anh Nam" and day.on_air() is None, 5, "silence again")
    wait_began(day, "Dài", 3)

    command(day, "play", str(day.rig.folder / "khan.wav"), "--by", "Anh Nam", "--why", "lũ")
    day.wait_on_air("khan.wav", 6)
    wait_began(day, "Dài", 4)
    account, urgent = day.wait_account("Dài", 90), day.wait_account("khan.wav", 60)

    assert adds_up(account)
    began, ended = played(day, "Dài")
    assert abs(wall_of(day, began[2]["sink_ns"]) - until) < timedelta(milliseconds=START_ERROR_MS)
    assert [e["cause"] for e in ended] == ["stopped_by", "stopped_by", "pre_empted", "planned_end"]
    for start in began:  # each time at the place of the programme where it would have been
        assert abs((start["sink_ns"] - start["anchor_ns"]) / 1e6 - start["offset_ms"]) < 20 + jumped_ms(day)
    stopped_ms = sum(gap_ms(ended[n], began[n + 1]) for n in (0, 1))
    assert abs(account["causes"]["stopped_by"] - stopped_ms) < 300
    assert abs(account["causes"]["pre_empted"] - gap_ms(ended[2], began[3])) < 300
    assert abs(account["causes"]["pre_empted"] - 4_000) < 400
    assert booked_as_heard(urgent)
    assert abs(account["played_ms"] - sum(e["frames"] for e in ended) // 48) < len(ended)  # each part in whole ms
    assert said(day) == [
        ("stopped", "Chị Hoa", "họp"), ("resumed", "Chị Hoa", None),
        ("stopped", "Anh Nam", "đám tang"), ("resumed", "until", None),
        ("command", "Anh Nam", "lũ"),
    ]  # fmt: skip
    withdrawn = [gone["by"] for body in day.entries("plan") for gone in body["withdrawn"]]
    assert withdrawn == ["thử"]


def wait_began(day, title, times):
    """Until its playout began for the n-th time, by the journal: the live word comes when it is cued."""
    day.wait_for(lambda: len(played(day, title)[0]) == times, 20, f"{title} for the {times}. time")


def command(day, *arguments):
    done = day.rig.smartradio(*arguments)
    assert done.returncode == 0, done.stderr


def gap_ms(ended, began):
    return (began["sink_ns"] - ended["sink_ns"]) / 1e6


def said(day):
    """(what, who, why) of every command that was booked, but for plans."""
    bodies = [body for body in day.entries("command") if body["what"] != "plan_changed"]
    return [(body["what"], body["detail"]["by"], body["detail"].get("why")) for body in bodies]


def figures_of(day, month):
    done = day.rig.smartradio("airtime", "--month", month, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
