"""schedule check | show | load | template."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

from firmware_py.commands.context import CommandError, Context, failure, person
from firmware_py.commands.operate import send
from firmware_py.config import Config, ConfigError
from firmware_py.config import load as load_config
from scheduler import intake
from scheduler.check import Rules
from scheduler.loaders import Loaded
from scheduler.plan import plan_days
from scheduler.problem import Problem
from scheduler.show import lines as shown_lines
from scheduler.show import rows
from scheduler.template import template_toml, write_template_xlsx


def check(context: Context) -> int:
    path = Path(context.args.file)
    loaded, media = examined(path, _config_if_any(context))
    if context.args.json:
        context.print_json(intake.report(loaded, context.lang))
    else:
        _tell(context, path, (*loaded.errors, *loaded.warnings))
        context.tell(media)
        if loaded.timetable:
            context.say(f"{path}: lịch đúng", f"{path}: the timetable is right")
    return 0 if loaded.timetable else 1


def show(context: Context) -> None:
    path = Path(context.args.file)
    loaded, _ = examined(path, _config_if_any(context))
    if loaded.timetable is None:
        raise CommandError(*_in_file(path, loaded.errors))
    first, end = _day(context.args.first, "--from"), _day(context.args.last, "--to")
    if context.args.json:
        context.print_json(rows(loaded.timetable, first, end))
        return
    for line in shown_lines(plan_days(loaded.timetable, first, end), context.lang):
        context.print(line)


def load(context: Context) -> None:
    config = context.config()
    path = Path(context.args.file)
    loaded, media = examined(path, config)
    _tell(context, path, loaded.warnings)
    context.tell(media)
    if loaded.timetable is None:
        raise CommandError(*_in_file(path, loaded.errors))
    send(config, "timetable", person(context.args.by), file=path.name, timetable=loaded.timetable.to_json())
    context.say(
        f"Lịch “{loaded.timetable.title}” đã được nhận; đài phát theo lịch này từ bây giờ.",
        f'Timetable "{loaded.timetable.title}" was handed over; the station plays by it from now on.',
    )


def template(context: Context) -> None:
    if context.args.xlsx is None:
        if context.args.grid:
            raise failure("--grid", "no_file", "lịch tuần cần --xlsx TỆP", "a grid needs --xlsx FILE")
        context.print(template_toml())
        return
    path = Path(context.args.xlsx)
    try:
        write_template_xlsx(path, grid=context.args.grid)
    except OSError as error:
        why = error.strerror or str(error)
        raise failure(str(path), "unwritable", f"không ghi được: {why}", f"cannot be written: {why}") from None
    context.say(f"Đã ghi {path}", f"Wrote {path}")


def examined(path: Path, config: Config | None) -> tuple[Loaded, list[Problem]]:
    """Read a timetable file and judge it whole; beside it what is wrong with the programme files it names.

    Those are taken into the library on the way: decoded and counted here, never in the play path. One that is not
    there, or does not decode, is a warning: an unrecorded bulletin must not block the week.
    """
    if config is None:
        return intake.examine(path, Rules()), []
    media: list[Problem] = []
    # One output reaches every loudspeaker at once: a plan that splits them cannot be carried out (zones: none).
    rules = Rules(config.guards.quiet_windows, zones=(), has_source=_taken_into_library(config, media))
    return intake.examine(path, rules), media


def _taken_into_library(config: Config, media: list[Problem]) -> Callable[[str], bool]:
    from audio.decode import MediaError
    from audio.library import find_media, ingest, read_index

    def has(source: str) -> bool:
        if "://" in source:
            return True
        try:
            entry = ingest(find_media(config.paths.media_dir, source), config.library_dir)
        except MediaError as error:
            if error.problem.code != "missing":
                media.append(error.problem)
            return source in read_index(config.library_dir)
        media.extend(entry.warnings)
        return True

    return has


def _config_if_any(context: Context) -> Config | None:
    """check and show work without a station too; with one, its guards and its media folder count."""
    if context.args.config:
        return context.config()  # it was named: say what is wrong with it
    try:
        return load_config(context.config_file())
    except ConfigError:
        return None


def _day(text: str, where: str) -> date:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise failure(where, "bad_date", f"{text!r} không phải là ngày (2026-11-23)", f"{text!r} is no date (2026-11-23)")


def _tell(context: Context, path: Path, problems: Sequence[Problem]) -> None:
    context.tell(_in_file(path, problems))


def _in_file(path: Path, problems: Sequence[Problem]) -> list[Problem]:
    return [Problem(f"{path}:{p.where}" if p.where else str(path), p.code, p.vi, p.en) for p in problems]
