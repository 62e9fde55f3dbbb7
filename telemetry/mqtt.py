"""The one door to paho-mqtt: one connection, run by the thread that owns it.

paho holds a lock of its own while it calls back, and an exception in a callback ends its thread unseen. So callbacks
here only append to a deque, there is no second thread, and a new connection is a new client: an old one's queue would
send everything again, sometimes twice.
"""

import random
import ssl
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

Message = MQTTMessage  # with .topic and .payload
CONNECT_TIMEOUT_S = 10.0
TURN_S = 0.1


class LinkError(Exception):
    """The world failed between us and the broker: no network, refused, dropped."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and how to enter."""

    host: str
    port: int = 1883
    username: str | None = None
    password_file: Path | None = None  # read anew for each connection
    tls_ca: Path | None = None
    keepalive_s: int = 30  # a half-open link is noticed after this


@dataclass(frozen=True, slots=True)
class Session:
    """What the broker keeps for us while we are away. 0: nothing."""

    expiry_s: int = 0
    receive_maximum: int = 1_000


@contextmanager
def _readable(path: Path | None) -> Iterator[Path | None]:
    """A file of ours that is missing, or is not what it should be, keeps us from the broker as a dead network does."""
    try:
        yield path
    except (OSError, UnicodeDecodeError) as error:
        raise LinkError(f"{path}: {error}") from error


class Link:
    """One connection. Every method may block for a while; none raises but LinkError."""

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        session: Session = Session(),
        will: tuple[str, bytes] | None = None,
        manual_ack: bool = False,
    ) -> None:
        self.connected = False
        self.inbox: deque[Message] = deque()
        self._words: deque[ReasonCode] = deque()
        self._session = session
        self._broker = broker
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=manual_ack,
        )
        self._configure(will)

    def _configure(self, will: tuple[str, bytes] | None) -> None:
        client, broker = self._client, self._broker
        client.connect_timeout = CONNECT_TIMEOUT_S
        with _readable(broker.password_file) as path:
            client.username_pw_set(broker.username, path.read_text(encoding="utf-8").strip() if path else None)
        with _readable(broker.tls_ca) as path:
            if path is not None:
                client.tls_set(str(path), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        if will is not None:
            client.will_set(will[0], will[1], qos=1, retain=True)
        client.on_connect = lambda _client, _data, _flags, reason, _properties: self._words.append(reason)
        client.on_message = lambda _client, _data, message: self.inbox.append(message)

    def open(self) -> None:
        """Connect, and wait for the broker's word that we are."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self._session.expiry_s
        properties.ReceiveMaximum = self._session.receive_maximum
        broker = self._broker
        try:
            self._client.connect(
                broker.host,
                broker.port,
                broker.keepalive_s,
                clean_start=self._session.expiry_s == 0,
                properties=properties,
            )
        except (OSError, ValueError) as error:
            raise LinkError(f"{broker.host}:{broker.port}: {error}") from error
        deadline = time.monotonic() + CONNECT_TIMEOUT_S
        while not self.connected:
            if time.monotonic() > deadline:
                raise LinkError(f"{broker.host}:{broker.port}: takes connections but says nothing")
            self.turn(TURN_S)

    def turn(self, timeout_s: float) -> None:
        """Move bytes for at most *timeout_s*; messages are in ``inbox`` afterwards."""
        code = self._client.loop(timeout=timeout_s)
        while self._words:
            reason = self._words.popleft()
            if reason.is_failure:
                raise LinkError(f"refused: {reason}")
            self.connected = True
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"lost: {code.name}")

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=qos, retain=retain)

    def subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, qos=1)

    def acknowledge(self, message: Message) -> None:
        """Tell the broker that it may forget a message (only with *manual_ack*)."""
        self._client.ack(message.mid, message.qos)

    def close(self, last_word: tuple[str, bytes] | None = None) -> None:
        """Say goodbye, with a last retained word; a dead link is simply dropped."""
        if self.connected and last_word is not None:
            self._client.publish(*last_word, qos=0, retain=True)
        self._client.disconnect()
        self._client.loop(timeout=0.1)


class BackOff:
    """Waits that double up to a limit, each with up to as much again by chance: a province comes back one by one."""

    def __init__(self, first_s: float, limit_s: float, chance: random.Random) -> None:
        self._first_s = self._next_s = first_s
        self._limit_s = limit_s
        self._chance = chance

    def wait_s(self) -> float:
        base, self._next_s = self._next_s, min(self._next_s * 2, self._limit_s)
        return base * (1 + self._chance.random())

    def reset(self) -> None:
        self._next_s = self._first_s
