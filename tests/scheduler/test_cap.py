"""CAP 1.2 as it comes: right, wrong, hostile. All that is wrong is told at once, and nothing takes long."""

import base64
import re
import time
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.alert import MAX_BYTES, Circle, Home, judge
from scheduler.loaders.cap import NAMESPACE, parse_moment, read
from tests.support.alerts import FIVE, POLYGON, area, cap, info, name_of, resource

# The example of the standard's appendix A.1 (OASIS CAP 1.2), shortened.
HOMELAND = f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="{NAMESPACE}">
  <identifier>43b080713727</identifier>
  <sender>hsas@dhs.gov</sender>
  <sent>2003-04-02T14:39:01-05:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <category>Security</category>
    <event>Homeland Security Advisory System Update</event>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Likely</certainty>
    <senderName>U.S. Government, Department of Homeland Security</senderName>
    <headline>Homeland Security Sets Code ORANGE</headline>
    <description>The Department of Homeland Security has elevated the threat level.</description>
    <instruction> A High Condition is declared. </instruction>
    <web>http://www.dhs.gov/dhspublic/display?theme=29</web>
    <parameter><valueName>HSAS</valueName><value>ORANGE</value></parameter>
    <resource>
      <resourceDesc>Image file (GIF)</resourceDesc>
      <mimeType>image/gif</mimeType>
      <uri>http://www.dhs.gov/dhspublic/getAdvisoryImage</uri>
    </resource>
    <area><areaDesc>U.S. nationwide and interests worldwide</areaDesc></area>
  </info>
