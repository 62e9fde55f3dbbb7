"""CAP 1.2 documents (the ``urn:oasis:names:tc:emergency:cap:1.2`` form of an alert), from anyone, as values.

All that is wrong is said at once. What is wrong in the alert or in a message refuses the whole; a resource that cannot
be read is left out and an area that cannot be read is doubtful, both with a warning: the words still have to air.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import TypeVar
from xml.etree.ElementTree import Element, ParseError

from scheduler.alert import MAX_BYTES, Alert, Area, Circle, Info, Point, Reference, Resource
from scheduler.problem import Problem
from scheduler.vietnamese import tidy

MAX_DEPTH = 12  # CAP itself has five; a signature some more
MAX_ELEMENTS = 20_000
MAX_CORNERS = 20_000
LONGEST_REFERENCE = 450  # characters; sender and identifier of an alert have 200 each at most
NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_OLDER = ("urn:oasis:names:tc:emergency:cap:1.1", "http://www.incident.com/cap/1.0")
_SENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[+-]\d\d:\d\d|Z)")
STATUS = ("Actual", "Exercise", "System", "Test", "Draft")
KINDS = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
CATEGORIES = (
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "CBRNE",
    "Other",
)
URGENCY = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITY = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTY = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadAlert:
    """``alert`` is None if there is any error."""

    alert: Alert | None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def read(data: bytes, where: str = "CAP") -> ReadAlert:
    """Read one CAP 1.2 document. Never raises for what *data* can hold; needs little time and memory for any of it."""
    notes = _Notes()
    root = _root(data, where, notes)
    if root is None:
        return ReadAlert(None, tuple(notes.errors))
    alert = _alert(root, notes)
    return ReadAlert(None if notes.errors else alert, tuple(notes.errors), tuple(notes.warnings))


@dataclass
class _Notes:
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def error(self, where: str, code: str, vi: str, en: str) -> None:
        self.errors.append(Problem(where, code, vi, en))

    def warn(self, where: str, code: str, vi: str, en: str) -> None:
        self.warnings.append(Problem(where, code, vi, en))


# -- the document as a tree -----------------------------------------------------------------------------------------


def _root(data: bytes, where: str, notes: _Notes) -> Element | None:
    if len(data) > MAX_BYTES:
        mb = f"{MAX_BYTES >> 20} MB"
        notes.error(where, "too_big", f"lớn hơn {mb}, không phải cảnh báo", f"larger than {mb}: no alert")
        return None
    root = _parsed(data, where, notes)
    if root is None or root.tag == f"{{{NAMESPACE}}}alert":
        return root
    if any(root.tag == f"{{{older}}}alert" for older in _OLDER):
        notes.error(where, "wrong_version", "là CAP bản cũ; cần CAP 1.2", "is an older CAP; CAP 1.2 is needed")
    else:
        vi, en = "không phải tài liệu CAP 1.2", "is no CAP 1.2 document"
        notes.error(where, "not_cap", f"{vi} (<{root.tag[:80]}>)", f"{en} (<{root.tag[:80]}>)")
    return None


def _parsed(data: bytes, where: str, notes: _Notes) -> Element | None:
    """The tree; None for what is no XML, has a DTD (and so entities), or nests without end."""
    # Imported here: only who reads an alert pays for it.
    from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]

    root: Element | None = None
    depth = count = 0
    try:
        for event, element in iterparse(BytesIO(data), events=("start", "end"), forbid_dtd=True):
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            count += event == "start"
            if depth > MAX_DEPTH or count > MAX_ELEMENTS:
                notes.error(
                    where, "too_deep", "quá nhiều tầng hoặc quá nhiều phần tử", "too deep, or too many elements"
                )
                return None
    except DefusedXmlException:
        notes.error(where, "dtd", "có DTD hoặc thực thể, không được phép", "has a DTD or entities, which are forbidden")
        return None
    except (ParseError, ValueError, LookupError) as error:  # the latter two: an encoding that does not exist
        notes.error(where, "not_xml", f"không phải XML đúng: {error}", f"is not well-formed XML: {error}")
        return None
    return root


@dataclass(frozen=True, slots=True)
class _Node:
    """An element and the path that names it to people: info[2]/area[1]."""

    element: Element
    path: str
    notes: _Notes

    def children(self, name: str) -> Iterator["_Node"]:
        for number, child in enumerate(self.element.findall(f"{{{NAMESPACE}}}{name}"), 1):
            yield _Node(child, f"{self.path}/{name}[{number}]".lstrip("/"), self.notes)

    def text(self, name: str) -> str:
        child = self.element.find(f"{{{NAMESPACE}}}{name}")
        return "" if child is None else tidy(child.text or "")

    def lines(self, name: str) -> str:
        """As *text*, with its line ends: they are pauses when it is said."""
        child = self.element.find(f"{{{NAMESPACE}}}{name}")
        lines = (tidy(line) for line in ((child.text if child is not None else "") or "").splitlines())
        return "\n".join(line for line in lines if line)

    def where(self, name: str) -> str:
        return f"{self.path}/{name}".lstrip("/")

    def needed(self, name: str) -> str:
        if not (text := self.text(name)):
            self.notes.error(self.where(name), "missing", "thiếu mục bắt buộc này", "this mandatory element is missing")
        return text

    def one_of(self, name: str, words: tuple[str, ...]) -> str:
        text = self.needed(name)
        if text and text not in words:
            known = ", ".join(words)
            vi, en = f"“{text[:40]}” không hợp lệ; phải là {known}", f"“{text[:40]}” is none of {known}"
            self.notes.error(self.where(name), "bad_value", vi, en)
        return text

    def moment(self, name: str) -> datetime | None:
        text = self.text(name)
        return self._parsed_moment(name, text) if text else None

    def _parsed_moment(self, name: str, text: str) -> datetime | None:
        moment = parse_moment(text)
        if moment is None:
            vi = f"“{text[:40]}” không phải ngày giờ; ghi như 2026-11-23T05:00:00+07:00"
            en = f"“{text[:40]}” is no date and time; write it like 2026-11-23T05:00:00+07:00"
            self.notes.error(self.where(name), "bad_time", vi, en)
        return moment


def parse_moment(text: str) -> datetime | None:
    """CAP's form of xsd:dateTime, zone included. ("Z" is forbidden by the standard, and common.)"""
    if not _SENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment.timestamp()  # year 1 in a zone east of Greenwich does not exist in UTC
    except (ValueError, OverflowError):
        return None
    return moment if 1970 <= moment.year <= 2200 else None


