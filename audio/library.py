"""The library: programme files, decoded, counted and made equally loud when they are loaded, kept as 48 kHz mono FLAC.

``library/<sha256 of the original>.flac`` and ``library/index.json`` (name → entry). Files are made side by side, the
index is written by one at a time (a lock file), and readers need none: every file appears whole or not at all. The
player opens only what stands here.
"""

import fcntl
import hashlib
import json
import os
import unicodedata
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from audio.decode import (
    Decoded,
    MediaError,
    Watch,
    changing,
    convert,
    convert_at_once,
    examine,
    refuse_odd_files,
    unwatched,
)
from audio.durable import make_durable
from audio.format import frames_to_ms
from audio.levelling import TARGET_LUFS, Levelled, gain_again, gain_for, limited_db, remarks
from scheduler.problem import Problem

INDEX = "index.json"
MAX_NAME_BYTES = 255
UNFINISHED_S = 6 * 3_600  # nothing is taken in for so long
MEASURING_ERROR_DB = 0.1  # of a peak: so near the ceiling it is limited


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file changed, without reading it: a copy may bring its ``mtime`` along, never its ``ctime``."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)

    @classmethod
    def from_json(cls, data: dict[str, int]) -> "Stamp":
        return cls(data["size"], data["mtime_ns"], data["ctime_ns"], data["inode"])


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """A programme file as it will be played. ``frames`` were counted at 48 kHz, never read from a header."""

    name: str  # NFC, as a timetable calls it
    digest: str  # SHA-256 of the original file
    pcm_digest: str  # SHA-256 of its samples (48 kHz s16le mono) before any gain: what tells a repeat
    frames: int
    codec: str  # of the original
    warnings: tuple[Problem, ...] = ()
    level: Levelled | None = None  # None: taken in before levels were made equal
    stamp: Stamp | None = None  # of the original when it was read; None: that may have been changing
    copies: tuple[float, ...] = ()  # LUFS of the copies made for items that ask for a loudness of their own
    unheard: bool = False  # rendered from text, and nobody has said that she listened to it

    @property
    def duration_ms(self) -> int:
        return frames_to_ms(self.frames)

    def path_in(self, library_dir: Path, target_lufs: float | None = None) -> Path:
        """The FLAC, at *target_lufs* if there is such a copy."""
        return library_dir / f"{self.digest}{f'{target_lufs:g}' if target_lufs in self.copies else ''}.flac"

    def called(self, name: str, stamp: Stamp | None = None) -> "LibraryEntry":
        """The same content, as it stands in the file of this name."""
        return replace(self, name=name, warnings=tuple(replace(w, where=name) for w in self.warnings), stamp=stamp)

    def to_json(self) -> dict[str, Any]:
        level = self.level and self.level.to_json()
        return asdict(self) | {"duration_ms": self.duration_ms, "level": level}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "LibraryEntry":
        """Inverse of ``to_json``; what it does not know it leaves out. Raises KeyError or TypeError."""
        warnings = tuple(Problem(w["where"], w["code"], w["vi"], w["en"]) for w in data["warnings"])
        level = Levelled.from_json(data["level"]) if data.get("level") else None
        stamp = Stamp.from_json(data["stamp"]) if data.get("stamp") else None
        return cls(
            *(data["name"], data["digest"], data["pcm_digest"], int(data["frames"]), data["codec"], warnings, level),
            stamp=stamp,
            copies=tuple(map(float, data.get("copies", ()))),
            unheard=bool(data.get("unheard", False)),
        )


def ingest(
    path: Path,
    library_dir: Path,
    target_lufs: float = TARGET_LUFS,
    watch: Watch = unwatched,
    settled: Stamp | None = None,
    *,
    own_lufs: Collection[float] = (),
    spoken: bool = False,
) -> LibraryEntry:
    """Take a programme file into the library under its own name, at *target_lufs*. Raises MediaError with the reason.

    Loading the same file again costs only its checksum, and not even that while it has the stamp of an earlier reading;
    a changed file under the same name replaces the entry, another target stores it anew. *settled* is the stamp that
    the file has had for some seconds. Only that is remembered: what is written twice within one tick of the file
    system's clock (2 s on FAT) keeps its stamp. *own_lufs*: copies at these are wanted, too, and those that the name
    had before. *spoken*: it was rendered from text, and is unheard until ``mark_heard``.
    """
    name = media_name(path.name)
    refuse_odd_files(path)
    library_dir.mkdir(parents=True, exist_ok=True)
    index, stamp = read_index(library_dir), Stamp.of(path.stat())
    read_before = _digest_read(index.get(name), stamp)
    digest = read_before or _digest_of(path)
    known = _known(index, digest, target_lufs, library_dir)
    # Made without the lock: an alert waits for no hour of music.
    entry = known or _take_in(path, name, digest, target_lufs, library_dir, watch)
    entry = _as_held(entry, index, spoken)
    wanted = {*own_lufs, *(index[name].copies if name in index else ())} - {target_lufs, *entry.copies}
    for lufs in sorted(wanted):
        entry = _with_copy(entry, path, lufs, library_dir, watch)
    return _entered(entry.called(name, stamp if read_before or stamp == settled else None), library_dir)


