"""One planned broadcast on one day: what data flows through the whole house."""

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from scheduler.clock import NS_PER_MS, local_iso, wall_ns_of
from scheduler.conduct import PLAIN, Conduct


class Kind(enum.StrEnum):
    """How an item is made (hình thức)."""

    OWN = "own"  # tự sản xuất
    RELAY = "relay"  # tiếp âm, tiếp sóng
    REPEAT = "repeat"  # phát lại: adds to broadcast time, not to programme time
    LIVE = "live"  # trực tiếp
    FILLER = "filler"  # nhạc đệm: sounds where a programme does not; never planned by a timetable, no programme time


class BulletinClass(enum.StrEnum):
    """Class of a bulletin (mức ưu tiên), Thông tư 39/2020/TT-BTTTT."""

    NORMAL = "normal"  # thông thường
    PRIORITY = "priority"  # ưu tiên
    EMERGENCY = "emergency"  # khẩn cấp


ALL_ZONES = "all"
FILLER_PRECEDENCE = -1
LIVE_PRECEDENCE = 2  # between priority and emergency
# What journals of earlier versions do not say: an upgrade must not take their rows for damaged.
ADDED_LATER: dict[str, Any] = {"session": "", "field": "", "language": "", "author": "", "approver": "", "waits_ms": 0}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A planned broadcast. ``id`` is the same when the same sheet is loaded again. Times are aware."""

    id: str
    programme: str  # the title, as the operator wrote it
    starts_at: datetime
    ends_at: datetime
    kind: Kind = Kind.OWN
    origin: str | None = None  # "vov", "province", … of a relay
    repeat_of: str | None = None
    bulletin_class: BulletinClass = BulletinClass.NORMAL
    zone: str = ALL_ZONES
    source: str = ""  # a file's name in the media folder, or an address
    session: str = ""  # buổi
    field: str = ""  # lĩnh vực
    language: str = ""
    author: str = ""
    approver: str = ""
    waits_ms: int = 0  # how late it may begin and still be played whole; 0: what comes late is joined at its place
    conduct: Conduct = PLAIN
    turn: int = 0  # among those of its class that wait: the lower first, those of one turn as they came
    moved_ms: int = 0  # its timetable has it so much earlier: what is before it in its session was played to its end
    longer_ms: int = 0  # its timetable has it so much shorter: it is played to its end

    @property
    def precedence(self) -> int:
        """Who takes the loudspeakers: an emergency, an operator's live, what has priority, all else, a filler."""
        if self.kind is Kind.FILLER:
            return FILLER_PRECEDENCE
        if self.bulletin_class is BulletinClass.PRIORITY and self.kind is Kind.LIVE:
            return LIVE_PRECEDENCE
        return {BulletinClass.NORMAL: 0, BulletinClass.PRIORITY: 1, BulletinClass.EMERGENCY: 3}[self.bulletin_class]

    @property
    def planned_ms(self) -> int:
        return (wall_ns_of(self.ends_at) - wall_ns_of(self.starts_at)) // NS_PER_MS

    def moved(self, ms: int) -> "Occurrence":
        """The same, so much later than it was."""
        later = timedelta(milliseconds=ms)
        return replace(
            self, starts_at=self.starts_at + later, ends_at=self.ends_at + later, moved_ms=self.moved_ms + ms
        )

    def lengthened(self, ms: int) -> "Occurrence":
        """The same, ending so much later."""
        return replace(self, ends_at=self.ends_at + timedelta(milliseconds=ms), longer_ms=self.longer_ms + ms)

    def to_json(self) -> dict[str, Any]:
        """The shape that ``schedule show --json`` prints and the journals keep."""
        return {
            "occurrence": self.id,
            "programme": self.programme,
            "starts_at": _exact_iso(self.starts_at),
            "ends_at": _exact_iso(self.ends_at),
            "planned_ms": self.planned_ms,
            "kind": str(self.kind),
            "origin": self.origin,
            "repeat_of": self.repeat_of,
            "class": str(self.bulletin_class),
            "zone": self.zone,
            "source": self.source,
            "session": self.session,
            "field": self.field,
            "language": self.language,
            "author": self.author,
            "approver": self.approver,
            "waits_ms": self.waits_ms,
            **self.conduct.to_json(),
            "turn": self.turn,
            "moved_ms": self.moved_ms,
            "longer_ms": self.longer_ms,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Occurrence":
        """Inverse of ``to_json``, of earlier versions too. Raises KeyError or ValueError on what is not its output."""
        data = ADDED_LATER | data
        return cls(
            id=data["occurrence"],
            programme=data["programme"],
            starts_at=datetime.fromisoformat(data["starts_at"]),
            ends_at=datetime.fromisoformat(data["ends_at"]),
            kind=Kind(data["kind"]),
            origin=data["origin"],
            repeat_of=data["repeat_of"],
            bulletin_class=BulletinClass(data["class"]),
            zone=data["zone"],
            source=data["source"],
            session=data["session"],
            field=data["field"],
            language=data["language"],
            author=data["author"],
            approver=data["approver"],
            waits_ms=data["waits_ms"],
            conduct=Conduct.from_json(data),
            turn=data.get("turn", 0),  # these three: of a record of before there was none
            moved_ms=data.get("moved_ms", 0),
            longer_ms=data.get("longer_ms", 0),
        )


def _exact_iso(when: datetime) -> str:
    """To the millisecond where it has any: what is played whole lasts as long as its file."""
    return local_iso(when, "milliseconds" if when.microsecond else "seconds")
