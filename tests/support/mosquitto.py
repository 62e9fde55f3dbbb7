"""The command-line client of the real broker, as another program on the network."""

import subprocess


def publish(broker, topic, payload, retain=False):
    """Publish with QoS 1; *broker* has a host and a port."""
    where = ("-h", broker.host, "-p", str(broker.port), "-t", topic)
    command = ["mosquitto_pub", "-V", "5", "-q", "1", *where, *(["-r"] if retain else []), "-s"]
    subprocess.run(command, input=payload, check=True, timeout=20)
