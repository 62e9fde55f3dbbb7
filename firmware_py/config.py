"""The station's configuration: read once, whole; every error at once, each with its key and a way to mend it."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as Day
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from audio.fallback import Patience
from audio.levelling import TARGET_LUFS
from scheduler.address import is_stream, named
from scheduler.clock import NS_PER_S
from scheduler.guards import Guards as StationGuards
from scheduler.holidays import HolidayCalendar, OwnHoliday, holiday_named
from scheduler.problem import Problem, reason
from scheduler.recurrence import EVERY_MONTH, MAX_NAME, LunarDays, named_holidays
from scheduler.spoken.days import read_days
from scheduler.vietnamese import Misread
from telemetry.faults import RULES

DEFAULT_PATH = Path("/etc/smartradio/station.toml")
PATH_VARIABLE = "SMARTRADIO_CONFIG"


class ConfigError(Exception):
    """The configuration cannot be used. ``problems`` has every reason."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.where}: {p.en}" for p in problems))
        self.problems = problems


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _topic_word(value: str) -> str:
    if not value or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in value):
        raise Misread("bad_word", "chỉ dùng chữ không dấu, số, - _ .", "use letters without marks, digits, - _ . only")
    return value


TopicWord = Annotated[str, AfterValidator(_topic_word)]


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


IDENT = "ident"
LINE, FILE = "line:", "file:"


def _link(value: str) -> str:
    """One link of a relay's chain."""
    file = value.startswith(FILE) and len(value) > len(FILE) and not set(value[len(FILE) :]) & set("/\\")
    if is_stream(value) or value == IDENT or file or (value.startswith(LINE) and named(value)):
        return value
    raise PydanticCustomError("bad_link", "{link} is no link", {"link": value})


Link = Annotated[str, AfterValidator(_link)]


class RelayChain(Section):
    """A relay with its own chain, ``chain:NAME``; what it leaves out is that of [relay]."""

    links: tuple[Link, ...] = Field(min_length=1)
    silence_s: float | None = Field(default=None, gt=0, le=600)
    silence_dbfs: float | None = Field(default=None, ge=-90, le=-20)
    stall_s: float | None = Field(default=None, gt=0, le=600)
    back_after_s: float | None = Field(default=None, ge=0, le=600)


