"""What travels between station and collector: topics and messages. Pure; see docs/protocol.md.

All that comes in is checked here before anybody uses it: a broker is a public place.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from itertools import pairwise
from typing import Any, NoReturn

from scheduler.occurrence import Occurrence
from telemetry.airtime import FIGURES, AirtimeRecord, LoudnessShare, Share
from telemetry.canonical import canonical
from telemetry.chain import Entry

VERSION = 1
ROOT = f"tt/v{VERSION}"
EVENTS, STATE, ACK = "evt", "state", "ack"
MAX_ENTRIES = 100
MAX_BODY_BYTES = 200_000  # of the entries of one message together, unless a single one is larger
MAX_PAYLOAD_BYTES = 1 << 20
MAX_SEQ = 1 << 53
MAX_DEPTH = 20
MAX_MISSING = 50  # ranges named in one acknowledgement
WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEX = re.compile(r"[0-9a-f]{64}")


class BadMessage(ValueError):
    """What came in is not what this protocol says."""


@dataclass(frozen=True, slots=True)
class Address:
    """Whose topic it is."""

    province: str
    station: str

    def topic(self, leaf: str) -> str:
        return f"{ROOT}/{self.province}/{self.station}/{leaf}"

    @classmethod
    def of(cls, topic: str) -> "Address":
        """Raises BadMessage."""
        parts = topic.split("/")
        if len(parts) != 5 or "/".join(parts[:2]) != ROOT or not all(WORD.fullmatch(part) for part in parts[2:]):
            raise BadMessage("no topic of this protocol")
        return cls(parts[2], parts[3])


EVERY_STATION = f"{ROOT}/+/+/{EVENTS}"


@dataclass(frozen=True, slots=True)
class Ack:
    """The collector stored every entry from 1 to ``upto``; it has later ones, but not those in ``missing``."""

    ledger: str
    upto: int
    missing: tuple[tuple[int, int], ...] = ()  # (first, last)
    refused: tuple[int, ...] = ()  # entries of the message that were not taken


def messages(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Part consecutive entries into messages of bearable size."""
    message: list[Entry] = []
    size = 0
    for entry in entries:
        bytes_ = len(canonical(entry.body).encode())
        if message and (len(message) == MAX_ENTRIES or size + bytes_ > MAX_BODY_BYTES):
            yield message
            message, size = [], 0
        message.append(entry)
        size += bytes_
    if message:
        yield message


def events_payload(station: str, entries: Sequence[Entry]) -> bytes:
    """A message of consecutive entries of one ledger."""
    content = {
        "v": VERSION,
        "station": station,
        "ledger": entries[0].ledger,
        "prev": entries[0].prev,
        "entries": [{"seq": e.seq, "kind": e.kind, "body": e.body, "hash": e.hash} for e in entries],
    }
    return canonical(content).encode()


def parse_events(payload: bytes) -> tuple[str, list[Entry]]:
    """(station, entries), each entry with the hash before it. Raises BadMessage."""
    data = _object(payload, {"v", "station", "ledger", "prev", "entries"})
    station, ledger, prev = _word(data["station"]), _word(data["ledger"]), _hex(data["prev"])
    items = data["entries"]
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ENTRIES:
        raise BadMessage(f"not 1 to {MAX_ENTRIES} entries")
    entries: list[Entry] = []
    for item in items:
        entries.append(_entry(item, ledger, prev))
        prev = entries[-1].hash
    if any(after.seq != before.seq + 1 for before, after in pairwise(entries)):
        raise BadMessage("entries are not consecutive")
    return station, entries


def _entry(item: Any, ledger: str, prev: str) -> Entry:
    _keys(item, {"seq", "kind", "body", "hash"})
    if not isinstance(item["body"], dict):
        raise BadMessage("a body is no object")
    return Entry(ledger, _seq(item["seq"]), _word(item["kind"]), item["body"], prev, _hex(item["hash"]))


def ack_payload(ack: Ack) -> bytes:
    content = {
        "v": VERSION,
        "ledger": ack.ledger,
        "upto": ack.upto,
        "missing": [list(span) for span in ack.missing],
        "refused": list(ack.refused),
    }
    return canonical(content).encode()


def parse_ack(payload: bytes) -> Ack:
    """Raises BadMessage."""
    data = _object(payload, {"v", "ledger", "upto", "missing", "refused"})
    upto = 0 if data["upto"] == 0 and data["upto"] is not False else _seq(data["upto"])
    refused = tuple(_seq(seq) for seq in _list(data["refused"]))
    return Ack(_word(data["ledger"]), upto, tuple(_range(span) for span in _list(data["missing"])), refused)


def _range(span: Any) -> tuple[int, int]:
    if not isinstance(span, list) or len(span) != 2 or _seq(span[0]) > _seq(span[1]):
        raise BadMessage("a missing range is not [first, last]")
    return span[0], span[1]


def state_payload(online: bool, status: Mapping[str, Any]) -> bytes:
    """The retained word about a station, for eyes: never for accounts."""
    return canonical({**status, "v": VERSION, "online": online}).encode()


