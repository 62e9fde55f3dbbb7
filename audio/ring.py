"""The audio ring: what was sent in the last minute, block by block, in a memory-mapped file. One writer, many readers.

Layout (little endian): a header page, then SLOTS slots of one block. A block of sequence number *seq* lies in slot
``seq % SLOTS``; the header's head is the last complete one. A slot's CRC covers its fields and its samples, and its seq
is zeroed while it is written, so a reader that races the writer, or a writer killed in mid-write, costs a block and
never shows a torn one. The file is kept when its writer restarts: the new one goes on with a new *epoch*. (Not
``multiprocessing.shared_memory``: on Python 3.11 a reader that exits unlinks the segment.)
"""

import mmap
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from audio.format import BLOCK_BYTES

SLOTS = 720  # 61.4 s, 5.9 MB
OCCURRENCE_BYTES = 160  # a date, a folded title and a zone
MAGIC = b"SRRING1\n"
_HEADER_BYTES = 4_096
_HEADER = struct.Struct("<8sII")  # magic, slots, bytes of a slot
_HEAD_WORD = 4  # 8-byte word of the header that holds the head: aligned, so one store
_EPOCH_WORD = 5
_FIELDS = struct.Struct(f"<QIIqqH{OCCURRENCE_BYTES}s")  # seq, epoch, boot, first frame, sink ns, length and id
_CRC = struct.Struct("<I")
_SLOT_BYTES = (_FIELDS.size + _CRC.size + BLOCK_BYTES + 7) // 8 * 8
_FILE_BYTES = _HEADER_BYTES + SLOTS * _SLOT_BYTES


class RingError(Exception):
    """No ring can be made: no such directory, no space."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block as it was handed to the card. ``first_frame`` counts from the start of its epoch's process."""

    seq: int
    epoch: int  # grows when the writer restarts and when the frame clock jumps: within one, frames are contiguous
    boot: int  # boot ordinal
    first_frame: int
    sink_ns: int  # boottime at which its first frame sounds
    occurrence_id: str  # of the programme in it; empty while idle
    pcm: bytes  # BLOCK_BYTES, s16le mono 48 kHz


@dataclass(frozen=True, slots=True)
class Batch:
    """What a read found, in order of seq, and where to go on."""

    blocks: list[Block]
    lost: int  # blocks that were overwritten before they were read, or torn by a writer's death
    next_seq: int
    replaced: bool = False  # it is another file than before: seq began again


