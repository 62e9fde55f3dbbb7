"""The parts of a zipped office file, taken out with care: a bomb, a liar or a DTD is refused before it can grow."""

import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from scheduler.sheets.sheet import Refused

MAX_UNPACKED_BYTES = 60_000_000
MAX_PART_BYTES = 30_000_000
MAX_PARTS = 2_000
MAX_ELEMENTS = 400_000  # of one part: 100,000 cells of a workbook and more; half a second of work
_CHUNK_BYTES = 1 << 16

# What marks a kind of package, and what no timetable needs.
MACROS = ("vbaproject.bin", "basic/script-lc.xml", "basic/script-lb.xml", "xl/macrosheets/")
LINKS = ("xl/externallinks/",)


class Package:
    """A zip file whose directory has been looked at. Raises Refused on what it tells, and on what then differs."""

    def __init__(self, path: str) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise Refused("unreadable_file", str(error)) from None
        self._refuse_bombs()

    @property
    def names(self) -> list[str]:
        return self._zip.namelist()

    def _refuse_bombs(self) -> None:
        """Believe the directory when it tells of a bomb; the limits of this process are for liars."""
        parts = self._zip.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
            raise Refused("too_big", "zip")
        if any(part.file_size > MAX_PART_BYTES for part in parts if _is_text(part.filename)):
            raise Refused("too_big", "zip")
        if any(part.flag_bits & 1 for part in parts):
            raise Refused("password", "zip")

    def refuse_macros_and_links(self) -> None:
        lower = [name.lower() for name in self.names]
        for marks, code in ((MACROS, "macros"), (LINKS, "external_links")):
            if found := [name for name in lower if any(mark in name for mark in marks)]:
                raise Refused(code, found[0][:100])

    def chunks(self, name: str) -> Iterator[bytes]:
        """One part, unpacked piece by piece."""
        try:
            with self._zip.open(name) as part:
                while chunk := part.read(_CHUNK_BYTES):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, ValueError) as error:
            raise Refused("unreadable_file", f"{name[:100]}: {error}"[:300]) from None

    def read(self, name: str) -> bytes:
        return b"".join(self.chunks(name))

    def walk(self, name: str, walker: "Walker") -> None:
        """Show *walker* the elements of an XML part, in order."""
        parser = ElementTree.XMLParser(target=walker)
        try:
            for chunk in self.chunks(name):
                parser.feed(chunk)
            parser.close()
        except (ElementTree.ParseError, ValueError, LookupError) as error:  # a strange encoding is a LookupError
            raise Refused("unreadable_file", f"{name[:100]}: {error}"[:300]) from None


def _is_text(name: str) -> bool:
    return name.lower().endswith((".xml", ".rels"))


class Walker:
    """Sees the elements of a document. No office program writes a DTD; whoever does wants its entities expanded."""

    elements = 0

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise Refused("unreadable_file", "DTD")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise Refused("too_big", f"{MAX_ELEMENTS} XML elements")
        self.begin(local(tag), attributes)

    def end(self, tag: str) -> None:
        self.finish(local(tag))

    def data(self, text: str) -> None: ...

    def begin(self, name: str, attributes: dict[str, str]) -> None: ...

    def finish(self, name: str) -> None: ...

    def close(self) -> Any: ...


def local(tag: str) -> str:
    """The name without its namespace: OOXML has two sets of those (transitional, strict), alike but for the address."""
    return tag.rpartition("}")[2]


def attribute(attributes: dict[str, str], name: str) -> str | None:
    """By its local name, whatever its namespace."""
    return next((value for key, value in attributes.items() if local(key) == name), None)


def count(attributes: dict[str, str], name: str, otherwise: int = 1) -> int:
    """A number of rows or columns. Raises Refused if it is none."""
    text = attribute(attributes, name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise Refused("unreadable_file", f"{name}={text[:20]}")
    return int(text)
