"""The doors to the file formats: one function a report and format, each file written whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry.reports.airtime import airtime_document
from telemetry.reports.figures import Json
from telemetry.reports.form import Form
from telemetry.reports.logbook import logbook_document
from telemetry.reports.words import Lang

if TYPE_CHECKING:  # numpy is for whoever measures
    from audio.measure import Measurement
    from audio.traces import Panels

DEFAULT_FORM = Form()


def can_be_written(path: Path) -> bool:
    """Whether a report can come to be there: asked before the long work, not after it."""
    if path.exists() and not path.is_file():
        return not path.is_dir() and os.access(path, os.W_OK)
    folder = path.resolve().parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a name to write to; it becomes *path* in one step, so that nobody ever opens half a report.

    A link stays, what it names is replaced. What is no regular file (a device, a pipe) is written to, never replaced.
    """
    if path.exists() and not path.is_file():
        with tempfile.TemporaryDirectory() as folder, open(path, "wb") as device:
            yield (unfinished := Path(folder) / "report")
            device.write(unfinished.read_bytes())
        return
    target = path.resolve()
    unfinished = target.with_name(f".{target.name}.part")
    try:
        yield unfinished
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def airtime_csv(figure: Json, path: Path, form: Form = DEFAULT_FORM) -> None:
    from telemetry.reports.csv_file import write_csv

    with written_whole(path) as unfinished:
        write_csv(airtime_document(figure, form), unfinished)


def airtime_xlsx(figure: Json, path: Path, form: Form = DEFAULT_FORM) -> None:
    from telemetry.reports.xlsx_file import write_xlsx

    with written_whole(path) as unfinished:
        write_xlsx(airtime_document(figure, form), unfinished)


def airtime_docx(figure: Json, path: Path, form: Form = DEFAULT_FORM) -> None:
    from telemetry.reports.docx_file import write_docx

    with written_whole(path) as unfinished:
        write_docx(airtime_document(figure, form), unfinished)


def airtime_pdf(figure: Json, path: Path, form: Form = DEFAULT_FORM) -> None:
    from telemetry.reports.pdf_file import write_pdf

    with written_whole(path) as unfinished:
        write_pdf(airtime_document(figure, form), unfinished)


def logbook_xlsx(week: Json, path: Path, form: Form = DEFAULT_FORM) -> None:
    from telemetry.reports.xlsx_file import write_xlsx

    with written_whole(path) as unfinished:
        write_xlsx(logbook_document(week, form), unfinished)


def logbook_pdf(week: Json, path: Path, form: Form = DEFAULT_FORM) -> None:
    from telemetry.reports.pdf_file import write_pdf

    with written_whole(path) as unfinished:
        write_pdf(logbook_document(week, form), unfinished)


def measure_png(measured: "Measurement", panels: "Panels", sent: str, heard: str, path: Path, lang: Lang) -> None:
    """*sent* and *heard*: the names of the files that were compared."""
    from telemetry.reports.measure_png import write_png

    with written_whole(path) as unfinished:
        write_png(measured, panels, sent, heard, unfinished, lang)
