"""One rule of reading: what it looks for in a line, how that is said, and an example that is also its test."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.speech.abbreviations import Abbreviations
from scheduler.speech.numerals import NORTH, Dialect, cardinal


@dataclass(frozen=True, slots=True)
class Manner:
    """How this station speaks: its region, its abbreviations."""

    dialect: Dialect = NORTH
    abbreviations: Abbreviations = field(default_factory=Abbreviations)

    def cardinal(self, digits: str) -> str:
        return cardinal(int(digits), self.dialect)


@dataclass(frozen=True, slots=True)
class Rule:
    """Rules are applied to a line one after the other; what one has said holds no digits for the next."""

    pattern: re.Pattern[str]
    say: Callable[[re.Match[str], Manner], str]
    written: str  # an example …
    said: str  # … and how all rules together say it

    def apply(self, line: str, manner: Manner) -> str:
        return self.pattern.sub(lambda found: self.say(found, manner), line)