def check_body(entry: Entry) -> None:
    """An entry may be well chained and yet no account: sums that do not add up never enter an archive.

    A kind that is not known here comes from a newer station and is kept as it is. Raises BadMessage.
    """
    check = CHECKS.get(entry.kind)
    try:
        _days(entry.body.get("days", []))
        if check is not None:
            check(entry.body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadMessage(f"{entry.kind} entry {entry.seq}: {error!r}") from error


def _check_airtime(body: dict[str, Any]) -> None:
    record = AirtimeRecord.from_json(body)
    _check_aware(record.occurrence)
    _check_certainty(record)
    for share in (record.whole, *record.days.values()):
        _check_share(share)
    if record.content is not None:
        _hex(record.content)
    if record.loudness is not None:
        _check_loudness(record.loudness)
    for name in FIGURES:
        if sum(getattr(share, name) for share in record.days.values()) != getattr(record.whole, name):
            raise ValueError(f"the days do not sum to {name}")


def _check_certainty(record: AirtimeRecord) -> None:
    """Null, or missing, in a record of before."""
    if record.uncertainty_ms is not None:
        _milliseconds(record.uncertainty_ms)
    share = record.evidence_share
    if share is not None and (type(share) not in (int, float) or not 0 <= share <= 1):
        raise ValueError("evidence_share is no share")


def _check_aware(occurrence: Occurrence) -> None:
    _text(occurrence.id)
    if occurrence.starts_at.tzinfo is None or occurrence.ends_at.tzinfo is None:
        raise ValueError("a time without offset")


def _check_share(share: Share) -> None:
    flagged = share.overlaid_ms, share.low_ms, share.clipped_ms
    for ms in (*share.figures().values(), *share.not_on_air.values(), *share.unobserved.values(), *flagged):
        _milliseconds(ms)
    if share.on_air_ms + share.not_on_air_ms + share.unobserved_ms != share.planned_ms:
        raise ValueError("on air + not on air + unobserved is not planned")


def _check_loudness(loudness: LoudnessShare) -> None:
    for ms in (loudness.from_ms, loudness.to_ms, loudness.heard_ms):
        _milliseconds(ms)
    for value in (*astuple(loudness.sent), *astuple(loudness.heard)):
        if value is not None and type(value) not in (int, float):
            raise ValueError("a loudness is no number")


def _check_unplanned(body: dict[str, Any]) -> None:
    _text(body["id"])
    if sum(_milliseconds(ms) for ms in body["days"].values()) != _milliseconds(body["unplanned_ms"]):
        raise ValueError("the days do not sum to unplanned_ms")


def _check_plan(body: dict[str, Any]) -> None:
    for occurrence in body["occurrences"]:
        _check_aware(Occurrence.from_json(occurrence))
    for gone in body["withdrawn"]:
        _text(gone["occurrence"])


def _check_fault(body: dict[str, Any]) -> None:
    if body["change"] not in ("raised", "cleared"):
        raise ValueError("a fault is raised or cleared")
    for key in ("fault", "since", "code", "target", "severity", "title_vi", "title_en"):
        _text(body[key])


CHECKS = {
    "airtime": _check_airtime,
    "unplanned": _check_unplanned,
    "plan": _check_plan,
    "fault": _check_fault,
}


def _days(days: Any) -> None:
    if not isinstance(days, list | dict):
        raise BadMessage("days are neither a list nor an object")
    for day in days:
        if not isinstance(day, str) or date.fromisoformat(day).isoformat() != day:
            raise BadMessage("a day is no date")


def _milliseconds(value: Any) -> int:
    if type(value) is not int or not 0 <= value < MAX_SEQ:
        raise BadMessage("a duration is no whole number of milliseconds")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BadMessage("a text is none")
    return value


def _object(payload: bytes, keys: set[str]) -> dict[str, Any]:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise BadMessage("too long")
    try:
        data = json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessage("no JSON") from error
    _keys(data, keys)
    _refuse_depth(data)
    if type(data["v"]) is not int or data["v"] != VERSION:
        raise BadMessage("another version of the protocol")
    return dict(data)


def _refuse_depth(data: Any) -> None:
    """What is nested without end is meant to break a reader."""
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [inner for item in level for inner in _inside(item)]
        if not level:
            return
    raise BadMessage("nested too deep")


def _inside(item: Any) -> Iterable[Any]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _keys(data: Any, keys: set[str]) -> None:
    if not isinstance(data, dict) or not keys <= data.keys():
        raise BadMessage(f"not an object with {', '.join(sorted(keys))}")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_ENTRIES:
        raise BadMessage("a list is none, or too long")
    return value


def _seq(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MAX_SEQ:
        raise BadMessage("a seq is none")
    return value


def _word(value: Any) -> str:
    if not isinstance(value, str) or not WORD.fullmatch(value):
        raise BadMessage("a name is none")
    return value


def _hex(value: Any) -> str:
    if not isinstance(value, str) or not HEX.fullmatch(value):
        raise BadMessage("a hash is none")
    return value
