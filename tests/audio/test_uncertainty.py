"""The sum of uncertainties: what widens the interval, what does not, and that figures of parts do not get lost."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.match import merged
from audio.segments import MatchSegment, State
from audio.uncertainty import Stretch, evidence_of, half_width_ms, stretches

ON, OFF = State.ON_AIR, State.SILENCE

edges = st.lists(st.floats(0, 200), max_size=20)


def programme(*edge_ms: float, delay_ms: float = 300.0) -> list[Stretch]:
    """On and off air by turns, with these edges between."""
    first = Stretch(5_000, ON, delay_ms)
    return [first, *(Stretch(5_000, ON if n % 2 else OFF, delay_ms, edge) for n, edge in enumerate(edge_ms))]


def test_without_a_change_only_the_millisecond_is_uncertain():
    assert half_width_ms([Stretch(60_000, ON, 300.0)]) == 1.0
    assert half_width_ms([]) == 1.0


@settings(deadline=None)
@given(edges, st.floats(1, 200))
def test_one_more_edge_as_vague_as_the_others_never_makes_it_surer(edge_ms, more):
    vague = max(edge_ms, default=0.0) + more
    assert half_width_ms(programme(*edge_ms, vague)) >= half_width_ms(programme(*edge_ms))


@settings(deadline=None)
@given(edges.filter(len), st.data())
def test_a_vaguer_edge_never_makes_it_surer(edge_ms, data):
    n = data.draw(st.integers(0, len(edge_ms) - 1))
    vaguer = [*edge_ms[:n], edge_ms[n] + 10, *edge_ms[n + 1 :]]
    assert half_width_ms(programme(*vaguer)) > half_width_ms(programme(*edge_ms))


@settings(deadline=None)
@given(edges)
def test_errors_of_many_edges_partly_cancel(edge_ms):
    hidden_ms = 16 * max(1.0, max(edge_ms, default=0.0) / 8) * len(edge_ms)
    assert half_width_ms(programme(*edge_ms)) <= 1.0 + 1.96 * (sum(edge_ms) + hidden_ms)


def test_what_was_doubted_adds_as_it_is():
    sure = programme(5.0, 5.0)
    doubted = [replace(sure[0], doubt_ms=80.0), *sure[1:]]
    assert half_width_ms(doubted) == pytest.approx(half_width_ms(sure) + 80)


def test_the_edge_of_the_first_stretch_is_the_programmes_own():
    first, *rest = programme(5.0, 5.0)
    assert half_width_ms([replace(first, edge_ms=500.0), *rest]) == half_width_ms([first, *rest])


def gap_between(before_ms: float, after_ms: float, *gap: tuple[float, State]) -> float:
    between = [Stretch(length_ms, state, None, 2.0) for length_ms, state in gap]
    return half_width_ms([Stretch(9_000, ON, before_ms), *between, Stretch(9_000, ON, after_ms, 2.0)])


def test_other_sound_between_two_delays_may_have_been_ours():
    same = gap_between(300, 300, (1_000, State.FOREIGN))
    assert gap_between(300, 420, (1_000, State.FOREIGN)) == pytest.approx(980, abs=20)
    assert gap_between(300, 420, (400, OFF), (1_000, State.FOREIGN)) > 900
    assert gap_between(300, 303, (1_000, State.FOREIGN)) == same


def test_silence_between_two_delays_was_not_ours():
    assert gap_between(300, 420, (1_000, OFF)) == gap_between(300, 300, (1_000, OFF))


def test_what_a_shorter_queue_threw_away_may_be_missing():
    shorter = half_width_ms([Stretch(9_000, ON, 420), Stretch(9_000, ON, 300)])
    longer = half_width_ms([Stretch(9_000, ON, 300), Stretch(9_000, ON, 420)])
    assert shorter == pytest.approx(0.98 * 120)
    assert longer == 1.0


def test_a_gap_on_a_noisy_path_hides_more():
    def noisy(snr_db):
        return half_width_ms([replace(one, snr_db=snr_db) for one in programme(5.0, 5.0)])

    assert noisy(30.0) == noisy(10.0) < noisy(3.0) <= noisy(-20.0)


def test_what_nobody_observed_hides_no_gap():
    lost = [Stretch(5_000, ON), Stretch(5_000, State.UNOBSERVED), Stretch(5_000, ON)]
    assert half_width_ms(lost) == 1.0


def test_the_evidence_is_a_mean_by_length_of_what_has_it():
    found = evidence_of(
        [
            Stretch(1_000, ON, evidence_share=0.9, snr_db=20.0),
            Stretch(3_000, OFF, evidence_share=0.5),
            Stretch(7_000, State.UNOBSERVED),
        ]
    )
    assert (found.evidence_share, found.snr_db) == (0.6, 20.0)
    assert evidence_of([Stretch(1_000, State.UNOBSERVED)]) == (1, None, None)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9_000), st.booleans(), st.floats(0, 90)), min_size=1, max_size=12))
def test_segments_of_many_pieces_say_together_what_the_pieces_said(parts):
    segments, at = [], 0
    for frames, on_air, doubt_ms in parts:
        state = ON if on_air else OFF
        edge_ms = 3.0 if segments and segments[-1].state is not state else None
        segments.append(MatchSegment(at, at + frames, state, edge_ms=edge_ms, doubt_ms=doubt_ms, evidence_share=0.5))
        at += frames
    apart, together = evidence_of(stretches(segments)), evidence_of(stretches(merged(segments)))
    assert math.isclose(apart.uncertainty_ms, together.uncertainty_ms, abs_tol=1)
    assert apart.evidence_share == together.evidence_share
