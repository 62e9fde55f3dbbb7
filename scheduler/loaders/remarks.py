"""What a sheet says in passing: a person reads it, the machine does not, and that is told. And who signs it."""

from scheduler.problem import Problem
from scheduler.spoken.cells import Cell, words
from scheduler.vietnamese import fold

_SIGNATURES = (
    "nguoi lap", "nguoi duyet", "tm.", "t/m", "kt.", "chu tich", "pho chu tich", "truong ", "noi nhan", "xac nhan",
    "thu truong", "can bo", "cong chuc", "ban bien tap", "(ky", "ky ten", "da ky",
)  # fmt: skip
_REMARKS = ("ghi chu", "luu y", "chu y")


def note_ignored(where: str, text: str) -> Problem:
    return Problem(where, "note_ignored", *not_carried_out(text))


def not_carried_out(text: str) -> tuple[str, str]:
    """What is said of a remark, in Vietnamese and English."""
    return f"“{text}” chỉ là ghi chú, máy không làm theo", f"“{text}” is a note; it is not carried out"


def is_remark(cell: Cell) -> bool:
    """Whether a cell calls itself one: "Ghi chú: …"."""
    return _opening(cell).startswith(_REMARKS)


def is_signature(cell: Cell) -> bool:
    """Whether a cell begins what stands below for those who sign."""
    return _opening(cell).startswith(_SIGNATURES)


def _opening(cell: Cell) -> str:
    return fold(words(cell)).lstrip(" -*")
