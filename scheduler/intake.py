"""A timetable file looked at as a whole: what the loader and the check say of it, as a person or a script wants it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from scheduler.check import Rules, check
from scheduler.loaders import Charset, Loaded, load
from scheduler.problem import Problem


def examine(path: Path, rules: Rules, convert: Charset | None = None) -> Loaded:
    """Load *path* and check all of it that could be read. Its ``timetable`` is None if anything is wrong."""
    loaded = load(path, convert)
    if loaded.readable is None:
        return loaded
    findings = check(loaded.readable, rules)
    return replace(loaded, errors=loaded.errors + findings.errors, warnings=loaded.warnings + findings.warnings)


def report(loaded: Loaded, lang: str = "vi") -> dict[str, Any]:
    """What ``schedule check --json`` prints."""
    return {
        "valid": loaded.timetable is not None,
        "errors": [_row(problem, lang) for problem in loaded.errors],
        "warnings": [_row(problem, lang) for problem in loaded.warnings],
    }


def lines(path: Path, problems: tuple[Problem, ...], lang: str = "vi") -> list[str]:
    """``FILE:Sheet!B7: message``, a line a problem."""
    return [f"{path}:{problem.where}: {problem.text(lang)}" for problem in problems]


def _row(problem: Problem, lang: str) -> dict[str, str]:
    return {"where": problem.where, "code": problem.code, "message": problem.text(lang)}
