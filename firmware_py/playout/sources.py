"""Opens what an occurrence names: a file of the library, a relay with its chain, a microphone; and tells of its relays.

Nothing here waits: a link that cannot be had is told as such by its chain, which goes on to the next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from zlib import crc32

from audio.card import open_input
from audio.decode import without_password
from audio.fallback import Trouble
from audio.format import RATE_HZ
from audio.library import LibraryEntry, read_index
from audio.relay import ChainSource, LinkPlan, LoopedFiles, NoSource, Sounding
from audio.sources import FileSource, LineSource, StreamSource
from firmware_py.config import FILE, IDENT, LINE, Config, Relay
from firmware_py.playout.on_air import Opened, SourceMissing
from firmware_py.playout.relay_news import RelayNews
from scheduler.address import RELAY, is_address, is_stream, named
from scheduler.occurrence import Kind, Occurrence

NEVER_S = 1e6  # a speaker's silence is hers to keep
Index = Mapping[str, LibraryEntry]


@dataclass
class _Watched:
    """A relay that was opened, and what was last told of it."""

    occurrence: Occurrence
    chain: ChainSource
    told: Sounding


class Sources:
    """The opener that the desk is handed. Used by the deciding thread only."""

    def __init__(self, config: Config, boottime_ns: Callable[[], int]) -> None:
        self._config = config
        self._boottime_ns = boottime_ns
        self._watched: list[_Watched] = []

    def open(self, occurrence: Occurrence, offset_ms: int) -> Opened:
        """Start it. Raises SourceMissing."""
        if occurrence.kind is Kind.FILLER:
            return self._open_filler(occurrence)
        if not is_address(occurrence.source):
            return self._open_file(occurrence, offset_ms)
        chain = self._open_chain(occurrence.source)
        self._watched.append(_Watched(occurrence, chain, chain.sounding))
        return Opened(chain, None)

    def relay_of(self, occurrence_id: str) -> ChainSource | None:
        """The relay that was opened for an occurrence and is not closed yet."""
        chains = [w.chain for w in self._watched if w.occurrence.id == occurrence_id and not w.chain.closed]
        return chains[-1] if chains else None

    def news(self) -> list[RelayNews]:
        """What has changed in the relays since this was last asked."""
        found = [news for watched in self._watched if (news := _news_of(watched)) is not None]
        self._watched = [watched for watched in self._watched if not watched.chain.closed]
        return found

    def _open_file(self, occurrence: Occurrence, offset_ms: int) -> Opened:
        entry = read_index(self._config.library_dir).get(occurrence.source)
        if entry is None:
            raise SourceMissing(f"{occurrence.source or occurrence.programme}: not in the library")
        if entry.unheard:
            raise SourceMissing(f"{occurrence.source}: spoken by the machine, and nobody has listened to it yet")
        path = entry.path_in(self._config.library_dir, occurrence.conduct.target_lufs)
        if not path.exists():
            raise SourceMissing(f"{occurrence.source}: its file is gone from the library")
        source = FileSource(path, entry.frames, offset_ms * RATE_HZ // 1_000)
        return Opened(source, entry.duration_ms, entry.pcm_digest)

    def _open_filler(self, occurrence: Occurrence) -> Opened:
        """Its files in turn, again and again; with which it begins differs from one to the next."""
        wanted = [occurrence.source] if occurrence.source else self._config.filler.files
        index = read_index(self._config.library_dir)
        found = [index[name] for name in sorted(index) if any(fnmatchcase(name, pattern) for pattern in wanted)]
        if not found:
            raise SourceMissing(f"{', '.join(wanted) or '[filler] files'}: no filler in the library")
        first = crc32(occurrence.id.encode()) % len(found)
        files = [(entry.path_in(self._config.library_dir), entry.frames) for entry in found[first:] + found[:first]]
        return Opened(LoopedFiles(files), None)

    def _open_chain(self, source: str) -> ChainSource:
        links, settings = self._links_of(source)
        index = read_index(self._config.library_dir)
        plans = [self._plan(link, index) for link in links]
        return ChainSource(plans, self._boottime_ns, settings.patience, settings.silence_dbfs)

    def _links_of(self, source: str) -> tuple[Sequence[str], Relay]:
        """The links of a source that is no file, and the settings by which they are judged. Raises SourceMissing."""
        relay, what = self._config.relay, named(source)
        if what is None:
            return [source, *(link for link in relay.fallback if link != source)], relay
        if what.form == RELAY:
            if (chain := relay.chains.get(what.name)) is None:
                raise SourceMissing(f"{source}: the configuration has no [relay.{what.name}]")
            return chain.links, relay.with_own(chain)
        link = LINE + what.name
        if what.name not in self._config.input:
            raise SourceMissing(f"{source}: the configuration has no [input.{what.name}]")
        if what.form == "mic":
            return [link], relay.model_copy(update={"silence_s": NEVER_S})
        return [link, *(other for other in relay.fallback if other != link)], relay

    def _plan(self, link: str, index: Index) -> LinkPlan:
        if is_stream(link):
            return LinkPlan(without_password(link), partial(StreamSource, link))
        if link.startswith(LINE):
            name = link.removeprefix(LINE)
            return LinkPlan(link, partial(LineSource, name, partial(open_input, self._config.input[name].device)))
        name = self._config.relay.ident or "" if link == IDENT else link.removeprefix(FILE)
        entry = index.get(name)
        if entry is None:
            return LinkPlan(link, partial(NoSource, Trouble("source_missing", f"{name}: not in the library")))
        return LinkPlan(link, partial(LoopedFiles, [(entry.path_in(self._config.library_dir), entry.frames)]))


def _news_of(watched: _Watched) -> RelayNews | None:
    told, watched.told = watched.told, watched.chain.sounding
    if told == watched.told:
        return None
    changed = told.link != watched.told.link
    occurrence = watched.occurrence
    return RelayNews(occurrence.id, occurrence.source, watched.told, changed, watched.told.first_lost)
