"""A plain day: what is scheduled is heard, booked, and counted alike by the station and the collector."""

from tests.station.station import Broadcast, adds_up

SPEECH = (
    "Đây là Đài truyền thanh xã. Mời bà con nghe bản tin. Hợp tác xã bắt đầu lấy nước đổ ải cho vụ đông xuân, "
    "mời các hộ ra đồng đắp bờ, giữ nước. Trạm y tế xã tiêm chủng cho trẻ em dưới hai tuổi."
)


def heard_as_loud_as_sent(loudness, planned_ms):
    """The demo's line turns nothing up or down. The first programme is heard from where its delay is known."""
    sent, heard = loudness["sent"], loudness["heard"]
    whole = loudness["to_ms"] - loudness["from_ms"] >= planned_ms - 500 and loudness["heard_ms"] >= planned_ms - 5_000
    return whole and abs(sent["integrated_lufs"] - heard["integrated_lufs"]) < 1.0


def test_two_programmes_are_played_measured_and_counted_the_same_on_both_sides(station):
    day = station()
    day.file("nhac.wav", 10, seed=3)
    day.file("tin.wav", 12, seed=5, speech=SPEECH)
    day.plan(Broadcast("Nhạc hiệu", "nhac.wav", 5, 10), Broadcast("Bản tin", "tin.wav", 15, 12))
    day.start()
    for title, planned_ms in (("Nhạc hiệu", 10_000), ("Bản tin", 12_000)):
        account = day.wait_account(title, 60)
        assert adds_up(account)
        assert account["planned_ms"] == planned_ms
        assert account["evidence"] == "measured"
        assert account["on_air_ms"] >= planned_ms - 100
        assert abs(account["start_error_ms"]) < 20
    seq = day.wait_acknowledged()
    figure = day.airtime()
    assert figure["seq"] == seq
    assert figure["totals"] == day.collector_totals(seq)
    assert figure["totals"]["unplanned_ms"] == 0
    for account in figure["occurrences"]:
        assert heard_as_loud_as_sent(account["loudness"], account["planned_ms"])
    verified = day.rig.smartradio("journal", "verify", "--json")
    assert verified.returncode == 0, verified.stdout
