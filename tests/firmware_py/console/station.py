"""What the other processes of a station say, kept fresh by a thread: the files that the console reads."""

import json
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

from scheduler.clock import STATION_TZ

FIVE = datetime(2026, 11, 23, 5, tzinfo=STATION_TZ)
BREAKING_TITLE = 'Bản tin </script><img src=x onerror=alert(1)> & "xã"'


def broadcast(hours, minutes, programme, kind, state, bulletin_class="normal"):
    starts_at = FIVE + timedelta(hours=hours)
    return {
        "occurrence": f"{kind}-{hours}",
        "programme": programme,
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(minutes=minutes)).isoformat(),
        "planned_ms": minutes * 60_000,
        "kind": kind,
        "origin": None,
        "repeat_of": None,
        "class": bulletin_class,
        "zone": "all",
        "source": "a.mp3",
        "state": state,
    }


TODAY = [
    broadcast(0, 30, "Tiếp âm Thời sự Đài Tiếng nói Việt Nam", "relay", "done"),
    broadcast(0.5, 15, "Bản tin xã: lịch tiêm chủng và phòng chống cháy rừng", "own", "missed"),
    broadcast(12, 15, BREAKING_TITLE, "own", "on_air"),
    broadcast(12.25, 10, "Thông báo của Ủy ban nhân dân xã", "own", "next"),
    broadcast(13, 15, "Bản tin xã (PL)", "repeat", "planned"),
]
FAULT = {
    "code": "dead_air",
    "target": "duong-day",
    "severity": "critical",
    "since": "2026-11-23T05:31:00+07:00",
    "title_vi": "Mất tiếng trên đường dây",
    "title_en": "Dead air on the line",
    "advice_vi": "Kiểm tra tăng âm có điện không, dây tín hiệu có lỏng không.",
    "advice_en": "Check the amplifier's power and the signal cable.",
}


def playout(**changes):
    return {
        "clock": {"quality": "ntp", "wall": "2026-11-23T17:04:00+07:00"},
        "on_air": TODAY[2] | {"position_ms": 245_000},
        "next": TODAY[3],
        "today": TODAY,
        "sent_dbfs": -14.2,
        "card": "ok",
        "stopped": None,
        "pid": 1,
    } | changes


def channel(**changes):
    return {
        "name": "duong-day",
        "account": True,
        "state": "on_air",
        "quality": "ok",
        "locked": True,
        "sent_dbfs": -14.2,
        "heard_dbfs": -21.7,
        "delay_ms": 180.2,
        "device": "ok",
    } | changes


def meter(*channels):
    return {"channels": list(channels or [channel()]), "pid": 2}


def ledger(**changes):
    return {
        "today": {"planned_ms": 3_600_000, "on_air_ms": 1_812_400, "not_on_air_ms": 900_000, "unobserved_ms": 1_600},
        "records_today": {
            "relay-0": {"on_air_ms": 1_798_000, "not_on_air_ms": 400, "unobserved_ms": 1_600},
            "own-0.5": {"on_air_ms": 0, "not_on_air_ms": 900_000, "unobserved_ms": 0},
        },
        "faults": [FAULT],
        "seq": 412,
        "acknowledged_seq": 409,
        "uplink": "connected",
        "pid": 3,
    } | changes


class SpeakingStation:
    """Writes the documents again and again, each time with the present boottime. ``documents`` may be changed."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.documents = {"playout": playout(), "meter": meter(), "ledger": ledger()}
        self._one_at_a_time = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._speak)

    def __enter__(self):
        self.say()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def say(self, age_s: float = 0.0):
        with self._one_at_a_time:  # the thread and the test both speak: neither may read or move the other's half
            for name, document in list(self.documents.items()):
                boottime_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - int(age_s * 1e9)
                text = json.dumps(document | {"at": "2026-11-23T17:04:05+07:00", "boottime_ns": boottime_ns})
                unfinished = self.run_dir / f".{name}"
                unfinished.write_text(text, encoding="utf-8")
                unfinished.replace(self.run_dir / f"{name}.json")

    def _speak(self):
        while not self._end.wait(0.2):
            self.say()
