"""The airtime matcher: what was sent against what was heard, to the sample. Pure numpy, streaming, no I/O."""

from audio.match.joining import merged
from audio.match.live import Live
from audio.match.matcher import Matcher
from audio.match.sent import Sent
from audio.match.settings import Settings

__all__ = ["Live", "Matcher", "Sent", "Settings", "merged"]
