"""Sessions (buổi) as people head them: ``BUỔI SÁNG``, ``Sáng (5h00-6h00)``, ``II. Buổi chiều: từ 17h``."""

import re
from dataclasses import dataclass

from scheduler.spoken.cells import Cell, excerpt, plain
from scheduler.spoken.times import TimeOfDay, read_time, shown_clock
from scheduler.vietnamese import Misread

_HOURS = {  # in which an item of it may begin; parts of the day overlap, as people's words for them do
    "sang": (0, 12),
    "trua": (10, 15),
    "chieu": (12, 20),
    "toi": (17, 24),
    "dem": (18, 24),
}
_NAMES = {"sang": "Buổi sáng", "trua": "Buổi trưa", "chieu": "Buổi chiều", "toi": "Buổi tối", "dem": "Buổi đêm"}
_HEADING = re.compile(
    r"[\W_]*(?:(?:[ivx]+|\d{1,2})\s*[.):/-]\s*)?(?:(?:phat\s+)?(?:buoi|ca|phien)\s*(?:phat\s*(?:thanh|song)?\s*)?)?"
    r"(?P<part>sang|trua|chieu|toi|dem)\b(?P<rest>.*)"
)
LONGEST_HEADING = 100  # characters
_WORDS_OF_CLOCKS = {"h", "g", "gio", "p", "ph", "phut", "den", "toi", "tu", "luc", "bat", "dau"}


@dataclass(frozen=True, slots=True)
class Session:
    """A part of the broadcasting day. ``clock``: when it begins, perhaps also when it ends."""

    name: str
    part: str = ""  # "sang", "chieu" …; empty if its name tells none
    clock: TimeOfDay | None = None
    is_readable: bool = True  # False: what is wrong with its hours is told

    def holds(self, second: int) -> bool:
        """Whether an item of this session may begin then."""
        begin, end = _HOURS.get(self.part, (0, 24))
        return begin * 3_600 <= second < end * 3_600

    def refuse(self, second: int) -> None:
        """Raise Misread if the session does not hold that time, with the one twelve hours later if that was meant."""
        if self.holds(second):
            return
        later = second + 12 * 3_600
        shown, meant = shown_clock(second), shown_clock(later) if self.holds(later) else ""
        vi, en = (f"; nếu là {meant} thì ghi “{meant}”", f"; write “{meant}” if that is meant") if meant else ("", "")
        vi = f"{shown} không thuộc {self.name.lower()}{vi}"
        raise Misread("time_contradicts_session", vi, f"{shown} is not in the session “{self.name}”{en}")


def session_if_any(cell: Cell) -> Session | None:
    """The session that a cell heads, though its hours may be wrong."""
    try:
        return read_session(cell)
    except Misread:
        return Session(excerpt(cell, 60), is_readable=False)


def read_session(cell: Cell) -> Session | None:
    """The session that a cell heads; None if it is about something else. Raises Misread on hours that cannot be."""
    if not isinstance(cell, str) or len(cell) > LONGEST_HEADING or not (found := _HEADING.fullmatch(plain(cell))):
        return None
    rest = found["rest"].strip(" :-.,[]")
    if rest.startswith("(") and rest.count("(") == 1:
        rest = rest.replace("(", "").rstrip(")").strip(" :-.,")
    session = Session(_NAMES[found["part"]], found["part"])
    if not rest:
        return session
    if (
        not (rest[-1:].isalnum() or rest[-1:] in ")'")
        or not any(c.isdigit() for c in rest)
        or set(re.findall("[a-z]+", rest)) - _WORDS_OF_CLOCKS
    ):
        return None
    clock = read_time(re.sub("^bat dau ", "", rest))
    session.refuse(clock.second)
    return Session(session.name, session.part, clock)
