"""Conditions are stated once when they change, and name what is wrong with what is heard."""

from dataclasses import replace

import pytest

from audio.segments import Quality, State
from scheduler.clock import NS_PER_S, ClockQuality, Reading
from telemetry.conditions import ConditionBook, Heard, heard_conditions

NOW = Reading(1, 5_000, 10_000, ClockQuality.NTP)


def bad(**changes) -> set[str]:
    given = {"state": State.ON_AIR, "quality": Quality.OK, "due": True, "sending": True, "listening": True} | changes
    return {code for code, is_bad in heard_conditions(Heard(**given)).items() if is_bad}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, set()),
        ({"state": State.SILENCE}, {"dead_air"}),
        ({"state": State.SILENCE, "sending": False}, {"dead_air"}),
        ({"state": State.FOREIGN}, {"foreign_audio"}),
        ({"state": State.FOREIGN, "locked": False}, {"foreign_audio"}),
        ({"state": State.FOREIGN, "locked": False, "due_ns": 5_000_000_000}, set()),  # not known yet whose voice it is
        ({"state": State.NOISE}, {"noise_on_air"}),
        ({"state": State.HUM}, {"hum_on_air"}),
        ({"quality": Quality.OVERLAID}, {"overlaid_audio"}),
        ({"due": False, "sending": False, "state": State.SILENCE}, set()),
        ({"due": False, "sending": False, "state": State.NOISE}, set()),
        ({"due": False, "sending": False, "state": State.FOREIGN}, {"sound_when_idle"}),
        ({"due": False, "sending": False, "state": State.ON_AIR}, {"sound_when_idle"}),
        ({"due": False, "sending": True, "state": State.ON_AIR}, set()),
        ({"listening": False, "state": State.SILENCE}, {"return_device"}),
        ({"state": State.UNOBSERVED}, set()),
    ],
)
def test_what_is_heard_against_what_is_due_names_the_condition(changes, codes):
    assert bad(**changes) == codes


def test_a_condition_is_stated_once_and_again_when_it_changes():
    book = ConditionBook()
    assert [c.bad for c in book.changes("return", {"dead_air": True}, NOW)] == [True]
    assert book.changes("return", {"dead_air": True}, NOW) == []
    assert book.bad() == {("dead_air", "return")}
    assert [c.bad for c in book.changes("return", {"dead_air": False}, NOW)] == [False]
    assert book.bad() == set()


def test_a_code_nobody_spoke_of_stays_as_it_was():
    book = ConditionBook()
    book.changes("return", {"dead_air": True}, NOW)
    assert book.changes("return", {"return_device": True}, NOW)[0].code == "return_device"
    assert ("dead_air", "return") in book.bad()


def stated(code: str, heard: str) -> list[tuple[bool, float]]:
    """(bad, since) in seconds of what is said when each character of *heard* is half a second, bad where it is #."""
    book, found = ConditionBook(), []
    for n, half in enumerate(heard):
        at = replace(NOW, boottime_ns=n * NS_PER_S // 2)
        found += [(c.bad, c.since_ns / NS_PER_S) for c in book.changes("return", {code: half == "#"}, at)]
    return found


def test_a_voice_that_is_back_after_a_pause_has_been_there_since_before_it():
    assert stated("overlaid_audio", "##..#.##") == [(True, 0), (False, 1), (True, 0), (False, 2.5), (True, 0)]
    assert stated("overlaid_audio", "##....#") == [(True, 0), (False, 1), (True, 3)]
    assert stated("dead_air", "##..#") == [(True, 0), (False, 1), (True, 2)]


def test_the_pauses_of_a_voice_that_stays_are_no_news():
    assert stated("sound_when_idle", "#" * 11 + "..#..#" + "." * 8) == [(True, 0), (False, 8)]
