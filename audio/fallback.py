"""Which link of a relay's chain sounds: judged by the sound that each gives, never by its connection. Pure.

stream → second stream → line input → file → station ident. A link that is silent, stalled or broken for too long is
lost, and the next one that gives sound takes its place; an earlier one comes back when it has sounded for long enough
without a break. The earlier links are listened to all the time, the later ones only while the one that sounds is in
doubt: each costs a decoder and a connection. Time is an argument, in ns of the chain's own axis.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scheduler.clock import NS_PER_S

PAUSE_NS = 3 * NS_PER_S  # speakers pause for 2–3 s: no break yet
WARM_UP_NS = 3 * NS_PER_S  # a stream needs so long to be connected and buffered
RETRY_FIRST_S = 0.5
RETRY_MOST_S = 30.0


class Heard(enum.Enum):
    """What a link gave in the last moment."""

    SOUND = "sound"
    QUIET = "quiet"  # samples below the threshold
    NOTHING = "nothing"  # no samples
    BROKEN = "broken"  # no samples, and it says why: refused, ended, no such device


class Health(enum.Enum):
    OFF = "off"  # nobody listens to it
    TRIED = "tried"  # it has not sounded yet
    GOOD = "good"
    LOST = "lost"
    RETURNING = "returning"  # it sounds again, but not yet for long enough to be believed


class Sign(enum.Enum):
    """What a link's moment means together with those before it."""

    SOUNDS = "sounds"
    STEADY = "steady"  # has sounded without a break for as long as the patience asks
    PAUSES = "pauses"  # as a speaker does
    BREAKS = "breaks"  # longer than a speaker does, or without samples
    GONE = "gone"  # silent or stalled for too long, or broken


class Why(enum.StrEnum):
    """Why a link was lost."""

    SILENCE = "silence"
    STALL = "stall"
    BROKEN = "broken"


