"""What pydantic finds wrong, at its line and in the words of a technician, with a way to mend it."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from scheduler.problem import Problem
from scheduler.vietnamese import Misread


@dataclass(frozen=True, slots=True)
class _Words:
    """pydantic's error types in the words of a technician."""

    vi: str
    en: str


_MESSAGES = {
    "missing": _Words("thiếu mục này", "is missing"),
    "extra_forbidden": _Words("không có mục nào tên như vậy", "is no setting"),
    "string_type": _Words("phải là chữ trong dấu nháy", "must be a text in quotes"),
    "string_too_short": _Words("không được để trống", "must not be empty"),
    "string_too_long": _Words("dài quá {max_length} ký tự", "must have at most {max_length} characters"),
    "int_parsing": _Words("phải là số nguyên", "must be a whole number"),
    "int_type": _Words("phải là số nguyên", "must be a whole number"),
    "int_from_float": _Words("phải là số nguyên", "must be a whole number"),
    "float_type": _Words("phải là số", "must be a number"),
    "float_parsing": _Words("phải là số", "must be a number"),
    "bool_type": _Words("phải là true hoặc false", "must be true or false"),
    "bool_parsing": _Words("phải là true hoặc false", "must be true or false"),
    "greater_than": _Words("phải lớn hơn {gt:g}", "must be greater than {gt:g}"),
    "greater_than_equal": _Words("phải từ {ge:g} trở lên", "must be {ge:g} or more"),
    "less_than_equal": _Words("phải từ {le:g} trở xuống", "must be {le:g} or less"),
    "literal_error": _Words("phải là {expected_vi}", "must be {expected}"),
    "path_type": _Words("phải là đường dẫn trong dấu nháy", "must be a path in quotes"),
    "tuple_type": _Words("phải là danh sách trong ngoặc vuông [ ]", "must be a list in brackets [ ]"),
    "dict_type": _Words("phải là một bảng [ ... ]", "must be a table [ ... ]"),
    "too_short": _Words("phải có ít nhất {min_length} mục", "must have at least {min_length} entries"),
    "too_long": _Words("phải có đúng {max_length} mục", "must have {max_length} entries"),
    "date_type": _Words(
        "phải là ngày như 2026-11-23, không có dấu nháy", "must be a date such as 2026-11-23, unquoted"
    ),
    "date_parsing": _Words("phải là ngày như 2026-11-23", "must be a date such as 2026-11-23"),
    "date_from_datetime_parsing": _Words("phải là ngày như 2026-11-23", "must be a date such as 2026-11-23"),
    "date_from_datetime_inexact": _Words("phải là ngày, không kèm giờ", "must be a date without a time"),
    "bad_link": _Words(
        '"{link}" không dùng được: ghi http(s)://…, line:TÊN, file:TÊN-TỆP hoặc ident',
        '"{link}" is no link: write http(s)://…, line:NAME, file:NAME or ident',
    ),
    "unknown_input": _Words("không có [input.{name}]{vi}", "there is no [input.{name}]{en}"),
    "no_ident": _Words(
        'có "ident" trong chuỗi dự phòng nhưng [relay] chưa ghi ident = "tên tệp"',
        'a chain has "ident", but [relay] does not say ident = "a file\'s name"',
    ),
    "model_type": _Words("phải là một bảng [ ... ]", "must be a table [ ... ]"),
}


def problem_of(path: Path, text: str, model: type[BaseModel], error: Mapping[str, Any]) -> Problem:
    """One of pydantic's errors, in the file at *path* that holds *text* and was to be a *model*."""
    keys = [str(part) for part in error["loc"]]
    words, values = _MESSAGES.get(error["type"]), dict(error.get("ctx", {}))
    if "expected" in values:
        values["expected_vi"] = values["expected"].replace(" or ", " hoặc ")
    en = words.en.format(**values) if words else error["msg"].removeprefix("Value error, ")
    vi = words.vi.format(**values) if words else en
    if isinstance(misread := values.get("error"), Misread):
        vi = misread.vi
    misspelt = error["type"] in ("extra_forbidden", "model_type")
    if misspelt and (near := _near(model, keys)) and near != keys[-1]:
        en, vi = f'{en}; did you mean "{near}"?', f'{vi}; có phải là "{near}"?'
    return Problem(f"{path}{_line(text, keys)} {'.'.join(keys)}".rstrip(), error["type"], vi, en)


def _near(model: type[BaseModel], keys: list[str]) -> str | None:
    """The known key most like the unknown one, in the section that has it."""
    for key in keys[:-1]:
        if key in model.model_fields:
            inner = _section_of(model.model_fields[key].annotation)
            model = inner or model
    close = difflib.get_close_matches(keys[-1], model.model_fields, n=1, cutoff=0.5)
    return close[0] if close else None


def _section_of(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _line(text: str, keys: list[str]) -> str:
    """ ":12" for the first line that sets the last key (good enough to find it), "" if none does."""
    names = [key for key in keys if not key.isdigit()]
    if not names:
        return ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.split("=")[0].strip() == names[-1] or stripped.strip("[]") == names[-1]:
            return f":{number}"
    return ""
