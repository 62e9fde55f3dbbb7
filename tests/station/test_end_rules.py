"""A session on a whole station: one programme too long, played to its end; the next, moved, too short, and filled."""

from firmware_py.demo.rig import RigSettings
from scheduler.clock import NS_PER_S
from scheduler.conduct import Conduct, EndRule
from tests.station.station import Broadcast, adds_up

LONG = Broadcast("Dài", "dai.wav", 8, 12, conduct=Conduct(EndRule.FINISH, 10_000), session="Sáng")
SHORT = Broadcast("Ngắn", "ngan.wav", 20, 14, conduct=Conduct(EndRule.FILL), session="Sáng")
LAST = Broadcast("Cuối", "cuoi.wav", 34, 6, session="Sáng")
NEAR_MS = 700  # of what the meter proves


def test_a_session_is_heard_without_a_gap_and_every_millisecond_is_booked_once(station):
    day = station(RigSettings(processes=("playout", "meter", "ledger")))
    with day.rig.config_path.open("a", encoding="utf-8") as file:
        file.write('[filler]\nfiles = ["dem-*.wav"]\n')
    for n, (name, seconds) in enumerate((("dai", 15), ("ngan", 7), ("cuoi", 6), ("dem-1", 4), ("dem-2", 5)), 1):
        day.file(f"{name}.wav", seconds, seed=n)
    day.start()
    day.plan(LONG, SHORT, LAST)
    day.wait_on_air("Nhạc đệm", 60)
    accounts = {title: day.wait_account(title, 90) for title in ("Dài", "Ngắn", "Nhạc đệm", "Cuối")}
    assert all(map(adds_up, accounts.values()))
    planned = {title: (account["planned_ms"], account["moved_ms"]) for title, account in accounts.items()}
    assert planned == {"Dài": (15_000, 0), "Ngắn": (14_000, 3_000), "Nhạc đệm": (7_000, 0), "Cuối": (6_000, 3_000)}
    for title, ms in {"Dài": 15_000, "Ngắn": 7_000, "Nhạc đệm": 7_000, "Cuối": 6_000}.items():
        assert abs(accounts[title]["on_air_ms"] - ms) < NEAR_MS, title
    short, filler = accounts["Ngắn"], accounts["Nhạc đệm"]
    assert abs(short["not_on_air"]["source_short"] - 7_000) < NEAR_MS
    assert (filler["kind"], filler["programme_ms"]) == ("filler", 0)
    assert abs(day.began_ns("Cuối") - day.began_ns("Dài") - 29 * NS_PER_S) < NS_PER_S // 50
