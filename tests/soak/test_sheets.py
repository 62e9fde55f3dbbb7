"""Ten thousand mutated sheets: no crash, no hang, an error or a valid plan. Each failure is told by its seed."""

import pytest

from scheduler.loaders import office
from tests.scheduler.fuzzing import SLOW_S, Fuzz
from tests.scheduler.mutations import Mutator

SHEETS = 10_000
TOLD_EVERY = 1_000


@pytest.mark.timeout(3_600)
def test_ten_thousand_mutated_sheets_give_an_error_or_a_plan(tmp_path, monkeypatch):
    fuzz, mutator = Fuzz(), Mutator(tmp_path)
    monkeypatch.setattr(office, "read", fuzz.ask)
    for seed in range(SHEETS):
        fuzz.judge(seed, mutator.make(seed))
        if (seed + 1) % TOLD_EVERY == 0:
            told = f"{seed + 1} sheets, {fuzz.codes['a plan']} plans, {fuzz.deaths} dead readers"
            print(f"{told}, slowest {fuzz.slowest_s:.2f} s, {len(fuzz.broken)} broken")  # noqa: T201
    fuzz.close()
    print(*(f"{code}: {count}" for code, count in fuzz.codes.most_common()), sep="\n")  # noqa: T201
    assert fuzz.broken == []
    assert fuzz.slowest_s < SLOW_S
