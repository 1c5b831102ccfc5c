"""A small real trusted-time service (RFC 3161) on loopback, for tests and the demo.

``openssl ts`` makes the answers; this file gives it a certificate and an address.
"""

from __future__ import annotations

import subprocess
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LARGEST_QUERY = 64 * 1024
_LIFE = timedelta(days=3650)


class LocalTsa:
    """A context manager: inside it, the service answers at ``url``.

    Args:
        folder: keys and certificates are kept here, so a second start goes on with them.
        address: the loopback address that it answers on.

    Attributes:
        url: ``http://<address>:<port>/``; set while running.
        certificate: the root certificate (PEM) that a client has to trust.
    """

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        self.folder = folder
        self.address = address
        self.certificate = folder / "root.pem"
        self.url = ""
        self._server: HTTPServer | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.certificate.exists():
            _make_certificates(self.folder)
        tsa = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length", 0)), _LARGEST_QUERY)
                reply = tsa.reply(self.rfile.read(length))
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Stay quiet: the demo's screen is the client's."""

        self._server = HTTPServer((self.address, 0), Answer)
        self.url = f"http://{self.address}:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def reply(self, query: bytes) -> bytes:
        """Answer one query (DER). The reply carries the signer's certificate only."""
        (self.folder / "query.tsq").write_bytes(query)
        done = subprocess.run(
            [
                *("openssl", "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa"),
                *("-queryfile", "query.tsq", "-out", "/dev/stdout"),
            ],
            cwd=self.folder,
            capture_output=True,
            check=True,
            timeout=30,
        )
        return done.stdout


def _make_certificates(folder: Path) -> None:
    now = datetime.now(UTC) - timedelta(days=1)
    root_key, signer_key = (generate_private_key(65537, 2048) for _ in range(2))
    root_name, signer_name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Sluis rehearsal {what}")])
        for what in ("root", "time")
    )
    root = (
        _builder(root_name, root_name, root_key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signing=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    signer = (
        _builder(signer_name, root_name, signer_key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signing=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    key_file = folder / "signer.key"
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        signer_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / "signer.pem").write_bytes(signer.public_bytes(serialization.Encoding.PEM))
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONFIG)
    (folder / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: RSAPrivateKey, start: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signing,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signing,
        crl_sign=signing,
        encipher_only=False,
        decipher_only=False,
    )


_CONFIG = """\
[tsa]
serial = serial
signer_cert = signer.pem
signer_key = signer.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
accuracy = secs:1
clock_precision_digits = 3
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
