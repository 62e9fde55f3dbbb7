"""What becomes of an alert: by its status, its time, its place, its language, its gravity."""

from dataclasses import replace
from datetime import timedelta
from math import cos, pi, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.alert import Area, Circle, Home, Outcome, expiry, judge, lies_in
from scheduler.loaders.cap import read
from scheduler.occurrence import BulletinClass
from tests.support.alerts import FIVE, HEADLINE, POLYGON, area, cap, info, name_of, resource

NOW = FIVE + timedelta(minutes=10)
THAI_NGUYEN = (21.59, 105.84)
CA_MAU = (9.18, 105.15)
LANG_SON = (21.85, 106.76)


def alert(*args, **kwargs):
    found = read(cap(*args, **kwargs))
    assert found.alert is not None, found.errors
    return found.alert


def verdict(document, home=None, now=NOW, trusted=True, known=None):
    return judge(document, home or Home(), now, trusted, known or {})


def test_an_actual_alert_airs_at_once():
    judged = verdict(alert())
    assert judged.outcome is Outcome.AIRED
    assert judged.broadcast.title == HEADLINE
    assert judged.broadcast.bulletin_class is BulletinClass.EMERGENCY
    assert judged.broadcast.text.splitlines()[2] == "Bà con ven sông sơ tán ngay."


@pytest.mark.parametrize("status", ["Exercise", "System", "Test", "Draft"])
@pytest.mark.parametrize("kind", ["Alert", "Update", "Cancel"])
def test_what_is_not_actual_neither_airs_nor_takes_anything_off(status, kind):
    judged = verdict(alert(status=status, kind=kind, references=[name_of("VN-0")]))
    assert (judged.outcome, judged.broadcast, judged.stops) == (Outcome.NOT_ACTUAL, None, ())


@pytest.mark.parametrize("kind", ["Ack", "Error"])
def test_words_between_computers_do_not_air(kind):
    assert verdict(alert(kind=kind)).outcome is Outcome.NOT_FOR_US


@pytest.mark.parametrize("scope", ["Restricted", "Private"])
def test_what_is_not_public_does_not_air(scope):
    assert verdict(alert(scope=scope)).outcome is Outcome.NOT_PUBLIC


def test_an_alert_airs_until_the_instant_it_expires():
    document = alert()
    end = expiry(document, document.infos[0])
    assert verdict(document, now=end - timedelta(seconds=1)).outcome is Outcome.AIRED
    assert verdict(document, now=end).outcome is Outcome.EXPIRED


def test_an_alert_without_an_end_lives_for_a_day():
    document = alert(infos=[info(expires=None)])
    assert verdict(document, now=FIVE + timedelta(hours=23)).outcome is Outcome.AIRED
    assert verdict(document, now=FIVE + timedelta(hours=24)).outcome is Outcome.EXPIRED


def test_with_an_untrusted_clock_it_airs_and_says_so():
    judged = verdict(alert(), trusted=False)
    assert judged.outcome is Outcome.AIRED
    assert "đồng hồ không tin cậy" in judged.vi


def test_a_cancellation_never_airs_and_names_what_it_takes_off():
    judged = verdict(alert("VN-2", kind="Cancel", references=[name_of("VN-1"), name_of("VN-0")]))
    assert (judged.outcome, judged.broadcast) == (Outcome.CANCELLED, None)
    assert judged.stops == (name_of("VN-1"), name_of("VN-0"))


def test_a_reference_is_the_same_instant_in_any_zone():
    judged = verdict(alert("VN-2", kind="Cancel", references=["canhbao@kttv.gov.vn,VN-1,2026-11-22T22:00:00-00:00"]))
    assert judged.stops == (alert("VN-1").id,)


def test_an_update_airs_in_the_place_of_what_it_replaces():
    judged = verdict(alert("VN-2", kind="Update", references=[name_of("VN-1")]))
    assert (judged.outcome, judged.stops) == (Outcome.AIRED, (name_of("VN-1"),))


def test_an_update_that_no_longer_concerns_us_takes_the_old_one_off():
    elsewhere = [info(areas=area("Cà Mau", circle="9.18,105.15 20"))]
    document = alert("VN-2", kind="Update", references=[name_of("VN-1")], infos=elsewhere)
    judged = verdict(document, Home(points=(THAI_NGUYEN,)))
    assert (judged.outcome, judged.broadcast, judged.stops) == (Outcome.CANCELLED, None, (name_of("VN-1"),))


def test_an_alert_is_known_by_sender_identifier_and_time():
    document = alert()
    assert verdict(document, known={document.id: Outcome.AIRED}).outcome is Outcome.DUPLICATE
    assert verdict(document, known={document.id: Outcome.SUPERSEDED}).outcome is Outcome.SUPERSEDED
    for other in (alert("VN-9"), alert(sent=FIVE + timedelta(seconds=1)), alert(sender="x@y.vn")):
        assert verdict(other, known={document.id: Outcome.AIRED}).outcome is Outcome.AIRED


def test_only_senders_on_the_list_are_believed():
    assert verdict(alert(), Home(senders=("tinh@gov.vn",))).outcome is Outcome.UNKNOWN_SENDER
    assert verdict(alert(), Home(senders=("tinh@gov.vn", "canhbao@kttv.gov.vn"))).outcome is Outcome.AIRED


