"""The page's files, read once: the template with its texts filled in, the style, the script."""

import html
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_py.console.texts import TEXTS, text
from telemetry.reports.words import CLASSES, FIGURES, KINDS, QUALITIES, SEVERITIES, SIGNALS, SUBJECTS, Lang, word

STATIC = Path(__file__).parent / "static"
PLACEHOLDER = re.compile(r"\{\{ (\S+) \}\}")
TYPES = {"console.css": "text/css; charset=utf-8", "console.js": "text/javascript; charset=utf-8"}
SHOWN_WORDS = (KINDS, CLASSES, FIGURES, SIGNALS, QUALITIES, SEVERITIES, SUBJECTS)
MARKUP = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


@dataclass(frozen=True, slots=True)
class Page:
    """The template in one language, still without its data."""

    before: str
    after: str

    def with_status(self, status: dict[str, Any]) -> str:
        """The page with what it shows first, so that an old phone shows something before anything is fetched."""
        return self.before + data_block(status) + self.after


def load_page(lang: Lang, station_name: str) -> Page:
    """Raises KeyError where the template asks for a text that is not there."""
    known = {"lang": lang, "station_name": station_name}
    template = (STATIC / "page.html").read_text(encoding="utf-8")
    before, after = template.split("{{ status }}")

    def fill(part: str) -> str:
        return PLACEHOLDER.sub(lambda found: _filled(found.group(1), known, lang), part)

    return Page(fill(before), fill(after))


def load_static(name: str) -> bytes:
    return (STATIC / name).read_bytes()


def data_block(value: Any) -> str:
    """JSON that may stand inside a <script> element: nothing in it can end the element."""
    text_form = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "".join(MARKUP.get(c, c) for c in text_form)


def _filled(name: str, known: dict[str, str], lang: Lang) -> str:
    if name == "words":
        return data_block(_script_words(lang))
    return html.escape(known[name] if name in known else text(name, lang))


def _script_words(lang: Lang) -> dict[str, str]:
    """What the script needs: the texts, and under "word." the words for codes."""
    words = {f"word.{code}": word(code, lang) for group in SHOWN_WORDS for code in group}
    return words | {code: text(code, lang) for code in TEXTS}
