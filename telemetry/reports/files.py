"""The doors to the file formats: one function a report and format, each file written whole or not at all."""

import contextlib
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


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a name to write to; it becomes *path* in one step, so that nobody ever opens half a report."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        yield unfinished
        unfinished.replace(path)
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
