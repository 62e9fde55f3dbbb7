"""A notice as it will be said: every rule of reading in its order. The text is shown to the operator before it airs."""

import re
from dataclasses import dataclass

from scheduler.speech import figures, marks, moments, papers
from scheduler.speech.letters import is_abbreviation
from scheduler.speech.rule import Manner, Rule

MAX_CHARS = 20_000  # half an hour of speech; what is longer is cut


@dataclass(frozen=True, slots=True)
class Said:
    """A text in words, a sentence or more a line, and what the operator should look at before it airs."""

    text: str
    spelt: tuple[str, ...] = ()  # unknown abbreviations, said letter by letter
    dropped: tuple[str, ...] = ()  # addresses that are not said


def _abbreviation(found: re.Match[str], manner: Manner) -> str:
    return manner.abbreviations.meanings[found[0]]


RULES: tuple[Rule, ...] = (
    *marks.LINE_RULES,
    *papers.RULES,
    *marks.PLACE_RULES,
    *moments.RULES,
    *figures.RULES,
    *marks.WORD_RULES,
)
_BEFORE_ABBREVIATIONS = len(marks.LINE_RULES) + len(papers.RULES) + len(marks.PLACE_RULES)
_WORD = re.compile(r"[^\W\d_]{2,}")


COMMON = Manner()


def as_said(text: str, manner: Manner = COMMON) -> Said:
    """Say *text* in words. Never raises; what it does not understand it leaves to the voice, but no digits."""
    cleaned = marks.clean(text[:MAX_CHARS])
    spelt: dict[str, None] = {}
    lines = [_line(line, manner, spelt) for line in marks.without_links(cleaned).split("\n")]
    return Said("\n".join(line for line in lines if line), tuple(spelt), marks.links(cleaned))


def _line(line: str, manner: Manner, spelt: dict[str, None]) -> str:
    for rule in RULES[:_BEFORE_ABBREVIATIONS]:
        line = rule.apply(line, manner)
    line = manner.abbreviations.pattern.sub(lambda found: _abbreviation(found, manner), line)
    for rule in RULES[_BEFORE_ABBREVIATIONS:]:
        if rule is marks.WORD_RULES[0]:
            words = (word for word in _WORD.findall(line) if word.isupper() and is_abbreviation(word))
            spelt.update(dict.fromkeys(words))
        line = rule.apply(line, manner)
    return marks.pauses(line)