@pytest.mark.parametrize("urgency", ["Immediate", "Expected", "Future", "Past", "Unknown"])
@pytest.mark.parametrize("severity", ["Extreme", "Severe", "Moderate", "Minor", "Unknown"])
@pytest.mark.parametrize("certainty", ["Observed", "Likely", "Possible", "Unlikely", "Unknown"])
def test_only_what_is_urgent_and_severe_and_likely_interrupts(urgency, severity, certainty):
    judged = verdict(alert(infos=[info(urgency=urgency, severity=severity, certainty=certainty)]))
    at_once = urgency in "Immediate Expected" and severity in "Extreme Severe" and certainty in "Observed Likely"
    assert judged.broadcast.bulletin_class is (BulletinClass.EMERGENCY if at_once else BulletinClass.PRIORITY)


def test_vietnamese_is_preferred_whatever_stands_first():
    english, vietnamese = info(language="en-US", headline="Flash flood"), info()
    for infos in ([english, vietnamese], [vietnamese, english]):
        judged = verdict(alert(infos=infos))
        assert judged.broadcast.title == HEADLINE
        assert "Flash flood" not in judged.broadcast.text


def test_without_vietnamese_the_alert_airs_in_what_there_is():
    assert verdict(alert(infos=[info(language="en-US", headline="Flash flood")])).broadcast.title == "Flash flood"


def test_messages_in_one_language_are_all_said_the_gravest_first():
    infos = [info(headline="Mưa to", severity="Minor"), info(headline="Lũ quét"), info(headline="Lũ quét")]
    judged = verdict(alert(infos=infos))
    said = judged.broadcast.text
    assert judged.broadcast.title == "Lũ quét"
    assert said.index("Lũ quét") < said.index("Mưa to")
    assert said.count("Lũ quét") == 1


def test_audio_is_that_of_the_gravest_message_and_only_audio():
    infos = [info(resources=resource("image/png") + resource("audio/mpeg"))]
    assert [r.mime_type for r in verdict(alert(infos=infos)).broadcast.audio] == ["audio/mpeg"]


# -- places ---------------------------------------------------------------------------------------------------------


def here(written, **home):
    return lies_in(alert(infos=[info(areas=written)]).infos[0], Home(**home))


@pytest.mark.parametrize(
    ("written", "home", "answer"),
    [
        ("", {"points": (CA_MAU,)}, None),  # no area at all
        (area(polygon=POLYGON), {}, None),  # nobody said where we are
        (area(polygon=POLYGON), {"points": (THAI_NGUYEN,)}, True),
        (area(polygon=POLYGON), {"points": (CA_MAU,)}, False),
        (area(polygon=POLYGON), {"points": (CA_MAU, THAI_NGUYEN)}, True),
        (area(polygon=POLYGON), {"points": ((21.75, 105.8),)}, True),  # 5.6 km outside: the commune reaches in
        (area(polygon=POLYGON), {"points": ((21.75, 105.8),), "reach_km": 5.0}, False),
        (area(circle="21.59,105.84 0"), {"points": (THAI_NGUYEN,)}, True),
        (area(circle="9.18,105.15 50"), {"points": (THAI_NGUYEN,)}, False),
        (area(circle="21.59,105.84 90"), {"points": (LANG_SON,)}, True),  # 99 km, and 10 that the commune reaches
        (area(geocode="GSO=19"), {"areas": ("GSO=19",)}, True),
        (area(geocode="GSO=19"), {"areas": ("19",)}, True),
        (area(geocode="GSO=20"), {"areas": ("GSO=19",)}, False),
        (area(geocode="GSO=20"), {"areas": ("19",)}, None),  # another scheme, for all we know
        (area(geocode="EMMA=VN1"), {"areas": ("GSO=19",)}, None),
        (area("Các xã Đồng Tâm, Phú Thịnh"), {"areas": ("xã đồng tâm",)}, True),
        (area("Xã Đồng Tâm, xã Phú Thịnh"), {"areas": ("Đồng Tâm",)}, True),
        (area("Xã Đồng Tâm Hai"), {"areas": ("Tâm H",)}, None),  # whole words
        (area(polygon=POLYGON, geocode="GSO=20"), {"areas": ("GSO=19",)}, None),  # a union: the outline is not known
        (area(polygon=POLYGON) + area(geocode="GSO=19"), {"points": (CA_MAU,), "areas": ("GSO=19",)}, True),
        (area(polygon="1,2 broken"), {"points": (CA_MAU,)}, None),  # what cannot be read may be here
    ],
)
def test_a_place_is_in_out_or_in_doubt(written, home, answer):
    assert here(written, **home) is answer


def test_only_a_certain_no_keeps_an_alert_off():
    for areas, home, outcome in (
        (area(geocode="GSO=20"), Home(("GSO=19",)), Outcome.NOT_HERE),
        (area(geocode="EMMA=VN1"), Home(("GSO=19",)), Outcome.AIRED),
    ):
        assert verdict(alert(infos=[info(areas=areas)]), home).outcome is outcome


@given(
    st.tuples(st.floats(-80, 80), st.floats(-170, 170)),
    st.floats(0.1, 50),
    st.floats(0, 359),
    st.floats(0.2, 3.0).filter(lambda factor: abs(factor - 1) > 0.02),
)
def test_a_circle_and_a_ring_of_corners_around_it_agree(centre, radius_km, bearing, factor):
    def at(distance_km, degrees):
        north, east = distance_km * cos(radians(degrees)), distance_km * sin(radians(degrees))
        a_degree = 6_371 * pi / 180
        return centre[0] + north / a_degree, centre[1] + east / a_degree / cos(radians(centre[0]))

    point = at(radius_km * factor, bearing)
    home = Home(points=(point,), reach_km=0.0)
    circle = replace(alert().infos[0], areas=(Area("", circles=(Circle(centre, radius_km),)),))
    ring = replace(alert().infos[0], areas=(Area("", polygons=(tuple(at(radius_km, n) for n in range(0, 360, 5)),)),))
    assert lies_in(circle, home) is lies_in(ring, home) is (factor < 1)
