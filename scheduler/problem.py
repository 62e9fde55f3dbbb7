"""What is wrong with an input, where, in the words of the person who can mend it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One error or warning. ``where`` is "Sheet!B7", "line 12" or a key path; ``code`` never changes its meaning."""

    where: str
    code: str
    vi: str
    en: str

    def text(self, lang: str) -> str:
        return self.vi if lang == "vi" else self.en
