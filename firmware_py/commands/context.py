"""What every command is handed: its arguments, the language, and a way to say things."""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_py.config import Config, ConfigError, config_path, load
from scheduler.problem import Problem
from telemetry.reports.words import Lang


class CommandError(Exception):
    """The input or the world is at fault; exit 1 after saying so. ``problems`` has every reason."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.en for problem in problems))
        self.problems = problems


def failure(where: str, code: str, vi: str, en: str) -> CommandError:
    return CommandError(Problem(where, code, vi, en))


@dataclass(frozen=True, slots=True)
class Context:
    """A command's arguments and surroundings."""

    args: argparse.Namespace
    lang: Lang

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

    def tell(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            prefix = f"{problem.where}: " if problem.where else ""
            print(prefix + problem.text(self.lang), file=sys.stderr)

    def print(self, text: str) -> None:
        print(text)

    def print_json(self, data: Any) -> None:
        """One JSON document on standard output and nothing else."""
        json.dump(data, sys.stdout, ensure_ascii=False, indent=2)
        print()


def language(given: Lang | None) -> Lang:
    """ "vi" unless told otherwise: --lang, else the environment's LC_ALL, LC_MESSAGES, LANG."""
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
