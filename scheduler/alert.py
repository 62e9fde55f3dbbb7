"""Alerts (CAP 1.2, OASIS 2010) and what becomes of them: pure decisions. ``loaders/cap.py`` makes the values.

Two rules are above all others. What is doubtful airs: an unknown area, an untrusted clock. What is surely no alert for
these people never does: a test, an exercise, a cancelled or expired one, one for another place.
"""

import enum
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.clock import local_iso
from scheduler.occurrence import BulletinClass
from scheduler.vietnamese import fold

MAX_BYTES = 1 << 20  # of a document
LONGEST_TITLE = 200  # characters, for lists and the logbook; what is said is the text
LIFE = timedelta(hours=24)  # of an alert that does not say when it expires
EARTH_KM = 6_371.0
EMERGENCY_URGENCY = ("Immediate", "Expected")
EMERGENCY_SEVERITY = ("Extreme", "Severe")
EMERGENCY_CERTAINTY = ("Observed", "Likely")
_GRAVEST_FIRST = {
    word: rank
    for words in (
        ("Extreme", "Severe", "Moderate", "Minor"),
        ("Immediate", "Expected", "Future", "Past"),
        ("Observed", "Likely", "Possible", "Unlikely"),
    )
    for rank, word in enumerate(words)
}

UNKNOWN_RANK = 9


def _rank(word: str) -> int:
    return _GRAVEST_FIRST.get(word, UNKNOWN_RANK)


Point = tuple[float, float]  # latitude, longitude in degrees


@dataclass(frozen=True, slots=True)
class Circle:
    centre: Point
    radius_km: float


