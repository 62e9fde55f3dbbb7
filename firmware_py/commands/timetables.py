"""schedule check | show | load | template."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from scheduler.template import template_toml, write_template_xlsx

from firmware_py.commands.context import CommandError, Context, failure, person
from firmware_py.commands.operate import send
from firmware_py.config import Config, ConfigError, load
from scheduler.check import check as check_timetable
from scheduler.clock import STATION_TZ
from scheduler.loaders import Loaded
from scheduler.loaders import load as load_file
from scheduler.occurrence import ALL_ZONES
from scheduler.plan import plan_days
from scheduler.problem import Problem
from scheduler.quiet import Window
from scheduler.timetable import Timetable


def check(context: Context) -> int:
    _, errors, warnings = examined(Path(context.args.file), _config_if_any(context))
    if context.args.json:
        document = {"valid": not errors}
        document |= {"errors": _listed(errors, context), "warnings": _listed(warnings, context)}
        context.print_json(document)
    else:
        context.tell([_in_file(context.args.file, problem) for problem in (*errors, *warnings)])
        if not errors:
            context.say(f"{context.args.file}: lịch đúng", f"{context.args.file}: the timetable is right")
    return 1 if errors else 0


def show(context: Context) -> None:
    timetable, errors, _ = examined(Path(context.args.file), _config_if_any(context))
    if timetable is None or errors:
        raise CommandError(*[_in_file(context.args.file, problem) for problem in errors])
    occurrences = plan_days(timetable, _day(context.args.first, "--from"), _day(context.args.last, "--to"))
    if context.args.json:
        context.print_json([occurrence.to_json() for occurrence in occurrences])
        return
    for o in occurrences:
        local = o.starts_at.astimezone(STATION_TZ)
        context.print(f"{local:%d/%m/%Y %H:%M:%S}  {o.planned_ms / 60_000:6.1f}'  {o.kind}  {o.programme}  {o.source}")


def load_(context: Context) -> None:
    config = context.config()
    path = Path(context.args.file)
    timetable, errors, warnings = examined(path, config)
    context.tell([_in_file(context.args.file, problem) for problem in warnings])
    if timetable is None or errors:
        raise CommandError(*[_in_file(context.args.file, problem) for problem in errors])
    send(config, "timetable", person(context.args.by), file=path.name, timetable=timetable.to_json())
    context.say(
        f"Lịch “{timetable.title}” đã được nhận; lịch cũ giữ đến khi playout đổi sang lịch này.",
        f'Timetable "{timetable.title}" handed to playout.',
    )


def template(context: Context) -> None:
    if context.args.xlsx is None:
        context.print(template_toml())
        return
    path = Path(context.args.xlsx)
    try:
        write_template_xlsx(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise failure(str(path), "unwritable", f"không ghi được: {why}", f"cannot be written: {why}") from None
    context.say(f"Đã ghi {path}", f"Wrote {path}")


def examined(path: Path, config: Config | None) -> tuple[Timetable | None, list[Problem], list[Problem]]:
    """Read a timetable file and judge it whole: the timetable if it can be read, all errors, all warnings.

    Files it names are taken into the library on the way: decoded and counted here, never in the play path.
    """
    loaded: Loaded = load_file(path)
    errors, warnings = list(loaded.errors), list(loaded.warnings)
    if loaded.timetable is not None:
        problems = check_timetable(loaded.timetable, _quiet(config), _has_source(config, warnings))
        errors += [p for p in problems.errors if p not in errors]
        errors += _zones_without_loudspeakers(loaded.timetable)
        warnings += [p for p in problems.warnings if p not in warnings]
    return loaded.timetable, errors, warnings


def _quiet(config: Config | None) -> tuple[Window, ...]:
    return config.guards.quiet_windows if config else ()


def _has_source(config: Config | None, warnings: list[Problem]) -> Callable[[str], bool]:
    """Whether a source can be played: an address, or a file that decodes. A file's fault becomes a warning."""
    if config is None:
        return lambda source: True
    from audio.decode import MediaError
    from audio.library import find_media, ingest, read_index

    def has(source: str) -> bool:
        if "://" in source:
            return True
        try:
            entry = ingest(find_media(config.paths.media_dir, source), config.library_dir)
        except MediaError as error:
            if error.problem.code != "missing":
                warnings.append(error.problem)
            return source in read_index(config.library_dir)
        warnings.extend(entry.warnings)
        return True

    return has


def _zones_without_loudspeakers(timetable: Timetable) -> list[Problem]:
    """One output reaches all clusters at once: a plan that splits them cannot be carried out."""
    return [
        Problem(
            slot.where,
            "no_such_zone",
            f"đài này phát chung một đường ra: không phát riêng được cho “{slot.zone}”",
            f'this station has one output for all: it cannot play for "{slot.zone}" alone',
        )
        for slot in timetable.slots
        if slot.zone != ALL_ZONES
    ]


def _config_if_any(context: Context) -> Config | None:
    """check and show work without a station too; with one, its guards and its media folder count."""
    try:
        return load(context.config_file())
    except ConfigError:
        if context.args.config:
            return context.config()  # it was named: say what is wrong with it
        return None


def _day(text: str, where: str) -> date:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise failure(where, "bad_date", f"{text!r} không phải là ngày (2026-11-23)", f"{text!r} is no date (2026-11-23)")


def _listed(problems: list[Problem], context: Context) -> list[dict[str, Any]]:
    return [{"where": p.where, "code": p.code, "message": p.text(context.lang)} for p in problems]


def _in_file(file: str, problem: Problem) -> Problem:
    where = f"{file}:{problem.where}" if problem.where else file
    return Problem(where, problem.code, problem.vi, problem.en)
