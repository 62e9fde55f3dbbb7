"""Numbers of documents: 12/2026/NĐ-CP, 135/QĐ-TTg, TT-BTTTT."""

import re

from scheduler.speech.abbreviations import BODIES, PAPERS
from scheduler.speech.letters import spelt
from scheduler.speech.numerals import written_number
from scheduler.speech.rule import Manner, Rule

_KIND = "|".join(sorted((*PAPERS.values(), "luật", "lệnh"), key=len, reverse=True))
_SHORT_KIND = "|".join(sorted(PAPERS, key=len, reverse=True))
_MARK = r"[A-ZĐƯ][A-ZĐƯa-zđ&]{0,11}\d{0,2}"
_NEAR = 60  # characters in which the body is looked for behind the number
_PARLIAMENT = re.compile(r"(UBTV)?QH(\d+)")


def _document(found: re.Match[str], manner: Manner) -> str:
    """The kind is said where the writer has not said it himself."""
    first, *bodies = re.split(r"[-–/]", found["mark"])
    kind = PAPERS.get(first)
    said = f"số {_number(found['number'], manner)}"
    if found["year"]:
        said += f" năm {manner.cardinal(found['year'])}"
    if kind is None:
        bodies = [first, *bodies]
    if bodies and not _named_later(found, bodies[-1]):
        said += f" của {' '.join(_body(body, manner) for body in bodies)}"
    written = PAPERS.get((found["kind"] or "").strip(), found["kind"])
    return f"{(written or kind or '').strip()} {said}".lstrip()


def _named_later(found: re.Match[str], body: str) -> bool:
    """45/KH-UBND ngày 20/11 của UBND xã: the writer says himself whose it is."""
    return f" của {body}" in found.string[found.end() :][:_NEAR]


def _number(text: str, manner: Manner) -> str:
    digits = re.match(r"\d+", text)
    assert digits
    letter = text[digits.end() :]
    return f"{written_number(digits[0], manner.dialect)} {spelt(letter)}".strip()


def _body(mark: str, manner: Manner) -> str:
    if parliament := _PARLIAMENT.fullmatch(mark):
        body = BODIES["UBTVQH"] if parliament[1] else BODIES["QH"]
        return f"{body} khóa {manner.cardinal(parliament[2])}"
    return manner.abbreviations.meanings.get(mark) or spelt(mark)


def _kind_and_body(found: re.Match[str], manner: Manner) -> str:
    if found["kind"] not in PAPERS:
        return found[0]
    bodies = " ".join(_body(body, manner) for body in re.split(r"[-–]", found["bodies"]))
    return f"{PAPERS[found['kind']]} {bodies}"


RULES = (
    Rule(
        re.compile(
            rf"(?P<kind>\b(?:(?i:{_KIND})|{_SHORT_KIND})\s+)?(?:\b[Ss]ố\s*:?\s*)?(?<![\d/.,])(?P<number>\d{{1,6}}[a-z]?)"
            rf"(?:/(?P<year>(?:19|20)\d\d))?/(?P<mark>{_MARK}(?:[-–/]{_MARK})*)(?!\w)"
        ),
        _document,
        "Căn cứ Nghị định số 12/2026/NĐ-CP",
        "Căn cứ Nghị định số mười hai năm hai nghìn không trăm hai mươi sáu của Chính phủ.",
    ),
    Rule(
        re.compile(rf"(?<![\w/])(?P<kind>[A-ZĐ]\w{{0,4}})[-–](?P<bodies>{_MARK}(?:[-–]{_MARK})*)(?!\w)"),
        _kind_and_body,
        "QĐ-TTg",
        "quyết định Thủ tướng Chính phủ.",
    ),
)