@dataclass(frozen=True, slots=True)
class Area:
    """Where. ``unread``: a part of it could not be read, so nobody may say that a place lies outside."""

    description: str
    polygons: tuple[tuple[Point, ...], ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[tuple[str, str], ...] = ()  # (name of the scheme, value)
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A file that belongs to an alert: its bytes, or where they are."""

    description: str
    mime_type: str
    uri: str = ""
    content: bytes | None = None
    sha1: str = ""  # lower-case hex; empty: not stated

    @property
    def is_audio(self) -> bool:
        return self.mime_type.lower().startswith("audio/") and (self.content is not None or bool(self.uri))


@dataclass(frozen=True, slots=True)
class Info:
    """The message in one language, for one set of areas."""

    event: str
    urgency: str
    severity: str
    certainty: str
    language: str = "en-US"
    expires: datetime | None = None
    headline: str = ""
    description: str = ""
    instruction: str = ""
    sender_name: str = ""
    areas: tuple[Area, ...] = ()
    resources: tuple[Resource, ...] = ()

    @property
    def gravity(self) -> tuple[int, int, int]:
        """Sorts the gravest first."""
        return _rank(self.severity), _rank(self.urgency), _rank(self.certainty)

    @property
    def bulletin_class(self) -> BulletinClass:
        """Khẩn cấp as mobile phones judge it (WEA): urgent, severe and likely; what is unknown is none of these."""
        at_once = (
            self.urgency in EMERGENCY_URGENCY
            and self.severity in EMERGENCY_SEVERITY
            and self.certainty in EMERGENCY_CERTAINTY
        )
        return BulletinClass.EMERGENCY if at_once else BulletinClass.PRIORITY

    @property
    def text(self) -> str:
        """Headline, description, instruction; the event where nothing else is written."""
        parts = [part for part in (self.headline, self.description, self.instruction) if part]
        return "\n".join(parts or [self.event])


@dataclass(frozen=True, slots=True)
class Reference:
    """sender, identifier, sent: what names an alert for ever."""

    sender: str
    identifier: str
    sent: datetime

    @property
    def id(self) -> str:
        """The same for the same instant, in whatever time zone it was written."""
        return f"{self.sender},{self.identifier},{local_iso(self.sent)}"


@dataclass(frozen=True, slots=True)
class Alert:
    """One CAP message."""

    name: Reference
    status: str  # Actual, Exercise, System, Test, Draft
    kind: str  # msgType: Alert, Update, Cancel, Ack, Error
    scope: str  # Public, Restricted, Private
    references: tuple[Reference, ...] = ()
    note: str = ""
    infos: tuple[Info, ...] = ()

    @property
    def id(self) -> str:
        return self.name.id


@dataclass(frozen=True, slots=True)
class Home:
    """Where the station is, and whom it believes.

    *areas*: ``SCHEME=value`` is a code that can also rule out; a bare value is a code or a name that can only say yes.
    """

    areas: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    reach_km: float = 10.0  # the commune lies within this of its points
    senders: tuple[str, ...] = ()  # empty: everybody


class Outcome(enum.StrEnum):
    """What became of an alert; also the word in its memory and beside its file."""

    AIRED = "aired"
    CANCELLED = "cancelled"  # it took others off the air
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"  # an update or a cancellation of it came first
    NOT_ACTUAL = "not_actual"
    NOT_FOR_US = "not_for_us"  # an acknowledgement, an error: between computers
    NOT_PUBLIC = "not_public"
    NOT_HERE = "not_here"
    EXPIRED = "expired"
    UNKNOWN_SENDER = "unknown_sender"


@dataclass(frozen=True, slots=True)
class Broadcast:
    """What is to be said: the audio if there is any, else the text."""

    title: str
    text: str
    language: str
    audio: tuple[Resource, ...]
    bulletin_class: BulletinClass
    expires: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """``broadcast`` airs; ``stops`` are the alerts that it replaces or takes off; why, for people."""

    outcome: Outcome
    vi: str
    en: str
    broadcast: Broadcast | None = None
    stops: tuple[str, ...] = ()


def judge(alert: Alert, home: Home, now: datetime, trusted: bool, known: Mapping[str, Outcome]) -> Verdict:
    """Say what becomes of *alert*. *trusted*: somebody vouches for *now*; *known*: the alerts of before, by id."""
    if refused := _refusal(alert, home, known):
        return refused
    stops = tuple(reference.id for reference in alert.references) if alert.kind in ("Update", "Cancel") else ()
    if alert.kind == "Cancel":
        vi, en = f"hủy {len(stops)} cảnh báo", f"cancels {len(stops)} alerts"
        return Verdict(Outcome.CANCELLED, vi, en, stops=stops)
    here = [info for info in alert.infos if lies_in(info, home) is not False]
    if not here:
        return _instead(Outcome.NOT_HERE, "không phải cho địa bàn này", "not for this area", stops)
    valid = [info for info in here if now < expiry(alert, info)]  # a clock that is not trusted is behind, never ahead
    if not valid:
        last = max(expiry(alert, info) for info in here)
        vi = f"đã hết hiệu lực lúc {local_iso(last)} (giờ của đài: {local_iso(now)})"
        en = f"expired at {local_iso(last)} (by the station's clock: {local_iso(now)})"
        return _instead(Outcome.EXPIRED, vi, en, stops)
    broadcast = _broadcast(alert, valid)
    at_once = broadcast.bulletin_class is BulletinClass.EMERGENCY
    vi = "phát khẩn cấp, ngay lập tức" if at_once else "phát ưu tiên"
    en = "airs as an emergency, at once" if at_once else "airs with priority"
    if not trusted:
        vi, en = f"{vi}; đồng hồ không tin cậy, có thể đã hết hạn", f"{en}; clock not trusted, it may have expired"
    return Verdict(Outcome.AIRED, vi, en, broadcast, stops)


def _refusal(alert: Alert, home: Home, known: Mapping[str, Outcome]) -> Verdict | None:
    """The reasons that need neither clock nor place."""
    sender, status, kind, scope, before = alert.name.sender, alert.status, alert.kind, alert.scope, known.get(alert.id)
    if home.senders and sender not in home.senders:
        vi, en = f"nơi gửi “{sender}” không có trong danh sách", f"sender “{sender}” is not on the list"
        return Verdict(Outcome.UNKNOWN_SENDER, vi, en)
    if before is Outcome.SUPERSEDED:
        return Verdict(Outcome.SUPERSEDED, "đã bị thay hoặc hủy từ trước", "already replaced or cancelled")
    if before is not None:
        return Verdict(Outcome.DUPLICATE, f"đã nhận rồi ({before})", f"known already ({before})")
    if status != "Actual":
        return Verdict(Outcome.NOT_ACTUAL, f"{status}: không phải cảnh báo thật", f"{status}: no real alert")
    if kind in ("Ack", "Error"):
        return Verdict(Outcome.NOT_FOR_US, f"{kind}: không để phát", f"{kind}: not to be aired")
    if scope != "Public":
        return Verdict(
            Outcome.NOT_PUBLIC, f"phạm vi {scope}: không phát ra loa", f"scope {scope}: not for loudspeakers"
        )
    return None


def _instead(outcome: Outcome, vi: str, en: str, stops: tuple[str, ...]) -> Verdict:
    """Not aired itself; an update still takes off what it replaces: it may say that we are no longer concerned."""
    return Verdict(Outcome.CANCELLED if stops else outcome, vi, en, stops=stops)


def expiry(alert: Alert, info: Info) -> datetime:
    return info.expires or alert.name.sent + LIFE


def _broadcast(alert: Alert, infos: Sequence[Info]) -> Broadcast:
    """The gravest message, in Vietnamese if there is one, and what else is said in its language."""
    best = min(infos, key=lambda info: (not info.language.lower().startswith("vi"), info.gravity))
    chosen = sorted((i for i in infos if i.language.lower() == best.language.lower()), key=lambda info: info.gravity)
    return Broadcast(
        title=(best.headline or best.event)[:LONGEST_TITLE],
        text="\n".join(dict.fromkeys(info.text for info in chosen)),
        language=best.language,
        audio=tuple(resource for info in chosen[:1] for resource in info.resources if resource.is_audio),
        bulletin_class=max((info.bulletin_class for info in chosen), key=list(BulletinClass).index),
        expires=min(expiry(alert, info) for info in chosen),
    )


# -- places ---------------------------------------------------------------------------------------------------------


def lies_in(info: Info, home: Home) -> bool | None:
    """Whether the station lies in an area of *info*; None: it cannot be told."""
    if not info.areas:
        return None
    return _any(_in_area(area, home) for area in info.areas)


def _in_area(area: Area, home: Home) -> bool | None:
    """An area is the union of what describes it: outside only what lies outside of each."""
    said = [
        *(_in_polygon(polygon, home) for polygon in area.polygons),
        *(_in_circle(circle, home) for circle in area.circles),
        *_by_codes(area, home),
    ]
    if area.unread or not said:
        said.append(None)
    return _any([*said, *([True] if _named(area, home) else [])])


def _any(answers: Iterable[bool | None]) -> bool | None:
    """Yes if one says yes; no only if all say no."""
    heard = list(answers)
    if True in heard:
        return True
    return None if None in heard else False


def _by_codes(area: Area, home: Home) -> list[bool | None]:
    ours = [part.partition("=") for part in home.areas]
    schemes = {scheme for scheme, equals, _ in ours if equals}
    return [_by_code(scheme, value, home, schemes) for scheme, value in area.geocodes]


def _by_code(scheme: str, value: str, home: Home, schemes: set[str]) -> bool | None:
    if value in home.areas or f"{scheme}={value}" in home.areas:
        return True
    return False if scheme in schemes else None


def _named(area: Area, home: Home) -> bool:
    described = f" {re.sub(r'[^a-z0-9]+', ' ', fold(area.description))} "
    names = (re.sub(r"[^a-z0-9]+", " ", fold(name)).strip() for name in home.areas if "=" not in name)
    return any(name and f" {name} " in described for name in names)


def _in_circle(circle: Circle, home: Home) -> bool | None:
    if not home.points:
        return None
    return any(_distance_km(point, circle.centre) <= circle.radius_km + home.reach_km for point in home.points)


def _in_polygon(polygon: tuple[Point, ...], home: Home) -> bool | None:
    if not home.points:
        return None
    return any(_inside(point, polygon) or _to_edge_km(point, polygon) <= home.reach_km for point in home.points)


def _inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Whether a ray from *point* crosses the outline an odd number of times."""
    inside = False
    for (lat1, lon1), (lat2, lon2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (lat1 > point[0]) != (lat2 > point[0]):
            crossing = lon1 + (point[0] - lat1) / (lat2 - lat1) * (lon2 - lon1)
            inside ^= point[1] < crossing
    return inside


def _to_edge_km(point: Point, polygon: Sequence[Point]) -> float:
    flat = [_flat_km(corner, point) for corner in polygon]
    return min(_to_segment(a, b) for a, b in zip(flat, [*flat[1:], flat[0]], strict=True))


def _flat_km(point: Point, origin: Point) -> Point:
    """East and north of *origin* in km: near it, where it matters, the earth is flat enough."""
    km_a_degree = EARTH_KM * math.pi / 180
    return (point[1] - origin[1]) * km_a_degree * math.cos(math.radians(origin[0])), (
        point[0] - origin[0]
    ) * km_a_degree


def _to_segment(a: Point, b: Point) -> float:
    """The distance of (0, 0) from the segment a b."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    along = max(0.0, min(1.0, -(a[0] * dx + a[1] * dy) / length)) if length else 0.0
    return math.hypot(a[0] + along * dx, a[1] + along * dy)


def _distance_km(a: Point, b: Point) -> float:
    """Along a great circle (haversine)."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*a, *b))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
