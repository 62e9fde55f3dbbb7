"""What a loader hands back."""

from dataclasses import dataclass

from scheduler.loaders.titles import NO_TITLES, Titles
from scheduler.problem import Problem
from scheduler.timetable import Slot, Timetable


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read of a file. With errors the rows that could be read are still there, to be checked with the rest."""

    readable: Timetable | None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def timetable(self) -> Timetable | None:
        """The whole timetable; None if anything of it could not be read."""
        return None if self.errors else self.readable


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """What was read of one table, whatever its form."""

    where: str  # where it begins
    titles: Titles = NO_TITLES
    slots: tuple[Slot, ...] = ()
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


class Unloadable(Exception):
    """The file as a whole cannot be read, for this one reason."""

    def __init__(self, where: str, code: str, vi: str, en: str) -> None:
        super().__init__(en)
        self.problem = Problem(where, code, vi, en)


def nothing_planned(where: str) -> Problem:
    """A warning: perhaps it is meant so."""
    vi, en = "không có mục nào: đài sẽ không phát gì", "nothing is planned: the station will be silent"
    return Problem(where, "nothing_planned", vi, en)
