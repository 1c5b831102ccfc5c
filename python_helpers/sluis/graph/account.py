"""Who we are towards a Microsoft tenant, and where its doors are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import InputError


@dataclass(frozen=True)
class Cloud:
    """One of Microsoft's clouds, or a rehearsal tenant.

    Args:
        authority: scheme and host (and port) that give tokens, without a tenant.
        graph: scheme and host (and port) of Microsoft Graph, without a version.
    """

    authority: str
    graph: str

    def __post_init__(self) -> None:
        for name, url in (("authority", self.authority), ("graph", self.graph)):
            parts = urlsplit(url)
            # MSAL refuses plain http authorities, and a token sent over http is given away
            if parts.scheme != "https" or not parts.hostname or parts.path.strip("/"):
                raise InputError(
                    "cloud-address",
                    f"The {name} of a cloud must be https://host[:port] and nothing more.",
                    "Give the host alone; the tenant is named by tenant_id.",
                )

    @property
    def is_microsofts(self) -> bool:
        """Whether this is one of the clouds that Microsoft's instance discovery knows."""
        return self in (GLOBAL, US_GOVERNMENT, US_DOD, CHINA)


# learn.microsoft.com/graph/deployments: national cloud endpoints
GLOBAL = Cloud("https://login.microsoftonline.com", "https://graph.microsoft.com")
US_GOVERNMENT = Cloud("https://login.microsoftonline.us", "https://graph.microsoft.us")
US_DOD = Cloud("https://login.microsoftonline.us", "https://dod-graph.microsoft.us")
CHINA = Cloud("https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn")


@dataclass(frozen=True)
class Account:
    """An app registration in a tenant: client credentials, never a person.

    Args:
        tenant_id: the tenant's id or one of its domains.
        client_id: the app's id.
        secret: the app's secret, or None when it proves itself with a certificate.
        certificate: file with private key and certificate: PEM, or PFX without a password.
        cloud: where the tenant lives.
        ca: PEM file of the CA to trust instead of the system's; for rehearsals and for networks
            that inspect TLS.
        proxy: ``http://host:port`` through which everything goes; the environment's proxy
            settings and ``.netrc`` are not read, since they would also carry our secrets.

    Raises:
        InputError: ``account-proof`` when there is neither a secret nor a certificate, or both.
    """

    tenant_id: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    certificate: Path | None = None
    cloud: Cloud = GLOBAL
    ca: Path | None = None
    proxy: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.secret is None) == (self.certificate is None):
            raise InputError(
                "account-proof",
                f"The app {self.client_id} needs a secret or a certificate, and one of them only.",
                "Give one; a certificate is the better of the two.",
            )
        if not self.tenant_id or set(self.tenant_id) & set("/\\?#@: \t\r\n"):
            raise InputError(
                "account-tenant",
                "The tenant must be an id or a domain.",
                "Take it from the tenant's overview page.",
            )
