"""A certificate that vouches for itself, for servers on this computer."""

import subprocess


def self_signed(folder, name, alternative):
    """Its file and its key's; *alternative*: whose it is to a client, "DNS:localhost" or "IP:127.0.0.1"."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={name}"]
    named = ["-addext", f"subjectAltName={alternative}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *named], check=True, capture_output=True)
    return certificate, key
