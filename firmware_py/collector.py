"""The collector process (on a server): the world's side of telemetry.upstream."""

from telemetry.uplink import Broker
from telemetry.upstream.collector import Collector

from firmware_py.config import CollectorConfig
from firmware_py.process import end_with_parent, log_to_stderr, notify


def main(config: CollectorConfig) -> None:
    """Run until SIGTERM or SIGINT. Raises JournalError when the archive cannot be opened."""
    end_with_parent()
    log_to_stderr("collector")
    password = config.password_file.read_text(encoding="utf-8").strip() if config.password_file else None
    broker = Broker(config.host, config.port, config.username, password, config.tls_ca)
    notify("READY=1")
    Collector(broker, config.archive, config.name).run()
