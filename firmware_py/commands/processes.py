"""Commands that run: the station, one of its processes, the collector."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from audio.ring import RingError
from firmware_py.commands.context import CommandError, Context, failure
from firmware_py.config import Config, ConfigError, config_path, load_collector
from firmware_py.process import AlreadyRuns, log, only_one
from scheduler.problem import Problem, reason
from telemetry.database import JournalError
from telemetry.ledger_store import AnotherStation
from telemetry.reports.reasons import explained


def run(context: Context) -> None:
    from firmware_py import supervisor

    config = _prepared(context.config())
    with _only_one(config, "run"):
        supervisor.run(context.config_file())


def playout(context: Context) -> None:
    from firmware_py.playout.process import main

    _run(context, "playout", main)


def meter(context: Context) -> None:
    _one_thread_of_arithmetic()
    from firmware_py.meter.process import main

    _run(context, "meter", main)


def ledger(context: Context) -> None:
    from firmware_py.ledger.process import main

    _run(context, "ledger", main)


def console(context: Context) -> None:
    from firmware_py.console.process import main

    _run(context, "console", main)


def collector(context: Context) -> None:
    from firmware_py.collector import main

    try:
        config = load_collector(config_path(context.args.config))
    except ConfigError as error:
        raise CommandError(*error.problems) from None
    _world(lambda: main(config))


def _run(context: Context, name: str, main: Callable[[Config], None]) -> None:
    config = _prepared(context.config())
    with _only_one(config, name):
        _world(lambda: main(config))


@contextmanager
def _only_one(config: Config, name: str) -> Iterator[None]:
    """Two of a kind would write the same files, and make a false record. Raises CommandError."""
    path = config.paths.state_dir / f"{name}.lock"
    with ExitStack() as held:
        try:
            held.enter_context(only_one(path))
        except AlreadyRuns:
            raise failure(name, "already_runs", "đang chạy rồi", "is running already") from None
        except OSError as error:  # a full disk must not keep a station from playing
            log.warning("%s: %s", path, error)
        yield


def _world(main: Callable[[], None]) -> None:
    """What the world did to a journal at the start is the input's fault, not ours: say it without a traceback."""
    try:
        main()
    except AnotherStation as error:
        vi = f"là sổ cái của đài {error.theirs!r}, không phải của {error.ours!r}: sửa station.id, hoặc cất tệp này đi"
        en = f"is the ledger of station {error.theirs!r}, not of {error.ours!r}: mend station.id, or put this file away"
        raise failure(str(error.path), "another_station", vi, en) from None
    except JournalError as error:
        raise CommandError(
            Problem("", "journal", f"không ghi được sổ: {explained(str(error))}", f"journal: {error}")
        ) from None
    except RingError as error:
        raise CommandError(
            Problem("", "run_dir", f"không ghi được: {explained(str(error))}", f"cannot be written: {error}")
        ) from None


def _prepared(config: Config) -> Config:
    """The folders every process needs. Raises CommandError when one cannot be made or written."""
    folders = (
        config.paths.state_dir,
        config.paths.run_dir,
        config.paths.media_dir,
        config.spool_dir,
        config.library_dir,
    )
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why_vi, why = reason(error)
            raise failure(
                str(folder), "folder", f"không tạo được thư mục: {why_vi}", f"cannot be made: {why}"
            ) from None
    for folder in (config.paths.state_dir, config.paths.run_dir):
        _must_be_writable(folder)
    return config


def _must_be_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise failure(str(folder), "no_permission", "không có quyền ghi", "no permission to write")


def _one_thread_of_arithmetic() -> None:
    """numpy's threads would cost memory and gain nothing at this size."""
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
