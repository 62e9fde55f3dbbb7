"""The console process: the operator's page; by threads of its own, new programme files and alerts."""

import logging
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from audio.library import ingest, unchanged_stamps
from firmware_py.alerts.station import alert_watch
from firmware_py.config import Config
from firmware_py.console.server import CannotListen, serve
from firmware_py.console.settings import ConsoleSettings
from firmware_py.files import write_json
from firmware_py.library_keeper import LibraryKeeper
from firmware_py.process import end_with_parent, log_to_stderr, notify

LISTEN_AGAIN_S = 5.0
log = logging.getLogger("smartradio")


def main(config: Config) -> None:
    """Serve until told to end. Raises JournalError for its accounts."""
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
    _library_keeper(config).start()
    alerts = alert_watch(config, died=lambda: os.kill(os.getpid(), signal.SIGTERM))
    alerts.start()
    try:
        _serve_when_it_can(settings, partial(_tell, config.paths.run_dir))
    finally:
        alerts.close()


def _serve_when_it_can(settings: ConsoleSettings, tell: Callable[[str | None], None]) -> None:
    """A taken port keeps the page away, and nothing else: alerts and new files wait for no page."""
    said = ""
    while True:
        try:
            return serve(settings, ready=tell)
        except CannotListen as error:
            if str(error) != said:
                said = str(error)
                log.error("%s | %s", error.vi, error.en)
                tell(None)
            time.sleep(LISTEN_AGAIN_S)


def _library_keeper(config: Config) -> LibraryKeeper:
    library_dir, target_lufs = config.library_dir, config.library.target_lufs
    return LibraryKeeper(
        config.paths.media_dir,
        lambda path, stamp: ingest(path, library_dir, target_lufs, settled=stamp),
        unchanged_stamps(library_dir, target_lufs),
    )


def _tell(run_dir: Path, address: str | None) -> None:
    """We work; the page is at *address* (with port 0 nobody else knows), or nowhere yet."""
    try:
        write_json(run_dir / "console.json", {"pid": os.getpid(), "address": address})
    except OSError as error:
        log.warning("console.json: %s", error)
    notify("READY=1")
