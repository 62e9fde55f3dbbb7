"""What came of a demo run: the table of occurrences, and the month as the station and the collector count it."""

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
from telemetry.reports.table import airtime_table
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


def print_outcome(result: Outcome) -> None:
    write = sys.stdout.write
    write("\n" + airtime_table({"occurrences": result.rows, "totals": _totals(result.rows)}) + "\n")
    for row in result.in_progress:
        write(f"đang phát dở, chưa quyết toán / in progress, not booked: {row['programme']}\n")
    write(f"\nTháng {result.month}, đến bản ghi {result.seq} mà máy thu thập đã nhận / up to the acknowledged entry\n")
    write(f"  đài / station:            {_figures(result.station_totals)}\n")
    write(f"  máy thu thập / collector: {_figures(result.collector_totals)}\n")
    same = result.station_totals == result.collector_totals
    write("  khớp đến từng mili-giây / equal to the millisecond\n" if same else "  KHÔNG KHỚP / NOT EQUAL\n")


def _totals(rows: list[Json]) -> Json:
    names = ("planned_ms", "programme_ms", "played_ms", "on_air_ms", "not_on_air_ms", "unobserved_ms")
    return {name: sum(row[name] for row in rows) for name in names} | {"unplanned_ms": 0}


def _figures(totals: Json) -> str:
    return "  ".join(f"{name.removesuffix('_ms')} {ms / 1000:.3f} s" for name, ms in totals.items())


def _row(row: Json, provisional: bool) -> Json:
    return {"programme": row["programme"]} | {name: row.get(name) for name in SHOWN} | {"provisional": provisional}
