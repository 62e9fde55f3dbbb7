"""What every command is handed: its arguments, the language, the time, and a way to say things."""

import argparse
import contextlib
import getpass
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from firmware_py.config import Config, ConfigError, config_path, load
from scheduler.clock import STATION_TZ
from scheduler.problem import Problem, reason
from telemetry.reports.words import Lang


class CommandError(Exception):
    """The input or the world is at fault; exit 1 after saying so. ``problems`` has every reason."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.en for problem in problems))
        self.problems = problems


def failure(where: str, code: str, vi: str, en: str) -> CommandError:
    return CommandError(Problem(where, code, vi, en))


def station_now() -> datetime:
    return datetime.now(STATION_TZ)


@dataclass(frozen=True, slots=True)
class Context:
    """A command's arguments and surroundings."""

    args: argparse.Namespace
    lang: Lang
    now: Callable[[], datetime] = station_now

    def config(self) -> Config:
        """The station's configuration. Raises CommandError with every problem."""
        try:
            return load(config_path(self.args.config))
        except ConfigError as error:
            raise CommandError(*error.problems) from None

    def config_file(self) -> Path:
        return config_path(self.args.config)

    def say(self, vi: str, en: str) -> None:
        """A message for the person, on standard error."""
        print(vi if self.lang == "vi" else en, file=sys.stderr)

    def show_progress(self, text: str) -> None:
        """One moving line on a terminal, none elsewhere; an empty *text* takes it away."""
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def text(self, vi: str, en: str) -> str:
        return vi if self.lang == "vi" else en

    def tell(self, problems: Iterable[Problem], mark: str = "") -> None:
        for problem in dict.fromkeys(problems):  # what is wrong once is told once, however often it is met
            prefix = f"{problem.where}: " if problem.where else ""
            print(prefix + mark + problem.text(self.lang), file=sys.stderr)

    def warn(self, problems: Iterable[Problem]) -> None:
        """What does not stop anything, marked so that nobody takes it for an error."""
        self.tell(problems, self.text("cảnh báo: ", "warning: "))

    def print(self, text: str) -> None:
        with _output():
            print(text)

    def print_json(self, data: Any) -> None:
        """One JSON document on standard output and nothing else."""
        with _output():
            json.dump(data, sys.stdout, ensure_ascii="utf" not in sys.stdout.encoding.lower(), indent=2)
            print()

    def finish(self) -> None:
        """What is still in the buffer goes out while there is somebody to say that it cannot."""
        with _output():
            sys.stdout.flush()


@contextlib.contextmanager
def _output() -> Iterator[None]:
    """Raises CommandError when standard output takes no more, BrokenPipeError when its reader went away."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output()
        why_vi, why = reason(error)
        raise failure("stdout", "unwritable", f"không ghi được: {why_vi}", f"cannot be written: {why}") from None


def discard_output() -> None:
    """For an output that nobody takes: the interpreter would fail on it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_whatever_the_locale() -> None:
    """A terminal that knows no Vietnamese letters shows ? for them."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def language(given: Lang | None) -> Lang:
    """--lang, else what LC_ALL, LC_MESSAGES or LANG says; "en" when none says anything."""
    if given:
        return given
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(variable):
            return "vi" if value.startswith("vi") else "en"
    return "en"


def person(given: str | None) -> str:
    """Who asks: --by, else the name of the account."""
    if given:
        return given
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
