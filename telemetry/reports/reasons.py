"""Why the world refused, for the operator: what sound cards, brokers, disks and the network say is English only.

Our own errors keep the words of the system, which is what a technician looks up. Here they are said in Vietnamese, with
the original in brackets; what no rule knows stays as it was said.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from telemetry.reports.words import SEVERITIES, SOURCE_TROUBLES, Lang, word

SAID = ("reason", "why", "said")  # keys of a fault's evidence, the first that is there
# From the particular to the general: the first that is found says it.
REASONS_VI = (
    # sound cards: ours, PortAudio's
    (r"'([^']*)' does not exist; there are: (.*)", r"không có thiết bị tên “\1”; máy đang có: \2"),
    (r"'([^']*)' is not unique; there are: (.*)", r"nhiều thiết bị có tên giống “\1”: \2"),
    (r"the sound server moved the stream to '([^']*)'", r"âm thanh đã bị chuyển sang thiết bị khác: “\1”"),
    (r"Device unavailable|Device or resource busy", "thiết bị đang bận hoặc đã rút ra"),
    (r"Invalid sample rate", "thiết bị không nhận 48 kHz"),
    (r"Invalid number of channels", "thiết bị không nhận số kênh này"),
    (r"Invalid device|No such device|Illegal combination of I/O", "thiết bị không dùng được hoặc đã rút ra"),
    (r"Unanticipated host error|PortAudio", "hệ thống âm thanh của máy báo lỗi"),
    (r"Stream (?:closed|is not|is stopped|not open)", "luồng âm thanh đã bị ngắt"),
    (r"Insufficient memory|Cannot allocate memory", "máy thiếu bộ nhớ"),
    # the broker and the collector
    (r"refused: (?:Not authorized|Bad user name|Bad authentication)", "máy chủ từ chối: sai tên hoặc mật khẩu"),
    (r"refused: (?:Server|Connection rate|Quota)", "máy chủ đang quá tải hoặc đang tắt"),
    (r"refused: (?:Client identifier|Session taken)", "đã có máy khác dùng mã đài này"),
    (r"refused: ", "máy chủ từ chối"),
    (r"MQTT_ERR_KEEPALIVE", "mất liên lạc với máy chủ"),
    (r"lost: MQTT_ERR", "đường truyền tới máy chủ bị ngắt"),
    (r"takes connections but says nothing", "máy chủ nhận kết nối nhưng không trả lời"),
    (r"no receipt from the collector", "máy thu thập không xác nhận số liệu"),
    (r"the collector does not take entry (\d+)", r"máy thu thập không nhận bản ghi số \1"),
    (
        r"the collector has entries up to (\d+) of this ledger, the station only (\d+)",
        r"máy thu thập đã có đến bản ghi số \1 của sổ này, đài chỉ có đến số \2: sổ của đài là bản sao cũ",
    ),
    # the network
    (r"certificate verify failed|CERTIFICATE_VERIFY", "chứng chỉ của máy chủ không đúng"),
    (r"\bSSL\b|\bTLS\b", "không lập được kết nối mã hóa"),
    (r"Connection refused", "máy chủ từ chối kết nối: sai cổng, hoặc máy chủ đang tắt"),
    (r"Name or service not known|name resolution|No address associated", "không tìm thấy tên máy chủ"),
    (r"Network is unreachable|No route to host", "không có đường mạng"),
    (r"timed out|Timeout", "chờ quá lâu không có trả lời"),
    (r"Connection reset|Broken pipe", "kết nối bị ngắt"),
    (r"Address already in use", "cổng này đang có chương trình khác dùng"),
    (r"who reads it must be able to write beside it", "không có quyền; chạy lại lệnh với sudo"),
    # the disk
    (r"database or disk is full|No space left", "thẻ nhớ đã đầy"),
    (r"disk I/O error|Input/output error", "thẻ nhớ bị lỗi"),
    (r"readonly database|Read-only file system", "thẻ nhớ chỉ cho đọc"),
    (r"malformed|not a database|cannot be read: ", "tệp bị hỏng"),
    (r"missing from index|entries in index|Freelist|btree", "tệp bị hỏng"),
    (r"unable to open database file", "không mở được tệp"),
    (r"database is locked", "chương trình khác đang giữ tệp"),
    (r"Permission denied|Operation not permitted", "không có quyền"),
    (r"it was there, and is gone", "tệp đã bị xóa hoặc chuyển đi"),
    (r"No such file or directory|not found", "không có tệp hoặc thư mục này"),
    # our own words of the ledger's chain
    (r"entry (\d+) is missing, (-?\d+) follows", r"thiếu bản ghi số \1, tiếp theo là số \2"),
    (r"entry (\d+) does not follow the one before it", r"bản ghi số \1 không nối với bản ghi trước nó"),
    (r"the content of entry (\d+) was changed", r"nội dung bản ghi số \1 đã bị sửa"),
    (r"entry (\d+) is filed under other days", r"bản ghi số \1 bị xếp vào ngày khác"),
    (
        r"the collector acknowledged up to (\d+), here the last is (\d+)",
        r"máy thu thập đã nhận đến bản ghi số \1, ở đây chỉ còn đến số \2",
    ),
    # our own words of sources
    (r"not in the library", "tệp chưa có trong thư viện"),
    (r"its file is gone from the library", "tệp đã mất khỏi thư viện"),
    (r"the configuration has no (\[\S+\])", r"cấu hình không có \1"),
)


def explained(said: str, lang: Lang = "vi") -> str:
    """What the system said, in words: "thẻ nhớ đã đầy (database or disk is full)". In English as it was said."""
    if lang == "en" or not said:
        return said
    if said in SOURCE_TROUBLES:
        return word(said, lang)
    for pattern, vietnamese in REASONS_VI:
        if found := re.search(pattern, said):
            return f"{found.expand(vietnamese)} ({said})"
    return said


def reason_of(evidence: Mapping[str, Any], lang: Lang = "vi") -> str:
    """Why there is a fault, as far as its evidence says it; empty where it says nothing."""
    said = next((evidence[key] for key in SAID if isinstance(evidence.get(key), str) and evidence[key]), "")
    if lang == "en" and said in SOURCE_TROUBLES:
        return word(said, lang)
    return explained(said, lang)


def gravest_first(faults: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Open faults as a person wants them: what silences the station before what may wait, of equals the newest."""
    grades = list(SEVERITIES)
    newest = sorted(faults, key=lambda fault: str(fault["since"]), reverse=True)
    return sorted(newest, key=lambda f: grades.index(f["severity"]) if f["severity"] in grades else -1, reverse=True)
