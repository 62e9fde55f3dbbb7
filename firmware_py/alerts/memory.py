"""Which alerts were seen, over restarts: the same one again does nothing, one replaced before it came never airs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from firmware_py.files import read_json, write_json
from scheduler.alert import Outcome
from scheduler.clock import local_iso

MOST = 1_000


@dataclass
class Memory:
    """Alert id → what became of it. A file that was lost costs at most that an alert airs again."""

    path: Path
    known: dict[str, Outcome] = field(default_factory=dict)
    _at: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Memory":
        memory, document = cls(path), read_json(path)
        rows = document.get("alerts") if isinstance(document, dict) else None
        for row in rows if isinstance(rows, list) else ():
            match row:
                case {"alert": str(name), "outcome": str(outcome), "at": str(at)} if outcome in list(Outcome):
                    memory.known[name], memory._at[name] = Outcome(outcome), at
        return memory

    def remember(self, name: str, outcome: Outcome, stops: Iterable[str], at: datetime) -> None:
        """Durably. Raises OSError."""
        for one, became in (*((stopped, Outcome.SUPERSEDED) for stopped in stops), (name, outcome)):
            self.known.pop(one, None)  # the newest stands last
            self.known[one], self._at[one] = became, local_iso(at)
        for old in list(self.known)[:-MOST]:
            del self.known[old], self._at[old]
        rows = [{"alert": name, "outcome": outcome, "at": self._at[name]} for name, outcome in self.known.items()]
        write_json(self.path, {"v": 1, "alerts": rows}, durable=True)
