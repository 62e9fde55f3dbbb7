"""Mutated sheets through the whole loader: the parsing in a worker with the child's limits, the rest here.

The worker reads one file after another, because starting a child for each is most of the time; a worker that dies (a
library that panics, asks for too much, takes too long) is what a dead child is, an error, and a new one follows it.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from scheduler import intake
from scheduler.check import Rules
from scheduler.loaders import office
from scheduler.loaders.filetypes import unloadable
from scheduler.timetable import adopt, canonical_bytes

ROOT = Path(__file__).resolve().parents[2]
SLOW_S = 5.0  # the child's own limit of processor time
_WORKER = """
import json, signal, sys
from pathlib import Path
from scheduler.sheets import child
child.limit_memory()
for line in sys.stdin:
    signal.setitimer(signal.ITIMER_VIRTUAL, child.CPU_S)
    print(json.dumps(child.answer(Path(line.strip()))), flush=True)
"""


@dataclass(slots=True)
class Fuzz:
    """What became of the sheets so far. ``broken``: seeds of those that neither gave a plan nor an error."""

    codes: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[int, str]] = field(default_factory=list)
    slowest_s: float = 0.0
    deaths: int = 0
    _worker: subprocess.Popen[str] | None = None

    def ask(self, path: Path) -> office.Office:
        """In place of ``office.read``."""
        if self._worker is None:
            self._worker = subprocess.Popen(
                [sys.executable, "-c", _WORKER], cwd=ROOT, text=True, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL
            )
        self._worker.stdin.write(f"{path}\n")
        self._worker.stdin.flush()
        answer = self._worker.stdout.readline()
        if not answer:
            self.close()
            self.deaths += 1
            raise unloadable(path, "unreadable_file", "the worker died")
        return office.understand(path, json.loads(answer))

    def close(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker.communicate()
            self._worker = None

    def judge(self, seed: int, path: Path) -> None:
        began_s = time.process_time()
        loaded = intake.examine(path, Rules())
        self.slowest_s = max(self.slowest_s, time.process_time() - began_s)
        for problem in (*loaded.errors, *loaded.warnings):
            if not (problem.where and problem.vi and problem.en and len(problem.vi) < 1_000):
                self.broken.append((seed, repr(problem)))
        if loaded.timetable is not None:
            self.codes["a plan"] += 1
            if adopt(canonical_bytes(loaded.timetable)) != loaded.timetable:
                self.broken.append((seed, "not adopted as it is"))
        elif loaded.errors:
            self.codes[loaded.errors[0].code] += 1
        else:
            self.broken.append((seed, "neither a plan nor an error"))
