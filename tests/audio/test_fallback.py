"""A chain of links: never silent for long while one sounds, never restless, back with the first when it can be."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.fallback import (
    NEXT_HEALTH,
    RETRY_FIRST_S,
    RETRY_MOST_S,
    Chain,
    Health,
    Heard,
    Patience,
    Sign,
    Why,
    begin,
    retry_after_s,
    step,
)
from scheduler.clock import NS_PER_S

STEP_NS = NS_PER_S // 4
PATIENCE = Patience(silence_ns=15 * NS_PER_S, stall_ns=5 * NS_PER_S, back_after_ns=10 * NS_PER_S)
LETTERS = {"s": Heard.SOUND, "q": Heard.QUIET, "n": Heard.NOTHING, "b": Heard.BROKEN}


def run(*truth: str, patience=PATIENCE, step_ns=STEP_NS) -> list[Chain]:
    """The chain after every step. *truth*: what each link would give, a letter a step, if it is listened to."""
    chains = [begin(len(truth))]
    for n in range(max(map(len, truth))):
        heard = [LETTERS[link[min(n, len(link) - 1)]] for link in truth[: chains[-1].listening]]
        chains.append(step(chains[-1], heard, (n + 1) * step_ns, patience))
    return chains[1:]


def seconds(letter: str, duration_s: float) -> str:
    return letter * round(duration_s * NS_PER_S / STEP_NS)


def switches(chains: list[Chain]) -> list[tuple[float, int]]:
    """(seconds, the link that sounds from then on)"""
    numbered = list(enumerate([begin(len(chains[0].links)), *chains]))
    return [(n * STEP_NS / NS_PER_S, b.active) for (_, a), (n, b) in pairwise(numbered) if a.active != b.active]


def test_a_link_that_sounds_is_alone():
    chains = run(seconds("s", 60), "s", "s")
    assert {chain.active for chain in chains} == {0}
    assert {chain.listening for chain in chains} == {1}


@pytest.mark.parametrize(
    ("gives", "after_s", "why"), [("q", 15, Why.SILENCE), ("n", 5, Why.STALL), ("b", 0.25, Why.BROKEN)]
)
def test_a_link_is_lost_for_what_it_gives(gives, after_s, why):
    chains = run(seconds("s", 20) + seconds(gives, 30), "s")
    [(at_s, active)] = switches(chains)
    assert active == 1
    assert at_s - 20 == pytest.approx(after_s, abs=0.5)
    assert chains[-1].links[0].why is why
    assert chains[-1].first_lost


def test_a_speakers_pauses_are_no_silence():
    assert not switches(run((seconds("s", 4) + seconds("q", 3)) * 10, "s"))


def test_silence_and_gaps_together_are_as_long_as_they_are():
    chains = run(seconds("s", 20) + (seconds("q", 3) + seconds("n", 3)) * 5, "s")
    assert switches(chains) == [(35.0, 1)]


def test_the_first_comes_back_when_it_has_sounded_long_enough():
    chains = run(seconds("s", 20) + seconds("b", 20) + seconds("s", 30), "s")
    assert switches(chains) == [(20.5, 1), (50.25, 0)]
    assert not chains[-1].first_lost


def test_a_pause_between_words_does_not_keep_it_from_coming_back_and_a_gap_does():
    lost = seconds("s", 20) + seconds("b", 20)
    talk = lost + seconds("s", 6) + seconds("q", 2) + seconds("s", 6)
    gaps = lost + (seconds("s", 9) + "n") * 5
    assert switches(run(talk, "s"))[-1] == (50.25, 0)
    assert switches(run(gaps, "s"))[-1][1] == 1


def test_the_next_link_is_opened_before_it_is_needed_and_let_go_after():
    chains = run(seconds("s", 20) + seconds("q", 14) + seconds("s", 5), "s")
    listening = [chain.listening for chain in chains]
    assert listening[round(31.5 * 4)] == 1
    assert listening[round(32.5 * 4)] == 2
    assert listening[-1] == 1
    assert not switches(chains)


def test_a_short_patience_does_not_open_the_next_link_at_every_pause():
    chains = run((seconds("s", 4) + "q") * 10, "s", patience=Patience(2 * NS_PER_S, 2 * NS_PER_S, 2 * NS_PER_S))
    assert {chain.listening for chain in chains} == {1}


def test_what_gives_nothing_is_passed_over_and_what_comes_late_is_waited_for():
    passed_over = run(seconds("s", 20) + seconds("b", 40), "b", "s")
    assert [active for _, active in switches(passed_over)] == [2]
    late = run(seconds("s", 20) + seconds("b", 40), seconds("n", 22) + seconds("s", 40), "s")
    assert [active for _, active in switches(late)] == [1]


def test_dead_air_is_ended_by_whatever_sounds_even_an_earlier_link_that_is_not_sure_yet():
    chains = run(seconds("b", 30) + seconds("s", 10), seconds("s", 28) + seconds("b", 20), "b")
    assert switches(chains)[-1][1] == 0
    assert switches(chains)[-1][0] < 31


def test_it_stays_where_it_is_while_nothing_sounds_anywhere():
    assert not switches(run(seconds("b", 60), "q", "n"))


def test_a_chain_without_links_or_with_another_number_of_words_is_a_bug():
    with pytest.raises(ValueError, match="needs a link"):
        begin(0)
    with pytest.raises(ValueError, match="listened to"):
        step(begin(2), [Heard.SOUND] * 2, 1, PATIENCE)


def test_every_pair_that_can_be_is_in_the_table():
    """A link that has just been tried has no pause between sounds behind it, nor has one that is lost."""
    never = {(Health.TRIED, Sign.PAUSES), (Health.LOST, Sign.PAUSES)} | {(Health.OFF, sign) for sign in Sign}
    assert set(NEXT_HEALTH) == {(health, sign) for health in Health for sign in Sign} - never


# -- whatever the links do ------------------------------------------------------------------------------------------

spells = st.lists(st.tuples(st.sampled_from("sqnb"), st.integers(1, 60)), min_size=1, max_size=8)
link = spells.map(lambda parts: "".join(letter * count for letter, count in parts))
patiences = st.builds(
    lambda silence, stall, back: Patience(silence * NS_PER_S, stall * NS_PER_S, back * NS_PER_S),
    *(st.integers(1, 20) for _ in range(3)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(link, min_size=1, max_size=4), patiences, st.sampled_from([NS_PER_S // 12, STEP_NS, NS_PER_S]))
def test_it_is_never_silent_for_long_while_a_link_sounds(truth, patience, step_ns):
    chains = run(*truth, patience=patience, step_ns=step_ns)
    longest_ns = max(patience.silence_ns, patience.stall_ns) + patience.stall_ns + 3 * step_ns
    for sounding in range(len(truth)):
        silent = 0
        for n, chain in enumerate(chains):
            gives = [link[min(n, len(link) - 1)] for link in truth]
            silent = silent + 1 if gives[sounding] == "s" and gives[chain.active] != "s" else 0
            assert silent * step_ns <= longest_ns


@settings(max_examples=100, deadline=None)
@given(st.lists(link, min_size=2, max_size=4), patiences)
def test_what_sounds_gives_way_only_to_an_earlier_link_that_has_sounded_long_and_not_more_often(truth, patience):
    chains = [begin(len(truth)), *run(*truth, patience=patience)]
    for n, (before, after) in enumerate(pairwise(chains)):
        left = truth[before.active]
        if before.active != after.active and left[min(n, len(left) - 1)] == "s":
            now_ns = (n + 1) * STEP_NS
            assert after.active < before.active
            assert after.links[after.active].proven(now_ns, patience)
            assert now_ns - before.switched_ns >= patience.back_after_ns


@settings(max_examples=60, deadline=None)
@given(st.lists(link, min_size=1, max_size=4), patiences)
def test_the_first_link_is_back_for_good_once_it_goes_on_sounding(truth, patience):
    good_again = 2 * patience.back_after_ns // STEP_NS + 4
    first = truth[0] + "s" * (max(map(len, truth)) - len(truth[0]) + good_again + 20)
    chains = run(first, *truth[1:], patience=patience)
    assert {chain.active for chain in chains[-20:]} == {0}
    assert not chains[-1].first_lost


@settings(max_examples=60, deadline=None)
@given(st.lists(link, min_size=1, max_size=4), patiences)
def test_every_link_up_to_the_one_that_sounds_is_listened_to_and_all_only_in_need(truth, patience):
    for chain in run(*truth, patience=patience):
        assert chain.listening > chain.active
        assert all(link.health is Health.OFF for link in chain.links[chain.listening :])
        if chain.links[chain.active].health is Health.LOST:
            assert chain.listening == len(truth)


# -- connections ----------------------------------------------------------------------------------------------------


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_the_wait_between_connections_grows_to_its_limit_and_is_spread(failures, jitter):
    wait_s = retry_after_s(failures, jitter)
    assert RETRY_FIRST_S / 2 <= wait_s <= RETRY_MOST_S
    assert wait_s <= retry_after_s(failures + 1, jitter)
    assert retry_after_s(failures, 0.0) / 2 <= wait_s <= retry_after_s(failures, 0.0)
