"""The operator's commands: each becomes a durable request in playout's spool, booked with who and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from firmware_py.clocks import boottime_ns
from firmware_py.commands.context import CommandError, Context, failure, person
from firmware_py.commands.dates import parse_until
from firmware_py.config import Config
from firmware_py.live import look
from firmware_py.playout.orders import LONGEST_LIVE_MS
from firmware_py.spool import drop
from scheduler.clock import STATION_TZ
from scheduler.problem import reason

WAITS_MS = 3_600_000  # a bulletin that found no place within an hour is no news


def stop(context: Context) -> None:
    asked = context.args.until
    until = None if asked is None else parse_until(asked, context.now())
    _request(context, "stop", until=until.isoformat() if until else None, why=context.args.why)
    when = f"{until.astimezone(STATION_TZ):%H:%M %d/%m/%Y}" if until else None
    context.say(
        f"Đã gửi lệnh dừng phát{f' đến {when}' if when else ' cho đến khi có lệnh cho phát lại'}.",
        f"Stop requested{f' until {when}' if when else ' until resumed'}.",
    )


def resume(context: Context) -> None:
    _request(context, "resume", why=context.args.why)
    context.say("Đã gửi lệnh cho phát lại.", "Resume requested.")


def relearn(context: Context) -> None:
    _request(context, "learn_level", why=context.args.why)
    context.say(
        "Đã gửi lệnh học lại mức âm thanh bình thường từ các chương trình sắp tới.",
        "The normal level will be learnt anew from the programmes to come.",
    )


def play(context: Context) -> None:
    from audio.decode import MediaError
    from audio.library import mark_heard
    from firmware_py.commands.loading import take_in

    config = context.config()
    path = Path(context.args.file)
    try:
        entry = take_in(context, config, path)
    except MediaError as error:
        raise CommandError(error.problem) from None
    context.warn(entry.warnings)
    if entry.unheard:
        mark_heard(entry.name, config.library_dir)  # who orders it now answers for it
    waits_ms = WAITS_MS if context.args.wait else 0
    _request(context, "play", source=entry.name, duration_ms=entry.duration_ms, why=context.args.why, waits_ms=waits_ms)
    if context.args.wait:
        context.say(f"{entry.name} sẽ phát sau các tin ưu tiên đang chờ.", f"{entry.name} waits for its turn.")
    else:
        context.say(f"Đã gửi lệnh phát {entry.name}.", f"{entry.name} will play now.")


def queue(context: Context) -> None:
    """The priority bulletins that wait; with numbers, which of them come first."""
    config = context.config()
    said = look(config.paths.run_dir, "playout", boottime_ns())
    waiting: list[dict[str, Any]] = said.data.get("waiting", []) if said.fresh else []
    if context.args.numbers:
        _arrange(context, waiting)
    elif context.args.json:
        context.print_json(waiting)
    else:
        for n, one in enumerate(waiting, 1):
            context.print(f"{n}. {one['programme']} ({one['planned_ms'] // 1000} s)")
        if not waiting:
            context.say("Không có tin ưu tiên nào đang chờ.", "No priority bulletin is waiting.")


def _arrange(context: Context, waiting: Sequence[Mapping[str, Any]]) -> None:
    numbers = context.args.numbers
    if odd := [n for n in numbers if not 1 <= n <= len(waiting)] or (len(set(numbers)) < len(numbers)):
        shown = odd[0] if isinstance(odd, list) else numbers[0]
        vi = f"hàng chờ có {len(waiting)} tin, mỗi số ghi một lần; xem `smartradio queue`"
        raise failure(str(shown), "which_bulletin", vi, f"{len(waiting)} wait, each is named once; see `queue`")
    ids = [waiting[n - 1]["occurrence"] for n in numbers]
    _request(context, "arrange", ids=ids, why=context.args.why)
    names = ", ".join(waiting[n - 1]["programme"] for n in numbers)
    context.say(f"Phát trước, theo thứ tự: {names}.", f"Next, in this order: {names}.")


def live_start(context: Context) -> None:
    config = context.config()
    name, limit_min = _input(config, context.args.input), context.args.limit
    if not 1 <= limit_min <= LONGEST_LIVE_MS // 60_000:
        most = LONGEST_LIVE_MS // 60_000
        raise failure("--limit", "bad_limit", f"phải từ 1 đến {most} phút", f"must be 1 to {most} minutes")
    _request(context, "live_start", source=f"mic:{name}", duration_ms=limit_min * 60_000, title=context.args.title)
    context.say(
        f"Đã gửi lệnh phát trực tiếp từ “{name}”; sau {limit_min} phút tự kết thúc (dừng: smartradio live stop).",
        f'Live from "{name}" begins now; it ends by itself after {limit_min} minutes (or: smartradio live stop).',
    )


def live_stop(context: Context) -> None:
    _request(context, "live_stop", why=context.args.why)
    context.say("Đã gửi lệnh kết thúc phát trực tiếp.", "The end of the live programme was requested.")


def _input(config: Config, wanted: str | None) -> str:
    """The input that was named, or the only one there is. Raises CommandError."""
    if not config.input:
        vi = "cấu hình chưa có micro nào: thêm [input.TÊN] với device = “…” (tên xem bằng lệnh devices)"
        en = 'the configuration has no microphone: add [input.NAME] with device = "…" (names: the command devices)'
        raise failure("live", "no_input", vi, en)
    known = ", ".join(config.input)
    if wanted is None and len(config.input) == 1:
        return next(iter(config.input))
    if wanted is None:
        vi, en = f"ghi --input TÊN; cấu hình có: {known}", f"give --input NAME; the configuration has: {known}"
        raise failure("live", "which_input", vi, en)
    if wanted not in config.input:
        vi, en = f"cấu hình không có [input.{wanted}]; có: {known}", f"there is no [input.{wanted}]; known: {known}"
        raise failure("--input", "unknown_input", vi, en)
    return wanted


def _request(context: Context, command: str, **body: Any) -> None:
    config = context.config()
    send(config, command, person(context.args.by), **body)
    if not look(config.paths.run_dir, "playout", boottime_ns()).fresh:
        context.say(
            "Chú ý: đài không chạy; lệnh chờ đến khi đài chạy lại (lệnh phát quá cũ sẽ không phát nữa).",
            "Note: the station is not running; this waits until it does (what is to be played now expires).",
        )


def send(config: Config, command: str, by: str, **body: Any) -> str:
    """Drop a request for playout. Raises CommandError when the spool cannot be written."""
    try:
        return drop(config.spool_dir, "cli", command, by, datetime.now(STATION_TZ), **body)
    except OSError as error:
        why_vi, why = reason(error)
        raise failure(
            str(config.spool_dir), "spool", f"không ghi được: {why_vi}", f"cannot be written: {why}"
        ) from None
