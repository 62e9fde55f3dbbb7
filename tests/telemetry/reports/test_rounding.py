"""Printed tables add up, whatever the unit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.reports.rounding import apportion, round_table

QUANTA = st.sampled_from([1, 7, 60, 1_000, 6_000, 36_000, 60_000, 3_600_000])


@st.composite
def tables(draw):
    width = draw(st.integers(1, 4))
    cell = st.integers(0, 4_000_000) | st.sampled_from([0, 60_000, 30_000, 900_000])
    rows = draw(st.lists(st.tuples(*[cell] * width), min_size=1, max_size=25))
    groups = draw(st.lists(st.sampled_from("abc"), min_size=len(rows), max_size=len(rows)))
    return rows, groups


def is_neighbour(printed: int, true_ms: int, quantum: int) -> bool:
    return printed in (true_ms // quantum, -(-true_ms // quantum))


@settings(deadline=None)
@given(tables(), QUANTA)
def test_every_printed_figure_and_every_sum_is_within_one_last_digit_of_the_truth(table, quantum):
    rows, groups = table
    rounded = round_table(rows, groups, quantum, len(rows[0]))
    for true_row, row in zip(rows, rounded.rows, strict=True):
        assert all(is_neighbour(p, t, quantum) for p, t in zip(row, true_row, strict=True))
        assert is_neighbour(sum(row), sum(true_row), quantum)
    for printed, column in zip(rounded.totals, zip(*rows, strict=True), strict=True):
        assert is_neighbour(printed, sum(column), quantum)
    assert is_neighbour(sum(rounded.totals), sum(map(sum, rows)), quantum)


@settings(deadline=None)
@given(tables(), QUANTA)
def test_group_totals_are_near_the_truth_and_sum_to_the_totals(table, quantum):
    rows, groups = table
    rounded = round_table(rows, groups, quantum, len(rows[0]))
    names = sorted(set(groups))
    for name in names:
        mine = [row for row, group in zip(rows, groups, strict=True) if group == name]
        for printed, column in zip(rounded.group_totals(name), zip(*mine, strict=True), strict=True):
            assert is_neighbour(printed, sum(column), quantum)
    summed = tuple(sum(c) for c in zip(*(rounded.group_totals(n) for n in names), strict=True))
    assert summed == rounded.totals


def test_thirds_of_a_minute_do_not_lose_a_minute():
    rounded = round_table([(20_000, 40_000)] * 3, "aaa", 60_000, 2)
    assert rounded.totals == (1, 2)
    assert all(sum(row) == 1 for row in rounded.rows)


def test_an_empty_table_rounds_to_an_empty_table():
    rounded = round_table([], [], 60_000, 3)
    assert rounded.rows == ()
    assert rounded.totals == (0, 0, 0)


@settings(deadline=None)
@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=12), QUANTA, st.integers(-1, 2))
def test_apportioned_parts_sum_to_the_printed_whole(parts, quantum, slip):
    whole = max(0, sum(parts) // quantum + slip)
    shares = apportion([*parts, quantum], whole, quantum)
    assert sum(shares) == whole
    assert all(share >= 0 for share in shares)


def test_what_cannot_be_shared_is_refused():
    with pytest.raises(ValueError, match="cannot be shared"):
        apportion([], 3, 1_000)