class Relay(BaseModel):
    """[relay]: what holds for every relay; each [relay.NAME] is a chain."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, RelayChain] = Field(init=False)  # the default is for type checkers

    fallback: tuple[Link, ...] = ()  # behind a plain address or a line input
    ident: str | None = Field(default=None, min_length=1)  # a file of the media folder
    silence_s: float = Field(default=15, gt=0, le=600)
    silence_dbfs: float = Field(default=-55, ge=-90, le=-20)
    stall_s: float = Field(default=5, gt=0, le=600)
    back_after_s: float = Field(default=10, ge=0, le=600)

    @property
    def chains(self) -> Mapping[str, RelayChain]:
        return self.__pydantic_extra__ or {}

    @property
    def links(self) -> tuple[str, ...]:
        """Of all chains."""
        return (*self.fallback, *(link for chain in self.chains.values() for link in chain.links))

    @property
    def files(self) -> tuple[str, ...]:
        """What has to be in the library for the chains to have all their links."""
        named = dict.fromkeys(link.removeprefix(FILE) for link in self.links if link.startswith(FILE))
        return (*named, *([self.ident] if self.ident else []))

    def with_own(self, chain: RelayChain) -> "Relay":
        """These settings, with those that *chain* has of its own."""
        return self.model_copy(update=chain.model_dump(exclude_none=True, exclude={"links"}))

    @property
    def patience(self) -> Patience:
        silence_ns, stall_ns, back_ns = (round(s * NS_PER_S) for s in (self.silence_s, self.stall_s, self.back_after_s))
        return Patience(silence_ns, stall_ns, back_ns)


class Clock(Section):
    trust: Literal["auto", "host"] = "auto"  # host: the operator vouches for this computer's clock


class Uplink(Section):
    enabled: bool = True
    host: str = "localhost"
    port: int = Field(default=1883, ge=1, le=65_535)
    username: str | None = None
    password_file: Path | None = None
    tls_ca: Path | None = None


class Console(Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65_535)


Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


def _quiet_window(value: str) -> str:
    parse_window(value)
    return value


def parse_window(text: str) -> tuple[time, time]:
    """Read "22:00-04:45" as two local times of day. Raises Misread."""
    try:
        start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        vi, en = f'{text!r} không phải là khoảng giờ như "22:00-04:45"', f'{text!r} is not a window like "22:00-04:45"'
        raise Misread("bad_window", vi, en) from None
    if start == end:
        vi, en = "giờ đầu và giờ cuối trùng nhau", "a window must not begin and end at the same time"
        raise Misread("bad_window", vi, en)
    return start, end


def _days(value: str) -> str:
    read_days(value)  # a Misread is a ValueError: pydantic tells it
    return value


class Guards(Section):
    quiet_hours: tuple[Annotated[str, AfterValidator(_quiet_window)], ...] = ("21:00-04:30",)
    no_play: tuple[Annotated[str, AfterValidator(_days)], ...] = ()  # as the column Ngày: "CN", "ngày lễ", "rằm"
    longest_session_min: int | None = Field(default=None, ge=1, le=1_440)

    @property
    def quiet_windows(self) -> tuple[tuple[time, time], ...]:
        return tuple(parse_window(text) for text in self.quiet_hours)


def _lunar_day(value: str) -> str:
    parse_lunar_day(value)
    return value


def parse_lunar_day(text: str) -> tuple[int, int]:
    """Read "10/3", day 10 of the third lunar month, as (month, day). Raises Misread."""
    found = read_days(f"{text} âm lịch")
    if not isinstance(found, LunarDays) or len(found.days) != 1 or EVERY_MONTH in dict(found.days):
        vi, en = f'{text!r} không phải là ngày âm lịch như "10/3"', f'{text!r} is not a lunar day and month like "10/3"'
        raise Misread("bad_lunar_day", vi, en)
    return next(iter(found.days))


class Holiday(Section):
    """A day that the station names, or the days that the state announced for a holiday of the law."""

    name: str = Field(min_length=1, max_length=MAX_NAME)
    date: Day | tuple[Day, ...] = ()
    lunar: Annotated[str, AfterValidator(_lunar_day)] | None = None
    working: bool = False  # làm bù: one works on that day, it is no holiday

    @model_validator(mode="after")
    def _has_days(self) -> "Holiday":
        if not self.date and self.lunar is None:
            vi, en = f'ngày lễ "{self.name}" cần date hoặc lunar', f'holiday "{self.name}" needs date or lunar'
            raise Misread("no_date", vi, en)
        return self

    @property
    def value(self) -> OwnHoliday:
        dates = self.date if isinstance(self.date, tuple) else (self.date,)
        lunar = parse_lunar_day(self.lunar) if self.lunar else None
        return OwnHoliday(holiday_named(self.name) or self.name, frozenset(dates), lunar, self.working)


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
        for link in self.relay.links:
            if link == IDENT and self.relay.ident is None:
                raise PydanticCustomError("no_ident", "there is no ident")
            name = link.removeprefix(LINE)
            if link.startswith(LINE) and name not in self.input:
                near = difflib.get_close_matches(name, self.input, n=1)
                hint = {"vi": f'; có phải là "{near[0]}"?', "en": f'; did you mean "{near[0]}"?'} if near else {}
                raise PydanticCustomError("unknown_input", "{name}", {"name": name, "vi": "", "en": "", **hint})
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


class CollectorConfig(Section):
    """The whole of collector.toml (the server's side)."""

    archive: Path
    host: str = "localhost"
    port: int = Field(default=1883, ge=1, le=65_535)
    username: str | None = None
    password_file: Path | None = None
    tls_ca: Path | None = None
    name: TopicWord = "collector"  # the client id: another one for each collector
    share: TopicWord | None = None  # collectors of one share part the stations among them


@dataclass(frozen=True, slots=True)
class _Words:
    """pydantic's error types in the words of a technician."""

    vi: str
    en: str


_MESSAGES = {
    "missing": _Words("thiếu mục này", "is missing"),
    "extra_forbidden": _Words("không có mục nào tên như vậy", "is no setting"),
    "string_type": _Words("phải là chữ trong dấu nháy", "must be a text in quotes"),
    "string_too_short": _Words("không được để trống", "must not be empty"),
    "string_too_long": _Words("dài quá {max_length} ký tự", "must have at most {max_length} characters"),
    "int_parsing": _Words("phải là số nguyên", "must be a whole number"),
    "int_type": _Words("phải là số nguyên", "must be a whole number"),
    "int_from_float": _Words("phải là số nguyên", "must be a whole number"),
    "float_type": _Words("phải là số", "must be a number"),
    "float_parsing": _Words("phải là số", "must be a number"),
    "bool_type": _Words("phải là true hoặc false", "must be true or false"),
    "bool_parsing": _Words("phải là true hoặc false", "must be true or false"),
    "greater_than": _Words("phải lớn hơn {gt:g}", "must be greater than {gt:g}"),
    "greater_than_equal": _Words("phải từ {ge:g} trở lên", "must be {ge:g} or more"),
    "less_than_equal": _Words("phải từ {le:g} trở xuống", "must be {le:g} or less"),
    "literal_error": _Words("phải là {expected_vi}", "must be {expected}"),
    "path_type": _Words("phải là đường dẫn trong dấu nháy", "must be a path in quotes"),
    "tuple_type": _Words("phải là danh sách trong ngoặc vuông [ ]", "must be a list in brackets [ ]"),
    "dict_type": _Words("phải là một bảng [ ... ]", "must be a table [ ... ]"),
    "too_short": _Words("phải có ít nhất {min_length} mục", "must have at least {min_length} entries"),
    "too_long": _Words("phải có đúng {max_length} mục", "must have {max_length} entries"),
    "date_type": _Words(
        "phải là ngày như 2026-11-23, không có dấu nháy", "must be a date such as 2026-11-23, unquoted"
    ),
    "date_parsing": _Words("phải là ngày như 2026-11-23", "must be a date such as 2026-11-23"),
    "date_from_datetime_parsing": _Words("phải là ngày như 2026-11-23", "must be a date such as 2026-11-23"),
    "date_from_datetime_inexact": _Words("phải là ngày, không kèm giờ", "must be a date without a time"),
    "bad_link": _Words(
        '"{link}" không dùng được: ghi http(s)://…, line:TÊN, file:TÊN-TỆP hoặc ident',
        '"{link}" is no link: write http(s)://…, line:NAME, file:NAME or ident',
    ),
    "unknown_input": _Words("không có [input.{name}]{vi}", "there is no [input.{name}]{en}"),
    "no_ident": _Words(
        'có "ident" trong chuỗi dự phòng nhưng [relay] chưa ghi ident = "tên tệp"',
        'a chain has "ident", but [relay] does not say ident = "a file\'s name"',
    ),
    "model_type": _Words("phải là một bảng [ ... ]", "must be a table [ ... ]"),
}


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
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem(str(path), "toml_syntax", f"sai cú pháp: {error}", f"syntax: {error}")]) from None
    try:
        model.model_validate(data)
    except ValidationError as error:
        raise ConfigError([_problem(path, text, model, dict(e)) for e in error.errors(include_url=False)]) from None
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


