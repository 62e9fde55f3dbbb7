"""The line in the terminal that shows the station live."""

from collections.abc import Mapping
from typing import Any

from firmware_py.demo.rig import Rig
from telemetry.reports.words import word_or_code

QUIET_DBFS = -90.0


def live_line(rig: Rig) -> str:
    """On air, heard, levels, today's account, next, faults: from what the processes show."""
    playout, meter, ledger = (rig.live(name) for name in ("playout", "meter", "ledger"))
    parts = [_on_air(playout.data), _heard(meter.data), _today(ledger.data), _next(playout.data), _faults(ledger.data)]
    silent = [name for name, live in (("playout", playout), ("meter", meter), ("ledger", ledger)) if not live.fresh]
    if silent:
        parts.append(f"không có tin từ {', '.join(silent)}")
    return " │ ".join(part for part in parts if part)


def _on_air(playout: Mapping[str, Any]) -> str:
    now = playout.get("on_air")
    if not now:
        stopped = playout.get("stopped")
        return f"ĐÃ DỪNG ({stopped['by']})" if stopped else "ngoài giờ phát"
    return f"▶ {now['programme'][:28]} {now['position_ms'] // 1000}/{now['planned_ms'] // 1000} s"


def _heard(meter: Mapping[str, Any]) -> str:
    account = next((channel for channel in meter.get("channels", []) if channel["account"]), None)
    if account is None:
        return "không có đường thu về"
    state = word_or_code(account["state"]) + ("" if account["locked"] else "?")
    return f"nghe: {state} {_level(account['sent_dbfs'])}→{_level(account['heard_dbfs'])} dBFS"


def _level(dbfs: float | None) -> str:
    return "−∞" if dbfs is None or dbfs < QUIET_DBFS else f"{dbfs:.0f}"


def _today(ledger: Mapping[str, Any]) -> str:
    today = ledger.get("today")
    if not today:
        return ""
    planned, on_air, unobserved = (today[key] / 1000 for key in ("planned_ms", "on_air_ms", "unobserved_ms"))
    return f"hôm nay: lịch {planned:.0f} s, lên sóng {on_air:.1f} s, chưa đo {unobserved:.1f} s"


def _next(playout: Mapping[str, Any]) -> str:
    coming = playout.get("next")
    return f"tiếp: {coming['starts_at'][11:19]} {coming['programme'][:24]}" if coming else ""


def _faults(ledger: Mapping[str, Any]) -> str:
    faults = ledger.get("faults", [])
    if not faults:
        return ""
    return f"⚠ {len(faults)} sự cố: {faults[0]['title_vi']}"
