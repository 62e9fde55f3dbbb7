"""How long an MP3 says it is, in the Xing (or Info) header of its first frame: a file cut off by a transfer is shorter.

ffprobe does not tell: where size and header differ it goes by the bit rate. Layout: the MPEG audio header of ISO
11172-3 and 13818-3; "Xing" after the side information, then flags, then the number of frames (big endian).
"""

from pathlib import Path

_ID3_HEAD = 10
_LOOKED_AT = 4_096  # bytes after the tag: there is the first frame, or this is no plain MP3
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}  # by MPEG version
_HAS_FRAMES = 1


def stated_seconds(path: Path) -> float | None:
    """None for what has no such header. Raises OSError."""
    with path.open("rb") as file:
        file.seek(_tag_bytes(file.read(_ID3_HEAD)))
        first = file.read(_LOOKED_AT)
    at = max(first.find(b"Xing"), first.find(b"Info"))
    begin = first.find(b"\xff")
    if not 0 <= begin < at or len(first) < at + 12 or not first[at + 7] & _HAS_FRAMES:
        return None
    seconds_a_frame = _seconds_a_frame(first[begin : begin + 3])
    return seconds_a_frame and int.from_bytes(first[at + 8 : at + 12], "big") * seconds_a_frame


def _tag_bytes(head: bytes) -> int:
    """Of an ID3v2 tag in front; its size has seven bits a byte."""
    if not head.startswith(b"ID3") or len(head) < _ID3_HEAD:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return _ID3_HEAD + size


def _seconds_a_frame(header: bytes) -> float | None:
    version, layer, rate = header[1] >> 3 & 3, header[1] >> 1 & 3, header[2] >> 2 & 3
    if version not in _RATES_HZ or layer != 1 or rate == 3:
        return None
    return (1_152 if version == 3 else 576) / _RATES_HZ[version][rate]
