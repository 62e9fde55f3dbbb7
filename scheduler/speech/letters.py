"""Letters by their names, and what can be a Vietnamese syllable (so is said as a word, however it is written)."""

import re
import unicodedata

NAMES = {
    "A": "a", "Ă": "á", "Â": "ớ", "B": "bê", "C": "xê", "D": "dê", "Đ": "đê", "E": "e", "Ê": "ê", "F": "ép",
    "G": "gờ", "H": "hát", "I": "i", "J": "gi", "K": "ca", "L": "lờ", "M": "mờ", "N": "nờ", "O": "o", "Ô": "ô",
    "Ơ": "ơ", "P": "pê", "Q": "quy", "R": "rờ", "S": "sờ", "T": "tê", "U": "u", "Ư": "ư", "V": "vê",
    "W": "vê kép", "X": "ích", "Y": "y", "Z": "dét",
}  # fmt: skip
VOWELS = frozenset("AĂÂEÊIOÔƠUƯY")
LONGEST_ABBREVIATION = 6  # letters; longer capitals are a word that shouts
_TONES = str.maketrans("", "", "\u0300\u0301\u0303\u0309\u0323")  # grave, acute, tilde, hook, dot
_ONSET = "ngh|ng|nh|n|gh|gi|g|kh|k|ch|c|ph|p|qu|th|tr|t|b|d|đ|h|l|m|r|s|v|x"
_NUCLEUS = (
    "oai|oay|oao|oeo|uây|uôi|ươi|ươu|iêu|yêu|uyê|uya|uyu|"
    "ai|ao|au|ay|âu|ây|eo|êu|iu|oi|ôi|ơi|ui|ưi|ưu|ia|iê|yê|ua|uô|ưa|ươ|oa|oă|oe|uâ|uê|uy|uơ|oo|"
    "a|ă|â|e|ê|i|o|ô|ơ|u|ư|y"
)
_SYLLABLE = re.compile(rf"(?:{_ONSET})?(?:{_NUCLEUS})(?:ch|c|m|ng|nh|n|p|t)?")


def without_tone(text: str) -> str:
    """â, ă, ê, ô, ơ, ư and đ stay: they are letters, not tones."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).translate(_TONES))


def is_syllable(word: str) -> bool:
    return _SYLLABLE.fullmatch(without_tone(word.lower())) is not None


def spelt(word: str) -> str:
    """Each letter by its name; what has no name here (ß, Ж) stays as it is."""
    return " ".join(NAMES.get(without_tone(letter.upper()), letter.lower()) for letter in word)


def is_abbreviation(word: str) -> bool:
    """Whether capitals are letters to be named, and no word that is only written large."""
    if is_syllable(word):
        return False
    return len(word) <= LONGEST_ABBREVIATION or not VOWELS & set(without_tone(word))
