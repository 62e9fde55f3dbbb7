"""Taking programme files into the library, for the commands: at the station's level, saying how far it is."""

import time
from collections.abc import Collection, Iterable
from pathlib import Path

from audio.decode import MediaError
from audio.format import RATE_HZ
from audio.library import LibraryEntry, find_media, ingest, read_index
from firmware_py.commands.context import Context, failure
from firmware_py.config import Config
from scheduler.address import is_address
from scheduler.problem import Problem, reason
from scheduler.timetable import Slot

_PATIENCE_S, _EVERY_S = 2.0, 0.5


def take_in(context: Context, config: Config, path: Path, own_lufs: Collection[float] = ()) -> LibraryEntry:
    """Raises MediaError with the reason why it cannot be played, CommandError where the library cannot be written."""
    progress = _Progress(context, path.name)
    try:
        target = config.library.target_lufs
        return ingest(path, config.library_dir, target, progress.watch, own_lufs=own_lufs)
    except OSError as error:
        where, (why_vi, why) = str(error.filename or config.library_dir), reason(error)
        raise failure(where, "library", f"không nạp được vào thư viện: {why_vi}", f"not taken in: {why}") from None
    finally:
        progress.end()


class Media:
    """The programme files that a timetable names: each is taken into the library when it is first asked for.

    Decoded and counted here, never in the play path. ``problems`` says what is wrong with the files.
    """

    def __init__(self, context: Context, config: Config) -> None:
        self._context, self._config = context, config
        self._known: dict[str, LibraryEntry | None] = {}
        self.problems: list[Problem] = []

    def has(self, source: str) -> bool:
        return is_address(source) or self._entry(source) is not None

    def content_of(self, source: str) -> str | None:
        """A ``ContentOf``."""
        entry = None if is_address(source) else self._entry(source)
        return entry.pcm_digest if entry else None

    def lasts_ms(self, source: str) -> int | None:
        """How long the file lasts; None for what is no file, or not there."""
        entry = None if is_address(source) else self._entry(source)
        return entry.duration_ms if entry else None

    def unheard(self, source: str) -> bool:
        """Whether it was spoken by the machine and nobody has listened to it."""
        entry = None if is_address(source) else self._entry(source)
        return entry is not None and entry.unheard

    def make_copies(self, slots: Iterable[Slot]) -> None:
        """Of files that items want at a loudness of their own."""
        wanted: dict[str, set[float]] = {}
        for slot in slots:
            if slot.item.conduct.target_lufs is not None and self._known.get(slot.item.source) is not None:
                wanted.setdefault(slot.item.source, set()).add(slot.item.conduct.target_lufs)
        for source, lufs in wanted.items():
            self._known[source] = self._taken_in(source, lufs)

    def _entry(self, source: str) -> LibraryEntry | None:
        if source not in self._known:
            self._known[source] = self._taken_in(source) if source else None
        return self._known[source]

    def _taken_in(self, source: str, own_lufs: Collection[float] = ()) -> LibraryEntry | None:
        """Its entry; of a file that is no longer there, or not yet mended, the one from before."""
        try:
            entry = take_in(self._context, self._config, find_media(self._config.paths.media_dir, source), own_lufs)
        except MediaError as error:
            if error.problem.code != "missing":
                self.problems.append(error.problem)
            return read_index(self._config.library_dir).get(source)
        self.problems.extend(warning for warning in entry.warnings if warning not in self.problems)
        return entry


class _Progress:
    """Tells whom watches a terminal about a file that takes long."""

    def __init__(self, context: Context, name: str) -> None:
        self._context, self._name = context, name
        self._next_s = time.monotonic() + _PATIENCE_S
        self._shown = False

    def watch(self, done: int, of: int | None) -> None:
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _EVERY_S
            self._show(f"{done / RATE_HZ / 60:.0f}", f", {min(100, done * 100 // of)} %" if of else "")

    def _show(self, minutes: str, share: str) -> None:
        self._shown = True
        vi, en = f"đang nạp {self._name}: {minutes} phút{share}", f"taking in {self._name}: {minutes} min{share}"
        self._context.show_progress(self._context.text(vi, en))

    def end(self) -> None:
        if self._shown:
            self._context.show_progress("")
