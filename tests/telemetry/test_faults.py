"""A fault is raised once and cleared once, after its own times, and never because nothing was heard."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.config import Config
from scheduler.clock import NS_PER_S, ClockQuality, Reading
from telemetry.conditions import WHEN_DUE
from telemetry.facts import Condition, Fact, PlayoutFact
from telemetry.faults import RULES, Watch, conditions_of, judge, rule_for, told, with_times

RULE = replace(RULES["dead_air"], raise_after_s=5, clear_after_s=3)


def spoken(bad: bool, second: float) -> Condition:
    return Condition("dead_air", "line", bad, 1, int(second * NS_PER_S))


def history(said: list[tuple[bool, float]], until: float, step: float = 0.5) -> list[tuple[bool, float]]:
    """(raised, second of the change) when the rule is asked every half second."""
    watch, found, second = None, [], 0.0
    pending = list(said)
    while second <= until:
        while pending and pending[0][1] <= second:
            bad, at = pending.pop(0)
            watch = told(watch, spoken(bad, at))
        if watch is not None:
            watch, change = judge(watch, RULE, 1, int(second * NS_PER_S))
            if change is not None:
                found.append((change.raised, change.at_ns / NS_PER_S))
        second += step
    return found


def test_it_is_raised_once_and_cleared_once_and_dated_by_what_was_heard():
    assert history([(True, 10), (False, 40)], 100) == [(True, 10), (False, 40)]


def test_what_is_short_is_no_fault():
    assert history([(True, 10), (False, 14), (True, 15), (False, 19)], 100) == []


def test_a_short_recovery_does_not_clear_it():
    assert history([(True, 10), (False, 20), (True, 22), (False, 30)], 100) == [(True, 10), (False, 30)]


def test_silence_of_the_process_clears_nothing():
    assert history([(True, 10)], 100_000, step=500) == [(True, 10)]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 10)), max_size=20))
def test_raised_and_cleared_always_alternate(changes):
    second, said = 0, []
    for bad, pause in changes:
        second += pause
        said.append((bad, second))
    kinds = [raised for raised, _ in history(said, second + 20)]
    assert kinds == [n % 2 == 0 for n in range(len(kinds))]


def test_after_a_reboot_only_the_new_boots_time_counts():
    watch = Watch("dead_air", "line", True, 1, 900 * NS_PER_S)
    assert judge(watch, RULE, 2, 4 * NS_PER_S)[1] is None
    assert judge(watch, RULE, 2, 5 * NS_PER_S)[1].raised


def test_what_is_momentary_stays_open_for_a_while():
    at = Reading(1, 10 * NS_PER_S, 0, ClockQuality.NTP)
    bad, good = conditions_of(PlayoutFact(1, Fact.CLOCK_MOVED, at, None, {}), str)
    rule = RULES["clock_moved"]
    watch, raised = judge(told(None, bad), rule, 1, bad.since_ns)
    watch = told(watch, good)
    assert raised.raised
    assert judge(watch, rule, 1, at.boottime_ns + 3_599 * NS_PER_S)[1] is None
    assert not judge(watch, rule, 1, at.boottime_ns + 3_600 * NS_PER_S)[1].raised


def test_a_source_that_was_missing_is_good_again_when_it_played():
    at = Reading(1, 10, 0, ClockQuality.NTP)
    missed = PlayoutFact(1, Fact.MISSED, at, "a", {"cause": "source_missing"})
    (bad,) = conditions_of(missed, lambda id: f"{id}.mp3")
    assert (bad.code, bad.target, bad.bad) == ("source_missing", "a.mp3", True)
    good = conditions_of(PlayoutFact(2, Fact.BEGAN, at, "a", {}), lambda id: f"{id}.mp3")
    assert {(c.code, c.bad) for c in good} == {("source_missing", False), ("source_failed", False)}


@pytest.mark.parametrize("fact", ["quiet_hours", "stopped_by", "pre_empted"])
def test_a_miss_that_a_person_wanted_is_no_fault(fact):
    at = Reading(1, 10, 0, ClockQuality.NTP)
    assert conditions_of(PlayoutFact(1, Fact.MISSED, at, "a", {"cause": fact}), str) == []


def test_every_condition_that_a_process_states_has_a_rule_with_words():
    for code in (*WHEN_DUE, "overlaid_audio", "sound_when_idle", "return_device", "level_low"):
        assert code in RULES
    for rule in RULES.values():
        assert all((rule.title_vi, rule.title_en, rule.advice_vi, rule.advice_en))


def test_a_lost_device_is_a_fault_within_five_seconds():
    assert all(RULES[code].raise_after_s < 5 for code in ("sound_device", "return_device"))


def test_times_come_from_the_configuration_and_the_rest_from_the_table():
    rules = with_times({"dead_air": (30.0, None)})
    assert (rules["dead_air"].raise_after_s, rules["dead_air"].clear_after_s) == (30.0, RULES["dead_air"].clear_after_s)
    with pytest.raises(KeyError):
        with_times({"no such fault": (1.0, 1.0)})
    assert rule_for("of a newer station", RULES).title_vi == "of a newer station"
    assert Config.model_fields["faults"]
