"""Takes programme files into the library as soon as they stand in the media folder: nobody has to load the week again.

A thread of the console process: decoding happens in a child of its own, far from the play path. What cannot be taken in
is told once, and again when the file has changed. A file that the library has read is not read again when the console
starts, only when it has changed.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from audio.decode import MediaError
from audio.library import Stamp

EVERY_S = 10.0
log = logging.getLogger("smartradio")

Take = Callable[[Path, Stamp], object]  # raises MediaError, OSError; the file has had the stamp since the last look


@dataclass
class LibraryKeeper:
    """``look`` once, or ``start`` a thread that looks every ten seconds."""

    media_dir: Path
    take: Take
    known: dict[str, Stamp] = field(default_factory=dict)  # what was tried, or stood in the library at the start
    _seen: dict[str, Stamp] = field(default_factory=dict)  # at the last look: what still changes is being copied

    def start(self) -> None:
        threading.Thread(target=self._run, name="library", daemon=True).start()

    def _run(self) -> None:
        while True:
            self.look()
            time.sleep(EVERY_S)

    def look(self) -> None:
        """Take in what is new or has changed, and was the same at the last look."""
        stamps = dict(self._files())
        for name, stamp in sorted(stamps.items()):
            if self.known.get(name) != stamp and self._seen.get(name) == stamp:
                self._take(self.media_dir / name, stamp)
                self.known[name] = stamp
        self._seen = stamps

    def _take(self, path: Path, stamp: Stamp) -> None:
        try:
            self.take(path, stamp)
        except MediaError as error:
            log.warning("%s: %s", path.name, error.problem.vi)
        except OSError as error:
            log.warning("%s: %s", path.name, error)
        else:
            log.info("%s is in the library", path.name)

    def _files(self) -> Iterator[tuple[str, Stamp]]:
        """A folder that is not there holds nothing; ``config check`` says so."""
        for path in self.media_dir.iterdir() if self.media_dir.is_dir() else ():
            with suppress(FileNotFoundError):  # it went while we looked
                status = path.stat()
                if S_ISREG(status.st_mode) and not path.name.startswith("."):
                    yield path.name, Stamp.of(status)
