"""The station's configuration: read once, whole; every error at once, each with its key and a way to mend it."""

import difflib
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from audio.levelling import TARGET_LUFS
from firmware_py.sections.guards import Guards, Holiday
from firmware_py.sections.relay import FILE, IDENT, LINE, Relay
from firmware_py.sections.section import Section, TopicWord
from firmware_py.sections.words import problem_of
from scheduler.guards import Guards as StationGuards
from scheduler.holidays import HolidayCalendar
from scheduler.problem import Problem, reason
from scheduler.recurrence import named_holidays
from scheduler.spoken.days import read_days
from scheduler.vietnamese import Misread
from telemetry.faults import RULES

__all__ = [
    "FILE",
    "IDENT",
    "LINE",
    "Alerts",
    "CollectorConfig",
    "Config",
    "ConfigError",
    "Relay",
    "Section",
    "Speech",
    "config_path",
    "load",
    "load_collector",
]
DEFAULT_PATH = Path("/etc/smartradio/station.toml")
PATH_VARIABLE = "SMARTRADIO_CONFIG"


class ConfigError(Exception):
    """The configuration cannot be used. ``problems`` has every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.where}: {p.en}" for p in problems))
        self.problems = problems


class Station(Section):
    id: TopicWord
    name: str = Field(min_length=1)
    province: TopicWord
    commune: str = ""


class Paths(Section):
    state_dir: Path = Path("/var/lib/smartradio")
    run_dir: Path = Path("/run/smartradio")
    media_dir: Path = Path("/var/lib/smartradio/media")


class Output(Section):
    device: str = Field(min_length=1)
    delay_ms: float | None = Field(default=None, ge=0, le=5_000)  # from write to sink; None: what the card says


class Channel(Section):
    """One return signal."""

    name: TopicWord
    device: str = Field(min_length=1)
    account: bool = False
    kind: Literal["line", "off_air", "microphone"] = "line"


class Input(Section):
    """A line input or a microphone, as a source: ``line:NAME`` or ``mic:NAME``."""

    device: str = Field(min_length=1)


class Clock(Section):
    trust: Literal["auto", "host"] = "auto"  # host: the operator vouches for this computer's clock


class Broker(Section):
    """How an MQTT broker is reached."""

    host: str = "localhost"
    port: int = Field(default=1883, ge=1, le=65_535)
    username: str | None = None
    password_file: Path | None = None
    tls_ca: Path | None = None


class Uplink(Broker):
    enabled: bool = True


class Console(Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)


Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class Library(Section):
    """How programme files are taken in."""

    target_lufs: float = Field(default=TARGET_LUFS, ge=-30, le=-12)


class Filler(Section):
    """What sounds where a programme does not: see the end rules of a timetable."""

    files: tuple[Annotated[str, Field(min_length=1)], ...] = ()  # of the media folder; * and ? stand for other letters
    gaps_s: int = Field(default=0, ge=0, le=3_600)  # so long a gap between two items of a session is filled


class Speech(Section):
    """Who reads texts aloud."""

    voice: str = "bac"  # bac, trung, nam, or a name of espeak-ng
    command: tuple[str, ...] = ()  # another program: UTF-8 text on its input, WAV on its output
    heard_first: bool = True  # a notice is not aired before somebody has listened to it
    abbreviations: Path | None = None  # the station's own, a line each: TDP = tổ dân phố


class Alerts(Section):
    """Which alerts (CAP) concern this station."""

    senders: tuple[str, ...] = ()  # empty: everybody who can reach the folder or the topic
    areas: tuple[str, ...] = ()  # "SCHEME=code", code, or a name as alerts write it
    points: tuple[tuple[Latitude, Longitude], ...] = ()
    reach_km: float = Field(default=10.0, ge=0, le=200)


class FaultTimes(Section):
    raise_after_s: float | None = Field(default=None, ge=0)
    clear_after_s: float | None = Field(default=None, ge=0)


class Config(Section):
    """The whole of station.toml."""

    station: Station
    output: Output
    paths: Paths = Paths()
    channel: tuple[Channel, ...] = ()
    input: dict[TopicWord, Input] = Field(default_factory=dict)
    relay: Relay = Relay()
    clock: Clock = Clock()
    uplink: Uplink = Uplink()
    console: Console = Console()
    guards: Guards = Guards()
    holiday: tuple[Holiday, ...] = ()
    library: Library = Library()
    filler: Filler = Filler()
    speech: Speech = Speech()
    alerts: Alerts = Alerts()
    faults: dict[str, FaultTimes] = Field(default_factory=dict)

    @field_validator("faults")
    @classmethod
    def _known_faults(cls, given: dict[str, FaultTimes]) -> dict[str, FaultTimes]:
        for code in given:
            if code not in RULES:
                near = difflib.get_close_matches(code, RULES, n=1)
                known = ", ".join(sorted(RULES))
                vi = f'; có phải là "{near[0]}"?' if near else f"; các sự cố: {known}"
                en = f'; did you mean "{near[0]}"?' if near else f"; known: {known}"
                raise Misread("no_fault", f'không có sự cố "{code}"{vi}', f'there is no fault "{code}"{en}')
        return given

    @model_validator(mode="after")
    def _one_account(self) -> "Config":
        names = [channel.name for channel in self.channel]
        if len(set(names)) != len(names):
            raise Misread("one_name", "hai [[channel]] trùng tên", "two [[channel]] have the same name")
        if sum(channel.account for channel in self.channel) > 1:
            vi = "chỉ một [[channel]] được có account = true"
            raise Misread("one_account", vi, "only one [[channel]] may have account = true")
        if self.channel and not any(channel.account for channel in self.channel):
            vi = "phải có một [[channel]] với account = true: thời lượng của nó là của đài"
            raise Misread("no_account", vi, "one [[channel]] must have account = true: its airtime is the station's")
        return self

    @model_validator(mode="after")
    def _known_links(self) -> "Config":
        self.relay.refuse_unknown(self.input)
        return self

    @property
    def holidays(self) -> HolidayCalendar:
        return HolidayCalendar(tuple(one.value for one in self.holiday))

    @property
    def station_guards(self) -> StationGuards:
        no_play = tuple(read_days(text) for text in self.guards.no_play)
        return StationGuards(self.guards.quiet_windows, no_play, self.guards.longest_session_min, self.holidays)

    @model_validator(mode="after")
    def _known_holidays(self) -> "Config":
        known = self.holidays.names()
        for name in {name for days in self.station_guards.no_play for name in named_holidays(days)} - set(known):
            vi = f'guards.no_play: không có ngày lễ "{name}"; các ngày lễ: {", ".join(known)}'
            raise Misread("no_holiday", vi, f'guards.no_play: there is no holiday "{name}"; known: {", ".join(known)}')
        return self

    @property
    def account_channel(self) -> str | None:
        return next((channel.name for channel in self.channel if channel.account), None)

    @property
    def playout_db(self) -> Path:
        return self.paths.state_dir / "playout.db"

    @property
    def timetables_copy(self) -> Path:
        return self.paths.state_dir / "timetables.json"

    @property
    def meter_db(self) -> Path:
        return self.paths.state_dir / "meter.db"

    @property
    def ledger_db(self) -> Path:
        return self.paths.state_dir / "ledger.db"

    @property
    def library_dir(self) -> Path:
        return self.paths.state_dir / "library"

    @property
    def spool_dir(self) -> Path:
        return self.paths.state_dir / "spool"

    @property
    def alerts_dir(self) -> Path:
        """Where alerts arrive, and where requests to playout made of them are dropped."""
        return self.spool_dir / "alerts"

    @property
    def ring_path(self) -> Path:
        return self.paths.run_dir / "ring"


class CollectorConfig(Broker):
    """The whole of collector.toml (the server's side)."""

    archive: Path
    name: TopicWord = "collector"  # the client id: another one for each collector


def load(path: Path) -> Config:
    """Read and check station.toml. Raises ConfigError with every problem."""
    return Config.model_validate(_checked(path, Config))


def load_collector(path: Path) -> CollectorConfig:
    """Read and check collector.toml. Raises ConfigError with every problem."""
    return CollectorConfig.model_validate(_checked(path, CollectorConfig))


def config_path(given: str | None) -> Path:
    return Path(given or os.environ.get(PATH_VARIABLE) or DEFAULT_PATH)


def _checked(path: Path, model: type[Section]) -> dict[str, Any]:
    text = _read(path)
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits, lists in lists without end
        raise ConfigError([Problem(str(path), "toml_syntax", f"sai cú pháp: {error}", f"syntax: {error}")]) from None
    try:
        model.model_validate(data)
    except ValidationError as error:
        raise ConfigError([problem_of(path, text, model, dict(e)) for e in error.errors(include_url=False)]) from None
    return data


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        why_vi, why = reason(error)
        raise ConfigError(
            [Problem(str(path), "unreadable", f"không đọc được: {why_vi}", f"cannot be read: {why}")]
        ) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem(str(path), "not_utf8", "không phải UTF-8", "is not UTF-8")]) from None
