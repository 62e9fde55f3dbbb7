"""A renderer of weekly grids for the tests: what it draws of a plan has to be read back as that plan."""

from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from scheduler.loaders.table import Table
from scheduler.occurrence import Kind

TITLES = (
    "Bản tin xã",
    "Thông báo của UBND xã",
    "Ca nhạc",
    "Câu chuyện nông thôn",
    "Nghị quyết và cuộc sống",
    "Nhạc hiệu",
)
RELAYS = {"Tiếp âm Thời sự Đài TNVN": "vov", "Tiếp sóng Đài PT-TH tỉnh": "province"}
DAYS = ("Thứ 2", "Thứ 3", "Thứ 4", "Thứ 5", "Thứ 6", "Thứ 7", "CN")
SHORT = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
WORDS = ("THỨ HAI", "THỨ BA", "THỨ TƯ", "THỨ NĂM", "THỨ SÁU", "THỨ BẢY", "CHỦ NHẬT")
CLOCKS = (
    "{:%H:%M}",
    "{:%Hh%M}",
    "{0.hour}h{0.minute:02}",
    "{0.hour} giờ {0.minute:02} phút",
    "{0.hour}g{0.minute:02}'",
)
MONDAY = date(2026, 11, 23)


@st.composite
def rows(draw) -> list[tuple[time, int, dict[int, str]]]:
    """Starts, minutes, and what each day has then; rows do not overlap."""
    gaps = draw(st.lists(st.tuples(st.integers(0, 90), st.integers(5, 45)), min_size=1, max_size=6))
    found, at = [], datetime.combine(MONDAY, time(4, 30))
    for gap, lasts in gaps:
        at += timedelta(minutes=gap)
        titles = st.sampled_from([*TITLES, *RELAYS, *(f"{title} (PL)" for title in TITLES)])
        found.append((at.time(), lasts, draw(st.dictionaries(st.integers(0, 6), titles, max_size=7))))
        at += timedelta(minutes=lasts)
    return found


@st.composite
def styles(draw) -> dict:
    """How a person would draw it."""
    return {
        "days": draw(st.sampled_from([DAYS, SHORT, WORDS])),
        "clock": draw(st.sampled_from(CLOCKS)),
        "dash": draw(st.sampled_from(["-", " - ", " – ", " đến "])),
        "lasts": draw(st.sampled_from(["range", "minutes", "column", "own"])),
        "turned": draw(st.booleans()),
        "dates": draw(st.booleans()),
        "nothing": draw(st.sampled_from([None, "", "-", "Nghỉ"])),
        "merges": draw(st.booleans()),
    }


def grid(plan, style) -> Table:
    """The plan as a sheet of that style."""
    head = ["Thời gian", *(_heading(day, style) for day in range(7))]
    body = [
        [_time(start, lasts, style), *(_cell(titles.get(day), start, lasts, style) for day in range(7))]
        for start, lasts, titles in plan
    ]
    merged = _merged(body) if style["merges"] and not style["turned"] else []
    if style["lasts"] == "column":
        head.insert(1, "Thời lượng")
        body = [[cells[0], f"{lasts}'", *cells[1:]] for cells, (_, lasts, _) in zip(body, plan, strict=True)]
        merged = [(top, left + 1, bottom, right + 1) for top, left, bottom, right in merged]
    cells = [head, *body]
    if style["turned"]:
        cells = [list(column) for column in zip(*cells, strict=True)]
    title = "LỊCH PHÁT THANH (từ 23/11 đến 29/11/2026)" if style["dates"] else "LỊCH PHÁT THANH"
    return Table("Lịch", [[title], *cells, [], ["Người lập", None, None, "Chủ tịch"]], merged=merged)


def _heading(day, style):
    return style["days"][day] + (f"\n{MONDAY + timedelta(days=day):%d/%m}" if style["dates"] else "")


def _time(start, lasts, style):
    shown = style["clock"].format(start)
    end = (datetime.combine(MONDAY, start) + timedelta(minutes=lasts)).time()
    return shown + style["dash"] + style["clock"].format(end) if style["lasts"] == "range" else shown


def _cell(title, start, lasts, style):
    if title is None:
        return style["nothing"]
    return {"minutes": f"{title} ({lasts}')", "own": f"{style['clock'].format(start)}: {title} ({lasts} phút)"}.get(
        style["lasts"], title
    )


def _merged(body):
    """Equal cells beside one another become one."""
    merged = []
    for row, cells in enumerate(body, 2):
        column = 1
        while column < len(cells):
            right = column
            while right + 1 < len(cells) and cells[right + 1] == cells[column]:
                right += 1
                cells[right] = None
            if right > column:
                merged.append((row, column, row, right))
            column = right + 1
    return merged


def kind_of(title: str) -> tuple[Kind, str | None]:
    """Its kind, and of a relay the origin."""
    if title in RELAYS:
        return Kind.RELAY, RELAYS[title]
    return (Kind.REPEAT if "(PL)" in title else Kind.OWN), None