def mark_heard(name: str, library_dir: Path) -> None:
    """Somebody has listened to the notice called *name*. Raises KeyError if there is no such file, OSError."""
    with _sole_writer(library_dir):
        index = _read_index(library_dir)
        digest = index[name].digest
        heard = {n: replace(e, unheard=False) if e.digest == digest else e for n, e in index.items()}
        if heard != index:
            _write_index(library_dir, heard)


def _as_held(entry: LibraryEntry, index: Mapping[str, LibraryEntry], spoken: bool) -> LibraryEntry:
    """With what the library knows of the same content: its copies, and whether it was heard."""
    alike = [other for other in index.values() if other.digest == entry.digest]
    if not alike:
        return replace(entry, unheard=spoken)
    copies = sorted({lufs for other in alike for lufs in other.copies})
    return replace(entry, copies=tuple(copies), unheard=all(other.unheard for other in alike))


def _with_copy(entry: LibraryEntry, path: Path, lufs: float, library_dir: Path, watch: Watch) -> LibraryEntry:
    """Make a copy at *lufs*, from the original again: a gain on what was limited would keep the limiter's work."""
    more = replace(entry, copies=tuple(sorted({*entry.copies, lufs})))
    with _unfinished(library_dir, entry.digest) as part:
        _levelled(path, part, examine(path, watch), lufs, watch)
        if _digest_of(path) != entry.digest:
            raise MediaError(changing(path.name))
        make_durable(part)
        part.replace(more.path_in(library_dir, lufs))
    return more


def ingest_at_once(path: Path, library_dir: Path, gain_db: float = 0.0) -> LibraryEntry:
    """Take in what cannot wait for its loudness to be measured: an alert. Raises MediaError."""
    name, digest = media_name(path.name), _digest_of(path)
    library_dir.mkdir(parents=True, exist_ok=True)
    with _unfinished(library_dir, digest) as part:
        frames, pcm_digest = convert_at_once(path, part, gain_db)
        entry = LibraryEntry(name, digest, pcm_digest, frames, "at_once")
        make_durable(part)
        part.replace(entry.path_in(library_dir))
    return _entered(entry, library_dir)


def unchanged_stamps(library_dir: Path, target_lufs: float = TARGET_LUFS) -> dict[str, Stamp]:
    """Name → stamp: a file that has it need not be taken in at *target_lufs* again."""
    index = read_index(library_dir)
    return {name: e.stamp for name, e in index.items() if e.stamp and _stands(e, target_lufs, library_dir)}


def read_index(library_dir: Path) -> dict[str, LibraryEntry]:
    """Name → entry. A library that is not there or cannot be read is empty: then files are missing."""
    try:
        return _read_index(library_dir)
    except OSError:
        return {}


