"""Sessions under the days of a weekly grid: "Sáng | Chiều" below each "Thứ 2", or their hours, or both."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from scheduler.loaders.cell_kinds import is_clock
from scheduler.loaders.headings import part_named
from scheduler.loaders.view import View
from scheduler.problem import Problem
from scheduler.spoken.cells import excerpt, is_blank, words
from scheduler.spoken.sessions import Session, read_session
from scheduler.spoken.times import read_time
from scheduler.vietnamese import Misread

MOST_SESSIONS = 30  # each day of a week may have hours of its own


def heads_sessions(view: View, row: int, groups: Sequence[Sequence[int]]) -> bool:
    """Whether a row below the days (each a group of columns) names only sessions or hours, and one day has several."""
    under = [[view.at(row, column) for column in group if view.area(row, column)[0] == row] for group in groups]
    named = [[cell for cell in cells if not is_blank(cell) and part_named(cell) is None] for cells in under]
    return all(is_clock(cell) for cells in named for cell in cells) and any(len(set(cells)) > 1 for cells in named)


@dataclass(slots=True)
class Sessions:
    """The session of each column under a day; None: of all of them."""

    by_column: dict[int, Session | None] = field(default_factory=dict)
    errors: list[Problem] = field(default_factory=list)

    @classmethod
    def read(cls, view: View, rows: Sequence[int], groups: Sequence[Sequence[int]]) -> "Sessions":
        """*rows*: those that head sessions. A column without a heading there goes on with the one before it."""
        sessions = cls()
        for group in groups:
            session = None
            for column in group:
                session = sessions._headed(view, rows, column) or session
                sessions.by_column[column] = session
        if len(sessions.named) > MOST_SESSIONS:
            vi, en = f"quá {MOST_SESSIONS} buổi dưới các ngày", f"more than {MOST_SESSIONS} sessions under the days"
            place = view.where(rows[0], groups[0][0])
            return cls(dict.fromkeys(sessions.by_column), [Problem(place, "too_many", vi, en)])
        return sessions

    @property
    def named(self) -> list[Session]:
        return list(dict.fromkeys(session for session in self.by_column.values() if session is not None))

    def _headed(self, view: View, rows: Sequence[int], column: int) -> Session | None:
        cells = [(row, view.at(row, column)) for row in rows if view.area(row, column)[0] == row]
        told = [(row, words(cell)) for row, cell in cells if not is_blank(cell) and part_named(cell) is None]
        if not told:
            return None
        text = " ".join(text for _, text in told)
        try:
            return read_session(text) or Session("", clock=read_time(text))
        except Misread as misread:
            self.errors.append(misread.at(view.where(told[-1][0], column)))
            return Session(excerpt(text, 60), is_readable=False)
