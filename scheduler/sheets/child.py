"""The child process in which office files are parsed, with little memory and time. Run with the file's path.

Prints {"sheets": [{"name", "rows", "merged", "hidden", "above"}…], "form": name} or {"refused": code, "detail": text}.
What a file is, its content says; its name may say anything. Imports nothing of this project but its neighbours.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

from scheduler.sheets import docx, excel, html, ods
from scheduler.sheets.package import Package
from scheduler.sheets.sheet import Refused, Sheet

MEMORY_BYTES = 180_000_000  # of address space, 20 of them the interpreter
CPU_S = 5  # what is refused by its size is refused within a second; a slow box has to read a long sheet in this time
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = (b"<html", b"<!doctype html", b"<table", b"<head", b"<meta", b"<body", b"<style", b"<div")


def read(path: Path) -> tuple[str, list[Sheet]]:
    """The form of the file and its sheets. Raises Refused."""
    raw = path.read_bytes()
    if raw.startswith(_ZIP):
        return _read_package(path, raw)
    if raw.startswith(_OLE):
        return "xls", _read_ole(raw)
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:20].lower().startswith(_HTML):
        return "html", html.read_html(_decoded(raw))
    raise Refused("unreadable_file", "unknown content")


def _read_package(path: Path, raw: bytes) -> tuple[str, list[Sheet]]:
    package = Package(str(path))
    names = set(package.names)
    package.refuse_macros_and_links()
    if "word/document.xml" in names:
        return "docx", docx.read_docx(package)
    if "xl/workbook.bin" in names:
        raise Refused("save_as_xlsx", "xlsb")
    if "content.xml" in names:
        return "ods", ods.read_ods(package)
    if any(name.lower().startswith("xl/") for name in names):
        return "xlsx", excel.read_xlsx(package, raw)
    raise Refused("unreadable_file", "zip")


def _read_ole(raw: bytes) -> list[Sheet]:
    """The old container of Office. What lies in it is named in its directory, in UTF-16."""
    if _names(raw, "EncryptedPackage"):
        raise Refused("password", "OLE")
    if _names(raw, "WordDocument"):
        raise Refused("save_as_docx", "doc")
    if _names(raw, "_VBA_PROJECT_CUR"):
        raise Refused("macros", "_VBA_PROJECT_CUR")
    return excel.read_xls(raw)


def _names(raw: bytes, name: str) -> bool:
    return name.encode("utf-16-le") in raw


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1258", errors="replace")


def answer(path: Path) -> dict[str, Any]:
    try:
        form, sheets = read(path)
        return {"form": form, "sheets": [sheet.to_json() for sheet in sheets]}
    except Refused as refusal:
        return {"refused": refusal.code, "detail": refusal.detail}
    except OSError as error:
        return {"refused": "unreadable_file", "detail": error.strerror or str(error)}


def limit_memory() -> None:
    """Take away what a timetable never needs; what asks for more ends this process, and that is an answer too."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_time() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))


if __name__ == "__main__":
    limit_memory()
    limit_time()
    sys.stdout.write(json.dumps(answer(Path(sys.argv[1]))))