class RingWriter:
    """Goes on in the ring at *path*, or creates it (atomically) when it is missing or of another format."""

    def __init__(self, path: Path, boot: int) -> None:
        self.boot = boot
        self._map = _open_or_create(path)
        self._words = memoryview(self._map).cast("Q")
        self._last = _newest(self._map)
        self._head = self._last.seq if self._last else 0
        self.epoch = max(self._words[_EPOCH_WORD], self._last.epoch if self._last else 0)
        self.new_epoch()

    def new_epoch(self) -> int:
        """From here on frames are not contiguous with those before."""
        self.epoch += 1
        self._words[_EPOCH_WORD] = self.epoch
        return self.epoch

    def put(self, pcm: bytes, first_frame: int, sink_ns: int, occurrence_id: str = "") -> int:
        """Store one block; its seq. Raises ValueError for another length, or an id over 160 bytes of UTF-8."""
        name = occurrence_id.encode()
        if len(pcm) != BLOCK_BYTES or len(name) > OCCURRENCE_BYTES:
            raise ValueError(f"a block of {len(pcm)} bytes of occurrence {occurrence_id!r} does not fit")
        seq = self._head + 1
        at = _offset(seq)
        fields = _FIELDS.pack(seq, self.epoch, self.boot, first_frame, sink_ns, len(name), name)
        self._words[at // 8] = 0  # from here on nobody takes the slot for a block
        self._map[at + 8 : at + _FIELDS.size] = fields[8:]
        _CRC.pack_into(self._map, at + _FIELDS.size, zlib.crc32(pcm, zlib.crc32(fields)))
        self._map[at + _FIELDS.size + _CRC.size : at + _FIELDS.size + _CRC.size + BLOCK_BYTES] = pcm
        self._words[at // 8] = seq
        self._words[_HEAD_WORD] = self._head = seq
        return seq

    def last_block(self) -> Block | None:
        """The newest block that a predecessor left when this writer opened: until where it sounded."""
        return self._last

    def close(self) -> None:
        self._words.release()
        self._map.close()


class RingReader:
    """Reads the ring at *path*, which may come, be written to, or be replaced at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._map: mmap.mmap | None = None
        self._inode = 0
        self._follow_replacement()

    def read_from(self, seq: int, limit: int = SLOTS) -> Batch:
        """Blocks from *seq* on, at most *limit*; what is gone is counted as lost. No ring (yet) reads as no news."""
        replaced = self._follow_replacement()
        if self._map is None:
            return Batch([], 0, seq)
        head = self.head
        oldest = max(1, head - SLOTS + 2)  # the slot after the head may be overwritten at any time
        if seq > head + 1 or replaced:
            seq = oldest  # another, younger ring
        first = max(seq, oldest)
        upto = min(head, first + limit - 1)
        blocks = [block for s in range(first, upto + 1) if (block := _block(self._map, s)) is not None]
        if upto == head and upto >= first and (not blocks or blocks[-1].seq != head):
            upto -= 1  # the head was seen before its block (weakly ordered memory): it will be there next time
        return Batch(blocks, max(0, upto - seq + 1 - len(blocks)), max(upto + 1, first), replaced)

    @property
    def head(self) -> int:
        """Seq of the newest complete block, 0 if there is none."""
        return memoryview(self._map).cast("Q")[_HEAD_WORD] if self._map else 0

    def close(self) -> None:
        if self._map is not None:
            self._map.close()

    def _follow_replacement(self) -> bool:
        """Map the file that is there now, if it is another one; True then. What is mapped stays readable."""
        try:
            if os.stat(self._path).st_ino == self._inode:
                return False
        except FileNotFoundError:
            return False
        found = _open_for_reading(self._path)
        if found is None:
            return False
        self.close()
        self._map, self._inode = found
        return True


def _offset(seq: int) -> int:
    return _HEADER_BYTES + seq % SLOTS * _SLOT_BYTES


def _block(ring: mmap.mmap, seq: int) -> Block | None:
    """The block *seq*, if its slot holds it whole."""
    at = _offset(seq)
    raw = ring[at : at + _SLOT_BYTES]  # one copy, then checked: what changes meanwhile fails the CRC
    found, epoch, boot, first_frame, sink_ns, length, name = _FIELDS.unpack_from(raw)
    pcm = raw[_FIELDS.size + _CRC.size : _FIELDS.size + _CRC.size + BLOCK_BYTES]
    (crc,) = _CRC.unpack_from(raw, _FIELDS.size)
    if found != seq or crc != zlib.crc32(pcm, zlib.crc32(raw[: _FIELDS.size])):
        return None
    return Block(seq, epoch, boot, first_frame, sink_ns, name[:length].decode(), pcm)


def _newest(ring: mmap.mmap) -> Block | None:
    """By looking at every slot: a writer killed between block and head leaves the head one behind."""
    seqs = (int.from_bytes(ring[at : at + 8], "little") for at in map(_offset, range(SLOTS)))
    return next((block for seq in sorted(seqs, reverse=True) if seq and (block := _block(ring, seq))), None)


def _is_ring(ring: mmap.mmap) -> bool:
    return len(ring) == _FILE_BYTES and _HEADER.unpack_from(ring) == (MAGIC, SLOTS, _SLOT_BYTES)


def _open_for_reading(path: Path) -> tuple[mmap.mmap, int] | None:
    """The ring and its inode; None where there is no ring, or none of this version: its writer will replace it."""
    try:
        with path.open("rb") as file:
            ring, inode = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), os.fstat(file.fileno()).st_ino
    except (OSError, ValueError):  # ValueError: an empty file cannot be mapped
        return None
    if _is_ring(ring):
        return ring, inode
    ring.close()
    return None


def _open_or_create(path: Path) -> mmap.mmap:
    if (ring := _open_existing(path)) is not None:
        return ring
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("wb") as file:
            file.write(_HEADER.pack(MAGIC, SLOTS, _SLOT_BYTES))
            # Allocated, not sparse: a store into a hole of a full disk would kill the process (SIGBUS).
            os.posix_fallocate(file.fileno(), 0, _FILE_BYTES)
        fresh.replace(path)
        with path.open("r+b") as file:
            return mmap.mmap(file.fileno(), 0)
    except OSError as error:
        raise RingError(f"{path}: {error}") from error


def _open_existing(path: Path) -> mmap.mmap | None:
    try:
        with path.open("r+b") as file:
            ring = mmap.mmap(file.fileno(), 0)
    except (OSError, ValueError):
        return None
    if _is_ring(ring):
        return ring
    ring.close()
    return None
