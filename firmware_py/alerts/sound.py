"""What of an alert will be heard: its own audio if it has any that can be played, else its words, said twice."""

import hashlib
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from audio.decode import MediaError
from audio.library import LibraryEntry, ingest_at_once
from audio.speech import SpeechError, espeak
from firmware_py.alerts.fetch import FetchError, fetch
from firmware_py.speech import Voice
from scheduler.alert import Broadcast, Resource

AGAIN = "Xin nhắc lại."
MOST_CHARS = 4_000  # four to five minutes
_SUFFIXES = {"audio/mpeg": ".mp3", "audio/ogg": ".ogg", "audio/mp4": ".m4a", "audio/aac": ".aac", "audio/flac": ".flac"}


class NoSound(Exception):
    """Nothing of the alert can be made audible; ``reasons`` has why, for each way that was tried."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class _Unusable(Exception):
    """This resource cannot be aired; the message says why."""


@dataclass(frozen=True, slots=True)
class Sounder:
    """Makes library files of alerts."""

    library_dir: Path
    voice: Voice
    fetch: Callable[[str], bytes] = fetch

    def make(self, name: str, broadcast: Broadcast) -> tuple[LibraryEntry, list[str]]:
        """The library's entry, and why earlier choices failed. *name* becomes its file's. Raises NoSound."""
        failed: list[str] = []
        for resource in broadcast.audio:
            try:
                return self._ingested(name + _suffix(resource), self._content(resource)), failed
            except (_Unusable, FetchError) as error:
                failed.append(str(error))
            except MediaError as error:
                failed.append(f"{resource.uri or resource.description}: {error.problem.vi} | {error.problem.en}")
        try:
            return self._ingested(f"{name}.wav", self._spoken(broadcast)), failed
        except (SpeechError, MediaError) as error:
            raise NoSound([*failed, f"{error.problem.vi} | {error.problem.en}"]) from error

    def _content(self, resource: Resource) -> bytes:
        content = resource.content if resource.content is not None else self.fetch(resource.uri)
        if resource.sha1 and hashlib.sha1(content, usedforsecurity=False).hexdigest() != resource.sha1:
            raise _Unusable(f"{resource.uri or resource.description}: digest differs")
        return content

    def _spoken(self, broadcast: Broadcast) -> bytes:
        """Other languages are left to espeak-ng's voice for them, if it has one: our rules are Vietnamese."""
        if not broadcast.language.lower().startswith("vi"):
            text = beginning(broadcast.text)
            with suppress(SpeechError):
                return espeak(broadcast.language.lower()).speak(f"{text}\n\n{text}")
        said = beginning(self.voice.said(broadcast.text).text)
        return self.voice.speak(f"{said}\n{AGAIN}\n{said}")

    def _ingested(self, name: str, data: bytes) -> LibraryEntry:
        with tempfile.TemporaryDirectory(prefix="smartradio-alert-") as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            return ingest_at_once(path, self.library_dir)  # its loudness is what the sender made it


def beginning(text: str) -> str:
    """As much as people can listen to: whole sentences of the first MOST_CHARS, or words where one is too long."""
    if len(text) <= MOST_CHARS:
        return text
    cut = text[:MOST_CHARS]
    end = max(cut.rfind(mark) for mark in (". ", ".\n", "! ", "? "))
    if end < MOST_CHARS // 2:
        end = cut.rfind(" ")
    return cut[: end + 1] if end > 0 else cut


def _suffix(resource: Resource) -> str:
    return _SUFFIXES.get(resource.mime_type.lower(), ".wav")