# -- the values -----------------------------------------------------------------------------------------------------


def _alert(root: Element, notes: _Notes) -> Alert | None:
    node = _Node(root, "", notes)
    sender, identifier = (_plain_name(node, name) for name in ("sender", "identifier"))
    node.needed("sent")
    sent = node.moment("sent")
    kind = node.one_of("msgType", KINDS)
    status, scope = node.one_of("status", STATUS), node.one_of("scope", SCOPES)
    references = _references(node)
    infos = tuple(_info(child) for child in node.children("info"))
    if kind in ("Update", "Cancel") and not references:
        vi, en = f"{kind} phải nói rõ thay hoặc hủy cảnh báo nào", f"{kind} must say which alerts it is about"
        notes.error("references", "missing", vi, en)
    if kind in ("Alert", "Update") and not infos:
        notes.error("info", "missing", "không có nội dung nào để phát", "there is nothing to say")
    if sent is None:
        return None
    return Alert(Reference(sender, identifier, sent), status, kind, scope, references, node.text("note"), infos)


def _plain_name(node: _Node, name: str) -> str:
    text = node.needed(name)
    if re.search(r"[\s,<&]", text) or len(text) > 200:
        vi, en = "không được có dấu cách, dấu phẩy, < hay &", "must not have blanks, commas, < or &"
        node.notes.error(node.where(name), "bad_name", vi, en)
    return text