</alert>""".encode()


def codes(data):
    found = read(data)
    assert found.alert is None
    assert all(problem.vi and problem.en for problem in found.errors)
    return [(problem.where, problem.code) for problem in found.errors]


def changed(old, new, data=None):
    data = data or cap()
    assert old.encode() in data
    return data.replace(old.encode(), new.encode())


def test_the_standards_own_example_is_read():
    found = read(HOMELAND)
    assert (found.errors, found.warnings) == ((), ())
    (message,) = found.alert.infos
    assert found.alert.id == "hsas@dhs.gov,43b080713727,2003-04-03T02:39:01+07:00"
    assert message.instruction == "A High Condition is declared."
    assert message.language == "en-US"
    assert message.areas[0].description == "U.S. nationwide and interests worldwide"
    assert not message.resources[0].is_audio


def test_everything_that_is_used_is_read():
    audio = resource("audio/mpeg", inline=base64.b64encode(b"sound").decode(), digest="AB" * 20)
    areas = area("Xã Đồng Tâm", polygon=POLYGON, circle="21.5,105.8 7.5", geocode="GSO=19")
    found = read(cap("VN-2", kind="Update", references=[name_of("VN-1")], infos=[info(resources=audio, areas=areas)]))
    (message,) = found.alert.infos
    assert (message.resources[0].content, message.resources[0].sha1) == (b"sound", "ab" * 20)
    assert message.areas[0].circles == (Circle((21.5, 105.8), 7.5),)
    assert len(message.areas[0].polygons[0]) == 4
    assert message.areas[0].geocodes == (("GSO", "19"),)
    assert message.expires == FIVE + timedelta(hours=6)
    assert [reference.identifier for reference in found.alert.references] == ["VN-1"]


@pytest.mark.parametrize("name", ["identifier", "sender", "sent", "status", "msgType", "scope"])
def test_a_mandatory_element_that_is_missing_is_named(name):
    assert codes(re.sub(rf"<{name}>.*?</{name}>".encode(), b"", cap())) == [(name, "missing")]


@pytest.mark.parametrize("name", ["category", "event", "urgency", "severity", "certainty"])
def test_a_mandatory_element_of_a_message_is_named_with_its_message(name):
    second = re.sub(rf"<{name}>.*?</{name}>", "", info())
    assert codes(cap(infos=[info(), second])) == [(f"info[2]/{name}", "missing")]


def test_all_that_is_wrong_is_told_at_once():
    data = cap(scope="Everybody", status="Real", infos=[info(urgency="Now", severity="")])
    assert codes(data) == [
        ("status", "bad_value"),
        ("scope", "bad_value"),
        ("info[1]/urgency", "bad_value"),
        ("info[1]/severity", "missing"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "23/11/2026",
        "2026-11-23",
        "2026-11-23T05:00:00",
        "2026-13-23T05:00:00+07:00",
        "0001-01-01T00:00:00+07:00",
        "ngay",
    ],
)
def test_a_time_that_is_none_is_told(text):
    assert codes(changed("<sent>2026-11-23T05:00:00+07:00", f"<sent>{text}")) == [("sent", "bad_time")]
    assert codes(changed("<expires>2026-11-23T11:00:00+07:00", f"<expires>{text}")) == [("info[1]/expires", "bad_time")]


def test_times_are_read_with_their_zones():
    assert parse_moment("2026-11-22T22:00:00-00:00") == parse_moment("2026-11-22T22:00:00Z") == FIVE


@pytest.mark.parametrize(
    "text", ["x@y.vn,VN-1", "x@y.vn,VN-1,hom-qua", ",,", "x@y.vn,VN-1,2026-11-23", name_of("x" * 500)]
)
def test_a_reference_that_is_none_is_told(text):
    found = codes(cap("VN-2", kind="Cancel", references=[name_of("VN-1"), text]))
    assert found == [("references", "bad_reference")]


@pytest.mark.parametrize("kind", ["Update", "Cancel"])
def test_an_update_and_a_cancellation_must_say_of_what(kind):
    assert codes(cap(kind=kind)) == [("references", "missing")]


def test_an_alert_without_a_message_says_nothing():
    assert codes(cap(infos=[])) == [("info", "missing")]
    assert read(cap("VN-2", kind="Cancel", references=[name_of("VN-1")], infos=[])).alert


def test_names_with_blanks_or_commas_are_refused():
    assert codes(cap("VN 1", sender="a,b")) == [("sender", "bad_name"), ("identifier", "bad_name")]


@pytest.mark.parametrize(
    "polygon", ["1,2", "1,2 3,4 5,6 7,8", "1,2 3,x 5,6 1,2", "91,2 3,4 5,6 91,2", "nan,2 3,4 5,6 nan,2"]
)
def test_an_area_that_cannot_be_read_is_a_warning_and_airs(polygon):
    found = read(cap(infos=[info(areas=area(polygon=polygon))]))
    assert [problem.code for problem in found.warnings] == ["bad_area"]
    assert judge(found.alert, Home(points=((9.0, 105.0),)), FIVE, True, {}).broadcast


def test_a_broken_resource_is_left_out_with_a_warning():
    found = read(cap(infos=[info(resources=resource(inline="???") + resource("", inline="aaaa"))]))
    assert found.alert.infos[0].resources == ()
    assert [problem.code for problem in found.warnings] == ["bad_base64", "missing"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_xml"),
        (b"<alert", "not_xml"),
        (b"\x00\xff" * 100, "not_xml"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "not_xml"),
        (b"<html/>", "not_cap"),
        (cap(namespace="urn:oasis:names:tc:emergency:cap:1.1"), "wrong_version"),
        (cap(namespace="urn:x"), "not_cap"),
        (cap() + b" " * MAX_BYTES, "too_big"),
        (b"<a>" * 300_000, "too_deep"),
        (b"<a>" + b"<b/>" * 200_000 + b"</a>", "too_deep"),
        (b"<!DOCTYPE alert><alert/>", "dtd"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "dtd"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', "dtd"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "dtd"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_no_alert_is_refused_in_words_and_at_once(data, code):
    began = time.process_time()
    assert [found for _, found in codes(data)] == [code]
    assert time.process_time() - began < 2


def test_a_bomb_of_entities_does_not_go_off():
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    assert codes(f'<!DOCTYPE a [<!ENTITY a0 "lol">{entities}]><a>&a11;</a>'.encode()) == [("CAP", "dtd")]


MUTATED = st.tuples(st.integers(0, 3_000), st.integers(0, 40), st.binary(max_size=20))


@settings(max_examples=500, deadline=None)
@given(st.lists(MUTATED, min_size=1, max_size=4))
def test_a_mutated_alert_is_read_or_refused_in_words_and_can_be_judged(mutations):
    data = cap(infos=[info(areas=area(polygon=POLYGON, circle="21,105 5", geocode="GSO=19"), resources=resource())])
    for at, length, put in mutations:
        data = data[:at] + put + data[at + length :]
    found = read(data)
    assert (found.alert is None) == bool(found.errors)
    if found.alert:
        assert judge(found.alert, Home(("GSO=19",), ((21.0, 105.0),)), FIVE, True, {}).vi


WORDS = st.sampled_from(
    [
        "",
        "Actual",
        "Alert",
        "1,2",
        "1e999,2",
        "-",
        "9" * 400,
        "2026-11-23T05:00:00+99:99",
        "9999-12-31T23:59:59-12:00",
        "é",
        " ",
    ]
)


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_any_value_in_any_place_is_read_or_refused_in_words(data):
    document = cap(infos=[info(areas=area(polygon=POLYGON, circle="21,105 5", geocode="GSO=19"), resources=resource())])
    parts = re.split(r"(?<=>)([^<>]+)(?=</)", document.decode())
    for _ in range(data.draw(st.integers(1, 4))):
        parts[data.draw(st.integers(0, len(parts) // 2 - 1)) * 2 + 1] = data.draw(WORDS)
    found = read("".join(parts).encode())
    assert (found.alert is None) == bool(found.errors)
    if found.alert:
        judge(found.alert, Home(("GSO=19",), ((21.0, 105.0),)), FIVE, True, {})
