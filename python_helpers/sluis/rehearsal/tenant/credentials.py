"""The secret and the certificate of an app registration.

``make_credentials`` writes what the *client* needs into files that only their owner can
read, and returns what the *tenant* keeps: a digest of the secret and the public part of
the certificate.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sluis.rehearsal.tenant.rights import AppSettings

_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class RegisteredApp:
    """What the tenant knows of an app: never the secret itself."""

    client_id: str
    secret_sha256: str
    certificate_der: bytes
    settings: AppSettings

    def as_json(self) -> dict[str, object]:
        """Plain data, to hand to the server process."""
        return {
            "client_id": self.client_id,
            "secret_sha256": self.secret_sha256,
            "certificate": self.certificate_der.hex(),
            "name": self.settings.name,
            "permissions": list(self.settings.permissions),
            "token_seconds": self.settings.token_seconds,
            "single_use_assertions": self.settings.single_use_assertions,
        }

    @staticmethod
    def from_json(data: dict[str, object]) -> RegisteredApp:
        """The app that :meth:`as_json` described."""
        permissions = data["permissions"]
        seconds = data["token_seconds"]
        if not isinstance(permissions, list) or not isinstance(seconds, int):
            raise TypeError("not the description of an app")
        settings = AppSettings(
            name=str(data["name"]),
            permissions=tuple(str(permission) for permission in permissions),
            token_seconds=seconds,
            single_use_assertions=data["single_use_assertions"] is True,
        )
        return RegisteredApp(
            str(data["client_id"]),
            str(data["secret_sha256"]),
            bytes.fromhex(str(data["certificate"])),
            settings,
        )


@dataclass(frozen=True)
class Credentials:
    """What the client needs.

    Attributes:
        client_id: the app's id.
        secret: the client secret.
        secret_file: a file of mode 0600 that holds just the secret.
        certificate: a PEM file of mode 0600 with private key and certificate.
        thumbprint: SHA-1 of the certificate, hexadecimal, as the Azure portal shows it.
        registered: what the tenant keeps.
    """

    client_id: str
    secret: str = field(repr=False)
    secret_file: Path
    certificate: Path
    thumbprint: str
    registered: RegisteredApp = field(repr=False)


def make_credentials(folder: Path, app: AppSettings, seed: int, number: int = 0) -> Credentials:
    """Register an app.

    The client id follows from the seed. Secret and key do not: they would be the same on
    every machine that rehearses with that seed.

    Args:
        folder: where the two files go; made with mode 0700 when it is not there.
        app: its settings.
        seed: the tenant's seed.
        number: the app's number in the tenant.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    client_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:sluis:rehearsal:{seed}:app:{number}"))
    secret = secrets.token_urlsafe(30)
    secret_file = folder / f"app-{number}.secret"
    _write_private(secret_file, secret.encode())
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _self_signed(key, f"{app.name} {number}")
    certificate_file = folder / f"app-{number}.pem"
    _write_private(
        certificate_file,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM),
    )
    registered = RegisteredApp(
        client_id,
        hashlib.sha256(secret.encode()).hexdigest(),
        certificate.public_bytes(serialization.Encoding.DER),
        app,
    )
    # the thumbprint only names the certificate
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303
    return Credentials(client_id, secret, secret_file, certificate_file, thumbprint, registered)


def _self_signed(key: rsa.RSAPrivateKey, name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:60])])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _YEAR)
        .sign(key, hashes.SHA256())
    )


def _write_private(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
