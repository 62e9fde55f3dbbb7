"""A timetable: what recurs when. Its canonical JSON is the only form that playout adopts.

Quiet hours are no part of it: they belong to the station, not to a week's sheet.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from scheduler.conduct import PLAIN, PLAIN_JSON, Conduct
from scheduler.occurrence import ALL_ZONES, BulletinClass, Kind
from scheduler.recurrence import (
    EVERY_DAY,
    CalendarDay,
    Dates,
    Holidays,
    LunarDays,
    Recurrence,
    Weekdays,
    from_json,
    iso_date,
    to_json,
)

__all__ = [
    "EVERY_DAY",
    "Dates",
    "Item",
    "NamedDays",
    "Recurrence",
    "Slot",
    "Timetable",
    "Weekdays",
    "adopt",
    "canonical_bytes",
]

VERSION = 3
MIN_DURATION_MS = 1_000
MAX_DURATION_MS = 24 * 3_600_000
MAX_SLOTS = 5_000
MAX_TEXT = 500  # characters of a title, source, zone, place
MAX_BYTES = 4_000_000  # of canonical JSON
CREDITS = ("field", "language", "author", "approver")  # of an item: for the logbook and the forms, not for playing


@dataclass(frozen=True, slots=True)
class Item:
    """What is broadcast."""

    title: str
    duration_ms: int  # planned
    kind: Kind = Kind.OWN
    origin: str | None = None  # of a relay: "vov", "province", "other"
    bulletin_class: BulletinClass = BulletinClass.NORMAL
    source: str = ""  # a file's name in the media folder, or an address
    field: str = ""  # lĩnh vực, as the sheet calls it
    language: str = ""  # empty: tiếng Việt
    author: str = ""
    approver: str = ""  # người duyệt, or "approved on paper no. …"
    conduct: Conduct = PLAIN


@dataclass(frozen=True, slots=True)
class Slot:
    """When and where an item is broadcast. It may cross midnight; it belongs to the day on which it starts."""

    recurrence: Recurrence
    starts: time  # local, to the second
    item: Item
    zone: str = ALL_ZONES
    session: str = ""  # buổi: items of one name that follow one another are one session
    where: str = field(default="", compare=False)  # the cell or line it was read from
    places: Mapping[str, str] = field(
        default_factory=dict, compare=False
    )  # of its parts: "time", "duration", "class" …

    def place(self, part: str) -> str:
        """Where a person mends this part; known only as long as the sheet is at hand."""
        return self.places.get(part, self.where)


NamedDays = Dates | LunarDays | Holidays


@dataclass(frozen=True, slots=True)
class Timetable:
    """Slots, and on which days they count: all days of its validity, or only those named in ``valid_on``."""

    title: str
    slots: tuple[Slot, ...]
    valid_from: date | None = None  # first day
    valid_to: date | None = None  # last day, included
    valid_on: NamedDays | None = None  # of the days between: a holiday timetable, a change for certain dates

    def in_span(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def in_force(self, day: CalendarDay) -> bool:
        return self.in_span(day.date) and (self.valid_on is None or self.valid_on.falls_on(day))

    def to_json(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "title": self.title,
            "valid_from": self.valid_from and self.valid_from.isoformat(),
            "valid_to": self.valid_to and self.valid_to.isoformat(),
            "valid_on": self.valid_on and to_json(self.valid_on),
            "slots": [_slot_to_json(slot) for slot in self.slots],
        }

    @classmethod
    def from_json(cls, data: object) -> "Timetable":
        """Inverse of ``to_json``; also reads what earlier versions wrote into journals.

        Raises ValueError on an unknown key, a wrong type or an absurd size.
        """
        data = _of_this_version(data)
        _require(data, "timetable", _TIMETABLE_KEYS)
        assert isinstance(data, dict)
        if data["version"] != VERSION:
            raise ValueError(f"timetable: version {data['version']!r} is not {VERSION}")
        if len(data["slots"]) > MAX_SLOTS:
            raise ValueError(f"timetable: more than {MAX_SLOTS} slots")
        return cls(
            title=_text(data["title"], "title"),
            slots=tuple(_slot_from_json(slot, f"slots[{n}]") for n, slot in enumerate(data["slots"])),
            valid_from=None if data["valid_from"] is None else iso_date(data["valid_from"]),
            valid_to=None if data["valid_to"] is None else iso_date(data["valid_to"]),
            valid_on=None if data["valid_on"] is None else _named_days(data["valid_on"]),
        )


def canonical_bytes(timetable: Timetable) -> bytes:
    """The one spelling of a timetable as JSON: UTF-8, sorted keys, no blanks."""
    return json.dumps(timetable.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def adopt(raw: bytes) -> Timetable:
    """Read canonical JSON. Raises ValueError on anything that is not byte for byte what ``canonical_bytes`` writes."""
    if len(raw) > MAX_BYTES:
        raise ValueError(f"timetable: {len(raw)} bytes, more than {MAX_BYTES}")
    try:
        timetable = Timetable.from_json(json.loads(raw))
    except RecursionError:
        raise ValueError("timetable: nested too deep") from None
    if canonical_bytes(timetable) != raw:  # also finds doubled keys, which json.loads swallows
        raise ValueError("timetable: not in canonical form")
    return timetable


_TIMETABLE_KEYS: Mapping[str, tuple[type, ...]] = {
    "version": (int,),
    "title": (str,),
    "valid_from": (str, type(None)),
    "valid_to": (str, type(None)),
    "valid_on": (dict, type(None)),
    "slots": (list,),
}
_SLOT_KEYS: Mapping[str, tuple[type, ...]] = {
    "on": (dict,),
    "start": (str,),
    "duration_ms": (int,),
    "title": (str,),
    "kind": (str,),
    "origin": (str, type(None)),
    "class": (str,),
    "source": (str,),
    "zone": (str,),
    "session": (str,),
    "where": (str,),
    "end_rule": (str,),
    "grace_ms": (int,),
    "filler": (str,),
    "after_cut": (str,),
    "target_lufs": (float, type(None)),
} | dict.fromkeys(CREDITS, (str,))


def _of_this_version(data: object) -> object:
    """Version 2 had no conduct of items; version 1 no named days, and in its first form no sessions and credits."""
    if not isinstance(data, dict) or type(data.get("version")) is not int or data["version"] not in (1, 2):
        return data
    empty = PLAIN_JSON | (dict.fromkeys(("session", *CREDITS), "") if data["version"] == 1 else {})
    slots = data.get("slots")
    if isinstance(slots, list):
        slots = [empty | slot if isinstance(slot, dict) else slot for slot in slots]
    days = {"valid_on": None} if data["version"] == 1 else {}
    return days | data | {"version": VERSION, "slots": slots}


def _require(data: object, what: str, keys: Mapping[str, tuple[type, ...]]) -> None:
    """Raise ValueError unless *data* is an object of exactly these keys and types (a bool is no int here)."""
    if not isinstance(data, dict):
        raise ValueError(f"{what}: not an object")
    if odd := sorted(map(str, set(data) ^ set(keys))):
        raise ValueError(f"{what}: unknown or missing {', '.join(odd)}")
    for key, types in keys.items():
        if type(data[key]) not in types:
            raise ValueError(f"{what}.{key}: {type(data[key]).__name__} is the wrong type")


def _slot_to_json(slot: Slot) -> dict[str, Any]:
    return {
        "on": to_json(slot.recurrence),
        "start": slot.starts.strftime("%H:%M:%S"),
        "duration_ms": slot.item.duration_ms,
        "title": slot.item.title,
        "kind": str(slot.item.kind),
        "origin": slot.item.origin,
        "class": str(slot.item.bulletin_class),
        "source": slot.item.source,
        "zone": slot.zone,
        "session": slot.session,
        "where": slot.where,
        **slot.item.conduct.to_json(),
    } | {key: getattr(slot.item, key) for key in CREDITS}


def _slot_from_json(data: object, what: str) -> Slot:
    _require(data, what, _SLOT_KEYS)
    assert isinstance(data, dict)
    if not MIN_DURATION_MS <= data["duration_ms"] <= MAX_DURATION_MS:
        raise ValueError(f"{what}.duration_ms: {data['duration_ms']} is not between 1 second and 24 hours")
    item = Item(
        title=_text(data["title"], f"{what}.title"),
        duration_ms=data["duration_ms"],
        kind=_kind(data["kind"], f"{what}.kind"),
        origin=None if data["origin"] is None else _text(data["origin"], f"{what}.origin"),
        bulletin_class=BulletinClass(data["class"]),
        source=_text(data["source"], f"{what}.source", may_be_empty=True),
        conduct=_conduct(data, what),
        **{key: _text(data[key], f"{what}.{key}", may_be_empty=True) for key in CREDITS},
    )
    session, where = (_text(data[key], f"{what}.{key}", may_be_empty=True) for key in ("session", "where"))
    zone = _text(data["zone"], f"{what}.zone")
    return Slot(_recurrence(data["on"], f"{what}.on"), _time(data["start"]), item, zone, session, where)


def _kind(text: str, what: str) -> Kind:
    kind = Kind(text)
    if kind is Kind.FILLER:
        raise ValueError(f"{what}: a filler is planned by nobody")
    return kind


def _conduct(data: Mapping[str, Any], what: str) -> Conduct:
    _text(data["filler"], f"{what}.filler", may_be_empty=True)
    try:
        return Conduct.from_json(data)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _recurrence(data: object, what: str) -> Recurrence:
    try:
        return from_json(data)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _named_days(data: object) -> NamedDays:
    recurrence = _recurrence(data, "valid_on")
    if not isinstance(recurrence, NamedDays):
        raise ValueError("valid_on: only dates, lunar days and holidays are named days")
    return recurrence


def _text(text: str, what: str, *, may_be_empty: bool = False) -> str:
    if len(text) > MAX_TEXT or not (text or may_be_empty) or not (text.isprintable() and text == text.strip()):
        raise ValueError(f"{what}: empty, longer than {MAX_TEXT} characters or not printable")
    return text


def _time(text: str) -> time:
    start = datetime.strptime(text, "%H:%M:%S").time()
    if start.isoformat() != text:
        raise ValueError(f"{text!r} is not HH:MM:SS")
    return start
