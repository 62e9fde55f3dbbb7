"""Commands that only look: config check, devices, status, faults."""

import os
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from audio.library import read_index
from firmware_py.clocks import boottime_ns
from firmware_py.commands.context import CommandError, Context, failure
from firmware_py.config import Config, Speech
from firmware_py.live import Live, look_at_all
from scheduler.clock import STATION_TZ
from scheduler.occurrence import BulletinClass
from scheduler.problem import Problem
from telemetry.reports.reasons import explained, gravest_first, reason_of
from telemetry.reports.rounding import apportion
from telemetry.reports.words import level, word, word_or_code

PARTS = ("on_air_ms", "not_on_air_ms", "unobserved_ms")
PROCESSES = {"playout": ("bộ phát", "playout"), "meter": ("bộ đo", "the meter"), "ledger": ("sổ cái", "the ledger")}


def config_check(context: Context) -> None:
    config = context.config()
    _refuse_bad_speech(config.speech)
    if unreadable := [_unreadable(name, path) for name, path in _files_of(config) if not os.access(path, os.R_OK)]:
        raise CommandError(*unreadable)
    context.say(f"{context.config_file()}: cấu hình đúng", f"{context.config_file()}: the configuration is right")
    if config.account_channel is None:
        context.say(
            "Chú ý: không có [[channel]] nào; thời lượng phát sóng sẽ là chưa đo được.",
            "Note: there is no [[channel]]; airtime will be unobserved.",
        )

    held = read_index(config.library_dir)
    if config.filler.files and not any(fnmatchcase(name, one) for name in held for one in config.filler.files):
        context.say(
            "Chú ý: chưa có tệp nhạc đệm nào ([filler] files) trong thư viện.",
            "Note: no filler ([filler] files) is in the library yet.",
        )
    if missing := sorted(set(config.relay.files) - set(held)):
        context.say(
            f"Chú ý: tệp dự phòng chưa vào thư viện: {', '.join(missing)}; lệnh schedule load sẽ đưa vào.",
            f"Note: not yet in the library, for the fallback: {', '.join(missing)}; schedule load takes them in.",
        )


def _refuse_bad_speech(speech: Speech) -> None:
    from scheduler.speech.abbreviations import BadAbbreviations, read_abbreviations

    if speech.command and shutil.which(speech.command[0]) is None:
        vi, en = "không có chương trình này, hoặc không chạy được", "there is no such program, or it may not be run"
        raise failure(f"[speech] command: {speech.command[0]}", "no_speech", vi, en)
    try:
        if speech.abbreviations:
            read_abbreviations(speech.abbreviations)
    except BadAbbreviations as error:
        raise CommandError(*error.problems) from None


def _files_of(config: Config) -> list[tuple[str, Path]]:
    """The files that the configuration names, by their setting."""
    named = {"uplink.password_file": config.uplink.password_file, "uplink.tls_ca": config.uplink.tls_ca}
    return [(name, path) for name, path in named.items() if path is not None and config.uplink.enabled]


def _unreadable(name: str, path: Path) -> Problem:
    return Problem(name, "unreadable", f"không đọc được tệp {path}", f"the file {path} cannot be read")


def devices(context: Context) -> None:
    from serial.tools.list_ports import comports

    from audio.card import CardError, list_devices

    try:
        cards = [{"name": d.name, "inputs": d.inputs, "outputs": d.outputs} for d in list_devices()]
    except CardError as error:
        raise failure("", "no_sound", explained(str(error), "vi"), str(error)) from None
    ports = [{"name": port.device, "description": port.description} for port in comports()]
    if context.args.json:
        context.print_json({"cards": cards, "ports": ports})
        return
    for card in cards:
        context.print(
            context.text(
                f"{card['name']}  ({card['inputs']} kênh thu, {card['outputs']} kênh phát)",
                f"{card['name']}  (in {card['inputs']}, out {card['outputs']})",
            )
        )
    for port in ports:
        context.print(f"{port['name']}  {port['description'] if port['description'] != 'n/a' else ''}".rstrip())
    if not cards:
        context.say("Không thấy thiết bị âm thanh nào.", "No sound device found.")


def status(context: Context) -> None:
    config = context.config()
    live = look_at_all(config.paths.run_dir, boottime_ns())
    if context.args.json:
        context.print_json({name: {**one.data, "fresh": one.fresh} for name, one in live.items()})
        return
    for line in status_lines(live, context):
        context.print(line)


def faults(context: Context) -> None:
    config = context.config()
    ledger = look_at_all(config.paths.run_dir, boottime_ns())["ledger"]
    found: list[dict[str, Any]] = ledger.data.get("faults", [])
    if context.args.json:
        context.print_json(found)
    for fault in [] if context.args.json else gravest_first(found):
        context.print(_fault(fault, context))
    if not ledger.fresh:
        context.say(
            "Tiến trình ledger không chạy: danh sách có thể đã cũ.",
            "The ledger process is not running: this may be old.",
        )
    elif not found:
        context.say("Không có sự cố.", "No open faults.")


