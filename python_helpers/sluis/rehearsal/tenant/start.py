"""Start a rehearsal tenant: a process of its own, HTTPS on loopback, a local CA."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sluis.errors import SluisError
from sluis.rehearsal.tenant.certificates import make_certificates
from sluis.rehearsal.tenant.control import Control
from sluis.rehearsal.tenant.credentials import Credentials, make_credentials
from sluis.rehearsal.tenant.settings import Settings, to_json

#: seconds that a tenant may take to fill itself and listen, on a busy machine; a million
#: items take the better part of a minute
_PATIENCE = 300.0
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class App:
    """An app registration, as its owner sees it.

    Attributes:
        client_id: the app's id.
        secret: the client secret.
        certificate: a PEM file with private key and certificate.
        thumbprint: SHA-1 of the certificate, hexadecimal.
        secret_file: a private file that holds just the secret.
    """

    client_id: str
    secret: str = field(repr=False)
    certificate: Path
    thumbprint: str
    secret_file: Path


@dataclass(frozen=True)
class Tenant:
    """A running rehearsal tenant.

    Attributes:
        tenant_id: its id.
        authority: ``https://host:port/<tenant id>``, an MSAL authority.
        graph: origin of Graph; v1.0 and beta are below it.
        content: the other origin, of pre-authenticated URLs.
        ca: the CA certificate to trust, PEM.
        app: the first app registration.
        apps: all of them.
        control: the control port.
        pid: the server process.
        log: what the server process said.
    """

    tenant_id: str
    authority: str
    graph: str
    content: str
    ca: Path
    app: App
    apps: tuple[App, ...]
    control: Control = field(repr=False)
    pid: int
    log: Path


@contextlib.contextmanager
def start_tenant(folder: Path, settings: Settings | None = None) -> Iterator[Tenant]:
    """A rehearsal tenant that runs as long as the context lasts.

    Args:
        folder: where its certificates, secrets and uploaded content go; made when needed.
        settings: what it is made of.

    Raises:
        SluisError: ``tenant-failed`` when it does not start.
    """
    settings = settings or Settings()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = folder.resolve()
    ca, _ = make_certificates(folder / "tls", (settings.address, settings.content_address))
    registered = [
        make_credentials(folder / "apps", app, settings.seed, number)
        for number, app in enumerate(settings.apps)
    ]
    token = secrets.token_urlsafe(24)
    (folder / "settings.json").write_text(to_json(settings))
    private = folder / "apps.json"
    private.touch(mode=0o600)
    private.write_text(
        json.dumps({"apps": [one.registered.as_json() for one in registered], "control": token})
    )
    (folder / "ready.json").unlink(missing_ok=True)
    log = folder / "server.log"
    process = _launch(folder, log)
    try:
        ready = _wait(process, folder / "ready.json", log)
        apps = tuple(_app(one) for one in registered)
        yield Tenant(
            ready["tenant_id"],
            f"{ready['graph']}/{ready['tenant_id']}",
            ready["graph"],
            ready["content"],
            ca,
            apps[0],
            apps,
            Control(ready["control"], token),
            process.pid,
            log,
        )
    finally:
        _stop(process)


def _app(made: Credentials) -> App:
    return App(made.client_id, made.secret, made.certificate, made.thumbprint, made.secret_file)


def _launch(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(_PACKAGE_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "sluis.rehearsal.tenant.process", str(folder)],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            process_group=0,  # a Ctrl-C at the terminal is ours to handle, in order
        )


def _wait(process: subprocess.Popen[bytes], ready: Path, log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if ready.exists():
            found: dict[str, Any] = json.loads(ready.read_text())
            return found
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise SluisError(
        "tenant-failed",
        f"The rehearsal tenant did not start. It said: {log.read_text()[-2000:] or 'nothing'}",
        "Look at its settings, and whether its loopback addresses are free.",
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
