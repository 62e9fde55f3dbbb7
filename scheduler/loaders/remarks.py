"""What a sheet says in passing: a person reads it, the machine does not, and that is told."""

from scheduler.problem import Problem


def note_ignored(where: str, text: str) -> Problem:
    return Problem(where, "note_ignored", *not_carried_out(text))


def not_carried_out(text: str) -> tuple[str, str]:
    """What is said of a remark, in Vietnamese and English."""
    return f"“{text}” chỉ là ghi chú, máy không làm theo", f"“{text}” is a note; it is not carried out"
