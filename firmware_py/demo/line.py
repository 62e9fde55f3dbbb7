"""The line in the terminal that shows the station live; on a narrow one it is parted, for its end is what is wrong."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from firmware_py.demo.rig import Rig
from telemetry.reports.reasons import gravest_first
from telemetry.reports.table import display_width, shorten
from telemetry.reports.words import Lang, level, word_or_code

BETWEEN = " │ "
TEXTS = {
    "vi": {
        "stopped": "ĐÃ DỪNG ({by})",
        "idle": "ngoài giờ phát",
        "no_return": "không có đường thu về",
        "heard": "nghe",
        "today": "hôm nay: lịch {planned} s, lên sóng {on_air} s, chưa đo {unobserved} s",
        "next": "tiếp",
        "faults": "{count} sự cố: {title}",
        "no_news": "chưa có tin từ {names}",
        "playout": "bộ phát",
        "meter": "bộ đo",
        "ledger": "sổ cái",
    },
    "en": {
        "stopped": "STOPPED ({by})",
        "idle": "nothing scheduled",
        "no_return": "no return channel",
        "heard": "heard",
        "today": "today: planned {planned} s, on air {on_air} s, unobserved {unobserved} s",
        "next": "next",
        "faults": "{count} faults: {title}",
        "no_news": "no news yet from {names}",
        "playout": "playout",
        "meter": "the meter",
        "ledger": "the ledger",
    },
}


def live_parts(rig: Rig, lang: Lang) -> list[str]:
    """On air, heard, levels, today's account, next, faults: from what the processes show."""
    text = TEXTS[lang]
    lives = {name: rig.live(name) for name in ("playout", "meter", "ledger")}
    playout, meter, ledger = (live.data for live in lives.values())
    parts = [_on_air(playout, text), _heard(meter, lang), _today(ledger, text), _next(playout, text)]
    parts.append(_faults(ledger, lang))
    if silent := [text[name] for name, live in lives.items() if not live.fresh]:
        parts.append(text["no_news"].format(names=", ".join(silent)))
    return [part for part in parts if part]


def parted(parts: Sequence[str], width: int) -> list[str]:
    """The parts on as few lines of *width* columns as they need; one that is wider alone ends with …"""
    lines: list[str] = []
    for part in parts:
        longer = BETWEEN.join([*lines[-1:], part])
        if lines and display_width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(shorten(part, width))
    return lines


def _on_air(playout: Mapping[str, Any], text: Mapping[str, str]) -> str:
    now = playout.get("on_air")
    if not now:
        stopped = playout.get("stopped")
        return text["stopped"].format(by=stopped["by"]) if stopped else text["idle"]
    return f"▶ {now['programme'][:28]} {now['position_ms'] // 1000}/{now['planned_ms'] // 1000} s"


def _heard(meter: Mapping[str, Any], lang: Lang) -> str:
    account = next((channel for channel in meter.get("channels", []) if channel["account"]), None)
    if account is None:
        return TEXTS[lang]["no_return"]
    state = word_or_code(account["state"], lang) + ("" if account["locked"] else "?")
    sent, heard = (level(-math.inf if dbfs is None else dbfs) for dbfs in (account["sent_dbfs"], account["heard_dbfs"]))
    return f"{TEXTS[lang]['heard']}: {state} {sent}→{heard} dBFS"


def _today(ledger: Mapping[str, Any], text: Mapping[str, str]) -> str:
    today = ledger.get("today")
    if not today:
        return ""
    figures = {name: f"{today[f'{name}_ms'] / 1000:.0f}" for name in ("planned", "on_air", "unobserved")}
    return text["today"].format(**figures)


def _next(playout: Mapping[str, Any], text: Mapping[str, str]) -> str:
    coming = playout.get("next")
    return f"{text['next']}: {coming['starts_at'][11:19]} {coming['programme'][:24]}" if coming else ""


def _faults(ledger: Mapping[str, Any], lang: Lang) -> str:
    faults = gravest_first(ledger.get("faults", []))
    if not faults:
        return ""
    return "⚠ " + TEXTS[lang]["faults"].format(count=len(faults), title=faults[0][f"title_{lang}"])
