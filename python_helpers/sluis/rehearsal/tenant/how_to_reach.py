"""How to reach a running rehearsal tenant: for programs, for a shell, and in lines to paste.

Secrets are named by the file that they are in. None is in what this file makes.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sluis.rehearsal.tenant.start import Tenant


@dataclass(frozen=True)
class Reach:
    """Where everything is.

    Attributes:
        tenant: the running tenant.
        proxy: address of the proxy for clients that believe in the real cloud.
        folder: the rehearsal's private folder.
        drives: as the tenant's control port lists them.
    """

    tenant: Tenant
    proxy: str
    folder: Path
    drives: Sequence[dict[str, Any]]

    @property
    def environment_file(self) -> Path:
        """A file for ``.`` in a shell."""
        return self.folder / "environment.sh"

    @property
    def header_file(self) -> Path:
        """Where :func:`token_line` puts the header with the access token."""
        return self.folder / "header"

    @property
    def control_token_file(self) -> Path:
        """A private file with the token of the control port."""
        return self.folder / "control.token"


def as_json(reach: Reach) -> dict[str, Any]:
    """Everything a program needs to use the tenant; secrets by the file they are in."""
    tenant = reach.tenant
    return {
        "tenant_id": tenant.tenant_id,
        "authority": tenant.authority,
        "graph": tenant.graph,
        "content": tenant.content,
        "ca_file": str(tenant.ca),
        "apps": [
            {
                "client_id": app.client_id,
                "secret_file": str(app.secret_file),
                "certificate_file": str(app.certificate),
                "thumbprint": app.thumbprint,
            }
            for app in tenant.apps
        ],
        "cloud_proxy": reach.proxy,
        "control": {
            "address": f"http://127.0.0.1:{tenant.control.port}",
            "token_file": str(reach.control_token_file),
        },
        "environment_file": str(reach.environment_file),
        "folder": str(reach.folder),
        "pid": tenant.pid,
        "drives": list(reach.drives),
    }


def environment(reach: Reach) -> str:
    """The text of a shell file that sets what the usual programs look at.

    It also gives the shell two words: ``token`` gets an access token, ``graph PATH`` asks
    something with it. The secret comes out of its file when the shell reads this one.
    """
    tenant, app = reach.tenant, reach.tenant.app
    first = reach.drives[0] if reach.drives else {"id": "", "owner": None}
    plain = {
        "SLUIS_REHEARSAL_AUTHORITY": tenant.authority,
        "SLUIS_REHEARSAL_GRAPH": tenant.graph,
        "SLUIS_REHEARSAL_CA": str(tenant.ca),
        "SLUIS_REHEARSAL_CLIENT_ID": app.client_id,
        "SLUIS_REHEARSAL_SECRET_FILE": str(app.secret_file),
        "SLUIS_REHEARSAL_CERTIFICATE": str(app.certificate),
        "SLUIS_REHEARSAL_HEADER_FILE": str(reach.header_file),
        "SLUIS_REHEARSAL_DRIVE": str(first["id"]),
        # the usual programs: whose certificates to believe, and the way to the cloud's names
        "SSL_CERT_FILE": str(tenant.ca),
        "CURL_CA_BUNDLE": str(tenant.ca),
        "REQUESTS_CA_BUNDLE": str(tenant.ca),
        "HTTPS_PROXY": reach.proxy,
        "NO_PROXY": "127.0.0.0/8,127.0.10.20,127.0.10.21",
        "RCLONE_CONFIG_REHEARSAL_TYPE": "onedrive",
        "RCLONE_CONFIG_REHEARSAL_CLIENT_CREDENTIALS": "true",
        "RCLONE_CONFIG_REHEARSAL_CLIENT_ID": app.client_id,
        "RCLONE_CONFIG_REHEARSAL_TENANT": tenant.tenant_id,
        "RCLONE_CONFIG_REHEARSAL_DRIVE_ID": str(first["id"]),
        "RCLONE_CONFIG_REHEARSAL_DRIVE_TYPE": "business" if first["owner"] else "documentLibrary",
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in plain.items()]
    secret = f'"$(cat {shlex.quote(str(app.secret_file))})"'
    lines.append(f"export RCLONE_CONFIG_REHEARSAL_CLIENT_SECRET={secret}")
    ask = (
        'curl -sS --cacert "$SLUIS_REHEARSAL_CA" -H "@$SLUIS_REHEARSAL_HEADER_FILE" '
        '"$@" "$SLUIS_REHEARSAL_GRAPH$_path"'
    )
    words = (
        f"token() {{ {token_line(reach)}; }}",
        f"graph() {{ _path=$1; shift; {ask}; }}",
        "token",
    )
    return "\n".join(("# a rehearsal tenant; gone when it stops", *lines, *words, ""))


def token_line(reach: Reach) -> str:
    """A line that puts a header with an access token in a private file; curl reads it there.

    Neither secret nor token is ever an argument, where ``ps`` would show it.
    """
    tenant, app = reach.tenant, reach.tenant.app
    header = shlex.quote(str(reach.header_file))
    form = " ".join(
        (
            "--data grant_type=client_credentials",
            f"--data client_id={app.client_id}",
            f"--data-urlencode scope={shlex.quote(tenant.graph + '/.default')}",
            f"--data-urlencode client_secret@{shlex.quote(str(app.secret_file))}",
        )
    )
    return (
        f"(umask 077; curl -sS --cacert {shlex.quote(str(tenant.ca))} {form} "
        f"{shlex.quote(tenant.authority + '/oauth2/v2.0/token')} "
        """| sed 's/.*"access_token": *"\\([^"]*\\)".*/Authorization: Bearer \\1/' """
        f"> {header})"
    )


def curl_line(reach: Reach, path: str) -> str:
    """A line that asks Graph something, with the header of :func:`token_line`.

    Args:
        reach: the tenant.
        path: what to ask, such as ``/v1.0/users``.
    """
    return (
        f"curl -sS --cacert {shlex.quote(str(reach.tenant.ca))} "
        f"-H @{shlex.quote(str(reach.header_file))} "
        f"{shlex.quote(reach.tenant.graph + path)}"
    )
