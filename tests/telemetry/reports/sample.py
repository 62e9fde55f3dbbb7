"""A month and a week of a commune station, in the shape that ``airtime --json`` prints; seeded."""

import random
from datetime import date, datetime, timedelta

from scheduler.clock import STATION_TZ

KEYS = ("planned_ms", "programme_ms", "played_ms", "on_air_ms", "not_on_air_ms", "unobserved_ms")
LONG_TITLE = "Bản tin xã: lịch tiêm chủng, nước sạch và phòng chống cháy rừng mùa hanh khô"


def occurrence(starts_at, minutes, programme, kind, seed=0, origin=None, bulletin_class="normal"):
    """One account, with a fault now and then; its three parts sum to what was planned."""
    dice = random.Random(f"{starts_at}{seed}")
    planned = minutes * 60_000
    lost = dice.choice([0, 0, 0, dice.randint(700, 190_000), planned])
    unseen = dice.choice([0, 0, dice.randint(1_000, planned - lost)]) if lost < planned - 1_000 else 0
    causes = {"dead_air": lost} if lost else {}
    return {
        "occurrence": f"{kind}-{starts_at:%Y%m%dT%H%M}",
        "programme": programme,
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(minutes=minutes)).isoformat(),
        "kind": kind,
        "origin": origin,
        "repeat_of": None,
        "class": bulletin_class,
        "zone": "all",
        "source": "ban-tin.mp3",
        "planned_ms": planned,
        "programme_ms": 0 if kind == "repeat" else planned,
        "played_ms": planned - 137,
        "on_air_ms": planned - lost - unseen,
        "not_on_air_ms": lost,
        "unobserved_ms": unseen,
        "overlaid_ms": 0,
        "causes": causes | ({"meter_down": unseen} if unseen else {}),
        "evidence": "measured",
        "start_error_ms": 0.4,
        "ended_at": (starts_at + timedelta(minutes=minutes)).isoformat(),
        "revision": 0,
    }


def day(which: date):
    five = datetime(which.year, which.month, which.day, 5, tzinfo=STATION_TZ)
    return [
        occurrence(five, 30, "Tiếp âm Thời sự Đài Tiếng nói Việt Nam", "relay", origin="vov"),
        occurrence(five + timedelta(minutes=30), 15, LONG_TITLE, "own"),
        occurrence(five + timedelta(hours=12), 15, "Bản tin xã (PL)", "repeat"),
    ]


def totals(occurrences, unplanned_ms=0):
    return {key: sum(o[key] for o in occurrences) for key in KEYS} | {"unplanned_ms": unplanned_ms}


def figure_of(occurrences):
    kinds = {o["kind"] for o in occurrences}
    return {
        "station": "hoang-dao",
        "month": "2026-11",
        "seq": 412,
        "head": "9f2c51d07ab3e4410cc0ffee5b1d2a77",
        "totals": totals(occurrences, 12_345),
        "by_kind": {kind: totals([o for o in occurrences if o["kind"] == kind]) for kind in kinds},
        "occurrences": occurrences,
    }


def month():
    days = [date(2026, 11, n) for n in range(1, 31)]
    return figure_of([o for d in days if d.weekday() != 6 for o in day(d)])


def week():
    """Monday to Saturday; nothing on Sunday."""
    figure = figure_of([o for n in range(23, 29) for o in day(date(2026, 11, n))])
    dead_air = {
        "code": "dead_air",
        "target": "air",
        "severity": "critical",
        "since": "2026-11-24T05:12:00+07:00",
        "cleared_at": "2026-11-24T05:14:31+07:00",
        "title_vi": "mất tiếng trên sóng",
        "title_en": "dead air",
    }
    uplink = dead_air | {
        "code": "uplink",
        "severity": "warning",
        "since": "2026-11-25T22:00:00+07:00",
        "cleared_at": None,
        "title_vi": "mất kết nối máy chủ",
        "title_en": "no connection to the server",
    }
    return {
        "station": "hoang-dao",
        "week": "2026-W48",
        "as_of": "2026-11-26T20:00:00+07:00",
        "seq": 412,
        "occurrences": figure["occurrences"],
        "faults": [dead_air, uplink],
    }
