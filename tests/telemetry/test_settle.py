"""Whatever the facts say, every planned millisecond is booked once, and the days sum to the whole."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.segments import Loudness, Quality, Segment, State
from scheduler.clock import NS_PER_MS, NS_PER_S, STATION_TZ, ClockMapRow, ClockQuality, Reading, wall_ns_of
from scheduler.occurrence import Kind, Occurrence
from telemetry.airtime import AirtimeRecord, LoudnessShare
from telemetry.axis import Axis
from telemetry.canonical import canonical
from telemetry.facts import Condition, Fact, Level, PlayoutFact, Watermark
from telemetry.ledger_store import LATER_EVIDENCE, without_revision
from telemetry.readers import Run
from telemetry.settle import Patience, SlotFacts, settle, when_settled
from telemetry.shares import local_days

START = datetime(2026, 11, 30, 23, 45, tzinfo=STATION_TZ)
ZERO_NS = 1_000 * NS_PER_S  # boottime at which the slot begins, where nothing else is said
END_NS = ZERO_NS + 1_800 * NS_PER_S
OFFSET_NS = wall_ns_of(START) - ZERO_NS
CHANNELS = ("line", "air")
IDS = ("it", "other")

minutes = st.integers(1, 120)
instants = st.integers(0, 9_000 * NS_PER_S)  # boottime, before and after the slot
boots = st.integers(1, 3)


def occurrence(length_min: int = 30, kind: Kind = Kind.OWN) -> Occurrence:
    ends_ns = wall_ns_of(START) + length_min * 60 * NS_PER_S
    return Occurrence("it", "Bản tin", START, datetime.fromtimestamp(ends_ns / NS_PER_S, STATION_TZ), kind)


def at(boot: int, boottime_ns: int) -> Reading:
    return Reading(boot, boottime_ns, boottime_ns + OFFSET_NS, ClockQuality.NTP)


@st.composite
def playout_facts(draw):
    kind = draw(st.sampled_from(list(Fact)))
    boot, when = draw(boots), draw(instants)
    other = draw(instants)
    detail = {
        Fact.BEGAN: {
            "anchor_ns": ZERO_NS + draw(st.sampled_from([0, 50 * NS_PER_MS, 600 * NS_PER_S])),
            "sink_ns": when,
            "wanted_ns": when,
            "offset_ms": 0,
        },
        Fact.PROGRESS: {"sink_ns": other, "frames": draw(st.integers(0, 10**9))},
        Fact.ENDED: {
            "sink_ns": other,
            "frames": draw(st.integers(0, 10**9)),
            "cause": draw(st.sampled_from(["planned_end", "source_short", "stopped", "playout_died", "shutdown"])),
        },
        Fact.MISSED: {"cause": draw(st.sampled_from(["source_missing", "quiet_hours", "pre_empted"]))},
        Fact.STOPPED: {"by": "x", "why": "", "until_ns": draw(st.none() | instants)},
        Fact.SOURCE_CHANGED: {"at_ns": other, "link": draw(st.integers(0, 2)), "name": "ident", "why": ""},
        Fact.JUMPED: {"lost_ms": draw(st.integers(0, 10_000))},
    }.get(kind, {})
    return PlayoutFact(0, kind, at(boot, when), draw(st.sampled_from(IDS)), detail)


@st.composite
def stretches(draw):
    start, end = sorted((draw(instants), draw(instants)))
    return draw(boots), start, end


tenths = st.none() | st.integers(-700, 50).map(lambda n: n / 10)
loudness = st.builds(Loudness, tenths, tenths, tenths)


@st.composite
def levels(draw):
    boot, start, end = draw(stretches())
    return Level("line", "it", boot, start, end, draw(st.integers(0, 9_000_000)), draw(loudness), draw(loudness))


@st.composite
def slot_facts(draw):
    facts = [replace(fact, n=n) for n, fact in enumerate(draw(st.lists(playout_facts(), max_size=12)), 1)]
    clock = [
        ClockMapRow(boot, when, OFFSET_NS + step * NS_PER_S, quality)
        for boot, when, step, quality in draw(
            st.lists(
                st.tuples(
                    boots,
                    instants,
                    st.sampled_from([0, 0, 600, -600, 86_400 * 365, -86_400 * 365]),
                    st.sampled_from([ClockQuality.NTP, ClockQuality.NONE]),
                ),
                max_size=5,
            )
        )
    ]
    segments = [
        Segment(draw(st.sampled_from(CHANNELS)), *stretch, draw(st.sampled_from(State)), draw(st.sampled_from(Quality)))
        for stretch in draw(st.lists(stretches(), max_size=12))
    ]
    said = [
        Condition("return_device", "line", draw(st.booleans()), boot, start)
        for boot, start, _ in draw(st.lists(stretches(), max_size=3))
    ]
    return SlotFacts(
        now=at(draw(boots), draw(instants)),
        account=draw(st.sampled_from(["line", "line", "line", None])),
        clock=clock,
        playout=facts,
        segments=segments,
        playout_runs=[Run(*stretch) for stretch in draw(st.lists(stretches(), max_size=4))],
        meter_runs=[Run(*stretch) for stretch in draw(st.lists(stretches(), max_size=4))],
        return_device=said,
        levels=draw(st.lists(levels(), max_size=3)),
    )


@settings(max_examples=150, deadline=None)
@given(slot_facts(), minutes, st.sampled_from(list(Kind)))
def test_the_three_sums_are_always_the_plan_and_the_days_always_the_whole(facts, length_min, kind):
    planned = occurrence(length_min, kind)
    record = settle(planned, facts)
    whole = record.whole
    assert whole.on_air_ms + whole.not_on_air_ms + whole.unobserved_ms == planned.planned_ms == whole.planned_ms
    assert min([whole.on_air_ms, *whole.not_on_air.values(), *whole.unobserved.values()]) >= 0
    assert [day.date for day in local_days(planned)] == list(record.days)
    for name, figure in whole.figures().items():
        assert sum(getattr(day, name) for day in record.days.values()) == figure
    assert whole.overlaid_ms + whole.low_ms <= whole.on_air_ms * 2
    assert whole.programme_ms == (0 if kind in (Kind.REPEAT, Kind.FILLER) else min(whole.played_ms, planned.planned_ms))
    assert AirtimeRecord.from_json(record.to_json()) == record
    for coverage in record.coverage.values():
        assert coverage.on_air_ms + coverage.not_on_air_ms + coverage.unobserved_ms == planned.planned_ms


@settings(max_examples=40, deadline=None)
@given(slot_facts(), st.data())
def test_saying_a_fact_twice_or_in_another_order_of_segments_changes_nothing(facts, data):
    shuffled = data.draw(st.permutations([*facts.segments, *facts.segments]))
    assert settle(occurrence(), replace(facts, segments=shuffled)).whole == settle(occurrence(), facts).whole


@settings(max_examples=40, deadline=None)
@given(slot_facts())
def test_without_a_segment_on_air_nothing_is_on_air(facts):
    deaf = [s for s in facts.segments if not (s.state is State.ON_AIR and s.channel == "line")]
    assert settle(occurrence(), replace(facts, segments=deaf)).whole.on_air_ms == 0


@settings(max_examples=40, deadline=None)
@given(slot_facts())
def test_what_was_never_begun_is_never_on_air(facts):
    silent = [f for f in facts.playout if not (f.kind is Fact.BEGAN and f.occurrence_id == "it")]
    record = settle(occurrence(), replace(facts, playout=silent))
    assert (record.whole.on_air_ms, record.whole.played_ms, record.start_error_ms) == (0, 0, None)


@settings(max_examples=60, deadline=None)
@given(slot_facts())
def test_loudness_is_evidence_and_changes_nothing_else(facts):
    record = settle(occurrence(), facts)
    assert replace(record, loudness=None) == settle(occurrence(), replace(facts, levels=()))


def began(sink_ns: int, boot: int = 1, wanted_ns: int = ZERO_NS) -> PlayoutFact:
    detail = {"anchor_ns": ZERO_NS, "sink_ns": sink_ns, "wanted_ns": wanted_ns, "offset_ms": 0, "content_ms": None}
    return PlayoutFact(1, Fact.BEGAN, at(boot, sink_ns), "it", detail)


def whole_slot(state: State = State.ON_AIR, **more) -> Segment:
    return Segment("line", 1, ZERO_NS, ZERO_NS + 1_800 * NS_PER_S, state, **more)


def simple(**changed) -> SlotFacts:
    lived = [Run(1, 0, ZERO_NS + 2_000 * NS_PER_S)]
    facts = SlotFacts(
        now=at(1, ZERO_NS + 2_000 * NS_PER_S),
        account="line",
        clock=[ClockMapRow(1, 0, OFFSET_NS, ClockQuality.NTP)],
        playout=[began(ZERO_NS)],
        segments=[whole_slot(delay_ms=412.5, coherence=0.97)],
        playout_runs=lived,
        meter_runs=lived,
    )
    return replace(facts, **changed)


def test_a_late_first_sample_is_the_start_error_and_a_late_start():
    record = settle(occurrence(), simple(playout=[began(ZERO_NS + 1_500_000)]))
    assert record.start_error_ms == 1.5
    assert record.whole.not_on_air == {"late_start": 1}
    assert (record.delay_ms, record.coherence, record.clock) == (412.5, 0.97, "ntp")


def in_slot(from_s: int, to_s: int, state: State, **more) -> Segment:
    return Segment("line", 1, ZERO_NS + from_s * NS_PER_S, ZERO_NS + to_s * NS_PER_S, state, **more)


def test_a_record_says_how_sure_its_total_is():
    segments = [
        in_slot(-600, 600, State.ON_AIR, edge_ms=900.0, doubt_ms=200.0, evidence_share=0.8, snr_db=20.0),
        in_slot(600, 900, State.SILENCE, edge_ms=5.0, doubt_ms=0.0, evidence_share=0.5),
        in_slot(900, 1_800, State.ON_AIR, edge_ms=5.0, doubt_ms=0.0, evidence_share=0.8, snr_db=20.0),
    ]
    record = settle(occurrence(), simple(segments=segments))
    assert record.evidence_share == 0.75
    assert 100 < record.uncertainty_ms < 150  # half of what was doubted lies in the slot; the edge before it does not
    assert record.whole.on_air_ms == 1_500_000
    assert AirtimeRecord.from_json(record.to_json()) == record


def test_where_the_meter_did_not_say_nothing_is_known_of_how_sure_it_is():
    record = settle(occurrence(), simple())
    assert (record.uncertainty_ms, record.evidence_share) == (None, None)
    before = {k: v for k, v in record.to_json().items() if k not in ("uncertainty_ms", "evidence_share")}
    assert AirtimeRecord.from_json(before) == record
    assert "uncertainty_ms" not in without_revision(record)  # such a record is none that has to be booked again


def test_how_sure_it_is_changes_no_figure():
    sure = settle(occurrence(), simple(segments=[whole_slot(edge_ms=40.0, doubt_ms=90.0, evidence_share=0.9)]))
    assert sure.whole == settle(occurrence(), simple(segments=[whole_slot()])).whole
    assert sure.uncertainty_ms == 91


def test_sound_that_was_matched_while_another_programme_played_is_not_this_one():
    other = replace(began(ZERO_NS + 60 * NS_PER_S), n=2, occurrence_id="other")
    record = settle(occurrence(), simple(playout=[began(ZERO_NS), other]))
    assert record.whole.on_air_ms == 60_000
    assert record.whole.not_on_air == {"pre_empted": 1_740_000}


def test_the_part_that_was_heard_longest_says_how_loud_it_was():
    begun = Level("line", "it", 1, ZERO_NS - NS_PER_S, ZERO_NS + 60 * NS_PER_S, 50_000, Loudness(-30.0), Loudness())
    longer = replace(begun, from_ns=ZERO_NS + 50 * NS_PER_S, to_ns=END_NS, heard_ms=1_700_000)
    elsewhere = replace(longer, boot=2, heard_ms=1_800_000)
    record = settle(occurrence(), simple(levels=[begun, longer, elsewhere]))
    assert record.loudness == LoudnessShare(50_000, 1_800_000, 1_700_000, Loudness(-30.0), Loudness())
    assert record.to_json()["loudness"]["sent"] == {
        "integrated_lufs": -30.0,
        "max_short_term_lufs": None,
        "true_peak_dbtp": None,
    }


def test_a_record_of_an_older_release_is_read_and_is_no_other_than_todays_without_evidence():
    record = settle(occurrence(), simple())
    old = {key: value for key, value in record.to_json().items() if key not in LATER_EVIDENCE}
    assert AirtimeRecord.from_json(old) == record
    assert without_revision(record) == canonical({key: value for key, value in old.items() if key != "revision"})


def test_playout_cannot_claim_air_that_the_meter_did_not_hear():
    record = settle(occurrence(), simple(segments=[]))
    assert (record.whole.on_air_ms, record.whole.unobserved) == (0, {"not_proven": 1_800_000})


def test_a_gap_in_hearing_is_a_dead_meters_where_no_meter_lived_whoever_tells_of_it():
    """The successor of a killed meter tells the gap as unobserved, and the lives beside it say why."""
    gap = (ZERO_NS + 60 * NS_PER_S, ZERO_NS + 62 * NS_PER_S)
    heard = [replace(whole_slot(), to_ns=gap[0]), replace(whole_slot(), from_ns=gap[1])]
    told = replace(whole_slot(State.UNOBSERVED), from_ns=gap[0], to_ns=gap[1])
    lives = [Run(1, 0, gap[0]), Run(1, gap[1], ZERO_NS + 2_000 * NS_PER_S)]
    for segments in ([*heard, told], heard):
        record = settle(occurrence(), simple(segments=segments, meter_runs=lives))
        assert record.whole.unobserved == {"meter_down": 2_000}
    assert settle(occurrence(), simple(segments=[*heard, told])).whole.unobserved == {"not_proven": 2_000}


def test_another_channel_is_coverage_and_never_airtime():
    record = settle(occurrence(), simple(segments=[replace(whole_slot(), channel="air")]))
    assert record.whole.on_air_ms == 0
    assert record.coverage["air"].on_air_ms == 1_800_000


def test_a_clock_that_is_slewed_makes_no_holes():
    rows = [ClockMapRow(1, n * 50 * NS_PER_S, OFFSET_NS + n * NS_PER_MS, ClockQuality.NTP) for n in range(80)]
    facts = simple(clock=rows, playout=[], segments=[whole_slot(State.SILENCE)])
    assert settle(occurrence(), facts).whole.not_on_air == {"missed": 1_800_000}


def test_a_boot_that_learnt_the_time_late_is_placed_by_what_it_learnt():
    """Without RTC: 1970 until the network comes, twenty minutes into the slot."""
    rows = [
        ClockMapRow(1, 0, 0, ClockQuality.NONE),
        ClockMapRow(1, ZERO_NS + 1_200 * NS_PER_S, OFFSET_NS, ClockQuality.NTP),
    ]
    missed = PlayoutFact(1, Fact.MISSED, at(1, ZERO_NS + 1_200 * NS_PER_S), "it", {"cause": "clock_untrusted"})
    record = settle(occurrence(), simple(clock=rows, playout=[missed], segments=[whole_slot(State.SILENCE)]))
    assert record.whole.not_on_air == {"clock_untrusted": 1_800_000}


def test_what_waited_for_the_time_is_not_called_late():
    """Joined two minutes after the time became known: one cause until then, another for the two minutes."""
    known_ns, began_ns = ZERO_NS + 1_200 * NS_PER_S, ZERO_NS + 1_320 * NS_PER_S
    rows = [ClockMapRow(1, 0, 0, ClockQuality.NONE), ClockMapRow(1, known_ns, OFFSET_NS, ClockQuality.NTP)]
    began = {"anchor_ns": ZERO_NS, "sink_ns": began_ns, "wanted_ns": began_ns, "offset_ms": 1_320_000}
    played = [
        PlayoutFact(1, Fact.BEGAN, at(1, began_ns), "it", began),
        PlayoutFact(2, Fact.ENDED, at(1, END_NS), "it", {"sink_ns": END_NS, "frames": 1, "cause": "planned_end"}),
    ]
    heard = [
        replace(whole_slot(State.SILENCE), to_ns=began_ns),
        replace(whole_slot(), from_ns=began_ns),
    ]
    record = settle(occurrence(), simple(clock=rows, playout=played, segments=heard))
    assert record.whole.not_on_air == {"clock_untrusted": 1_200_000, "late_start": 120_000}
    assert record.whole.on_air_ms == 480_000


@pytest.mark.parametrize(
    ("ago_s", "playout_s", "meter_s", "final", "settled"),
    [
        (10, 10, 10, False, False),  # the meter may still change its mind
        (20, 20, 20, False, True),
        (20, 20, -5, False, False),  # the meter is behind
        (20, 20, -5, True, True),
        (-1, -1, -1, True, False),  # not over
        (60, 60, None, False, False),  # a meter that never spoke
        (200, 60, None, False, True),  # and is taken for dead
    ],
)
def test_an_account_is_closed_when_every_writer_has_passed_its_end_or_is_given_up(
    ago_s, playout_s, meter_s, final, settled
):
    end = ZERO_NS + 1_800 * NS_PER_S
    marks = [None if s is None else Watermark(1, end + s * NS_PER_S, 0) for s in (playout_s, meter_s)]
    facts = simple()
    axis = Axis.of(occurrence(), facts.clock, facts.playout)
    assert when_settled(axis, marks, at(1, end + ago_s * NS_PER_S), Patience(), final) is settled
