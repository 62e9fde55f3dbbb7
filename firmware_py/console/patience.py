"""How long somebody who gave wrong codes has to wait. Pure; time is an argument."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

FIRST_WAIT_S = 60.0
LONGEST_WAIT_S = 900.0
REMEMBERED = 1_000  # who is remembered at once; the longest silent is forgotten first


@dataclass(frozen=True, slots=True)
class _Tries:
    wrong: int = 0
    waits_until_s: float = 0.0


class Patience:
    """Counts wrong codes by who gave them. *free* of them cost nothing; then each costs a wait that doubles."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._tries: OrderedDict[Hashable, _Tries] = OrderedDict()

    def wait_s(self, who: Hashable, now_s: float) -> float:
        """Seconds until *who* may try again; 0 if at once."""
        return max(0.0, self._tries.get(who, _Tries()).waits_until_s - now_s)

    def wrong(self, who: Hashable, now_s: float) -> None:
        count = self._tries.pop(who, _Tries()).wrong + 1
        over = count - self._free
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(over, 10)) if over >= 0 else 0.0
        self._tries[who] = _Tries(count, now_s + wait_s)
        if len(self._tries) > REMEMBERED:
            self._tries.popitem(last=False)

    def right(self, who: Hashable) -> None:
        self._tries.pop(who, None)
