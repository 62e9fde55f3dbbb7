"""The collector process (on a server): the world's side of telemetry.upstream."""

from firmware_py.config import CollectorConfig
from firmware_py.process import end_with_parent, log_to_stderr, notify
from telemetry.mqtt import Broker
from telemetry.upstream.collector import Collector


def main(config: CollectorConfig) -> None:
    """Run until SIGTERM or SIGINT. Raises JournalError when the archive cannot be opened."""
    end_with_parent()
    log_to_stderr("collector")
    broker = Broker(config.host, config.port, config.username, config.password_file, config.tls_ca)
    notify("READY=1")
    Collector(broker, config.archive, config.name).run()
