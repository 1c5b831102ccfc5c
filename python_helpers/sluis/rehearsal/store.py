"""The lab's store: a real append-only restic server on a machine of its own.

``rclone serve restic --append-only`` behind a user name, a password and TLS. Whoever
holds the password can add snapshots and read them, and cannot remove any.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import ipaddress
import secrets
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.loopback import STORE, start_until_it_answers
from sluis.rehearsal.sshd import program


@dataclass(frozen=True)
class AppendOnlyStore:
    """A running store.

    ``url`` is what restic calls ``rest:…`` without user and password; ``data`` is the
    folder on the store's own disk, which no client can reach.
    """

    address: str
    port: int
    url: str
    user: str
    data: Path
    certificate: Path | None
    log: Path
    password: str = field(repr=False)


def start_store(
    keeper: Keeper, folder: Path, *, address: str = STORE, tls: bool = True
) -> AppendOnlyStore:
    """Start an empty store.

    Args:
        keeper: ends it with the lab.
        folder: a new folder for its data, keys and log.
        address: its own loopback address.
        tls: serve HTTPS with a certificate of its own, which clients must be given.

    Raises:
        SluisError: ``program-missing``, ``lab-part-failed``.
    """
    data = folder / "data"
    data.mkdir(parents=True)
    folder.chmod(0o700)
    log = folder / "store.log"
    user, password = "sluis", secrets.token_urlsafe(24)
    htpasswd = folder / "htpasswd"
    # {SHA} is what both rclone 1.60 and Apache read without a further library
    digest = base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()  # noqa: S324
    htpasswd.write_text(f"{user}:{{SHA}}{digest}\n")
    htpasswd.chmod(0o600)
    certificate = _certificate(folder, address) if tls else None

    def start(port: int) -> subprocess.Popen[bytes]:
        command = [
            program("rclone"), "serve", "restic", "--append-only", "--config", "/dev/null",
            "--addr", f"{address}:{port}", "--htpasswd", str(htpasswd), str(data),
        ]  # fmt: skip
        if certificate is not None:
            command += ["--cert", str(certificate), "--key", str(folder / "key.pem")]
        return keeper.start(command, log=log, stop_signal=signal.SIGKILL)

    _, port = start_until_it_answers(start, what="the store", address=address, log=log)
    return AppendOnlyStore(
        address=address,
        port=port,
        url=f"{'https' if tls else 'http'}://{address}:{port}/",
        user=user,
        password=password,
        data=data,
        certificate=certificate,
        log=log,
    )


def _certificate(folder: Path, address: str) -> Path:
    """A certificate for ``address``, good for a day, with its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sluis lab store")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = folder / "key.pem"
    secret.touch(mode=0o600)
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path
