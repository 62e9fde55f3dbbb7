"""The benchmarks' frame: names, tables, the JSON that contract readers take."""

import importlib
import inspect
import json
import sys

import pytest

from bench import __main__ as dispatcher
from bench.rows import document, figure, row, table


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (0.0001234, "0.0001234"),
        (0.00000123, "0.0000012"),
        (12.3456, "12.35"),
        (-3.1, "-3.1"),
    ],
)
def test_a_figure_has_four_digits_that_count_and_no_exponent(value, shown):
    assert figure(value) == shown


def test_a_table_has_a_line_for_each_row_and_its_peer_beside_it():
    rows = [
        row("start", "start error, median", 0.4, "ms", peer=("mpv", 184.0), runs=30),
        row("start", "worst", 3, "ms"),
    ]
    lines = table(rows).splitlines()
    assert len(lines) == 4
    assert lines[2].split() == ["start", "error,", "median", "0.4", "ms", "30", "184", "mpv"]
    assert lines[3].split() == ["worst", "3", "ms", "1"]


def test_a_peer_is_null_where_there_is_none():
    assert document([row("cost", "CPU", 1.0, "s/min")])["rows"][0]["peer"] is None


def test_an_unknown_benchmark_is_a_wrong_command_line(capsys):
    with pytest.raises(SystemExit) as ended:
        dispatcher.main(["nonsense"])
    assert ended.value.code == 2


def test_rows_of_a_benchmark_are_printed_and_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "truth.py").write_text(
        '"""Who tells the truth."""\n\nfrom bench.rows import row\n\n\n'
        'def rows(quick):\n    return [row("truth", "claimed", 45.0 if quick else 60.0, "s")]\n'
    )
    monkeypatch.setattr(dispatcher, "__file__", str(tmp_path / "__main__.py"))
    monkeypatch.setattr("bench.__path__", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "bench.truth", raising=False)
    assert dispatcher.main(["truth", "--quick", "--json", str(tmp_path / "rows.json")]) == 0
    monkeypatch.delitem(sys.modules, "bench.truth")
    assert "truth: Who tells the truth." in capsys.readouterr().out
    (written,) = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert written == {"bench": "truth", "what": "claimed", "value": 45.0, "unit": "s", "peer": None, "runs": 1}


@pytest.mark.parametrize("name", dispatcher.available())
def test_every_benchmark_gives_rows_and_says_what_it_measures(name):
    module = importlib.import_module(f"bench.{name}")
    assert module.__doc__
    quick, *others = inspect.signature(module.rows).parameters.values()
    assert quick.name == "quick"
    assert all(other.default is not other.empty for other in others), "./dev bench gives only quick"
