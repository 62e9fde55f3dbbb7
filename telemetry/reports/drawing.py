"""Tools for a picture on white paper: the font, colours that the colour-blind and grey printers keep apart, ticks.

A kind of thing is told by its colour *and* its pattern *and* its letter. The colours are those of M. Okabe and K. Ito
("Color universal design", 2008); the scale of levels is ColorBrewer's YlGnBu, whose lightness falls steadily.
"""

import bisect
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Pattern = Literal["plain", "dots", "upright", "level", "rising", "falling", "crossed"]

FONTS = Path(__file__).parent / "fonts"
INK, FAINT, RULE, PAPER = (25, 28, 33), (95, 102, 110), (150, 156, 163), (255, 255, 255)
GREEN, VERMILION, ORANGE, YELLOW = (0, 158, 115), (213, 94, 0), (230, 159, 0), (240, 228, 66)
SKY, BLUE, PURPLE, GREY = (86, 180, 233), (0, 114, 178), (204, 121, 167), (186, 190, 195)
_LEVELS = ("ffffd9", "edf8b1", "c7e9b4", "7fcdbb", "41b6c4", "1d91c0", "225ea8", "253494", "081d58")
_STEP = 10  # pixels from one line of a pattern to the next


def ink_on(colour: Colour) -> Colour:
    """White on dark colours, dark on light ones."""
    red, green, blue = colour
    return PAPER if 0.299 * red + 0.587 * green + 0.114 * blue < 112 else INK


@functools.cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / f"LiberationSerif-{'Bold' if bold else 'Regular'}.ttf"), size)


def width(text: str, size: int, bold: bool = False) -> int:
    return round(font(size, bold).getlength(text))


def shortened(text: str, room: int, size: int, bold: bool = False) -> str:
    """*text* with its middle left out where it is wider than *room* pixels; names differ at their ends."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    if width(text, size, bold) <= room:
        return text

    def keeping(letters: int) -> str:
        return f"{text[: (letters + 1) // 2]}…{text[len(text) - letters // 2 :]}"

    fitting = bisect.bisect_right(range(len(text)), room, key=lambda letters: width(keeping(letters), size, bold))
    return keeping(max(0, fitting - 1))


def filled(size: tuple[int, int], colour: Colour, pattern: Pattern) -> Image.Image:
    """A rectangle of a colour under a pattern of dark lines."""
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    for line in _lines(size, pattern):
        draw.line(line, fill=INK, width=2)
    if pattern == "dots":
        for row, y in enumerate(range(3, size[1], _STEP // 2)):
            for x in range(2 + row % 2 * _STEP // 2, size[0], _STEP):
                draw.rectangle((x, y, x + 2, y + 1), fill=INK)
    return image


def _lines(size: tuple[int, int], pattern: Pattern) -> Iterator[tuple[int, int, int, int]]:
    wide, high = size
    if pattern == "upright":
        yield from ((x, 0, x, high) for x in range(3, wide, _STEP // 2 + 1))
    if pattern == "level":
        yield from ((0, y, wide, y) for y in range(3, high, _STEP // 2 + 1))
    if pattern in ("rising", "crossed"):
        yield from ((x, high, x + high, 0) for x in range(-high, wide, _STEP))
    if pattern in ("falling", "crossed"):
        yield from ((x, 0, x + high, high) for x in range(-high, wide, _STEP))


def level_colours(share: NDArray[np.float32]) -> NDArray[np.uint8]:
    """0.0 (nothing: nearly paper) … 1.0 (loud: dark) to RGB; grey-blue where nothing is known (NaN)."""
    anchors = np.array([[int(c[n : n + 2], 16) for n in (0, 2, 4)] for c in _LEVELS], np.float64)
    table = np.stack([np.interp(np.linspace(0, 8, 256), np.arange(9), anchors[:, n]) for n in range(3)], axis=1)
    known = ~np.isnan(share)
    index = np.rint(np.clip(np.where(known, share, 0), 0, 1) * 255).astype(np.int64)
    colours: NDArray[np.uint8] = table[index].astype(np.uint8)
    colours[~known] = GREY
    return colours


# ---- ticks --------------------------------------------------------------------------------------------------------

_TIME_STEPS_S = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200)


def time_ticks(length_s: float, at_most: int = 12) -> Sequence[tuple[float, str]]:
    """Round instants within 0 … *length_s*, and what to write there."""
    step = next((s for s in _TIME_STEPS_S if length_s / s <= at_most), 86_400)
    decimals = 0 if step >= 1 else 2 if step < 0.1 else 1
    return [(n * step, clock(n * step * 1_000, decimals)) for n in range(int(length_s / step + 1e-9) + 1)]


def clock(ms: float, decimals: int = 3, point: str = ".") -> str:
    """9:38.400, 1:02:03.004. Minutes are always there: a bare number might be anything."""
    unit = 10**decimals
    whole, part = divmod(round(ms * unit / 1_000), unit)
    minutes, seconds = divmod(whole, 60)
    text = f"{minutes}:{seconds:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return f"{text}{point}{part:0{decimals}}" if decimals else text


def value_ticks(low: float, high: float, at_most: int = 5) -> Sequence[tuple[float, str]]:
    """Round values (1, 2 or 5 times a power of ten apart) within *low* … *high*."""
    rough = max(high - low, 1e-9) / at_most
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9)))
    decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [(n * step, f"{n * step:.{decimals}f}".replace("-", "−")) for n in range(first, last + 1)]
