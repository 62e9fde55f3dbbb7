"""airtime, logbook, journal verify: what was broadcast, and what proves it."""

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from firmware_py.commands.context import Context, failure
from firmware_py.commands.dates import month_of, week_of
from firmware_py.config import Config
from scheduler.problem import reason
from telemetry.database import Corrupt, JournalError, damaged_rows
from telemetry.figures import begun_between, fault_list, month_days, monthly, unaccounted
from telemetry.ledger_store import LedgerReader
from telemetry.reports.reasons import explained
from telemetry.reports.words import Lang

if TYPE_CHECKING:
    from telemetry.reports.form import Form

Json = dict[str, Any]
T = TypeVar("T")


def airtime(context: Context) -> None:
    """The month that is asked for, else the one it is."""
    config = context.config()
    asked = context.args.month
    figure = month_figure(config, f"{context.now():%Y-%m}" if asked is None else month_of(asked))
    if context.args.json:
        context.print_json(figure)
    written = [_write(context, config, figure, form) for form in ("csv", "xlsx", "docx", "pdf")]
    if not context.args.json and not any(written):
        from telemetry.reports.table import airtime_table

        context.print(f"{config.station.name}, {context.text('tháng', 'month')} {figure['month']}\n")
        context.print(airtime_table(figure, context.lang, _width()))


def logbook(context: Context) -> None:
    """The week that is asked for, else the one it is."""
    config = context.config()
    asked = context.args.week
    week = week_figure(config, f"{context.now():%G-W%V}" if asked is None else week_of(asked))
    written = [_write(context, config, week, form) for form in ("pdf", "xlsx")]
    if not any(written):
        from telemetry.reports.logbook import logbook_text

        context.print(logbook_text(week, _form(config, context.lang), _width()))


def _width() -> int:
    """Of the terminal; something that reads well where it is a file or a pipe."""
    from telemetry.reports.table import UNKNOWN_TERMINAL

    return shutil.get_terminal_size(UNKNOWN_TERMINAL).columns


def verify(context: Context) -> int:
    config = context.config()
    count, wrong = _read(config, LedgerReader.verify)
    if context.args.json:
        found = None if wrong is None else {"seq": wrong.seq, "code": wrong.code, "reason": wrong.reason}
        context.print_json({"valid": wrong is None, "entries": count, "wrong": found})
    elif wrong is None and not count:
        context.say("Sổ cái chưa có bản ghi nào.", "The ledger has no entries yet.")
    elif wrong is None:
        context.say(f"Sổ cái đúng: {count} bản ghi nối liền.", f"The ledger is whole: {count} linked entries.")
    else:
        context.say(
            f"Sổ cái sai từ bản ghi số {wrong.seq}: {explained(wrong.reason)}",
            f"The ledger is wrong from entry {wrong.seq} on: {wrong.reason}",
        )
    return 0 if wrong is None else 1


def month_figure(config: Config, month: str, upto: int | None = None) -> Json:
    """The station's month from its ledger. Raises CommandError for a month that is none."""
    try:
        first, last = month_days(month)
    except ValueError:
        vi, en = f"{month!r} không phải là tháng (11/2026)", f"{month!r} is not a month (2026-11)"
        raise failure("--month", "bad_month", vi, en) from None
    counted = upto if upto is not None else _read(config, LedgerReader.last_seq)
    entries = _read(config, lambda reader: reader.entries_about(first, last, counted))
    figure = _made(config, lambda: monthly(config.station.id, entries, month, counted, datetime.now(UTC)).to_json())
    return figure | {"head": _head(config, counted)}


def _head(config: Config, counted: int) -> str | None:
    """The hash of the entry that is counted up to."""
    newest = _read(config, lambda reader: reader.entries_since(counted - 1, 1))
    return newest[0].hash if newest else None


def week_figure(config: Config, week: str) -> Json:
    """The occurrences that began in the week, whole, and its faults, for the logbook."""
    from telemetry.reports.figures import week_days

    try:
        days = week_days(week)
    except ValueError:
        vi, en = f"{week!r} không phải là tuần (47/2026)", f"{week!r} is not a week (2026-W47)"
        raise failure("--week", "bad_week", vi, en) from None
    counted, now = _read(config, LedgerReader.last_seq), datetime.now(UTC)
    entries = _read(config, lambda reader: reader.entries_about(days[0], days[-1], counted))
    return {
        "station": config.station.id,
        "week": week,
        "as_of": now.isoformat(),
        "seq": counted,
        "head": _head(config, counted),
        "occurrences": _made(config, lambda: begun_between(entries, days[0], days[-1])),
        "unaccounted": _made(config, lambda: [o for day in days for o in unaccounted(entries, str(day), now)]),
        "faults": _faults(config, days[0], days[-1]),
    }


def _faults(config: Config, first: date, last: date) -> list[Json]:
    """Every fault that was open on one of these days, however long before it was raised."""
    entries = _read(config, LedgerReader.faults)
    from_day, to_day = first.isoformat(), last.isoformat()
    return [
        fault
        for fault in _made(config, lambda: fault_list(entries))
        if fault["since"][:10] <= to_day and (fault["cleared_at"] or "9999")[:10] >= from_day
    ]


def _read(config: Config, query: Callable[[LedgerReader], T]) -> T:
    """Ask ledger.db. Raises CommandError when it is not there or damaged."""
    path = config.ledger_db
    if not path.exists():
        raise failure(
            str(path),
            "no_ledger",
            "chưa có sổ cái: đài chưa chạy lần nào, hoặc thư mục dữ liệu không còn",
            "no ledger: never run yet, or the folder is gone",
        )
    reader = LedgerReader(path)
    try:
        return query(reader)
    except JournalError as error:
        vi = f"không đọc được: {explained(str(error))}"
        raise failure(str(path), "journal", vi, f"cannot be read: {error}") from None
    finally:
        reader.close()


def _made(config: Config, make: Callable[[], T]) -> T:
    """What *make* makes of entries. Raises CommandError where one of them is damaged."""
    try:
        with damaged_rows(config.ledger_db):
            return make()
    except Corrupt:
        vi = "sổ cái có bản ghi bị hỏng; xem lệnh smartradio journal verify"
        en = "the ledger has damaged entries; see: smartradio journal verify"
        raise failure(str(config.ledger_db), "damaged", vi, en) from None


def _write(context: Context, config: Config, data: Json, form: str) -> bool:
    """Write the report in one format if it was asked for."""
    name = getattr(context.args, form, None)
    if not name:
        return False
    from telemetry.reports import files

    subject = "logbook" if "week" in data else "airtime"
    writer = getattr(files, f"{subject}_{form}")
    try:
        # What goes to an office is Vietnamese whatever the computer speaks, unless --lang says otherwise.
        writer(data, Path(name), _form(config, context.args.lang or "vi"))
    except OSError as error:
        why_vi, why = reason(error)
        raise failure(name, "unwritable", f"không ghi được: {why_vi}", f"cannot be written: {why}") from None
    context.say(f"Đã ghi {name}", f"Wrote {name}")
    return True


def _form(config: Config, lang: Lang) -> "Form":
    from telemetry.reports.form import Form

    return Form(lang=lang, station_name=config.station.name, authority=config.station.commune)
