"""The forms of a source that is no file: an address, an input or a relay that the station's configuration names. Pure.

``http(s)://…``, ``line:NAME`` (a tuner: judged by its sound, with the station's fallback), ``mic:NAME`` (a person
speaks: silence is hers to keep), ``chain:NAME``.
"""

from dataclasses import dataclass

STREAMS = ("http://", "https://")
INPUTS = ("line", "mic")
RELAY = "chain"


@dataclass(frozen=True, slots=True)
class Named:
    """A source that the configuration names."""

    form: str  # of INPUTS, or RELAY
    name: str


def is_address(source: str) -> bool:
    """Whether *source* is not a file's name."""
    return "://" in source or named(source) is not None


def is_stream(source: str) -> bool:
    return source.lower().startswith(STREAMS)


def named(source: str) -> Named | None:
    """The input or relay that *source* names; None if it has another form."""
    form, colon, name = source.partition(":")
    form = form.strip().casefold()
    return Named(form, name.strip()) if colon and form in (*INPUTS, RELAY) else None
