"""Timetable files, each form behind one door: ``load(path)`` never raises for what a file can hold."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from errno import EISDIR
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from scheduler import charsets
from scheduler.charsets import Charset
from scheduler.loaders import comma_list, forms, office, toml_form
from scheduler.loaders.filetypes import Form, is_office, misnamed, unloadable
from scheduler.loaders.remarks import note_ignored
from scheduler.loaders.result import Loaded, Unloadable
from scheduler.loaders.table import Table
from scheduler.problem import Problem, reason
from scheduler.spoken.cells import excerpt

__all__ = ["MAX_FILE_BYTES", "Charset", "Loaded", "load"]

MAX_FILE_BYTES = 10_000_000
MAX_TOML_BYTES = 1_000_000
MOST_SHOWN = 3
MOST_TOLD = 200  # struck cells, comments of one sheet


def load(path: Path, convert: Charset | None = None) -> Loaded:
    """Read a timetable file: its timetable, and every error and warning at its cell, line or key.

    What it is, its content says; only TOML goes by its name. Office files are parsed in a child process with little
    memory and time, so a hostile one costs an error, not us. *convert*: text in this old character set is made Unicode.
    """
    try:
        return _load(path, convert)
    except Unloadable as refusal:
        return Loaded(None, (refusal.problem,))
    except OSError as error:
        why_vi, why = reason(error)
        vi, en = f"không đọc được tệp: {why_vi}", f"cannot read the file: {why}"
        return Loaded(None, (Problem(path.name, "unreadable_file", vi, en),))


def _load(path: Path, convert: Charset | None) -> Loaded:
    raw = _content(path)
    if path.suffix.lower() == ".toml":
        if len(raw) > MAX_TOML_BYTES:
            raise unloadable(path, "too_big")
        return toml_form.read(raw, path.stem)
    if is_office(path, raw):
        found = office.read(path)
        return read_tables(path, found.form, found.tables, convert)
    table, warnings = comma_list.read(path, raw)
    return _with_warnings(read_tables(path, Form.CSV, [table], convert), warnings)


def _content(path: Path) -> bytes:
    """The file's bytes. Raises Unloadable for something that is no file, or one too large to be a timetable."""
    status = path.stat()
    if S_ISDIR(status.st_mode):
        raise IsADirectoryError(EISDIR, "Is a directory")
    if not S_ISREG(status.st_mode):
        raise Unloadable(path.name, "unreadable_file", "đây không phải là một tệp", "this is not a file")
    if status.st_size > MAX_FILE_BYTES:
        vi = f"tệp lớn hơn {MAX_FILE_BYTES // 1_000_000} MB, không phải là lịch phát sóng"
        raise Unloadable(path.name, "too_big", vi, f"larger than {MAX_FILE_BYTES // 1_000_000} MB: not a timetable")
    if not (raw := path.read_bytes()):
        raise unloadable(path, "empty_file")
    return raw


def read_tables(path: Path, form: Form, tables: Sequence[Table], convert: Charset | None = None) -> Loaded:
    """The timetable in the tables of a file of this form. Raises Unloadable."""
    tables = _in_unicode(tables, convert)
    loaded = forms.read(tables, path.stem)
    used = _used(loaded, tables)
    unseen = (*_hidden_items(loaded, tables), *_hidden_columns(used), *_remarks(used))
    loaded = replace(loaded, errors=(*loaded.errors, *_struck_out(used)))
    return _with_warnings(loaded, (*misnamed(path, form), *unseen))


def _used(loaded: Loaded, tables: Sequence[Table]) -> list[Table]:
    """The tables that hold something of the timetable, or something wrong."""
    slots = loaded.readable.slots if loaded.readable else ()
    places = (*(slot.where for slot in slots), *(error.where for error in loaded.errors))
    names = {place.rpartition("!")[0] for place in places}
    return [table for table in tables if table.name in names]


# --- what a person sees, or does not see, beside the text of the cells