def _problem(path: Path, text: str, model: type[Section], error: dict[str, Any]) -> Problem:
    keys = [str(part) for part in error["loc"]]
    words, values = _MESSAGES.get(error["type"]), dict(error.get("ctx", {}))
    if "expected" in values:
        values["expected_vi"] = values["expected"].replace(" or ", " hoặc ")
    en = words.en.format(**values) if words else error["msg"].removeprefix("Value error, ")
    vi = words.vi.format(**values) if words else en
    if isinstance(misread := values.get("error"), Misread):
        vi = misread.vi
    misspelt = error["type"] in ("extra_forbidden", "model_type")
    if misspelt and (near := _near(model, keys)) and near != keys[-1]:
        en, vi = f'{en}; did you mean "{near}"?', f'{vi}; có phải là "{near}"?'
    return Problem(f"{path}{_line(text, keys)} {'.'.join(keys)}".rstrip(), error["type"], vi, en)


def _near(model: type[BaseModel], keys: list[str]) -> str | None:
    """The known key most like the unknown one, in the section that has it."""
    for key in keys[:-1]:
        if key in model.model_fields:
            inner = _section_of(model.model_fields[key].annotation)
            model = inner or model
    close = difflib.get_close_matches(keys[-1], model.model_fields, n=1, cutoff=0.5)
    return close[0] if close else None


def _section_of(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _line(text: str, keys: list[str]) -> str:
    """ ":12" for the first line that sets the last key (good enough to find it), "" if none does."""
    names = [key for key in keys if not key.isdigit()]
    if not names:
        return ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.split("=")[0].strip() == names[-1] or stripped.strip("[]") == names[-1]:
            return f":{number}"
    return ""
