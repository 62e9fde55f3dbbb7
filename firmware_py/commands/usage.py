"""What is said of a wrong command line, and the heads of the help: argparse knows them in English only."""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import NoReturn

from telemetry.reports.words import Lang

# argparse's own messages (3.11 to 3.13) → Vietnamese
SAID_VI = (
    (r"the following arguments are required: (.*)", r"còn thiếu: \1"),
    (r"unrecognized arguments: (.*)", r"không hiểu: \1"),
    (r"argument (.*?): expected one argument", r"\1: cần một giá trị đi sau"),
    (r"argument (.*?): not allowed with argument (.*)", r"\1: không dùng cùng với \2"),
    (r"argument (.*?): invalid \w+ value: (.*)", r"\1: không dùng được giá trị \2"),
    (r"argument (.*?): invalid choice: (.*?) \(choose from (.*)\)", r"\1: không có \2; chọn một trong: \3"),
    (r"argument (.*?): (.*)", r"\1: \2"),
    (r"ambiguous option: (.*?) could match (.*)", r"\1 có thể là: \2"),
)
HEADS_VI = {
    "usage: ": "cách dùng: ",
    "\npositional arguments:": "\ntham số:",
    "\noptions:": "\ntùy chọn:",
    "show this help message and exit": "xem hướng dẫn này",
    "show program's version number and exit": "xem số phiên bản",
}


def in_vietnamese(message: str) -> str:
    """A message of argparse; one that a later Python words otherwise stays as it is."""
    for pattern, vietnamese in SAID_VI:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return found.expand(vietnamese)
    return message


class Parser(argparse.ArgumentParser):
    """An ArgumentParser, and so are its commands, that speaks *lang*."""

    lang: Lang = "en"

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        mark, said = ("lỗi", in_vietnamese(message)) if self.lang == "vi" else ("error", message)
        self.exit(2, f"{self.prog}: {mark}: {said}\n")

    def format_usage(self) -> str:
        return self._worded(super().format_usage())

    def format_help(self) -> str:
        return self._worded(super().format_help())

    def _worded(self, text: str) -> str:
        for english, vietnamese in HEADS_VI.items() if self.lang == "vi" else ():
            text = text.replace(english, vietnamese, 1)
        return text


def parser_in(lang: Lang) -> type[Parser]:
    """The class for one language: argparse makes the parsers of commands itself, from their parent's class."""
    return type("Parser", (Parser,), {"lang": lang})


def asked_language(argv: Sequence[str]) -> Lang | None:
    """The --lang of a command line that may be wrong otherwise."""
    said = re.search(r"(?:^|\0)--lang[\0=](vi|en)(?:\0|$)", "\0".join(argv))
    if said is None:
        return None
    return "vi" if said[1] == "vi" else "en"
