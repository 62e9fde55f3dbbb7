"""The alert desk of a configured station."""

import logging
from collections.abc import Callable
from datetime import timedelta

from firmware_py.alerts.memory import Memory
from firmware_py.alerts.watch import MEMORY, AlertWatch, Desk, Made
from firmware_py.clocks import RELEASED_NS, StationClock, boot_ordinal
from firmware_py.config import Alerts, Config
from scheduler.alert import Broadcast, Home

log = logging.getLogger("smartradio")


def home_of(alerts: Alerts) -> Home:
    return Home(alerts.areas, alerts.points, alerts.reach_km, alerts.senders)


def memory_of(config: Config) -> Memory:
    return Memory.read(config.paths.state_dir / MEMORY)


def alert_watch(config: Config, died: Callable[[], None]) -> AlertWatch:
    """Ready to be started. Raises OSError when the state folder cannot be used."""
    config.alerts_dir.mkdir(parents=True, exist_ok=True)
    clock = station_clock(config)
    desk = Desk(config.spool_dir, home_of(config.alerts), memory_of(config), clock.read, sound_of(config))
    return AlertWatch(desk, died)


def station_clock(config: Config) -> StationClock:
    """Not believed when it is behind the newest of playout's records: as playout itself judges it."""
    return StationClock(boot_ordinal(config.paths.state_dir), config.clock.trust, _newest_record_ns(config))


def _newest_record_ns(config: Config) -> int:
    try:
        return max(RELEASED_NS, config.playout_db.stat().st_mtime_ns - int(timedelta(minutes=1).total_seconds() * 1e9))
    except FileNotFoundError:
        return RELEASED_NS


def sound_of(config: Config) -> Callable[[str, Broadcast], Made]:
    """Makes an alert audible; what it needs for that is loaded with the first one."""

    def make(name: str, broadcast: Broadcast) -> Made:
        from firmware_py.alerts.sound import Sounder
        from firmware_py.speech import voice_of
        from scheduler.speech.abbreviations import BadAbbreviations

        try:
            voice = voice_of(config.speech)
        except BadAbbreviations as error:  # told by `config check`; an alert does not wait until it is mended
            log.error("%s", error)
            voice = voice_of(config.speech.model_copy(update={"abbreviations": None}))
        entry, failed = Sounder(config.library_dir, voice).make(name, broadcast)
        return entry.name, entry.duration_ms, failed

    return make
