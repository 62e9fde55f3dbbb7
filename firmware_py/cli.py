"""``smartradio``: every command that people and scripts rely on. Exit 0 done, 1 input or world at fault, 2 usage."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from firmware_py.commands.context import CommandError, Context, discard_output, language, print_whatever_the_locale
from firmware_py.commands.usage import asked_language, parser_in
from telemetry.reports.words import Lang

Sub = Any  # argparse's own type for this is private


def main(argv: Sequence[str] | None = None) -> int:
    print_whatever_the_locale()
    words = sys.argv[1:] if argv is None else argv
    args = parser(language(asked_language(words))).parse_args(words)
    context = Context(args, language(args.lang))
    try:
        code = int(_command(args.does)(context) or 0)
        context.finish()
        return code
    except CommandError as error:
        context.tell(error.problems)
        return 1
    except BrokenPipeError:  # the reader of our output went away: nothing to say to it
        discard_output()
        return 1
    except KeyboardInterrupt:
        return 130


def _command(does: str) -> Callable[[Context], int | None]:
    """Find "operate.stop" in firmware_py.commands; imported late, so that a small command stays small in memory."""
    module, name = does.split(".")
    function: Callable[[Context], int | None] = getattr(importlib.import_module(f"firmware_py.commands.{module}"), name)
    return function


def parser(lang: Lang = "en") -> argparse.ArgumentParser:
    kind = parser_in(lang)
    top = kind(prog="smartradio", description="Điều khiển đài truyền thanh cấp xã / commune radio")
    top.add_argument("--version", action="version", version=f"smartradio {version('smartradio')}")
    common = kind(add_help=False)
    common.add_argument(
        "--config", metavar="FILE", help="station.toml ($SMARTRADIO_CONFIG, /etc/smartradio/station.toml)"
    )
    common.add_argument("--lang", choices=("vi", "en"), help="tiếng Việt / English")
    sub = top.add_subparsers(required=True, metavar="COMMAND")
    for add in (_processes, _looks, _schedule, _operate, _speak, _accounts, _server):
        add(sub, common)
    return top


def _add(sub: Sub, common: argparse.ArgumentParser, name: str, does: str, text: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = sub.add_parser(name, parents=[common], help=text, description=text)
    made.set_defaults(does=does)
    return made


def _processes(sub: Sub, common: argparse.ArgumentParser) -> None:
    _add(sub, common, "run", "processes.run", "chạy cả đài / run all four station processes in the foreground")
    for name in ("playout", "meter", "ledger", "console"):
        _add(sub, common, name, f"processes.{name}", f"tiến trình {name} / the {name} process")


def _looks(sub: Sub, common: argparse.ArgumentParser) -> None:
    config = sub.add_parser("config", help="cấu hình / configuration").add_subparsers(required=True, metavar="WHAT")
    _add(config, common, "check", "looks.config_check", "kiểm tra cấu hình / every error of the configuration")
    for name, text in (
        ("devices", "tên các thiết bị âm thanh và cổng / names of sound cards and ports"),
        ("status", "đang phát gì, nghe thấy gì / what is on air, heard and next"),
        ("faults", "các sự cố đang có / open faults"),
    ):
        _add(sub, common, name, f"looks.{name}", text).add_argument("--json", action="store_true")


def _schedule(sub: Sub, common: argparse.ArgumentParser) -> None:
    group = sub.add_parser("schedule", help="lịch phát sóng / schedule").add_subparsers(required=True, metavar="WHAT")
    check = _add(group, common, "check", "timetables.check", "kiểm tra một tệp lịch / check a timetable file")
    check.add_argument("file")
    check.add_argument("--json", action="store_true")
    show = _add(group, common, "show", "timetables.show", "các lượt phát theo lịch / the planned broadcasts")
    show.add_argument("file")
    show.add_argument("--from", dest="first", metavar="D", help="2026-11-23 hoặc/or 23/11/2026; hôm nay/today")
    show.add_argument("--to", dest="last", metavar="D", help="không kể ngày này, bảy ngày / exclusive, a week")
    show.add_argument("--json", action="store_true")
    load = _add(group, common, "load", "timetables.load", "nạp lịch phát sóng / adopt a timetable that passes whole")
    load.add_argument("file")
    load.add_argument("--by", metavar="NAME")
    load.add_argument("--dry-run", action="store_true", help="chỉ xem sẽ đổi gì / only show what would change")
    listed = _add(
        group, common, "list", "timetables.list_", "các lịch đang giữ / the timetables that the station holds"
    )
    listed.add_argument("--json", action="store_true")
    drop = _add(group, common, "drop", "timetables.drop", "bỏ một lịch / drop a timetable")
    drop.add_argument("timetable", metavar="TITLE|N", help="tên hoặc số thứ tự / its title or number in the list")
    drop.add_argument("--by", metavar="NAME")
    for command in (check, show, load):
        command.add_argument("--convert", choices=("tcvn3", "vni"), help="đổi chữ từ bảng mã cũ / from an old charset")
    export = _add(group, common, "export", "timetables.export", "ghi lịch ra tệp / a timetable as a file")
    export.add_argument("timetable", metavar="TITLE|N", nargs="?", help="bỏ trống: lịch hôm nay / if none, today's")
    export.add_argument("--xlsx", metavar="F")
    template = _add(group, common, "template", "timetables.template", "lịch mẫu để điền / an example to fill in")
    template.add_argument("--xlsx", metavar="F")
    template.add_argument("--grid", action="store_true", help="lịch tuần, ngày ghi ngang / a weekly grid (with --xlsx)")


def _operate(sub: Sub, common: argparse.ArgumentParser) -> None:
    play = _add(sub, common, "play", "operate.play", "phát ngay một tệp / play a file now")
    play.add_argument("file")
    play.add_argument("--wait", action="store_true", help="sau các tin ưu tiên đang chờ / after those that wait")
    queue = _add(sub, common, "queue", "operate.queue", "tin ưu tiên đang chờ, xếp thứ tự / what waits, and its order")
    queue.add_argument("numbers", metavar="N", type=int, nargs="*", help="phát các tin này trước / these come first")
    queue.add_argument("--json", action="store_true")
    stop = _add(sub, common, "stop", "operate.stop", "dừng phát / stop what plays")
    stop.add_argument("--until", metavar="T", help="17h30, 17h30 23/11/2026 hoặc/or 2026-11-23T05:00")
    resume = _add(sub, common, "resume", "operate.resume", "cho phát lại / end a stop")
    level = _add(sub, common, "relearn", "operate.relearn", "học lại mức âm thanh / learn the normal level anew")
    live = sub.add_parser("live", help="phát trực tiếp / speak live").add_subparsers(
        required=True, metavar="start|stop"
    )
    start = _add(live, common, "start", "operate.live_start", "bắt đầu / begin")
    start.add_argument("--input", metavar="NAME", help="[input.NAME] của cấu hình / of the configuration")
    start.add_argument("--limit", metavar="MIN", type=int, default=60, help="tự kết thúc sau / ends by itself after")
    start.add_argument("--title", metavar="TEXT", default="")
    end = _add(live, common, "stop", "operate.live_stop", "kết thúc / end it")
    for command in (play, queue, stop, resume, level, start, end):
        command.add_argument("--by", metavar="NAME")
        command.add_argument("--why", metavar="TEXT", default="")


def _speak(sub: Sub, common: argparse.ArgumentParser) -> None:
    say = _add(sub, common, "say", "speak.say", "đọc một thông báo thành tiếng / speak a notice")
    say.add_argument("text", help="nội dung, hoặc - để đọc từ đầu vào chuẩn / the text, or - for standard input")
    say.add_argument("--name", metavar="F", help="tên tệp trong thư mục chương trình / its name among the programmes")
    say.add_argument("--out", metavar="F.wav", help="chỉ ghi ra tệp này / only write this file")
    say.add_argument("--voice", metavar="V", help="bac, trung, nam")
    say.add_argument("--dry-run", action="store_true", help="chỉ xem sẽ đọc thế nào / only show how it is said")
    say.add_argument("--now", "--play", action="store_true", help="phát ngay / play it now")
    heard = _add(sub, common, "heard", "speak.heard", "đã nghe thử thông báo máy đọc / a spoken notice was listened to")
    heard.add_argument("file")
    alert = _add(sub, common, "emergency", "speak.emergency", "phát một cảnh báo CAP / air an alert (CAP 1.2)")
    alert.add_argument("file")
    alert.add_argument("--dry-run", action="store_true", help="chỉ xem sẽ thế nào / only show what would become of it")
    for command in (say, alert):
        command.add_argument("--json", action="store_true")
    for command in (say, heard, alert):
        command.add_argument("--by", metavar="NAME")
        command.add_argument("--why", metavar="TEXT", default="")


def _accounts(sub: Sub, common: argparse.ArgumentParser) -> None:
    airtime = _add(sub, common, "airtime", "accounts.airtime", "thời lượng phát sóng trong tháng / the station's month")
    airtime.add_argument(
        "--month", metavar="2026-11", help="hoặc/or 11/2026; bỏ trống: tháng này / if none, this month"
    )
    airtime.add_argument("--json", action="store_true")
    for form in ("csv", "xlsx", "docx", "pdf"):
        airtime.add_argument(f"--{form}", metavar="F")
    logbook = _add(sub, common, "logbook", "accounts.logbook", "sổ nhật ký chương trình phát thanh / the logbook")
    logbook.add_argument("--week", metavar="2026-W47", help="hoặc/or 47/2026; bỏ trống: tuần này / if none, this week")
    logbook.add_argument("--pdf", metavar="F")
    logbook.add_argument("--xlsx", metavar="F")
    journal = sub.add_parser("journal", help="sổ cái / the ledger").add_subparsers(required=True, metavar="WHAT")
    verify = _add(journal, common, "verify", "accounts.verify", "kiểm tra chuỗi bản ghi / verify the chain of records")
    verify.add_argument("--json", action="store_true")
    measure = _add(sub, common, "measure", "measuring.measure", "so bản thu với bản đã phát / what a recording proves")
    measure.add_argument("sent", help="WAV, bản đã phát / what was sent")
    measure.add_argument("heard", help="WAV, bản thu lại / what was heard")
    measure.add_argument("--json", action="store_true")
    measure.add_argument("--plot", metavar="F.png", help="vẽ kết quả thành ảnh / draw it")


def _server(sub: Sub, common: argparse.ArgumentParser) -> None:
    _add(sub, common, "collector", "processes.collector", "máy thu thập phía tỉnh / the server's side")


if __name__ == "__main__":
    sys.exit(main())
