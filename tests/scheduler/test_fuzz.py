"""A few of the mutated sheets of tests/soak/test_sheets.py: no crash, no hang, an error or a valid plan."""

from scheduler.loaders import office
from tests.scheduler.fuzzing import SLOW_S, Fuzz
from tests.scheduler.mutations import Mutator

SHEETS = 300


def test_mutated_sheets_give_an_error_or_a_plan(tmp_path, monkeypatch):
    fuzz, mutator = Fuzz(), Mutator(tmp_path)
    monkeypatch.setattr(office, "read", fuzz.ask)
    for seed in range(SHEETS):
        fuzz.judge(seed, mutator.make(seed))
    fuzz.close()
    assert fuzz.broken == []
    assert fuzz.slowest_s < SLOW_S
    assert fuzz.codes["a plan"] > SHEETS // 20, "they should not all be broken beyond reading"
    assert fuzz.codes.total() == SHEETS


def test_the_same_seed_makes_the_same_sheet(tmp_path):
    mutator = Mutator(tmp_path)
    for seed in (1, 4, 7, 11):
        first = mutator.make(seed).read_bytes()
        mutator.make(seed + 100)
        assert mutator.make(seed).read_bytes()[50:200] == first[50:200]