WHY = {Heard.QUIET: Why.SILENCE, Heard.NOTHING: Why.STALL, Heard.BROKEN: Why.BROKEN}


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a link gives nothing: a word for the record, and what was said by whoever knows."""

    code: str  # refused, not_found, …: see telemetry.reports.words
    said: str


_H, _S = Health, Sign
NEXT_HEALTH = {
    (_H.TRIED, _S.SOUNDS): _H.GOOD,
    (_H.TRIED, _S.STEADY): _H.GOOD,
    (_H.TRIED, _S.BREAKS): _H.TRIED,
    (_H.TRIED, _S.GONE): _H.LOST,
    (_H.GOOD, _S.SOUNDS): _H.GOOD,
    (_H.GOOD, _S.STEADY): _H.GOOD,
    (_H.GOOD, _S.PAUSES): _H.GOOD,
    (_H.GOOD, _S.BREAKS): _H.GOOD,
    (_H.GOOD, _S.GONE): _H.LOST,
    (_H.LOST, _S.SOUNDS): _H.RETURNING,
    (_H.LOST, _S.STEADY): _H.GOOD,
    (_H.LOST, _S.BREAKS): _H.LOST,
    (_H.LOST, _S.GONE): _H.LOST,
    (_H.RETURNING, _S.SOUNDS): _H.RETURNING,
    (_H.RETURNING, _S.STEADY): _H.GOOD,
    (_H.RETURNING, _S.PAUSES): _H.RETURNING,
    (_H.RETURNING, _S.BREAKS): _H.LOST,
    (_H.RETURNING, _S.GONE): _H.LOST,
}


@dataclass(frozen=True, slots=True)
class Patience:
    """After how long without sound, or without samples, a link is lost; how long an earlier one must have sounded."""

    silence_ns: int = 15 * NS_PER_S
    stall_ns: int = 5 * NS_PER_S
    back_after_ns: int = 10 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Link:
    health: Health = Health.OFF
    heard_ns: int = 0  # when it last gave sound, or it began to be listened to
    fed_ns: int = 0  # the same for samples
    steady_ns: int | None = None  # since when it has sounded without a break; None: it does not
    why: Why | None = None  # it was lost last

    def proven(self, now_ns: int, patience: Patience) -> bool:
        return self.steady_ns is not None and now_ns - self.steady_ns >= patience.back_after_ns

    def gone(self, now_ns: int, patience: Patience) -> bool:
        return now_ns - self.heard_ns >= patience.silence_ns or now_ns - self.fed_ns >= patience.stall_ns

    def doubtful(self, now_ns: int, patience: Patience) -> bool:
        """It will be gone soon unless it sounds; of a short patience the first half is nobody's concern."""
        limits = ((self.heard_ns, patience.silence_ns), (self.fed_ns, patience.stall_ns))
        return any(since + limit - now_ns <= min(WARM_UP_NS, limit // 2) for since, limit in limits)


@dataclass(frozen=True, slots=True)
class Chain:
    links: tuple[Link, ...]
    active: int = 0  # the link that sounds
    switched_ns: int = 0

    @property
    def listening(self) -> int:
        """How many links, from the first on, are to be listened to."""
        return sum(link.health is not Health.OFF for link in self.links)

    @property
    def first_lost(self) -> bool | None:
        """Whether the relay itself cannot be had, or not yet reliably; None while it has not shown itself."""
        health = self.links[0].health
        return None if health is Health.TRIED else health is not Health.GOOD


def begin(n_links: int, now_ns: int = 0) -> Chain:
    """A chain that begins with its first link. Raises ValueError without one."""
    if not n_links:
        raise ValueError("a chain needs a link")
    return Chain((_tried(now_ns), *[Link()] * (n_links - 1)), switched_ns=now_ns)


def step(chain: Chain, heard: Sequence[Heard], now_ns: int, patience: Patience) -> Chain:
    """The chain after the moment that ended at *now_ns*. *heard*: of each link that is listened to, in their order."""
    if len(heard) != chain.listening:
        raise ValueError(f"{len(heard)} links were heard, {chain.listening} were listened to")
    judged = [_judged(link, gave, now_ns, patience) for link, gave in zip(chain.links, heard, strict=False)]
    links = (*judged, *chain.links[len(heard) :])
    active = _chosen(chain, links, now_ns, patience)
    listening = _wanted(links, active, now_ns, patience)
    links = tuple(_listened(link, n < listening, now_ns) for n, link in enumerate(links))
    return Chain(links, active, chain.switched_ns if active == chain.active else now_ns)


def retry_after_s(failures: int, jitter: float) -> float:
    """How long to wait before the next connection, after so many (≥ 1) in a row that gave nothing.

    *jitter* is random in [0, 1): a thousand stations must not all come back to a server at the same instant.
    """
    return float(min(RETRY_FIRST_S * 2 ** min(failures - 1, 16), RETRY_MOST_S)) * (1.0 - 0.5 * jitter)


# -- one link -------------------------------------------------------------------------------------------------------


def _tried(now_ns: int) -> Link:
    return Link(Health.TRIED, heard_ns=now_ns, fed_ns=now_ns)


def _listened(link: Link, wanted: bool, now_ns: int) -> Link:
    if not wanted:
        return Link()
    return _tried(now_ns) if link.health is Health.OFF else link


def _judged(link: Link, heard: Heard, now_ns: int, patience: Patience) -> Link:
    link = _noted(link, heard, now_ns)
    sign = _sign(link, heard, now_ns, patience)
    health = NEXT_HEALTH[link.health, sign]
    lost = health is Health.LOST and link.health is not Health.LOST
    return replace(link, health=health, why=WHY[heard] if lost else link.why)


def _noted(link: Link, heard: Heard, now_ns: int) -> Link:
    if heard is Heard.SOUND:
        steady_ns = now_ns if link.steady_ns is None else link.steady_ns
        return replace(link, heard_ns=now_ns, fed_ns=now_ns, steady_ns=steady_ns)
    if heard is Heard.QUIET:
        pauses = now_ns - link.heard_ns <= PAUSE_NS
        return replace(link, fed_ns=now_ns, steady_ns=link.steady_ns if pauses else None)
    return replace(link, steady_ns=None)


def _sign(link: Link, heard: Heard, now_ns: int, patience: Patience) -> Sign:
    if heard is Heard.SOUND:
        return Sign.STEADY if link.proven(now_ns, patience) else Sign.SOUNDS
    if heard is Heard.BROKEN or link.gone(now_ns, patience):
        return Sign.GONE
    return Sign.BREAKS if link.steady_ns is None else Sign.PAUSES


# -- the chain ------------------------------------------------------------------------------------------------------


def _chosen(chain: Chain, links: Sequence[Link], now_ns: int, patience: Patience) -> int:
    """The link that sounds from now on. What is not lost gives way only to an earlier one that has proved itself."""
    active = chain.active
    if now_ns - chain.switched_ns >= patience.back_after_ns:
        active = next((n for n in range(active) if links[n].proven(now_ns, patience)), active)
    if links[active].health is not Health.LOST:
        return active
    for n in range(active + 1, len(links)):
        if _sounds(links[n], now_ns):
            return n
        if links[n].health is Health.TRIED and now_ns - links[n].heard_ns < patience.stall_ns:
            break  # it may need another moment, and it comes before those after it
    return next((n for n in range(active) if _sounds(links[n], now_ns)), active)


def _sounds(link: Link, now_ns: int) -> bool:
    return link.health in (Health.GOOD, Health.RETURNING) and link.heard_ns == now_ns


def _wanted(links: Sequence[Link], active: int, now_ns: int, patience: Patience) -> int:
    """How many links to listen to: all up to the one that sounds, and what may be needed next."""
    link = links[active]
    if link.health is Health.LOST:
        return len(links)
    if link.health is not Health.RETURNING and not link.doubtful(now_ns, patience):
        return active + 1
    spare = next((n for n in range(active + 1, len(links)) if links[n].health is not Health.LOST), len(links))
    return min(spare + 1, len(links))
