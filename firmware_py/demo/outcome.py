"""What came of a demo run: the table of occurrences, and the month as the station and the collector count it."""

import shutil
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from firmware_py.commands.accounts import month_figure
from firmware_py.config import load
from firmware_py.demo.rig import STATION_ID, Rig
from firmware_py.files import read_json
from scheduler.clock import STATION_TZ
from telemetry.ledger_store import LedgerReader
from telemetry.reports.table import UNKNOWN_TERMINAL, airtime_table, plain_table, seconds
from telemetry.reports.words import Lang, sentence, word_or_code
from telemetry.upstream.archive import ArchiveReader

Json = dict[str, Any]
SHOWN = (
    "planned_ms",
    "played_ms",
    "on_air_ms",
    "not_on_air_ms",
    "unobserved_ms",
    "start_error_ms",
    "evidence",
    "causes",
)


TEXTS: dict[Lang, Json] = {
    "vi": {
        "in_progress": "Đang phát dở, chưa quyết toán",
        "month": "Tháng {month}, đến bản ghi số {seq} mà máy thu thập đã nhận:",
        "columns": ("", "Đài (s)", "Máy thu thập (s)"),
        "equal": "Khớp đến từng mi-li-giây.",
        "unequal": "KHÔNG KHỚP.",
    },
    "en": {
        "in_progress": "In progress, not booked",
        "month": "Month {month}, up to entry {seq}, the last that the collector has acknowledged:",
        "columns": ("", "Station (s)", "Collector (s)"),
        "equal": "Equal to the millisecond.",
        "unequal": "NOT EQUAL.",
    },
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures of the run, and the month's totals of both sides at the same acknowledged seq."""

    rows: list[Json]
    in_progress: list[Json]  # not booked: an account is closed when its slot has ended
    month: str
    seq: int
    station_totals: Json
    collector_totals: Json

    def to_json(self) -> Json:
        return {
            "occurrences": [_row(row, provisional=False) for row in self.rows]
            + [_row(row, provisional=True) for row in self.in_progress],
            "station_totals": self.station_totals,
            "collector_totals": self.collector_totals,
            "seq": self.seq,
            "month": self.month,
        }


def outcome(rig: Rig, began: datetime, ended: datetime) -> Outcome:
    """Read both ledgers after the station, which ran from *began* to *ended*."""
    config = load(rig.config_path)
    month = began.astimezone(STATION_TZ).strftime("%Y-%m")
    reader = LedgerReader(config.ledger_db)
    seq = reader.acknowledged()
    reader.close()
    whole = month_figure(config, month)
    since = began.astimezone(STATION_TZ).isoformat()
    last = read_json(config.paths.run_dir / "ledger.json") or {}
    return Outcome(
        rows=[row for row in whole["occurrences"] if row["ends_at"] > since],
        in_progress=_begun(last.get("provisional", []), ended),
        month=month,
        seq=seq,
        station_totals=month_figure(config, month, seq)["totals"],
        collector_totals=_collector_totals(rig, month, seq),
    )


def _begun(rows: list[Json], ended: datetime) -> list[Json]:
    """The ledger ends last: what was due while the others ended already was never in progress."""
    return [row for row in rows if datetime.fromisoformat(row["starts_at"]) < ended]


def _collector_totals(rig: Rig, month: str, seq: int) -> Json:
    archive = ArchiveReader(rig.archive_path)
    try:
        return dict(archive.monthly(STATION_ID, month, seq).totals)
    finally:
        archive.close()


def print_outcome(result: Outcome, lang: Lang) -> None:
    write, text = sys.stdout.write, TEXTS[lang]
    figure = {"occurrences": result.rows, "totals": _totals(result.rows)}
    write("\n" + airtime_table(figure, lang, shutil.get_terminal_size(UNKNOWN_TERMINAL).columns) + "\n")
    for row in result.in_progress:
        write(f"{text['in_progress']}: {row['programme']}\n")
    write("\n" + text["month"].format(month=result.month, seq=result.seq) + "\n")
    both = (result.station_totals, result.collector_totals)
    rows = [[_name(key, lang), *(seconds(side[key], lang) for side in both)] for key in result.station_totals]
    write(plain_table(text["columns"], rows, right=(1, 2)) + "\n")
    write(text["equal" if result.station_totals == result.collector_totals else "unequal"] + "\n")


def _totals(rows: list[Json]) -> Json:
    names = ("planned_ms", "programme_ms", "played_ms", "on_air_ms", "not_on_air_ms", "unobserved_ms")
    return {name: sum(row[name] for row in rows) for name in names}


def _name(key: str, lang: Lang) -> str:
    name = key.removesuffix("_ms")
    return sentence(word_or_code({"programme": "programme_time"}.get(name, name), lang))


def _row(row: Json, provisional: bool) -> Json:
    return {"programme": row["programme"]} | {name: row.get(name) for name in SHOWN} | {"provisional": provisional}
