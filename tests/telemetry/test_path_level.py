"""A path that fades is told once, by several programmes, against what was learnt; one odd programme is no news."""

from dataclasses import replace
from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.segments import Loudness
from telemetry.airtime import LoudnessShare
from telemetry.path_level import JUDGED_BY, LEARNT_FROM, PathLevel, gain_of
from telemetry.settle import settle
from tests.telemetry.station_day import Day
from tests.telemetry.test_settle import occurrence, simple

gains = st.floats(-60, 20).map(lambda x: round(x, 2))


def heard(*gains_lu: float, before: PathLevel | None = None) -> PathLevel:
    return reduce(PathLevel.after, gains_lu, before or PathLevel())


NORMAL = heard(*[-10.0] * LEARNT_FROM)


def test_the_first_twenty_programmes_are_the_normal_and_what_follows_never_changes_it():
    assert heard(*[-10.0] * (LEARNT_FROM - 1)).normal_lu is None
    assert heard(*[-9.0, -11.0, -10.0, -40.0] * 5).normal_lu == -10.5
    assert heard(*[-30.0] * 50, before=NORMAL).normal_lu == -10.0


@given(st.lists(gains, max_size=LEARNT_FROM + JUDGED_BY - 1))
def test_before_five_have_followed_what_was_learnt_nothing_is_low(all_gains):
    assert not heard(*all_gains).low


@given(st.lists(st.booleans(), max_size=60))
def test_odd_programmes_that_are_fewer_than_three_in_five_raise_nothing(wanted):
    level, odd = NORMAL, []
    for want in wanted:
        odd.append(want and sum(odd[-4:]) < 2)
        level = level.after(-50.0 if odd[-1] else -10.0)
        assert not level.low


def test_a_horn_that_fades_a_little_with_each_programme_is_seen_once_it_has_lost_half_its_amplitude():
    level, lost_lu = NORMAL, 0.0
    while not level.low:
        lost_lu = round(lost_lu + 0.1, 1)
        level = level.after(-10.0 - lost_lu)
    assert lost_lu == pytest.approx(6.3, abs=0.11)  # the median of five lags by two programmes


@pytest.mark.parametrize(("gain_lu", "low"), [(-16.0, False), (-16.1, True)])
def test_it_is_low_only_beyond_six(gain_lu, low):
    assert heard(*[gain_lu] * 5, before=NORMAL).low is low


@pytest.mark.parametrize(("gain_lu", "low"), [(-14.1, True), (-14.0, False), (-10.0, False)])
def test_it_stays_low_until_it_has_come_back_to_four(gain_lu, low):
    fallen = heard(*[-20.0] * 5, before=NORMAL)
    assert heard(*[gain_lu] * 5, before=fallen).low is low


@given(st.lists(gains, max_size=40))
def test_what_is_kept_is_read_again_and_never_grows(all_gains):
    level = heard(*all_gains)
    assert PathLevel.from_json(level.to_json()) == level
    assert len(level.learnt) <= LEARNT_FROM
    assert len(level.newest) <= JUDGED_BY


# Of which programmes


def record(heard_ms: int = 1_800_000, sent: float | None = -23.0, returned: float | None = -33.0, **whole):
    share = LoudnessShare(0, heard_ms, heard_ms, Loudness(sent), Loudness(returned))
    settled = settle(occurrence(), simple())
    return replace(settled, loudness=share, whole=replace(settled.whole, **whole))


def test_the_gain_is_what_the_path_did_to_the_loudness():
    assert gain_of(record()) == -10.0


@pytest.mark.parametrize(
    "impure",
    [
        record(heard_ms=9_000),
        record(returned=None),
        record(sent=None),
        record(on_air_ms=1_500_000),
        record(overlaid_ms=200_000),
        replace(record(), loudness=None),
    ],
)
def test_a_programme_that_was_not_heard_alone_or_not_enough_says_nothing(impure):
    assert gain_of(impure) is None


# Through the journals and the ledger


def day_of(*gains_lu: float | str) -> str:
    """A minute of programme every three minutes; a word in place of a gain is a person's command."""
    lines, at = ["day 2026-11-23"], timedelta(hours=5)
    for n, gain in enumerate(gains_lu):
        if isinstance(gain, str):
            lines.append(f"{at} {gain}")
            continue
        end = at + timedelta(minutes=1)
        lines += [f"{at} plan p{n} until {end}", f"{at} begin p{n}", f"{at} hear on_air"]
        lines += [f"{end} end p{n}", f"{end} level p{n} {gain}", f"{end} hear silence"]
        at += timedelta(minutes=3)
    return "\n".join(lines)


def faults_of(folder, *gains_lu):
    day = Day(folder, day_of(*gains_lu)).run()
    return [
        (e.body["change"], e.body["target"], e.body["evidence"])
        for e in day.ledger().entries_since(0, 10_000)
        if e.kind == "fault" and e.body["code"] == "level_low"
    ]


def test_the_fault_is_raised_once_and_cleared_once(memory_path):
    raised, cleared = faults_of(memory_path, *[-10] * 20, *[-18] * 8, *[-11] * 6)
    assert raised == ("raised", "line", {"normal_lu": -10.0, "now_lu": -18.0})
    assert cleared[:2] == ("cleared", "line")


def test_to_learn_anew_clears_the_fault_and_the_new_normal_is_the_quieter_one(memory_path):
    said = faults_of(memory_path, *[-10] * 20, *[-18] * 5, "learn-level", *[-18] * 26)
    assert [change for change, *_ in said] == ["raised", "cleared"]