def _struck_out(tables: Sequence[Table]) -> Iterator[Problem]:
    """Who strikes an item through means that it does not air, or that it did: which, has to be asked."""
    for table in tables:
        for row, column in table.struck[:MOST_TOLD]:
            text = excerpt(table.cell(row, column))
            vi = f"“{text}” bị gạch ngang: xoá đi nếu không phát, bỏ gạch nếu vẫn phát"
            en = f"“{text}” is struck through: delete it if it is not to air, else take the line away"
            yield Problem(table.where(row, column), "struck_out", vi, en)


def _hidden_columns(tables: Sequence[Table]) -> Iterator[Problem]:
    for table in tables:
        for column in sorted(table.hidden_columns):
            row = next((n for n in range(len(table.rows)) if column in table.filled(n)), None)
            if row is not None:
                text = excerpt(table.cell(row, column))
                vi = f"cột ẩn “{text}”: vẫn được đọc, trừ khi có cột hiện cùng tên; xoá cột nếu không muốn"
                en = f"the hidden column “{text}” is read, unless a visible one has the same name"
                yield Problem(table.where(row, column), "hidden_column", vi, en)


def _remarks(tables: Sequence[Table]) -> Iterator[Problem]:
    for table in tables:
        for row, column, text in table.remarks[:MOST_TOLD]:
            yield note_ignored(table.where(row, column), excerpt(text))


def _with_warnings(loaded: Loaded, warnings: Sequence[Problem]) -> Loaded:
    return replace(loaded, warnings=(*warnings, *loaded.warnings))


def _hidden_items(loaded: Loaded, tables: Sequence[Table]) -> Iterator[Problem]:
    """An item in a row that nobody sees is played like any other; that has to be said."""
    hidden = {table.where(row, 0)[len(table.name) + 2 :]: table.name for table in tables for row in table.hidden}
    for slot in loaded.readable.slots if loaded.readable else ():
        sheet, _, cell = slot.where.rpartition("!")
        if hidden.get(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) == sheet:
            vi = f"“{excerpt(slot.item.title)}” ở dòng ẩn: vẫn được phát; xoá dòng nếu không muốn"
            en = f"“{excerpt(slot.item.title)}” stands in a hidden row and is played; delete the row if it should not"
            yield Problem(slot.where, "hidden_row", vi, en)


# --- character sets before Unicode


def _in_unicode(tables: Sequence[Table], convert: Charset | None) -> list[Table]:
    """The tables with all their text in Unicode. Raises Unloadable, with a preview, if nobody has said so yet."""
    texts = [cell for table in tables for row in table.rows for cell in row if isinstance(cell, str)]
    if convert is None:
        charset = charsets.recognise(texts)
        if charset is None:
            return list(tables)
        raise _asks_to_convert(tables, charset, texts)
    to_unicode = charsets.converter(texts, convert)
    return [_converted(table, to_unicode) for table in tables]


def _asks_to_convert(tables: Sequence[Table], charset: Charset, texts: Sequence[str]) -> Unloadable:
    to_unicode = charsets.converter(texts, charset)
    found = list(_changed(tables, to_unicode))
    shown = "; ".join(f"“{excerpt(text, 40)}” → “{excerpt(to_unicode(text), 40)}”" for _, text in found[:MOST_SHOWN])
    vi = f"chữ theo bảng mã cũ {charset.upper()} ({len(found)} ô): {shown}. Nếu đúng, thêm --convert {charset}"
    en = f"text in the old character set {charset.upper()} ({len(found)} cells): {shown}. Add --convert {charset} if so"
    return Unloadable(found[0][0], "old_charset", vi, en)


def _changed(tables: Sequence[Table], to_unicode: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    """The place and the text of each cell that is another one in Unicode."""
    for table in tables:
        for row, cells in enumerate(table.rows):
            for column, cell in enumerate(cells):
                if isinstance(cell, str) and to_unicode(cell) != cell:
                    yield table.where(row, column), cell


def _converted(table: Table, to_unicode: Callable[[str], str]) -> Table:
    rows = [[to_unicode(cell) if isinstance(cell, str) else cell for cell in row] for row in table.rows]
    return replace(table, rows=rows)
