"""What the console has to know."""

from dataclasses import dataclass
from pathlib import Path

from telemetry.reports.words import Lang


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    run_dir: Path
    state_dir: Path
    spool_dir: Path  # the console writes in its own folder in it
    station_name: str
    host: str = "127.0.0.1"
    port: int = 8080  # 0: any free one
    lang: Lang = "vi"