def _fault(fault: Mapping[str, Any], context: Context) -> str:
    """What is wrong, since when, what to do; and why, as far as it is known."""
    since = f"{datetime.fromisoformat(fault['since']).astimezone(STATION_TZ):%H:%M:%S %d/%m/%Y}"
    said = f"{since}  {fault[f'title_{context.lang}']} ({fault['target']}): {fault[f'advice_{context.lang}']}"
    why = reason_of(fault.get("evidence", {}), context.lang)
    return f"{said}\n    {context.text('Lý do', 'Reason')}: {why}" if why else said


def status_lines(live: dict[str, Live], context: Context) -> list[str]:
    playout, meter, ledger = (live[name].data for name in ("playout", "meter", "ledger"))
    silent = [context.text(*PROCESSES[name]) for name, one in live.items() if not one.fresh]
    if len(silent) == len(live):
        return [context.text("Đài không chạy.", "The station is not running.")]
    coming = _programme(playout.get("next"), context) + _held_back(playout, context)
    lines = [
        f"{context.text('Đang phát', 'On air')}: {_programme(playout.get('on_air'), context)}",
        f"{context.text('Tiếp theo', 'Next')}: {coming}",
    ]
    if relay := playout.get("relay"):
        lines.insert(1, _relay(relay, context))
    if stopped := playout.get("stopped"):
        lines.insert(0, _stopped(stopped, context))
    heard = context.text("Nghe thấy", "Heard")
    lines += [f"{heard}: {_channel(channel, context)}" for channel in meter.get("channels", [])]
    if today := ledger.get("today"):
        lines.append(f"{context.text('Hôm nay', 'Today')}: {_account(today, context)}")
    lines.append(f"{context.text('Sự cố', 'Faults')}: {len(ledger.get('faults', []))}")
    if silent:
        lines.insert(0, f"{context.text('KHÔNG CÓ TIN TỪ', 'NO NEWS FROM')}: {', '.join(silent)}")
    return lines


def _programme(data: dict[str, Any] | None, context: Context) -> str:
    if not data:
        return context.text("không có", "nothing")
    return f"{data['programme']} ({_time(data['starts_at'])}–{_time(data['ends_at'])})"


def _held_back(playout: Mapping[str, Any], context: Context) -> str:
    """What comes next does not come while a stop is in force, but for an emergency."""
    stopped, coming = playout.get("stopped"), playout.get("next")
    if not stopped or not coming or coming.get("class") == BulletinClass.EMERGENCY:
        return ""
    until = stopped.get("until")
    if until and datetime.fromisoformat(until) <= datetime.fromisoformat(coming["starts_at"]):
        return ""
    return context.text(" – đang dừng, sẽ không phát", " – stopped, will not be played")


def _time(iso: str) -> str:
    """05:00, with its seconds where it has any."""
    return iso[11:16] if iso[17:19] == "00" else iso[11:19]


def _relay(relay: dict[str, Any], context: Context) -> str:
    """Which link sounds, and why it is not the relay itself."""
    lost = context.text("mất nguồn chính", "the relay itself is lost")
    why = f" ({lost}: {word_or_code(relay['why'], context.lang)})" if relay["why"] else ""
    place = f"{relay['link'] + 1}/{len(relay['links'])}"
    return f"{context.text('Nguồn tiếp âm', 'Relayed from')} {place}: {relay['name']}{why}"


def _stopped(stopped: dict[str, Any], context: Context) -> str:
    """Who stopped the station, why, and until when: the first thing to know of one that plays nothing."""
    ends = context.text("đến khi cho phát lại", "until resumed")
    if stopped.get("until"):
        ends = f"{context.text('đến', 'until')} {datetime.fromisoformat(stopped['until']):%H:%M %d/%m/%Y}"
    why = f" ({stopped['why']})" if stopped.get("why") else ""
    return f"{context.text('ĐANG DỪNG PHÁT', 'STOPPED')}: {stopped['by']}{why}, {ends}"


def _account(totals: dict[str, int], context: Context) -> str:
    """The day so far as h:mm:ss, rounded so that its parts add up."""
    exact = [totals.get(name, 0) for name in PARTS]
    parts = dict(zip(PARTS, apportion(exact, round(sum(exact) / 1000), 1000), strict=True))
    whole = {name: round(totals.get(name, 0) / 1000) for name in ("planned_ms", "played_ms")}
    figures = {name.removesuffix("_ms"): s for name, s in (whole | parts).items()}
    words = {name: word(name, context.lang) for name in figures}
    words["planned"] = context.text("theo lịch cả ngày", "planned for the whole day")
    return ", ".join(f"{words[name]} {timedelta(seconds=s)}" for name, s in figures.items())


def _channel(channel: dict[str, Any], context: Context) -> str:
    heard = channel.get("heard_dbfs")
    shown = f"{level(heard)} dBFS" if heard is not None else "–"
    return f"{channel['name']}: {word_or_code(channel['state'], context.lang)}, {shown}"
