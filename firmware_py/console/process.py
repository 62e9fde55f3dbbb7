"""The console process: serves the operator's page, and takes new programme files into the library."""

import logging
from functools import partial

from audio.library import ingest
from firmware_py.config import Config
from firmware_py.console.server import CannotListen, serve
from firmware_py.console.settings import ConsoleSettings
from firmware_py.library_keeper import LibraryKeeper
from firmware_py.process import end_with_parent, log_to_stderr, notify
from scheduler.problem import Problem

log = logging.getLogger("smartradio")


class ConsoleError(Exception):
    """The page cannot be served; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.en)
        self.problem = problem


def main(config: Config) -> None:
    """Serve until told to end. Raises ConsoleError when the port is taken, JournalError for its accounts."""
    end_with_parent()
    log_to_stderr("console")
    settings = ConsoleSettings(
        run_dir=config.paths.run_dir,
        state_dir=config.paths.state_dir,
        spool_dir=config.spool_dir,
        station_name=config.station.name,
        host=config.console.host,
        port=config.console.port,
    )
    LibraryKeeper(config.paths.media_dir, lambda path: ingest(path, config.library_dir)).start()
    try:
        serve(settings, ready=partial(notify, "READY=1"))
    except CannotListen as error:
        raise ConsoleError(Problem("[console]", "cannot_listen", error.vi, error.en)) from None
