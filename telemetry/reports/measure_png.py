"""A measurement as one picture: sent and heard on one axis, what was judged of each instant, the delay, the figures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from audio.measure import MeasuredSegment, Measurement
from audio.segments import Quality, State
from audio.spectrogram import place_of_hz
from audio.traces import Panels
from telemetry.reports import drawing as d
from telemetry.reports.rounding import apportion
from telemetry.reports.words import Lang, sentence, word

PLOT = 1_600  # pixels of the axis of time
LEFT, RIGHT, EDGE = 116, 104, 26
WIDTH = LEFT + PLOT + RIGHT
SPECTRUM_HIGH, STATE_HIGH, QUALITY_HIGH, LAG_HIGH = 216, 52, 26, 130
TITLE, TEXT, SMALL = 34, 24, 20
NARROWEST = 3  # pixels of a stretch that is not plainly on air: 50 ms of eight hours have to be seen
RANGE_DB, FLOOR_DBFS = 60.0, -75.0
STEADY_MS = 5.0  # the axis of the delay spans at least so much to either side
LISTED = 12


@dataclass(frozen=True, slots=True)
class Look:
    """How a state or a quality is drawn: colour, pattern, and a letter in Vietnamese and in English."""

    colour: d.Colour
    pattern: d.Pattern
    letters: tuple[str, str]

    def letter(self, lang: Lang) -> str:
        return self.letters[lang == "en"]


STATES: dict[str, Look] = {
    State.ON_AIR: Look(d.GREEN, "plain", ("L", "A")),
    State.SILENCE: Look(d.PAPER, "plain", ("I", "S")),
    State.NOISE: Look(d.ORANGE, "dots", ("N", "N")),
    State.HUM: Look(d.YELLOW, "upright", ("Ù", "H")),
    State.FOREIGN: Look(d.VERMILION, "rising", ("A", "F")),
    State.UNOBSERVED: Look(d.GREY, "crossed", ("C", "U")),
}
QUALITIES: dict[str, Look] = {
    Quality.OVERLAID: Look(d.PURPLE, "falling", ("B", "O")),
    Quality.LOW: Look(d.SKY, "level", ("T", "L")),
    Quality.CLIPPED: Look(d.BLUE, "upright", ("V", "C")),
}
TEXTS = {
    "vi": {
        "title": "ĐO THỜI LƯỢNG LÊN SÓNG",
        "sent": "Đã phát: ",
        "heard": "Thu lại: ",
        "length": "Thời lượng đã phát",
        "of_on_air": "Bị chồng tiếng lạ (trong phần đã lên sóng)",
        "delay": "độ trễ {delay} ms, lệch đồng hồ {drift} ppm",
        "no_delay": "bản thu không khớp với bản đã phát ở chỗ nào",
        "sent_panel": "Bản đã phát (Hz)",
        "heard_panel": "Bản thu lại, dời theo độ trễ cho khớp với bản đã phát (Hz)",
        "heard_unshifted": "Bản thu lại, không dời vì không khớp ở chỗ nào (Hz)",
        "scale": "0 dB = {top} dBFS",
        "judged": "Kết quả đo",
        "state": "Trạng thái",
        "quality": "Chất lượng",
        "lag": "Độ trễ của tiếng thu được so với tiếng đã phát (ms)",
        "lag_unknown": "không xác định được độ trễ",
        "axis": "thời gian trong bản đã phát (phút:giây)",
        "axis_hours": "thời gian trong bản đã phát (giờ:phút:giây)",
        "narrow": "Đoạn ngắn vẫn được vẽ rộng {n} điểm ảnh để nhìn thấy.",
        "list": "Các đoạn không lên sóng hoặc chưa đo được ({n} đoạn)",
        "list_longest": "{shown} đoạn dài nhất trong {n} đoạn không lên sóng hoặc chưa đo được",
        "none": "Không có đoạn nào mất sóng hoặc chưa đo được.",
    },
    "en": {
        "title": "MEASURED AIRTIME",
        "sent": "Sent: ",
        "heard": "Heard: ",
        "length": "Length of what was sent",
        "of_on_air": "Overlaid by other audio (part of on air)",
        "delay": "delay {delay} ms, clock drift {drift} ppm",
        "no_delay": "the recording matches what was sent nowhere",
        "sent_panel": "What was sent (Hz)",
        "heard_panel": "What was heard, moved by its delay so that it lies under what was sent (Hz)",
        "heard_unshifted": "What was heard, not moved because it matches nowhere (Hz)",
        "scale": "0 dB = {top} dBFS",
        "judged": "What was measured",
        "state": "State",
        "quality": "Quality",
        "lag": "Delay from sent to heard (ms)",
        "lag_unknown": "the delay is not known",
        "axis": "time in what was sent (minutes:seconds)",
        "axis_hours": "time in what was sent (hours:minutes:seconds)",
        "narrow": "Short stretches are drawn {n} pixels wide, to be seen.",
        "list": "Stretches not on air or unobserved ({n})",
        "list_longest": "The {shown} longest of {n} stretches not on air or unobserved",
        "none": "No stretch was off air or unobserved.",
    },
}


def write_png(measured: Measurement, panels: Panels, sent: str, heard: str, path: Path, lang: Lang) -> None:
    """*sent* and *heard*: the files' names. Raises OSError."""
    picture(measured, panels, sent, heard, lang).save(path, format="PNG", optimize=True)


