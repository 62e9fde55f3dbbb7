"""`./dev bench [NAME …] [--json F] [--quick]`: runs benchmarks and prints their tables."""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.rows import Row, document, showing_progress, table

# In the order in which they are run and read; one is offered when its module exists.
NAMES = (
    "start",
    "cost",
    "meter",
    "truth",
    "measure",
    "measure_wild",
    "alarms",
    "cold",
    "measure_long",
    "library",
    "uncertainty",
    "takeover",
    "schedule",
    "expansion",
    "parsing",
    "diagnosis",
    "outbox",
    "collector",
    "report",
    "console",
    "fallback",
    "peers",
)


def main(argv: Sequence[str] | None = None) -> int:
    args = _arguments(argv)
    rows: list[Row] = []
    names = [name for name in available() if not args.names or name in args.names]
    for number, name in enumerate(names, 1):
        print(f"\n== {name} ({number}/{len(names)})", file=sys.stderr, flush=True)
        rows += run(name, args.quick)
        if args.json:  # after each, so that a later failure loses nothing
            _write(args.json, rows)
    return 0


def available() -> list[str]:
    here = Path(__file__).parent
    return [name for name in NAMES if (here / f"{name}.py").exists()]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description="Benchmark tables.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(available()) or "none is there yet")
    parser.add_argument("--json", type=Path, metavar="F", help="also write every row to F")
    parser.add_argument("--quick", action="store_true", help="fewer runs: shows that it works, proves little")
    args = parser.parse_args(argv)
    if unknown := sorted(set(args.names) - set(available())):
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(available())}")
    return args


def run(name: str, quick: bool) -> list[Row]:
    """Run bench/NAME.py and print its table."""
    module = importlib.import_module(f"bench.{name}")
    began_s = time.monotonic()
    with showing_progress():
        rows: list[Row] = module.rows(quick)
    print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}\n\n{table(rows)}\n", flush=True)
    print(f"   {time.monotonic() - began_s:.0f} s", file=sys.stderr, flush=True)
    return rows


def _write(path: Path, rows: list[Row]) -> None:
    written = path.with_name(path.name + ".part")
    written.write_text(json.dumps(document(rows), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    written.replace(path)


if __name__ == "__main__":
    sys.exit(main())
