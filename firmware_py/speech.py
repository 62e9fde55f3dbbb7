"""The station's voice, as its configuration has it: how texts are read, and by whom."""

from dataclasses import dataclass

from audio.speech import VOICES, Speaker, speaker
from firmware_py.config import Speech
from scheduler.speech.abbreviations import Abbreviations, read_abbreviations
from scheduler.speech.notice import Said, as_said
from scheduler.speech.numerals import NORTH, SOUTH
from scheduler.speech.rule import Manner

SOUTHERN = ("nam", VOICES["nam"])


@dataclass(frozen=True, slots=True)
class Voice:
    manner: Manner
    speaker: Speaker

    def said(self, text: str) -> Said:
        return as_said(text, self.manner)

    def speak(self, words: str) -> bytes:
        """WAV. Raises SpeechError."""
        return self.speaker.speak(words)


def voice_of(speech: Speech, voice: str | None = None) -> Voice:
    """The configured voice, or another one for once. Raises BadAbbreviations."""
    own = read_abbreviations(speech.abbreviations) if speech.abbreviations else Abbreviations()
    name = voice or speech.voice
    dialect = SOUTH if name.lower() in SOUTHERN else NORTH
    return Voice(Manner(dialect, own), speaker(() if voice else speech.command, name))
