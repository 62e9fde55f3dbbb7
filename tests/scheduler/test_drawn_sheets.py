"""Sheets as communes write them, drawn in ``drawn/*.txt``: each means what stands below it, and nothing else."""

from pathlib import Path

import pytest

from scheduler.loaders import forms, load
from scheduler.loaders.result import Loaded, Unloadable
from tests.scheduler.drawing import Drawn, read_drawing, told, write_workbook

DRAWN = sorted((Path(__file__).parent / "drawn").glob("*.txt"), key=lambda path: int(path.name.partition("_")[0]))


def read(drawn: Drawn) -> Loaded:
    try:
        return forms.read([sheet.table() for sheet in drawn.sheets], "lich")
    except Unloadable as refusal:
        return Loaded(None, (refusal.problem,))


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.stem)
def test_a_sheet_means_what_is_written_below_it(path):
    drawn = read_drawing(path)
    found = told(read(drawn))
    assert found.means == drawn.means
    assert found.errors == drawn.errors
    assert found.warnings == drawn.warnings


@pytest.mark.parametrize("path", DRAWN[::3], ids=lambda path: path.stem)
def test_the_same_sheet_as_a_real_workbook_means_the_same(path, tmp_path):
    drawn = read_drawing(path)
    loaded = load(write_workbook(drawn, tmp_path / "lich.xlsx"))
    assert told(loaded).means == drawn.means
    assert told(loaded).errors == drawn.errors