def picture(measured: Measurement, panels: Panels, sent: str, heard: str, lang: Lang) -> Image.Image:
    page = _Page(measured, lang)
    page.header(sent, heard)
    locked = measured.delay_ms is not None
    page.spectrogram(panels.sent_db, "sent_panel")
    page.spectrogram(panels.heard_db, "heard_panel" if locked else "heard_unshifted")
    page.judgement()
    page.lag(panels.delay_ms)
    page.time_axis()
    page.legend()
    page.stretches()
    return page.finished()


class _Page:
    """Draws from top to bottom; ``y`` is where the next part begins."""

    def __init__(self, measured: Measurement, lang: Lang) -> None:
        self.measured, self.lang, self.words = measured, lang, TEXTS[lang]
        self.length_ms = max(measured.sent_ms, 1)
        self.ticks = d.time_ticks(self.length_ms / 1_000)
        self.image = Image.new("RGB", (WIDTH, 1_800), d.PAPER)
        self.draw = ImageDraw.Draw(self.image)
        self.y = EDGE

    def finished(self) -> Image.Image:
        return self.image.crop((0, 0, WIDTH, self.y + EDGE))

    # ---- text ----

    def text(self, x: float, y: float, text: str, size: int = TEXT, bold: bool = False, anchor: str = "la") -> float:
        """Write at (*x*, *y*) and give the x where it ends."""
        self.draw.text((x, y), text, fill=d.INK, font=d.font(size, bold), anchor=anchor)
        return x + d.width(text, size, bold)

    def point(self, number: str) -> str:
        return number.replace(".", ",") if self.lang == "vi" else number

    def time(self, ms: float) -> str:
        return self.point(d.clock(ms))

    def x(self, ms: float) -> float:
        return LEFT + ms * PLOT / self.length_ms

    # ---- parts ----

    def header(self, sent: str, heard: str) -> None:
        self.text(EDGE, self.y, self.words["title"], TITLE, bold=True)
        self.y += 50
        room = (WIDTH - 2 * EDGE) // 2 - 120
        for at, label, name in ((EDGE, "sent", sent), (WIDTH // 2, "heard", heard)):
            end = self.text(at, self.y, self.words[label])
            self.text(end, self.y, d.shortened(name, room, TEXT, bold=True), bold=True)
        self.y += 34
        self.text(EDGE, self.y, f"{self.words['length']}: {self.time(self.measured.sent_ms)}; {self._delay()}")
        self.y += 42
        self._figures()

    def _delay(self) -> str:
        if self.measured.delay_ms is None:
            return self.words["no_delay"]
        delay, drift = (
            self.point(f"{n or 0:.1f}".replace("-", "−")) for n in (self.measured.delay_ms, self.measured.drift_ppm)
        )
        return self.words["delay"].format(delay=delay, drift=drift)

    def _figures(self) -> None:
        """On air, not on air, unobserved: they add up to the whole, in ms and in per cent."""
        m = self.measured
        parts = (m.on_air_ms, m.not_on_air_ms, m.unobserved_ms)
        shares = apportion([part * 10_000 for part in parts], 10_000, m.sent_ms) if m.sent_ms else (0, 0, 0)
        labels = [sentence(word(code, self.lang)) for code in ("on_air", "not_on_air", "unobserved")]
        labels[0] += f" (± {self.point(f'{m.uncertainty_ms / 1_000:.3f}')} s)"
        overlaid = round(m.overlaid_ms * 10_000 / max(m.sent_ms, 1))
        cells = [*zip(labels, parts, shares, strict=True), (self.words["of_on_air"], m.overlaid_ms, overlaid)]
        wide = (WIDTH - 2 * EDGE) // len(cells)
        for n, (label, ms, share) in enumerate(cells):
            left = EDGE + n * wide
            self.draw.rectangle((left, self.y, left + wide - 12, self.y + 76), outline=d.RULE, width=2)
            self.text(left + 14, self.y + 8, label, SMALL)
            percent = self.point(f"{share / 100:.2f}") + " %"
            self.text(left + 14, self.y + 34, f"{self.time(ms)}   ({percent})", 28, bold=True)
        self.y += 96

    def spectrogram(self, levels_db: NDArray[np.float32], title: str) -> None:
        top_db = _loudest(levels_db)
        self._title(self.words[title])
        share = (levels_db - np.float32(top_db - RANGE_DB)) / np.float32(RANGE_DB)
        bands = np.ascontiguousarray(share.T[::-1])  # low tones at the bottom
        image = Image.fromarray(d.level_colours(bands)).resize((PLOT, SPECTRUM_HIGH), Image.Resampling.NEAREST)
        self.image.paste(image, (LEFT, self.y))
        for hz in (100, 500, 1_000, 2_000, 4_000, 8_000):
            y = self.y + SPECTRUM_HIGH * (1 - place_of_hz(hz))
            self._value(y, f"{hz}")
        self._level_scale(top_db)
        self._frame(SPECTRUM_HIGH)
        self.y += SPECTRUM_HIGH + 12

    def _level_scale(self, top_db: float) -> None:
        ramp = np.linspace(1, 0, SPECTRUM_HIGH, dtype=np.float32)[:, None].repeat(18, axis=1)
        left = LEFT + PLOT + 14
        self.image.paste(Image.fromarray(d.level_colours(ramp)), (left, self.y))
        self.draw.rectangle((left, self.y, left + 18, self.y + SPECTRUM_HIGH), outline=d.RULE)
        for share, text in ((0.0, "0 dB"), (0.5, "−30"), (1.0, "−60")):
            anchor = "la" if share == 0 else "ld" if share == 1 else "lm"
            self.text(left + 24, self.y + share * SPECTRUM_HIGH, text, SMALL - 2, anchor=anchor)
        text = self.words["scale"].format(top=f"{top_db:.0f}".replace("-", "−"))
        self.text(LEFT + PLOT, self.y - 6, text, SMALL - 2, anchor="rd")

    def judgement(self) -> None:
        """The bar of states and, below it, that of qualities."""
        self._title(self.words["judged"])
        self._bar(STATE_HIGH, STATES, list(_state_marks(self.measured.segments)), "state")
        self.y += STATE_HIGH + 6
        self._bar(QUALITY_HIGH, QUALITIES, list(_quality_marks(self.measured.segments)), "quality")
        self.y += QUALITY_HIGH + 12

    def _bar(self, high: int, looks: dict[str, Look], marks: list["_Mark"], label: str) -> None:
        self.text(LEFT - 12, self.y + high / 2, self.words[label], SMALL, anchor="rm")
        layers = {code: d.filled((PLOT, high), look.colour, look.pattern) for code, look in looks.items()}
        for mark in sorted(marks, key=_Mark.order):
            left, right = self._edges(mark)
            self.image.paste(layers[mark.code].crop((left, 0, right, high)), (LEFT + left, self.y))
            self._name(mark, LEFT + left, LEFT + right, high)
        self._frame(high, grid=False)

    def _edges(self, mark: "_Mark") -> tuple[int, int]:
        left, right = (round(ms * PLOT / self.length_ms) for ms in (mark.from_ms, mark.to_ms))
        least = 0 if mark.code == State.ON_AIR else NARROWEST
        missing = max(0, least - (right - left))
        left = min(max(0, left - missing // 2), PLOT - least)
        return left, max(right, left + least)

    def _name(self, mark: "_Mark", left: int, right: int, high: int) -> None:
        """The word where it fits, else the letter where that does."""
        size = SMALL if high > SMALL * 2 else SMALL - 2
        look = LOOKS[mark.code]
        for text in (word(mark.code, self.lang), look.letter(self.lang)):
            wide = d.width(text, size, bold=True)
            if wide + 16 <= right - left:
                x, y = (left + right) / 2, self.y + high / 2
                if look.pattern != "plain":
                    box = (x - wide / 2 - 5, y - size * 0.55, x + wide / 2 + 5, y + size * 0.55)
                    self.draw.rectangle(box, fill=look.colour)
                self.draw.text((x, y), text, d.ink_on(look.colour), d.font(size, bold=True), anchor="mm")
                return

    def lag(self, delay_ms: NDArray[np.float32]) -> None:
        self._title(self.words["lag"])
        known = np.flatnonzero(~np.isnan(delay_ms))
        if len(known):
            self._track(delay_ms, known)
        else:
            self.text(LEFT + PLOT / 2, self.y + LAG_HIGH / 2, self.words["lag_unknown"], anchor="mm")
        self._frame(LAG_HIGH)
        self.y += LAG_HIGH

    def _track(self, delay_ms: NDArray[np.float32], known: NDArray[np.int64]) -> None:
        low, high = float(np.nanmin(delay_ms)), float(np.nanmax(delay_ms))
        middle, half = (low + high) / 2, max(STEADY_MS, (high - low) * 0.6)
        scale = LAG_HIGH / (2 * half)
        for value, text in d.value_ticks(middle - half, middle + half):
            y = self.y + LAG_HIGH / 2 - (value - middle) * scale
            self._value(y, self.point(text))
            self.draw.line((LEFT, y, LEFT + PLOT, y), fill=d.GREY)
        column = PLOT / len(delay_ms)
        for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            ys = self.y + LAG_HIGH / 2 - (delay_ms[run].astype(np.float64) - middle) * scale
            xs = LEFT + run * column
            steps = [(float(x), float(y)) for a, y in zip(xs, ys, strict=True) for x in (a, a + column)]
            self.draw.line(steps, fill=d.INK, width=3)

    def time_axis(self) -> None:
        for seconds, text in self.ticks:
            x = self.x(seconds * 1_000)
            self.draw.line((x, self.y, x, self.y + 8), fill=d.INK, width=2)
            self.text(x, self.y + 12, self.point(text), SMALL, anchor="ma")
        self.y += 38
        axis = "axis_hours" if self.ticks[-1][0] >= 3_600 else "axis"
        self.text(LEFT + PLOT / 2, self.y, self.words[axis], SMALL, anchor="ma")
        self.y += 42

    def legend(self) -> None:
        for looks in (STATES, QUALITIES):
            x: float = EDGE
            for code, look in looks.items():
                swatch = d.filled((52, 30), look.colour, look.pattern)
                self.image.paste(swatch, (round(x), self.y))
                self.draw.rectangle((x, self.y, x + 52, self.y + 30), outline=d.INK)
                end = self.text(x + 60, self.y + 1, look.letter(self.lang), TEXT, bold=True)
                x = self.text(end + 8, self.y + 1, word(code, self.lang)) + 34
            if looks is QUALITIES:
                self.text(x, self.y + 3, self.words["narrow"].format(n=NARROWEST), SMALL)
            self.y += 42

    def stretches(self) -> None:
        """The longest that were not on air, in order of time: what an inspector will want to hear."""
        self.y += 6
        off = [s for s in self.measured.segments if s.state != State.ON_AIR]
        listed = sorted(sorted(off, key=_length)[-LISTED:], key=lambda s: s.from_ms)
        title = "none" if not off else "list" if len(off) == len(listed) else "list_longest"
        self.text(EDGE, self.y, self.words[title].format(n=len(off), shown=len(listed)), bold=True)
        self.y += 36
        rows = -(-len(listed) // 3)
        for n, segment in enumerate(listed):
            x = EDGE + n // rows * ((WIDTH - 2 * EDGE) / 3)
            self.text(x, self.y + n % rows * 30, self._stretch(segment), SMALL + 1)
        self.y += rows * 30

    def _stretch(self, segment: MeasuredSegment) -> str:
        length = self.point(f"{_length(segment) / 1_000:.3f}")
        between = f"{self.time(segment.from_ms)} – {self.time(segment.to_ms)}"
        return f"{between}  ({length} s)  {word(segment.state, self.lang)}"

    # ---- bits ----

    def _title(self, text: str) -> None:
        self.text(LEFT, self.y, text, SMALL, bold=True)
        self.y += 28

    def _value(self, y: float, text: str) -> None:
        self.draw.line((LEFT - 8, y, LEFT, y), fill=d.INK)
        self.text(LEFT - 12, y, text, SMALL - 2, anchor="rm")

    def _frame(self, high: int, grid: bool = True) -> None:
        for seconds, _ in self.ticks if grid else ():
            x = self.x(seconds * 1_000)
            for y in range(self.y, self.y + high, 8):
                self.draw.line((x, y, x, y + 2), fill=d.FAINT)
        self.draw.rectangle((LEFT - 1, self.y - 1, LEFT + PLOT, self.y + high), outline=d.INK)


LOOKS = STATES | QUALITIES


@dataclass(frozen=True, slots=True)
class _Mark:
    """A stretch of one of the bars, neighbours of one code joined."""

    from_ms: float
    to_ms: float
    code: str

    def order(self) -> tuple[bool, float]:
        """What is on air first, then the long before the short: the short ones lie on top."""
        return self.code != State.ON_AIR, self.from_ms - self.to_ms


def _state_marks(segments: Sequence[MeasuredSegment]) -> Iterator[_Mark]:
    return _marks(segments, lambda s: s.state)


def _quality_marks(segments: Sequence[MeasuredSegment]) -> Iterator[_Mark]:
    on_air = [s for s in segments if s.state == State.ON_AIR and s.quality != Quality.OK]
    return _marks(on_air, lambda s: s.quality)


def _marks(segments: Sequence[MeasuredSegment], code: Callable[[MeasuredSegment], str]) -> Iterator[_Mark]:
    last: _Mark | None = None
    for segment in segments:
        if last and last.code == code(segment) and last.to_ms == segment.from_ms:
            last = _Mark(last.from_ms, segment.to_ms, last.code)
            continue
        if last:
            yield last
        last = _Mark(segment.from_ms, segment.to_ms, code(segment))
    if last:
        yield last


def _length(segment: MeasuredSegment) -> float:
    return segment.to_ms - segment.from_ms


def _loudest(levels_db: NDArray[np.float32]) -> float:
    """The level that is drawn darkest: nearly the loudest, yet never so low that silence looks loud."""
    known = levels_db[~np.isnan(levels_db)]
    return max(FLOOR_DBFS + RANGE_DB, float(np.percentile(known, 99.7))) if known.size else 0.0
