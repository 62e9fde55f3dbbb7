"""What the house's tests look at: the files of this checkout, and what each Python file imports."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("scheduler", "audio", "telemetry", "firmware_py")  # a floor may import those before it


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that is committed, or would be by `git add`: relative paths."""
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(sorted(Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()))


def python_files(*under: str) -> list[Path]:
    return [path for path in project_files() if path.suffix == ".py" and path.parts[0] in under]


@cache
def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def imported_modules(source: str) -> Iterator[str]:
    """Full names of the modules that *source* imports, wherever in it it does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@cache
def imported_packages(source: str) -> frozenset[str]:
    return frozenset(module.split(".")[0] for module in imported_modules(source))


def outside_packages(source: str) -> frozenset[str]:
    """Those imported packages that neither Python nor the house brings."""
    return imported_packages(source) - sys.stdlib_module_names - set(FLOORS)
