"""How to reach a running rehearsal tenant: for programs, for a shell, and in lines to paste.

Secrets are named by the file that they are in. None is in what this file makes.
"""

from __future__ import annotations

import json
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
        name: the tenant's name, by which an inventory speaks of it.
        licences: as for how many it throttles; 0 when it does not.
    """

    tenant: Tenant
    proxy: str
    folder: Path
    drives: Sequence[dict[str, Any]]
    name: str
    licences: int

    @property
    def account_file(self) -> Path:
        """The tenant's account as an inventory of Sluis has it."""
        return self.folder / "account.yml"

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
        "account_file": str(reach.account_file),
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
    remote = f"RCLONE_CONFIG_{reach.name.upper()}"
    first = reach.drives[0] if reach.drives else {"id": "", "site": "", "owner": None}
    plain = {
        "SLUIS_REHEARSAL_AUTHORITY": tenant.authority,
        "SLUIS_REHEARSAL_GRAPH": tenant.graph,
        "SLUIS_REHEARSAL_CA": str(tenant.ca),
        "SLUIS_REHEARSAL_CLIENT_ID": app.client_id,
        "SLUIS_REHEARSAL_SECRET_FILE": str(app.secret_file),
        "SLUIS_REHEARSAL_CERTIFICATE": str(app.certificate),
        "SLUIS_REHEARSAL_HEADER_FILE": str(reach.header_file),
        "SLUIS_REHEARSAL_DRIVE": str(first["id"]),
        "SLUIS_REHEARSAL_SITE": str(first["site"]),
        # the usual programs: whose certificates to believe, and the way to the cloud's names
        "SSL_CERT_FILE": str(tenant.ca),
        "CURL_CA_BUNDLE": str(tenant.ca),
        "REQUESTS_CA_BUNDLE": str(tenant.ca),
        "HTTPS_PROXY": reach.proxy,
        "NO_PROXY": "127.0.0.0/8,127.0.10.20,127.0.10.21",
        # rclone keeps tokens in its configuration: those of a tenant go when it goes
        "RCLONE_CONFIG": str(reach.folder / "rclone.conf"),
        f"{remote}_TYPE": "onedrive",
        f"{remote}_CLIENT_CREDENTIALS": "true",
        f"{remote}_CLIENT_ID": app.client_id,
        f"{remote}_TENANT": tenant.tenant_id,
        f"{remote}_DRIVE_ID": str(first["id"]),
        f"{remote}_DRIVE_TYPE": "business" if first["owner"] else "documentLibrary",
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in plain.items()]
    secret = f'"$(cat {shlex.quote(str(app.secret_file))})"'
    lines.append(f"export {remote}_CLIENT_SECRET={secret}")
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


def account(reach: Reach) -> str:
    """The tenant's account as ``tenant_export_accounts`` and ``tenant_import_accounts`` have it.

    YAML to put into an inventory; the secret stays in its file.
    """
    tenant, app = reach.tenant, reach.tenant.app
    fields = {
        "tenant_id": tenant.tenant_id,
        "client_id": app.client_id,
        # an inventory names the host alone; the tenant's id is beside it
        "authority": tenant.authority.removesuffix(f"/{tenant.tenant_id}"),
        "graph": tenant.graph,
        "ca": str(tenant.ca),
        "secret_file": str(app.secret_file),
        **({"licences": reach.licences} if reach.licences else {}),
    }
    # JSON is YAML, and quotes whatever needs it
    lines = [f"  {name}: {json.dumps(value)}" for name, value in fields.items()]
    return "\n".join((f"{reach.name}:", *lines, ""))


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
