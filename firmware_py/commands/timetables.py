"""schedule check | show | load | list | drop | export | template."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from firmware_py.commands.context import CommandError, Context, failure, person
from firmware_py.commands.dates import day_of
from firmware_py.commands.operate import send
from firmware_py.config import Config, ConfigError
from firmware_py.config import load as load_config
from firmware_py.playout.planning import Plan, preview
from scheduler import export as exports
from scheduler import intake
from scheduler.book import NO_TIMETABLES, TimetableBook, id_of
from scheduler.check import Rules
from scheduler.holidays import VIETNAM
from scheduler.loaders import Charset, Loaded
from scheduler.plan import plan_days
from scheduler.problem import Problem, reason
from scheduler.repeats import ContentOf, nothing_known
from scheduler.show import change_lines, rows, timetable_line, timetable_row
from scheduler.show import lines as shown_lines
from scheduler.template import template_toml, write_template_xlsx
from scheduler.timetable import Timetable
from scheduler.vietnamese import fold
from telemetry.journal import JournalError, PlayoutReader
from telemetry.reports.files import written_whole
from telemetry.reports.reasons import explained

T = TypeVar("T")
SHOWN_DAYS = 7


def check(context: Context) -> int:
    path = Path(context.args.file)
    config = _config_if_any(context)
    found = examined(context, path, config, _book_if_any(context, config))
    loaded = found.loaded
    if context.args.json:
        told = replace(loaded, warnings=(*loaded.warnings, *found.media))
        context.print_json(intake.report(told, context.lang))
    else:
        context.tell(_in_file(context, path, loaded.errors))
        context.warn((*_in_file(context, path, loaded.warnings), *found.media))
        if loaded.timetable:
            context.say(f"{path}: lịch đúng", f"{path}: the timetable is right")
    return 0 if loaded.timetable else 1


def show(context: Context) -> None:
    path = Path(context.args.file)
    config = _config_if_any(context)
    found = examined(context, path, config)
    loaded = found.loaded
    if loaded.timetable is None:
        raise CommandError(*_in_file(context, path, loaded.errors))
    holidays = config.holidays if config else VIETNAM
    first, end = _shown_days(context)
    if context.args.json:
        context.print_json(rows(loaded.timetable, first, end, holidays, found.content_of))
        return
    for line in shown_lines(plan_days(loaded.timetable, first, end, holidays, found.content_of), context.lang):
        context.print(line)


def _shown_days(context: Context) -> tuple[date, date]:
    """From --from (today) until before --to (a week later)."""
    first, last = context.args.first, context.args.last
    begins = day_of(first, "--from") if first else context.now().date()
    return begins, day_of(last, "--to") if last else begins + timedelta(days=SHOWN_DAYS)


def load(context: Context) -> None:
    config = context.config()
    path, book = Path(context.args.file), _book(config)
    found = examined(context, path, config, book)
    loaded = found.loaded
    context.warn((*_in_file(context, path, loaded.warnings), *found.media))
    if loaded.timetable is None:
        raise CommandError(*_in_file(context, path, loaded.errors))
    now = context.now()
    newer = book.with_timetable(loaded.timetable, now.date())
    change = preview(Plan(book, holidays=config.holidays), newer, now, found.content_of)
    for line in change_lines(change, context.lang):
        context.print(line)
    if context.args.dry_run:
        context.say("Chỉ xem trước, lịch chưa được nạp.", "A preview only: nothing was handed over.")
        return
    send(config, "timetable", person(context.args.by), file=path.name, timetable=loaded.timetable.to_json())
    context.say(
        f"Lịch “{loaded.timetable.title}” đã được nhận; đài phát theo lịch này vào những ngày nó có hiệu lực.",
        f'Timetable "{loaded.timetable.title}" was handed over; the station plays by it on its days.',
    )


def list_(context: Context) -> None:
    config = context.config()
    book = _book(config)
    in_force = book.on(context.now().date(), config.holidays)
    found = [timetable_row(n, one, one is in_force) for n, one in enumerate(book.timetables, 1)]
    if context.args.json:
        context.print_json(found)
        return
    for row in found:
        context.print(timetable_line(row, context.lang))
    if not found:
        context.say("Chưa có lịch nào.", "There is no timetable yet.")


def drop(context: Context) -> None:
    config = context.config()
    timetable = _chosen(_book(config), context.args.timetable)
    send(config, "drop_timetable", person(context.args.by), id=id_of(timetable))
    context.say(f"Đã gửi lệnh bỏ lịch “{timetable.title}”.", f'Timetable "{timetable.title}" will be dropped.')


def _book(config: Config) -> TimetableBook:
    """What playout has journaled. Raises CommandError if that cannot be read."""
    try:
        reader = PlayoutReader(config.playout_db)
        try:
            timetables = reader.timetables()
        finally:
            reader.close()
    except JournalError as error:
        where = str(config.playout_db)
        vi = f"không đọc được: {explained(str(error))}"
        raise failure(where, "journal", vi, f"cannot be read: {error}") from None
    return TimetableBook.from_json(timetables) if timetables else NO_TIMETABLES


def _book_if_any(context: Context, config: Config | None) -> TimetableBook:
    """check works where the journal cannot be read, too, and says that it did without."""
    try:
        return _book(config) if config else NO_TIMETABLES
    except CommandError as error:
        context.warn(error.problems)
        return NO_TIMETABLES


def _chosen(book: TimetableBook, wanted: str) -> Timetable:
    """By its number in the list, or by its title. Raises CommandError unless exactly one is meant."""
    by_number = [one for n, one in enumerate(book.timetables, 1) if str(n) == wanted]
    by_title = [one for one in book.timetables if fold(one.title) == fold(wanted)]
    match by_number or by_title:
        case [timetable]:
            return timetable
        case []:
            vi, en = f"không có lịch “{wanted}”; xem `schedule list`", f'no timetable "{wanted}"; see `schedule list`'
        case _:
            vi, en = f"có nhiều lịch tên “{wanted}”; ghi số thứ tự", f'several are called "{wanted}"; give the number'
    raise failure("schedule", "which_timetable", vi, en)


def export(context: Context) -> None:
    """A timetable of the book as a file that loads again; what the file cannot say is told."""
    timetable = _to_export(context)
    if context.args.xlsx is None:
        text, lost = exports.to_toml(timetable)
        context.print(text)
    else:
        lost = _written(context, lambda path: exports.write_xlsx(timetable, path))
    context.warn(lost)


def _to_export(context: Context) -> Timetable:
    config = context.config()
    book = _book(config)
    if context.args.timetable:
        return _chosen(book, context.args.timetable)
    in_force = book.on(context.now().date(), config.holidays)
    if in_force is None:
        vi, en = "hôm nay chưa có lịch nào có hiệu lực", "no timetable is in force today"
        raise failure("schedule export", "no_timetable", vi, en)
    return in_force


def template(context: Context) -> None:
    if context.args.xlsx is None:
        if context.args.grid:
            raise failure("--grid", "no_file", "lịch tuần cần --xlsx TỆP", "a grid needs --xlsx FILE")
        context.print(template_toml())
    else:
        _written(context, partial(write_template_xlsx, grid=context.args.grid))


def _written(context: Context, write: Callable[[Path], T]) -> T:
    path = Path(context.args.xlsx)
    try:
        with written_whole(path) as unfinished:
            said = write(unfinished)
    except OSError as error:
        why_vi, why = reason(error)
        raise failure(str(path), "unwritable", f"không ghi được: {why_vi}", f"cannot be written: {why}") from None
    context.say(f"Đã ghi {path}", f"Wrote {path}")
    return said


def _charset(context: Context) -> Charset | None:
    return Charset(context.args.convert) if context.args.convert else None


@dataclass(frozen=True, slots=True)
class Examined:
    """A timetable judged whole; beside it what is wrong with the programme files that it names, and what they hold."""

    loaded: Loaded
    media: Sequence[Problem] = ()
    content_of: ContentOf = nothing_known


def examined(context: Context, path: Path, config: Config | None, book: TimetableBook = NO_TIMETABLES) -> Examined:
    """Read a timetable file that will be held beside those of *book*. Its programme files are taken into the library.

    One that is not there, or does not decode, is a warning: an unrecorded bulletin must not block the week.
    """
    if config is None:
        return Examined(intake.examine(path, Rules(today=context.now().date()), _charset(context)))
    from firmware_py.commands.loading import Media

    media = Media(context, config)
    rules = Rules(
        config.station_guards,
        zones=(),  # one output reaches every loudspeaker at once: a plan that splits them cannot be carried out
        has_source=media.has,
        lasts_ms=media.lasts_ms,
        today=context.now().date(),
        content_of=media.content_of,
        inputs=config.input,
        relays=config.relay.chains,
        unheard=media.unheard,
        has_filler=bool(config.filler.files),
        book=book,
    )
    media.problems += [_no_fallback(name) for name in config.relay.files if not media.has(name)]
    for pattern in config.filler.files:
        if not {"*", "?"} & set(pattern) and not media.has(pattern):
            media.problems.append(_no_filler(pattern))
    loaded = intake.examine(path, rules, _charset(context))
    if loaded.timetable is not None:
        media.make_copies(loaded.timetable.slots)
    return Examined(loaded, media.problems, media.content_of)


def _no_fallback(name: str) -> Problem:
    vi = "tệp dự phòng của chuỗi tiếp âm chưa có trong thư mục chương trình"
    return Problem(name, "no_fallback", vi, "this file of a relay's fallback is not in the media folder yet")


def _no_filler(name: str) -> Problem:
    vi = "tệp nhạc đệm ([filler]) chưa có trong thư mục chương trình"
    return Problem(name, "no_filler", vi, "this filler is not in the media folder yet")


def _config_if_any(context: Context) -> Config | None:
    """check and show work without a station too; with one, its guards and its media folder count."""
    if context.args.config:
        return context.config()  # it was named: say what is wrong with it
    try:
        return load_config(context.config_file())
    except ConfigError as error:
        context.warn(problem for problem in error.problems if problem.code != "unreadable")  # no station here
        return None


def _in_file(context: Context, path: Path, problems: Sequence[Problem]) -> list[Problem]:
    """The same, each at its place as one reads it on a terminal: ``lich.csv:dòng 2, cột "Giờ"``."""
    places = [p.place(context.lang) if p.where != path.name else "" for p in problems]
    return [
        Problem(f"{path}:{place}" if place else str(path), p.code, p.vi, p.en)
        for place, p in zip(places, problems, strict=True)
    ]
