"""What the collector has: a bookmark in the ledger, not a second queue; and what to send next. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

WINDOW_MESSAGES = 20  # sent and not yet confirmed: enough to fill a slow link, few enough to send again


@dataclass(frozen=True, slots=True)
class Receipt:
    """The collector has stored every entry of *ledger_id* from 1 to *upto*."""

    ledger_id: str
    upto: int


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far the collector has confirmed. Only its receipts move it, and only forwards.

    Receipts are cumulative, so one that comes late or twice changes nothing and none can leave a hole.
    """

    ledger_id: str
    upto: int = 0

    def confirm(self, receipt: Receipt, last_seq: int) -> "Bookmark":
        """A receipt for another ledger, or for what was never written (a restored copy), moves nothing."""
        if receipt.ledger_id != self.ledger_id or not self.upto < receipt.upto <= last_seq:
            return self
        return replace(self, upto=receipt.upto)


@dataclass(frozen=True, slots=True)
class Window:
    """What was sent of what is not confirmed. Times are any monotonic seconds."""

    confirmed: int  # what the collector has by its last word: less than the bookmark if it lost some
    sent: int  # all up to here were sent at least once in this connection
    waiting_since_s: float | None = None  # since when something sent waits for a receipt
    timeouts: int = 0  # in a row
    open_messages: tuple[int, ...] = ()  # last seq of each message that waits
    gone_back_to: int = 0  # the gap that was sent again since a receipt last moved anything

    @property
    def room(self) -> int:
        """How many more messages may be sent now."""
        return WINDOW_MESSAGES - len(self.open_messages)

    def sent_upto(self, seq: int, now_s: float) -> "Window":
        since = now_s if self.waiting_since_s is None else self.waiting_since_s
        return replace(self, sent=seq, waiting_since_s=since, open_messages=(*self.open_messages, seq))

    def received(self, upto: int, missing: Sequence[tuple[int, int]], now_s: float) -> "Window":
        """After a receipt. What the collector misses before something it has was lost: go back to it.

        The broker may have lost it, or the collector what it had confirmed (begun anew, an old copy restored). Other
        receipts of the same flight name the same gap: for those nothing is sent once more.
        """
        lost = min((first for first, last in missing if upto < first and last <= self.sent), default=None)
        if lost is not None and lost != self.gone_back_to:
            return self._gone_back(lost, upto, now_s)
        confirmed = max(self.confirmed, upto)
        moved = confirmed > self.confirmed
        return Window(
            confirmed,
            self.sent if self.gone_back_to else max(confirmed, self.sent),  # another collector may have what one lost
            None if self.sent <= confirmed else now_s if moved else self.waiting_since_s,
            0 if moved else self.timeouts,
            tuple(seq for seq in self.open_messages if seq > confirmed),
            0 if moved else self.gone_back_to,
        )

    def _gone_back(self, lost: int, upto: int, now_s: float) -> "Window":
        confirmed = min(max(self.confirmed, upto), lost - 1)
        moved = confirmed > self.confirmed
        since_s = None if lost - 1 == confirmed else now_s if moved else self.waiting_since_s
        return Window(confirmed, lost - 1, since_s, 0 if moved else self.timeouts, gone_back_to=lost)

    def late(self, now_s: float, patience_s: float) -> bool:
        return self.waiting_since_s is not None and now_s - self.waiting_since_s >= patience_s

    def again(self) -> "Window":
        """No receipt came in time: send all from the bookmark on once more."""
        return Window(self.confirmed, self.confirmed, None, self.timeouts + 1)
