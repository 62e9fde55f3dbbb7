"""A form as a value: language, unit, rounding, who stands at the head and who signs. Forms change; code does not."""

import enum
from dataclasses import dataclass

from telemetry.reports.words import Lang


class Unit(enum.Enum):
    """A unit of printed time: its milliseconds, its Vietnamese and English name."""

    MINUTE = (60_000, "phút", "minutes")
    HOUR = (3_600_000, "giờ", "hours")

    @property
    def ms(self) -> int:
        return self.value[0]

    def name_in(self, lang: Lang) -> str:
        return self.value[1] if lang == "vi" else self.value[2]


@dataclass(frozen=True, slots=True)
class Form:
    """How figures are shown. Raises ValueError where the last printed digit is no whole number of milliseconds."""

    lang: Lang = "vi"
    unit: Unit = Unit.MINUTE
    decimals: int = 1
    authority: str = ""  # "UBND xã Hoằng Đạo": printed over the station's name
    station_name: str = ""  # printed in place of the station's code
    place: str = ""  # before the date of signing
    signatures: tuple[str, ...] = ("Người lập biểu", "Thủ trưởng đơn vị")

    def __post_init__(self) -> None:
        if self.decimals < 0 or self.unit.ms % self.quanta_per_unit:
            raise ValueError(f"{self.decimals} decimals of {self.unit.name} are no whole number of ms")

    @property
    def quantum_ms(self) -> int:
        """One unit of the last printed digit."""
        return self.unit.ms // self.quanta_per_unit

    @property
    def quanta_per_unit(self) -> int:
        return int(10**self.decimals)

    def number(self, quanta: int) -> str:
        """A printed figure: 1.234,5 in Vietnamese, 1,234.5 in English."""
        text = f"{quanta / self.quanta_per_unit:,.{self.decimals}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.lang == "vi" else text

    def in_hours(self, quanta: int) -> str:
        """The same figure as hours and minutes: "12 giờ 05,3 phút". It shows no digit that the table does not."""
        hours, rest_ms = divmod(quanta * self.quantum_ms, Unit.HOUR.ms)
        decimals = self.decimals if self.unit is Unit.MINUTE else 1
        minutes = f"{rest_ms / Unit.MINUTE.ms:.{decimals}f}"
        if self.lang == "vi":
            return f"{hours} giờ {minutes.replace('.', ',')} phút"
        return f"{hours} h {minutes} min"