def _references(node: _Node) -> tuple[Reference, ...]:
    references = []
    for text in node.text("references").split():
        sender, _, rest = text.partition(",")
        identifier, _, sent_text = rest.partition(",")
        sent = parse_moment(sent_text)
        if not sender or not identifier or sent is None or len(text) > LONGEST_REFERENCE:
            vi = f"“{text[:80]}” phải có dạng nơi-gửi,mã,giờ-gửi"
            node.notes.error("references", "bad_reference", vi, f"“{text[:80]}” is not sender,identifier,sent")
            continue
        references.append(Reference(sender, identifier, sent))
    return tuple(references)


def _info(node: _Node) -> Info:
    if not any(True for _ in node.children("category")):
        node.needed("category")
    for category in node.children("category"):
        if tidy(category.element.text or "") not in CATEGORIES:
            node.notes.warn(category.path, "bad_value", "loại không có trong chuẩn", "no category of the standard")
    return Info(
        event=node.needed("event"),
        urgency=node.one_of("urgency", URGENCY),
        severity=node.one_of("severity", SEVERITY),
        certainty=node.one_of("certainty", CERTAINTY),
        language=node.text("language") or "en-US",
        expires=node.moment("expires"),
        headline=node.text("headline"),
        description=node.lines("description"),
        instruction=node.lines("instruction"),
        sender_name=node.text("senderName"),
        areas=tuple(_area(child) for child in node.children("area")),
        resources=tuple(r for r in (_resource(child) for child in node.children("resource")) if r),
    )


def _area(node: _Node) -> Area:
    description = node.text("areaDesc")
    if not description:
        node.notes.warn(node.where("areaDesc"), "missing", "thiếu tên khu vực", "the area has no description")
    polygons = [_read_part(child, _polygon) for child in node.children("polygon")]
    circles = [_read_part(child, _circle) for child in node.children("circle")]
    geocodes = [(child.text("valueName"), child.text("value")) for child in node.children("geocode")]
    return Area(
        description,
        tuple(polygon for polygon in polygons if polygon),
        tuple(circle for circle in circles if circle),
        tuple(geocode for geocode in geocodes if geocode[1]),
        unread=None in polygons or None in circles or any(not value for _, value in geocodes),
    )


def _read_part(node: _Node, read_text: Callable[[str], T]) -> T | None:
    try:
        return read_text(node.element.text or "")
    except ValueError:
        vi, en = "không đọc được vùng này: coi như có thể thuộc địa bàn", "cannot be read: it may be here"
        node.notes.warn(node.path, "bad_area", vi, en)
        return None


def _polygon(text: str) -> tuple[Point, ...]:
    """Pairs "lat,lon", the last equal to the first. Raises ValueError."""
    corners = tuple(_point(pair) for pair in text.split())
    if not 4 <= len(corners) <= MAX_CORNERS or corners[0] != corners[-1]:
        raise ValueError("no closed outline")
    return corners[:-1]


def _circle(text: str) -> Circle:
    """ "lat,lon radius", in km. Raises ValueError."""
    centre, radius = text.split()
    radius_km = float(radius)
    if not 0 <= radius_km <= 20_100:
        raise ValueError("no radius on this planet")
    return Circle(_point(centre), radius_km)


def _point(pair: str) -> Point:
    latitude, longitude = map(float, pair.split(","))
    if not (math.isfinite(latitude) and abs(latitude) <= 90 and math.isfinite(longitude) and abs(longitude) <= 180):
        raise ValueError("no point on this planet")
    return latitude, longitude


def _resource(node: _Node) -> Resource | None:
    """None, with a warning, for what cannot be used."""
    mime_type, uri, inline = node.text("mimeType"), node.text("uri"), node.text("derefUri")
    try:
        content = base64.b64decode(re.sub(r"\s", "", inline), validate=True) if inline else None
    except (binascii.Error, ValueError):
        node.notes.warn(node.where("derefUri"), "bad_base64", "tệp kèm theo bị hỏng", "the enclosed file is broken")
        return None
    if not mime_type:
        node.notes.warn(node.where("mimeType"), "missing", "tệp kèm theo không rõ loại", "a file without its type")
        return None
    return Resource(node.text("resourceDesc"), mime_type, uri, content, node.text("digest").lower())