def _read_index(library_dir: Path) -> dict[str, LibraryEntry]:
    """The same for who will write it again: what cannot be read now must not be taken for empty. Raises OSError."""
    try:
        entries = json.loads((library_dir / INDEX).read_text(encoding="utf-8"))["entries"]
        return {name: LibraryEntry.from_json(data) for name, data in entries.items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def media_name(name: str) -> str:
    """*name* in NFC, if it is a plain file name. Raises MediaError: no name leads out of the media folder."""
    composed = unicodedata.normalize("NFC", name)
    plain = composed and not set(composed) & set("/\\\0") and composed not in (".", "..")
    if plain and not composed.startswith(".") and len(composed.encode()) <= MAX_NAME_BYTES:
        return composed
    raise MediaError(
        Problem(
            name, "bad_name", "Tên tệp không hợp lệ: chỉ ghi tên tệp, không ghi thư mục", "a plain file name is wanted"
        )
    )


def find_media(media_dir: Path, name: str) -> Path:
    """The file called *name* in the media folder, however its accents are coded on disk. Raises MediaError."""
    wanted = media_name(name)
    candidates = [wanted, unicodedata.normalize("NFD", wanted)]
    path = next((media_dir / c for c in candidates if (media_dir / c).is_file()), None)
    # A link may not lead out of the folder either.
    if path is None or not path.resolve().is_relative_to(media_dir.resolve()):
        raise MediaError(
            Problem(name, "missing", f"Không có tệp “{wanted}” trong thư mục chương trình", "no such file")
        )
    return path


# -- inside ---------------------------------------------------------------------------------------------------------


@contextmanager
def _sole_writer(library_dir: Path) -> Iterator[None]:
    with (library_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _entered(entry: LibraryEntry, library_dir: Path) -> LibraryEntry:
    with _sole_writer(library_dir):
        index = _read_index(library_dir)
        sharing = [other for other in index.values() if other.digest == entry.digest]  # one FLAC
        entries = index | {other.name: entry.called(other.name, other.stamp) for other in sharing} | {entry.name: entry}
        if entries != index:
            _write_index(library_dir, entries)
    return entry


@contextmanager
def _unfinished(library_dir: Path, digest: str) -> Iterator[Path]:
    """Where a file is made before it stands under its name; others may be making the same one."""
    part = library_dir / f".{digest}-{uuid.uuid4().hex[:8]}.part"
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_read(before: LibraryEntry | None, stamp: Stamp) -> str | None:
    """The digest of a file that has not changed since it was read."""
    return before.digest if before is not None and before.stamp == stamp else None


def _known(index: dict[str, LibraryEntry], digest: str, target_lufs: float, library_dir: Path) -> LibraryEntry | None:
    """An entry of the same content at the same level, be it under another name."""
    same = (entry for entry in index.values() if entry.digest == digest)
    return next((entry for entry in same if _stands(entry, target_lufs, library_dir)), None)


def _stands(entry: LibraryEntry, target_lufs: float, library_dir: Path) -> bool:
    """It was made at this level, and its FLAC is still there."""
    return entry.level is not None and entry.level.target_lufs == target_lufs and entry.path_in(library_dir).is_file()


def _take_in(path: Path, name: str, digest: str, target_lufs: float, library_dir: Path, watch: Watch) -> LibraryEntry:
    with _unfinished(library_dir, digest) as part:
        decoded = examine(path, watch)
        level = _levelled(path, part, decoded, target_lufs, watch)
        if _digest_of(path) != digest:
            raise MediaError(changing(name))
        warnings = (*decoded.warnings, *remarks(name, level, decoded.clipped_share))
        entry = LibraryEntry(name, digest, decoded.pcm_digest, decoded.frames, decoded.codec, warnings, level)
        make_durable(part)
        _forget_unfinished(part)
        part.replace(entry.path_in(library_dir))
        return entry


def _forget_unfinished(part: Path) -> None:
    """Remove what others were killed over, so long before *part* was written that none of them can still be at it."""
    latest_s = part.stat().st_mtime - UNFINISHED_S
    for other in part.parent.glob(".*.part"):
        with suppress(FileNotFoundError):
            if other.stat().st_mtime < latest_s:
                other.unlink()


def _levelled(path: Path, part: Path, decoded: Decoded, target_lufs: float, watch: Watch) -> Levelled:
    """Store it at its level; once more where a limiter took more loudness than can be overlooked."""
    gain_db = gain_for(decoded.sound, target_lufs)
    done = _stored(path, part, decoded, target_lufs, gain_db, watch)
    better_db = gain_again(done)
    return done if better_db == gain_db else _stored(path, part, decoded, target_lufs, better_db, watch)


def _stored(path: Path, part: Path, decoded: Decoded, target_lufs: float, gain_db: float, watch: Watch) -> Levelled:
    limit = limited_db(decoded.sound, gain_db) > -MEASURING_ERROR_DB
    after = convert(path, part, decoded, gain_db, limit, watch)
    return Levelled(target_lufs, gain_db, decoded.sound, after)


def _write_index(library_dir: Path, entries: dict[str, LibraryEntry]) -> None:
    document = {"version": 1, "entries": {name: entries[name].to_json() for name in sorted(entries)}}
    part = library_dir / f".{INDEX}.part"
    part.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    make_durable(part)
    part.replace(library_dir / INDEX)
    make_durable(library_dir)
